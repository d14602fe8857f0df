"""Whole random networks in Verilog, run by ``make sim`` of their own projects, against golden."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.standalone import write_project
from lmu_hls.spec import chain
from lmu_hls.toolchain import find
from tests.support.hdl import dense_grid
from tests.support.make_sim import golden_vectors, make, with_reuse
from tests.support.mutants import change
from tests.support.random_networks import random_spec_network

needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
STATES = 24  # at most, of the memory of a layer
MODES = {
    "sequence": RtlOptions(),
    "streaming": RtlOptions(streaming=True),
    "registers": RtlOptions(axi_lite=True, check_steps=False),
}


def run(seed: int, folder: Path, options: RtlOptions, sequences: int) -> tuple[int, int]:
    """Cycles of the last sequence, measured and planned. Every output of the simulation equals golden's."""
    rng = np.random.default_rng(seed)
    network = with_reuse(rng, random_spec_network(seed, STATES))
    manifest = write_project(plan_network(network, options), folder, golden_vectors(rng, network, options, sequences))
    done = make(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS") == 2
    (measured,) = re.findall(r"the last sequence in (\d+)", done.stdout)
    return int(measured), manifest.hardware.sequence_cycles


@needs_icarus
@pytest.mark.parametrize("seed", range(30))
def test_verilog_equals_golden(seed: int, tmp_path: Path) -> None:
    """All hidden cells and heads; reuse factors at random."""
    run(seed, tmp_path, MODES[list(MODES)[seed % 3]], 3)


@needs_icarus
@pytest.mark.parametrize("seed", [2, 4, 9, 11, 12, 17, 25, 27, 29])
def test_cycles_are_as_planned(seed: int, tmp_path: Path) -> None:
    """With and without feedback, once the buffers in front of the slowest part are full."""
    measured, planned = run(seed, tmp_path, RtlOptions(), 24)
    assert measured == planned


@needs_icarus
@pytest.mark.parametrize("seed", [0, 1, 4, 8, 9, 11, 14, 16, 19, 22, 32, 37])
def test_latency_is_as_planned(seed: int, tmp_path: Path) -> None:
    """One step through an idle network; the bench counts from the cycle before the first input beat."""
    rng = np.random.default_rng(seed)
    network = with_reuse(rng, random_spec_network(seed, STATES))
    network = network.with_steps(1)
    manifest = write_project(plan_network(network), tmp_path, golden_vectors(rng, network, RtlOptions(), 1))
    done = make(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (cycles,) = re.findall(r"output beats in (\d+) cycles", done.stdout)
    assert int(cycles) - network.n_in == manifest.hardware.latency_cycles


@needs_icarus
@pytest.mark.parametrize("inline", [False, True])
def test_a_rom_in_parts(inline: bool, tmp_path: Path) -> None:
    """Coefficients of twelve lanes, read in two parts from a file or constants; a part of the wrong bits is found."""
    layer = replace(dense_grid.Config(12, 1, 12).lmu("lmu"), reuse_factor=16)
    network, options = chain("parts", layer.x, layer.steps, 1, (layer,)), RtlOptions(inline_roms=inline)
    plan = plan_network(network, options)
    (memory,) = (item for item in plan.net.instances if item.module == "lmu_memory_dense")
    assert memory.parameters["LANES"] == 12
    write_project(plan, tmp_path, golden_vectors(np.random.default_rng(0), network, options, 3))
    assert make(tmp_path).returncode == 0
    (rom,) = (tmp_path / "rtl").glob("*lmu_rom.v")
    change(rom, "[FIRST+:BITS]", "[0+:BITS]")
    assert make(tmp_path).returncode != 0


@needs_icarus
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_more_networks(seed: int, tmp_path: Path) -> None:
    measured, planned = run(seed, tmp_path, RtlOptions(), 20)
    assert measured == planned


@pytest.mark.parametrize("seed", range(60))
def test_plans_exist(seed: int) -> None:
    """The fastest and the slowest of every random network."""
    network = random_spec_network(seed, 96)
    rng = np.random.default_rng(seed)
    fast, slow = (plan_network(with_reuse(rng, network, place)) for place in (0, -1))
    assert fast.multipliers >= slow.multipliers
    assert fast.cycles.ii <= slow.cycles.ii
