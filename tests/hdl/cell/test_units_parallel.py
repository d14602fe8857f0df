"""Units of LSTM and GRU cells side by side: random ones against golden, cycles by their headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lmu_hls.toolchain import find
from tests.support.hdl.core_cases import Mutants, Results, caught, mutant_results, names
from tests.support.hdl.core_grid import SCENARIOS, Case, Once, check, simulate
from tests.support.hdl.gated_grid import gated_lmu
from tests.support.hdl.packed import with_overflow, with_rounding
from tests.support.hdl.vector_grid import side_by_side

# kind; n_x, order, units and seed of the cell; whether it is in streaming mode; what else differs
SIZES: dict[str, tuple[str, tuple[int, int, int, int], int, dict[str, Any]]] = {
    "lstm": ("lstm", (3, 4, 4, 1), 0, {}),
    "lstm_one": ("lstm", (0, 3, 1, 2), 0, {}),
    "lstm_assigned": ("lstm", (2, 3, 3, 3), 0, {"tables": False}),
    "lstm_streaming": ("lstm", (5, 1, 2, 4), 1, {"bias": False}),
    "gru": ("gru", (3, 4, 4, 15), 0, {}),
    "gru_one": ("gru", (0, 3, 1, 2), 0, {}),
    "gru_pieces": ("gru", (2, 3, 2, 5), 0, {}),
    "gru_assigned": ("gru", (2, 3, 2, 20), 0, {"tables": False}),
    "gru_streaming": ("gru", (5, 1, 2, 4), 1, {"bias": False}),
}
VERILATED = ("lstm", "gru_streaming")


def _case(name: str) -> Case:
    kind, sizes, streaming, more = SIZES[name]
    return side_by_side(name, kind, gated_lmu(kind, *sizes, **more), streaming, pieces=name.endswith("pieces"))


CASES = {f"{name}_side_by_side": _case(name) for name in SIZES}


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    """All scenarios of all cases; under Verilator, which compiles each unit for long, of some cases."""
    chosen = [f"{name}_side_by_side" for name in (VERILATED if simulator == "verilator" else SIZES)]
    return simulate({name: CASES[name] for name in chosen}, simulator, workdir, once, "side_by_side")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    for case, of in results:
        if of == scenario:
            check(CASES[case], scenario, results[case, scenario])


def test_stimuli_clip_and_fit() -> None:
    """The flag of a clipped value is seen in both states, and h is more than a constant."""
    for kind in {kind for kind, *_ in SIZES.values()}:
        flags, values = set(), set()
        for name in (name for name in CASES if name.startswith(kind)):
            for beat in CASES[name].jobs(name)["stream"]["phases"][0]["outputs"]["m_axis"]:
                flags.add(beat[2])
                values.add(beat[0])
        assert flags == {0, 1}
        assert len(values) > 20


MUTANTS: Mutants = {
    "lmu_lstm_parallel": {
        "c not cleared": ("fresh ? {SUM_W{1'b0}} : keep", "keep"),
        "c does not stay": ("if (came[CELL-1]) cell_q", "cell_q"),
        "o does not stay": ("if (came[VALUE]) o_q", "o_q"),
        "cell wraps": with_overflow("OUT_TYPE", "CELL_TYPE", 0),
        "h truncated": with_rounding("OUT_TYPE", "H_TYPE", 0),
        "candidate through a gate": ("{i, g};", "{i, i};"),
        "product not brought to the sum's fraction": (".SHIFT(KEEP_SHIFT)", ".SHIFT(0)"),
        "flag of the step before": ("if (came[1]) clipped_q <= |pre", "if (came[1] && |pre_clipped) clipped_q <= |pre"),
        "clipped gate not flagged": ("if (came[VALUE] && |value_clipped) clipped_q <= 1'b1;", ""),
        "clipped cell not flagged": ("if (came[CELL] && |cell_clipped) clipped_q <= 1'b1;", ""),
        "clipped h not flagged": ("clipped_q || |h_clipped", "clipped_q"),
    },
    "lmu_gru_parallel": {
        "h not cleared": (".old_h(fresh ? {H_W{1'b0}} : old_h_q)", ".old_h(old_h_q)"),
        "h of now": ("if (m_axis_tvalid && m_axis_tready) old_h_q", "old_h_q"),
        "h too late": ("if (m_axis_tvalid && m_axis_tready) old_h_q", "if (came[0]) old_h_q"),
        "z does not stay": ("if (came[VALUE]) z_q", "z_q"),
        "inner not reset": ("weight_q * factor_q", "factor_q"),
        "sum does not stay": ("if (came[TOTAL-1]) total_q", "total_q"),
        "inner wraps": with_overflow("OUT_TYPE", "INNER_TYPE", 0),
        "product not brought to the sum's fraction": (".SHIFT(PRODUCT_SHIFT)", ".SHIFT(0)"),
        "clipped inner not flagged": ("|clipped || inner_clipped", "|clipped"),
        "clipped z or r not flagged": ("if (came[VALUE] && |gate_clipped) clipped_q <= 1'b1;", ""),
        "clipped h not flagged": ("clipped_q || |mix_clipped", "clipped_q"),
    },
    "lmu_gru_parallel/lmu_one_step": {
        "h cleared while streaming": ("{2'b00, STREAMING == 0 && m_last}", "{2'b00, m_last}"),
        "h is kept": ("{2'b00, STREAMING == 0 && m_last}", "3'b000"),
    },
    "lmu_lstm_parallel/lmu_one_step": {
        "c cleared while streaming": ("{2'b00, STREAMING == 0 && m_last}", "{2'b00, m_last}"),
        "sequence goes on": ("{2'b00, STREAMING == 0 && m_last}", "3'b000"),
        "next step too early": ("assign s_ready = !busy_q", "assign s_ready = !busy_q || m_valid"),
    },
}
JUDGES = {
    "lmu_lstm_parallel": ("lstm_side_by_side",),
    "lmu_gru_parallel": ("gru_side_by_side", "gru_assigned_side_by_side"),
    "h cleared while streaming": ("gru_streaming_side_by_side",),
    "c cleared while streaming": ("lstm_streaming_side_by_side",),
    "cell wraps": ("lstm_assigned_side_by_side",),
    "clipped gate not flagged": ("lstm_assigned_side_by_side",),
    "clipped cell not flagged": ("lstm_one_side_by_side",),
}


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(
        MUTANTS, "icarus", workdir, once, "side_by_side", CASES, JUDGES, ("stream", "isolated", "cut_short")
    )


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant, CASES)
