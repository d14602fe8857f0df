"""lmu_memory_dense under both simulators: every beat against the definition, every cycle against the formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.verify import simulator as sim
from tests.support.hdl import memory_sim as rtlsim
from tests.support.hdl.dense_grid import GRID, random_grid
from tests.support.hdl.grid import STEPS, grid_sources, units
from tests.support.hdl.scenarios import SCENARIOS, Once, Results, all_runs, simulate_grid, vectors

RANDOM_GRID = random_grid(40, seed=2026)
EACH = pytest.mark.parametrize("index", range(len(GRID)), ids=[str(config) for config in GRID])


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    return simulate_grid(GRID, "grid", simulator, workdir, once)


@pytest.mark.parametrize("scenario", SCENARIOS)
@EACH
def test_bit_exact(results: Results, index: int, scenario: str) -> None:
    result = results[index, scenario]
    assert result.comparison.first_difference is None
    assert result.problems == ()
    assert result.comparison.exact == len(vectors(GRID, index, scenario)["u"])
    if scenario != "cut_short":
        assert result.comparison.values_compared == vectors(GRID, index, scenario)["mem"].size


@pytest.mark.parametrize("scenario", ["stream", "every_position"])
@EACH
def test_cycles_equal_formulas(results: Results, index: int, scenario: str) -> None:
    timing = results[index, scenario].timing
    assert timing is not None
    assert timing.passed, timing
    assert timing.steps == vectors(GRID, index, scenario)["u"][..., 0].size


def test_rst_cuts_sequences_short(results: Results) -> None:
    """Some cut sequences have delivered beats, and none all of them."""
    for index in range(len(GRID)):
        unit = units(GRID)[index][1]
        data = vectors(GRID, index, "cut_short")
        whole = np.count_nonzero(data["abort"] < 0) * STEPS * unit.sizes.order * unit.sizes.memory_d // unit.sizes.lanes
        assert results[index, "cut_short"].beats >= whole
    assert any(results[i, "cut_short"].beats % (STEPS * units(GRID)[i][1].sizes.order) for i in range(len(GRID)))


def test_stimuli_saturate() -> None:
    """The expected values of the saturating types reach both ends often."""
    for index, config in enumerate(GRID):
        kind = units(GRID)[index][0].mem
        mem = vectors(GRID, index, "stream")["mem"]
        if config.mem.endswith("SAT>"):
            assert np.count_nonzero(mem == kind.max_int) > 3, config
            assert np.count_nonzero(mem == kind.min_int) > 3, config


@pytest.mark.parametrize("damage", ["missing", "short", "long"])
def test_wrong_rom_file_stops(results: Results, simulator: str, workdir: Path, tmp_path: Path, damage: str) -> None:
    """The build of the grid is there, because it has given results; only a ROM file differs."""
    built = sim.build(simulator, grid_sources(GRID, workdir / "grid"), "grid", workdir)
    sim.copy_roms(workdir / "grid", tmp_path)
    rom = tmp_path / "rom" / "c3.hex"
    lines = rom.read_text().splitlines(keepends=True)
    if damage == "missing":
        rom.unlink()
    else:
        rom.write_text("".join(lines[:-1] if damage == "short" else [*lines, lines[0]]))
    # Verilator's own $readmemh already refuses a file that is too long
    message = r"rom/c3.hex" if damage == "long" else r"lmu_rom: file rom/c3.hex holds \d+ words, expected 42"
    with pytest.raises(LmuHlsError, match=message):
        rtlsim.run_bench(built, tmp_path, all_runs(GRID)[:1])


@pytest.mark.slow
def test_random_configurations(simulator: str, workdir: Path, once: Once) -> None:
    grid = RANDOM_GRID if simulator == "verilator" else RANDOM_GRID[:6]  # Icarus pays for idle units as well
    found = simulate_grid(grid, f"random_{len(grid)}", simulator, workdir, once)
    for (index, scenario), result in found.items():
        assert result.passed, (grid[index], scenario, result)
        assert result.timing is not None or scenario in ("disturbed", "cut_short")
