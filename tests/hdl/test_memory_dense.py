"""lmu_memory_dense under both simulators: every beat against the definition, every cycle against the formulas."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.verify import rtlsim
from lmu_hls.verify import simulator as sim
from tests.hdl.dense_grid import GRID, STEPS, grid_sources, random_u, reference, units, write_grid

SCENARIOS = ("stream", "disturbed", "every_position", "cut_short")


@cache
def vectors(index: int, scenario: str) -> dict[str, np.ndarray]:
    """Stimuli and expected mem of one configuration in one scenario."""
    layer = units()[index][0]
    rng = np.random.default_rng(index)
    sequences = STEPS if scenario == "every_position" else 7
    u = random_u(GRID[index], sequences, seed=SCENARIOS.index(scenario))
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
        abort[::2] = rng.integers(1, units()[index][1].ii_cycles * STEPS, len(abort[::2]))
    return {"u": u, "mem": reference(layer, u, reset_state, abort), "reset_state": reset_state, "abort": abort}


def all_runs() -> list[rtlsim.BenchRun]:
    disturbance = {"stream": (0.0, 0.0), "disturbed": (0.3, 0.5), "every_position": (0.0, 0.0), "cut_short": (0.2, 0.3)}
    return [
        rtlsim.BenchRun(facts(index), vectors(index, name), *disturbance[name], seed=index, prefix=f"c{index}_")
        for index in range(len(GRID))
        for name in SCENARIOS
    ]


def facts(index: int) -> dict[str, object]:
    unit = units()[index][1]
    return {
        "name": unit.name,
        "parameters": unit.parameters,
        "ii_cycles": unit.ii_cycles,
        "latency_cycles": unit.latency_cycles,
    }


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def grid(once: Once) -> Path:
    """The Verilog of the grid and its ROM files."""
    return once("grid", lambda folder: write_grid(folder))


@pytest.fixture(scope="session")
def built(simulator: str, grid: Path, shared_dir: Path) -> Path:
    return sim.build(simulator, grid_sources(grid), "grid", shared_dir)


@pytest.fixture(scope="session")
def results(simulator: str, built: Path, grid: Path, once: Once) -> dict[tuple[int, str], rtlsim.RtlResult]:
    """All scenarios of all configurations, from one simulation."""

    def simulate(folder: Path) -> None:
        sim.copy_roms(grid, folder)
        rtlsim.run_bench(built, folder, all_runs())

    folder = once(f"run_{simulator}", simulate)
    keys = [(index, name) for index in range(len(GRID)) for name in SCENARIOS]
    found = [json.loads((folder / f"result{number}.json").read_text()) for number in range(len(keys))]
    return {key: rtlsim.as_result(simulator, facts(key[0]), what) for key, what in zip(keys, found, strict=True)}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("index", range(len(GRID)), ids=[str(config) for config in GRID])
def test_bit_exact(results: dict[tuple[int, str], rtlsim.RtlResult], index: int, scenario: str) -> None:
    result = results[index, scenario]
    assert result.comparison.first_difference is None
    assert result.problems == ()
    assert result.comparison.exact == len(vectors(index, scenario)["u"])
    if scenario != "cut_short":
        assert result.comparison.values_compared == vectors(index, scenario)["mem"].size


@pytest.mark.parametrize("scenario", ["stream", "every_position"])
@pytest.mark.parametrize("index", range(len(GRID)), ids=[str(config) for config in GRID])
def test_cycles_equal_formulas(results: dict[tuple[int, str], rtlsim.RtlResult], index: int, scenario: str) -> None:
    timing = results[index, scenario].timing
    assert timing is not None
    assert timing.passed, timing
    assert timing.steps == vectors(index, scenario)["u"][..., 0].size


def test_rst_cuts_sequences_short(results: dict[tuple[int, str], rtlsim.RtlResult]) -> None:
    """Some cut sequences have delivered beats, and none all of them."""
    for index in range(len(GRID)):
        unit = units()[index][1]
        data = vectors(index, "cut_short")
        whole = np.count_nonzero(data["abort"] < 0) * STEPS * unit.order * unit.memory_d // unit.lanes
        assert results[index, "cut_short"].beats >= whole
    assert any(results[i, "cut_short"].beats % (STEPS * units()[i][1].order) for i in range(len(GRID)))


def test_stimuli_saturate() -> None:
    """The expected values of the saturating types reach both ends often."""
    for index, config in enumerate(GRID):
        kind = units()[index][0].mem
        mem = vectors(index, "stream")["mem"]
        if config.mem.endswith("SAT>"):
            assert np.count_nonzero(mem == kind.max_int) > 3, config
            assert np.count_nonzero(mem == kind.min_int) > 3, config


@pytest.mark.parametrize("damage", ["missing", "short", "long"])
def test_wrong_rom_file_stops(built: Path, grid: Path, tmp_path: Path, damage: str) -> None:
    sim.copy_roms(grid, tmp_path)
    rom = tmp_path / "rom" / "c3.hex"
    lines = rom.read_text().splitlines(keepends=True)
    if damage == "missing":
        rom.unlink()
    else:
        rom.write_text("".join(lines[:-1] if damage == "short" else [*lines, lines[0]]))
    # Verilator's own $readmemh already refuses a file that is too long
    message = r"rom/c3.hex" if damage == "long" else r"lmu_rom: file rom/c3.hex holds \d+ words, expected 42"
    with pytest.raises(LmuHlsError, match=message):
        rtlsim.run_bench(built, tmp_path, all_runs()[:1])
