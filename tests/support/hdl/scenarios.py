"""What is done to each configuration of a grid: stimuli, expected mem, and how the streams are disturbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.verify import simulator as sim
from tests.support.hdl import memory_sim as rtlsim
from tests.support.hdl.grid import STEPS, Grid, grid_sources, random_u, reference, units, write_grid
from tests.support.hdl.memory_project import unit_name

DISTURBANCE = {"stream": (0.0, 0.0), "disturbed": (0.3, 0.5), "every_position": (0.0, 0.0), "cut_short": (0.2, 0.3)}
SCENARIOS = tuple(DISTURBANCE)

Once = Callable[[str, Callable[[Path], None]], Path]
Results = dict[tuple[int, str], rtlsim.RtlResult]


@cache
def vectors(grid: Grid, index: int, scenario: str) -> dict[str, Ints]:
    """Stimuli and expected mem of one configuration in one scenario."""
    layer, unit = units(grid)[index]
    rng = np.random.default_rng(index)
    sequences = STEPS if scenario == "every_position" else 7
    u = random_u(grid[index], sequences, seed=SCENARIOS.index(scenario))
    reset_state = np.zeros((sequences, STEPS), np.int64)
    abort = np.full(sequences, -1)
    if scenario == "stream":
        reset_state[:, 0] = 1
    elif scenario == "disturbed":
        reset_state = (rng.random(reset_state.shape) < 0.2).astype(np.int64)
    elif scenario == "every_position":
        np.fill_diagonal(reset_state, 1)
        reset_state[0, 0] = 0
    else:  # after rst a step starts from zero although reset_state is not given
        abort[::2] = rng.integers(1, unit.sizes.ii_cycles * STEPS, len(abort[::2]))
    return {
        "u": u,
        "mem": reference(grid[index], layer, u, reset_state, abort),
        "reset_state": reset_state,
        "abort": abort,
    }


def all_runs(grid: Grid) -> list[rtlsim.BenchRun]:
    """Every scenario of every configuration."""
    return [
        rtlsim.BenchRun(facts(grid, k), vectors(grid, k, name), *DISTURBANCE[name], seed=k, prefix=f"c{k}_")
        for k in range(len(grid))
        for name in SCENARIOS
    ]


def facts(grid: Grid, index: int) -> dict[str, object]:
    """The entry that manifest.json would hold."""
    unit = units(grid)[index][1]
    return {
        "name": unit_name(unit),
        "stream": unit.sizes.stream,
        "lanes": unit.sizes.lanes,
        "parameters": unit.parameters,
        "ii_cycles": unit.sizes.ii_cycles,
        "latency_cycles": unit.sizes.latency_cycles,
    }


def simulate_grid(grid: Grid, name: str, simulator: str, workdir: Path, once: Once) -> Results:
    """Results of all scenarios from one simulation, which is run once a session."""
    sources = once(name, lambda folder: write_grid(folder, grid))
    built = sim.build(simulator, grid_sources(grid, sources), "grid", workdir)

    def simulate(folder: Path) -> None:
        sim.copy_roms(sources, folder)
        rtlsim.run_bench(built, folder, all_runs(grid))

    folder = once(f"{name}_{simulator}", simulate)
    keys = [(index, scenario) for index in range(len(grid)) for scenario in SCENARIOS]
    found = [json.loads((folder / f"result{number}.json").read_text()) for number in range(len(keys))]
    return {key: rtlsim.as_result(simulator, facts(grid, key[0]), what) for key, what in zip(keys, found, strict=True)}
