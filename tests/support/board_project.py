"""The output folder of a small network without Keras, and integers for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lmu_hls import golden
from lmu_hls.backend.design import design
from lmu_hls.fixed import Ints
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Network, Node, Select, Window, store
from tests.support.random_networks import random_spec_network

SMALL = 12  # a seed of random_spec_network whose network is small


def write_output(root: Path, network: Network, reuse_factor: int = 40) -> Path:
    """What `lmu-hls convert` would leave of it, as far as a board needs it."""
    root.mkdir(parents=True, exist_ok=True)
    store.save(network, root / "spec.npz")
    design(network, RtlOptions(), reuse_factor).write(root / "verilog")
    (root / "manifest.json").write_text("{}")
    return root


def small_network(seed: int = SMALL) -> Network:
    return random_spec_network(seed, 6)


def any_length_network(seed: int, steps: int, stride: int = 1) -> Network:
    """The small one on sequences of any length up to ``steps``; of what it gives every ``stride``-th step comes out."""
    network = replace(small_network(seed).with_steps(steps), any_length=True)
    if stride == 1:
        return network
    (last,) = network.outputs
    select = Select("some", network.values[last].type, Window.opened(steps, stride=stride))
    return replace(network, nodes=(*network.nodes, Node("some", select, (last,))), outputs=("some",))


def draw(network: Network, count: int, seed: int = 0) -> Ints:
    """Integers x (count, steps, n_in) over the whole range of the input."""
    shape = (count, network.steps, network.n_in)
    return np.random.default_rng(seed).integers(network.x.min_int, network.x.max_int + 1, shape)


def named(x: Ints, network: Network | None = None) -> dict[str, Ints]:
    """x by the name of the only input."""
    return {(network or small_network()).inputs[0].name: x}


def expected(network: Network, x: Ints) -> Ints:
    """What golden gives: (count, [steps,] n_out)."""
    return golden.run(network, x).output
