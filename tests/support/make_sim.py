"""Random networks that the Verilog can take, their projects with golden's outputs as vectors, and ``make sim``."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

from lmu_hls import golden
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import valid_reuse_factors
from lmu_hls.rtl.standalone import Vectors, write_project
from lmu_hls.spec import LMU, Dense, Network, streaming
from tests.support.networks import random_input, random_network


def with_reuse(rng: np.random.Generator, network: Network, place: int | None = None) -> Network:
    """Every layer with a valid reuse factor: the one at ``place`` (0 the fastest, -1 the slowest), or any."""
    layers = []
    for layer in network.layers:
        if isinstance(layer, LMU | Dense):
            valid = valid_reuse_factors(layer)
            layer = replace(layer, reuse_factor=int(rng.choice(valid)) if place is None else valid[place])
        layers.append(layer)
    return network.with_layers(tuple(layers))


def fast_network(seed: int) -> Network:
    """A random network as fast as its parts can be."""
    rng = np.random.default_rng(seed)
    return with_reuse(rng, random_network(rng), place=0)


def golden_vectors(rng: np.random.Generator, network: Network, options: RtlOptions, count: int = 3) -> Vectors:
    """Random sequences and what golden makes of them; in streaming mode they are pieces of one long sequence."""
    x = random_input(rng, network, count)
    if not options.streaming:
        return Vectors(x, golden.predict(network, x))
    endless = streaming(network).with_steps(count * network.steps)
    y = golden.predict(endless, x.reshape(1, endless.steps, network.n_in))
    return Vectors(x, y.reshape(count, network.steps, -1))


def project(rng: np.random.Generator, network: Network, folder: Path, options: RtlOptions | None = None) -> None:
    """A project of ``network`` with random vectors."""
    options = options or RtlOptions()
    write_project(plan_network(network, options), folder, golden_vectors(rng, network, options))


def make(folder: Path, target: str = "sim") -> subprocess.CompletedProcess[str]:
    """``make`` in the project, without Python on its path."""
    return subprocess.run(["make", "-s", target], cwd=folder, capture_output=True, text=True, timeout=600)
