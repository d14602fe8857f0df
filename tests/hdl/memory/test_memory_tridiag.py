"""lmu_memory_tridiag under both simulators: every beat against the definition, every cycle against the formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.verify import simulator as sim
from tests.support.hdl import memory_sim as rtlsim
from tests.support.hdl.grid import STEPS, grid_sources, units, write_grid
from tests.support.hdl.scenarios import SCENARIOS, Once, Results, all_runs, facts, simulate_grid, vectors
from tests.support.hdl.tridiag_grid import GRID, Config, random_grid
from tests.support.mutants import changed

RANDOM_GRID = random_grid(40, seed=2026)
LARGE_GRID = (Config(256, 1, 1), Config(64, 4, 3))
EACH = pytest.mark.parametrize("index", range(len(GRID)), ids=[str(config) for config in GRID])


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    return simulate_grid(GRID, "tridiag", simulator, workdir, once)


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
    """The expected states reach both ends of a saturating type often, in several configurations."""
    both = 0
    for index, config in enumerate(GRID):
        kind = units(GRID)[index][0].mem
        mem = vectors(GRID, index, "stream")["mem"]
        ends = [np.count_nonzero(mem == end) > 3 for end in (kind.min_int, kind.max_int)]
        both += config.mem.endswith(",SAT>") and all(ends)
    assert both >= 5


def test_missing_rom_file_stops(results: Results, simulator: str, workdir: Path, tmp_path: Path) -> None:
    """The build of the grid is there, because it has given results; only a ROM file is absent."""
    built = sim.build(simulator, grid_sources(GRID, workdir / "tridiag"), "grid", workdir)
    sim.copy_roms(workdir / "tridiag", tmp_path)
    (tmp_path / "rom" / "c3.hex").unlink()
    with pytest.raises(LmuHlsError, match=r"rom/c3.hex"):
        rtlsim.run_bench(built, tmp_path, all_runs(GRID)[:1])


PES_MUTANTS = {
    "channels to the wrong unit": ("{turn_q[PES-2:0], turn_q[PES-1]}", "turn_q[0] ? {PES{1'b0}} | 2'd2 : turn_q"),
    "reset_state for the first unit only": ("s_axis_tuser[0] : reset_state_q", "s_axis_tuser[0] : 1'b0"),
    "units out of step": (".m_axis_tready(m_axis_tready && m_axis_tvalid)", ".m_axis_tready(m_axis_tready)"),
    "tlast of the first unit": ("m_axis_tlast = last[PES-1]", "m_axis_tlast = last[0]"),
}


@pytest.mark.parametrize("mutant", PES_MUTANTS)
def test_faults_beside_the_units_are_caught(tmp_path: Path, mutant: str) -> None:
    grid = (Config(4, 4, 2, pes=2),)
    write_grid(tmp_path / "grid", grid)
    copies = []
    for source in grid_sources(grid, tmp_path / "grid"):
        text = source.read_text()
        if source.stem == "lmu_memory_tridiag_pes":
            text = changed(text, *PES_MUTANTS[mutant])
        copies.append(tmp_path / source.name)
        copies[-1].write_text(text)
    built = sim.build("icarus", copies, "grid", tmp_path / "build")
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    sim.copy_roms(tmp_path / "grid", run_dir)
    found = rtlsim.run_bench(built, run_dir, all_runs(grid))
    results = [rtlsim.as_result("icarus", facts(grid, 0), what) for what in found]
    assert not all(result.passed or (result.timing is None and result.comparison.passed) for result in results)


def _all_pass(grid: tuple[Config, ...], found: Results) -> None:
    for (index, scenario), result in found.items():
        assert result.passed, (grid[index], scenario, result)
        assert result.timing is not None or scenario in ("disturbed", "cut_short")


@pytest.mark.slow
def test_random_configurations(simulator: str, workdir: Path, once: Once) -> None:
    grid = RANDOM_GRID if simulator == "verilator" else RANDOM_GRID[:6]  # Icarus pays for idle units as well
    _all_pass(grid, simulate_grid(grid, f"tridiag_random_{len(grid)}", simulator, workdir, once))


@pytest.mark.slow
def test_large_orders(simulator: str, workdir: Path, once: Once) -> None:
    """Order 256 takes 516 cycles a step, where the dense unit with four multipliers takes 16,448."""
    assert units(LARGE_GRID)[0][1].ii_cycles == 516
    _all_pass(LARGE_GRID, simulate_grid(LARGE_GRID, "tridiag_large", simulator, workdir, once))
