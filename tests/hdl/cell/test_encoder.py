"""Encoder, dense layer and hidden cells with one function, under both simulators, by their definitions and formulas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.toolchain import find
from tests.support.hdl.core_cases import (
    CASES,
    CELLS,
    Mutants,
    Results,
    caught,
    check_all,
    mutant_results,
    names,
    results_of,
)
from tests.support.hdl.core_grid import SCENARIOS, Once, check, simulate
from tests.support.hdl.packed import with_overflow, with_rounding, word

MUTANTS: Mutants = {
    "lmu_dense": {
        "rounds by truncation": with_rounding("PRE_TYPE", "OUT_TYPE", 0),
        "wraps": with_overflow("PRE_TYPE", "OUT_TYPE", 0),
    },
    "lmu_encoder": {
        "shift of another source": (".B_SHIFT(MEM_SHIFT)", ".B_SHIFT(X_SHIFT)"),
        "streaming forgotten": (".STREAMING(STREAMING)", ".STREAMING(0)"),
        "mem asked for after rst": (".B_FEEDBACK(1)", ".B_FEEDBACK(0)"),
    },
    "lmu_recurrent": {
        "streaming forgotten": (".STREAMING(STREAMING)", ".STREAMING(0)"),
        "h waits for m_axis_tready": (".s_axis_tvalid(copy_tvalid)", ".s_axis_tvalid(copy_tvalid && m_axis_tready)"),
        "clipped forgotten": ("{h_axis_tuser, h_axis_tlast, h_axis_tdata}", "{1'b0, h_axis_tlast, h_axis_tdata}"),
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    return results_of(simulator, workdir, once)


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(MUTANTS, "icarus", workdir, once, "cell")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    check_all(CELLS, scenario, results)


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant)


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("wrong", [{"FUNCTION": 0}, {"PRE_TYPE": word(9, 5, rounding=2, overflow=0)}], ids=str)
def test_wrong_cell_beside_the_frame_is_caught(workdir: Path, once: Once, wrong: dict[str, int]) -> None:
    case = CASES["rnn"]
    assert case.unit.cell is not None
    module, parameters = case.unit.cell
    assert all(parameters[name] != value for name, value in wrong.items())
    faulty = replace(case, unit=replace(case.unit, cell=(module, {**parameters, **wrong})))
    name = f"wrong_{next(iter(wrong)).lower()}"
    found = simulate({name: faulty}, "icarus", workdir, once, name, scenarios=("stream",))
    with pytest.raises(AssertionError):
        check(case, "stream", found[name, "stream"])


def test_stimuli_clip_and_fit() -> None:
    """The flag of a clipped value is seen in both states in every case with a saturating type."""
    for name, case in CELLS.items():
        beats = case.jobs(name)["stream"]["phases"][0]["outputs"]["m_axis"]
        assert {beat[2] for beat in beats} == {0, 1}, name


@pytest.mark.slow
def test_all_cases_verilated(workdir: Path, once: Once) -> None:
    """Also those that `results_of` leaves to Icarus."""
    if not find("verilator").found:
        pytest.skip("Verilator is not installed")
    found = simulate(CASES, "verilator", workdir, once, "core_all")
    for scenario in SCENARIOS:
        check_all(CASES, scenario, found)
