"""LSTM and GRU cells: random ones against golden, cycles by the header of lmu_recurrent."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from lmu_hls.golden.assign import Step
from lmu_hls.toolchain import find
from tests.support.hdl.core_cases import Mutants, Results, caught, mutant_results, names
from tests.support.hdl.core_grid import SCENARIOS, Case, Once, check, simulate
from tests.support.hdl.gated_grid import gated, gated_lmu
from tests.support.hdl.packed import with_overflow, with_rounding
from tests.support.mutants import changed

# kind; n_x, order, units and seed of the cell; lanes; what else differs
SIZES: dict[str, tuple[str, tuple[int, int, int, int], tuple[int, int], dict[str, Any]]] = {
    "lstm": ("lstm", (3, 4, 4, 1), (4, 1), {}),
    "lstm_one": ("lstm", (0, 3, 1, 2), (1, 1), {}),
    "lstm_assigned": ("lstm", (2, 3, 3, 3), (2, 1), {"tables": False}),
    "lstm_streaming": ("lstm", (5, 1, 2, 4), (8, 1), {"bias": False, "streaming": 1}),
    "lstm_long_x": ("lstm", (30, 2, 1, 5), (4, 1), {"tables": False}),
    "lstm_slow": ("lstm", (1, 5, 3, 6), (1, 1), {}),
    "lstm_shared": ("lstm", (3, 4, 4, 1), (4, 1), {"one_table": True}),
    "lstm_shared_one": ("lstm", (0, 3, 1, 2), (1, 1), {"one_table": True}),
    "lstm_shared_assigned": ("lstm", (2, 3, 3, 3), (2, 1), {"tables": False, "one_table": True}),
    "gru": ("gru", (3, 4, 4, 15), (4, 1), {}),
    "gru_one": ("gru", (0, 3, 1, 2), (1, 1), {}),
    "gru_assigned": ("gru", (2, 3, 3, 3), (2, 1), {"tables": False}),
    "gru_streaming": ("gru", (5, 1, 2, 4), (8, 1), {"bias": False, "streaming": 1}),
    "gru_long_x": ("gru", (30, 2, 1, 5), (4, 1), {"tables": False}),
    "gru_slow": ("gru", (1, 5, 3, 6), (1, 1), {}),
    "gru_wide": ("gru", (3, 4, 4, 15), (4, 1), {"wide": True}),
    "gru2_wide": ("gru before", (3, 4, 4, 28), (4, 2), {"wide": True}),
    "gru2": ("gru before", (3, 4, 4, 28), (4, 2), {}),
    "gru2_one": ("gru before", (0, 3, 1, 2), (1, 1), {}),
    "gru2_assigned": ("gru before", (2, 3, 3, 3), (2, 1), {"tables": False}),
    "gru2_streaming": ("gru before", (5, 1, 2, 4), (4, 2), {"bias": False, "streaming": 1}),
    "gru2_long_x": ("gru before", (30, 2, 2, 5), (2, 2), {"tables": False}),
    "gru2_slow": ("gru before", (1, 5, 3, 6), (1, 1), {}),
}
VERILATED = ("lstm", "gru_assigned", "gru2_streaming")


def _case(name: str) -> Case:
    return _made(name, *SIZES[name])


def _made(name: str, kind: str, sizes: tuple[int, int, int, int], lanes: tuple[int, int], more: dict[str, Any]) -> Case:
    settings = {"streaming": 0, **more}
    streaming, one = settings.pop("streaming"), settings.get("one_table", False)
    return gated(name, kind, gated_lmu(kind, *sizes, **settings), lanes, streaming, one)


CASES = {name: _case(name) for name in SIZES}


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    """All scenarios of all cases; under Verilator, which compiles each unit for long, of some cases."""
    names = VERILATED if simulator == "verilator" else CASES
    return simulate({name: CASES[name] for name in names}, simulator, workdir, once, "gated")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    for case, of in results:
        if of == scenario:
            check(CASES[case], scenario, results[case, scenario])


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
def test_matrix_bounds_the_interval(workdir: Path, once: Once) -> None:
    """Several groups of rows and a long x: the matrix takes longer than the way of h through the cell."""
    case = _made("long_x_groups", "lstm", (30, 2, 1, 5), (2, 1), {"tables": False})
    assert case.ii == 2 * 33
    found = simulate({"long_x_groups": case}, "icarus", workdir, once, "long_x_groups", scenarios=("stream",))
    check(case, "stream", found["long_x_groups", "stream"])


def test_stimuli_clip_and_fit() -> None:
    """The flag of a clipped value is seen in both states, and h is more than a constant."""
    for kind in ("lstm", "gru_", "gru2"):
        flags, values = set(), set()
        for name in (name for name in CASES if name.startswith(kind)):
            for beat in CASES[name].jobs(name)["stream"]["phases"][0]["outputs"]["m_axis"]:
                flags.add(beat[2])
                values.add(beat[0])
        assert flags == {0, 1}
        assert len(values) > 30


def test_golden_has_every_flag() -> None:
    """Each tensor whose clipped values golden counts is one that the reference for tuser looks at."""
    for kind in ("lstm", "gru", "gru before"):
        lmu = gated_lmu(kind, 2, 3, 2, 1)
        assert set(Step("cell", lmu.cell).overflows) <= {
            "pre", "gate", "candidate", "inner", "cell", "squashed", "h",
        }  # fmt: skip


PRE_F = "(PRE_TYPE <<< 8 >>> 16)"
MUTANTS: Mutants = {
    "lmu_lstm": {
        "c not cleared": ("keep_q[2] && !fresh_q[2]", "keep_q[2]"),
        "c for g": ("factor1_q <= part == F ?", "factor1_q <= part != F ?"),
        "c of the wrong unit": (".rd_addr(unit)", ".rd_addr(cell_unit_q)"),
        "o too early": ("out_weight_q <= late_o", "out_weight_q <= gate"),
        "cell wraps": with_overflow("OUT_TYPE", "CELL_TYPE", 0),
        "candidate through the gates": ("cand_q <= cand;", "cand_q <= gate;"),
        "product not brought to the sum's fraction": (".SHIFT(KEEP_SHIFT)", ".SHIFT(0)"),
        "clipped only by h": ("m_axis_tuser <= out_clipped_q[PRODUCT] || h_clipped", "m_axis_tuser <= h_clipped"),
        "clipped cell not flagged": ("if (cell_clipped4_q)", "if (1'b0)"),
        "cell before g": ("sum_of_g_q[VALUE-CAND] ?", "1'b0 ?"),
        "g for the cell": ("squash_due = ONE_TABLE == 0 || !(valid && part == G)", "squash_due = 1'b1"),
        "pipeline runs on under back-pressure": ("wire run = m_axis_tready || !m_axis_tvalid", "wire run = 1'b1"),
    },
    "lmu_gru": {
        "h not cleared": ("out_fresh_q[MIX] ? {H_W{1'b0}} : stored_h", "stored_h"),
        "z of the next unit": (".z(mix_z_q)", ".z(z_q)"),
        "inner not reset": (".a(r_q)", ".a({1'b0, {(GATE_W - 1) {1'b1}}})"),
        "s truncated": ("<= s0 + product0", f"<= (s0 >>> (TOTAL_F - {PRE_F}) <<< (TOTAL_F - {PRE_F})) + product0"),
        "inner wraps": with_overflow("OUT_TYPE", "INNER_TYPE", 0),
        "clipped inner not flagged": ("part == INNER ? inner_clipped_q :", "part == INNER ? 1'b0 :"),
    },
    "lmu_lstm/lmu_gates": {
        "c cleared while streaming": ("fresh <= STREAMING == 0 && last", "fresh <= last"),
        "sequence goes on": ("fresh <= STREAMING == 0 && last", "fresh <= 1'b0"),
    },
    "lmu_gru/lmu_gates": {
        "h cleared while streaming": ("fresh <= STREAMING == 0 && last", "fresh <= last"),
    },
    "lmu_gru/lmu_gru_mix": {
        "one is 1 LSB less": ("mix3_q <= product2 + one2", "mix3_q <= product2 + one2 - value2"),
        "z and 1 - z changed": ("{old0[VALUE_W-1], old0} - {value0[VALUE_W-1], value0}", "value0 - old0"),
        "h truncated": with_rounding("OUT_TYPE", "H_TYPE", 0),
        "clipped candidate not flagged": ("if (cand_clipped0) clipped_q[CAND+1] <= 1'b1;", ""),
    },
    "lmu_gru_before": {
        "h not cleared": ("fresh_q[1] ? {H_W{1'b0}} : old_h1_q", "old_h1_q"),
        "h kept when it is taken": (".wr_en(m_new_q)", ".wr_en(m_axis_tvalid && m_axis_tready)"),
        "inner not cleared": ("fresh_q[2] ? {INNER_W{1'b0}} : inner2", "inner2"),
        "z of the next unit": ("!fresh_q[2]), z2_q", "!fresh_q[2]), z_q"),
        "inner truncated": with_rounding("OUT_TYPE", "INNER_TYPE", 0),
        "clipped inner not flagged": ("clipped2_q || (inner_clipped2 && !fresh_q[2]), z2_q", "clipped2_q, z2_q"),
    },
    "lmu_recurrent": {
        "first step not told": (".B_FEEDBACK(1)", ".B_FEEDBACK(0)"),
    },
}  # fmt: skip
JUDGES = {
    "cell before g": ("lstm_shared",),
    "g for the cell": ("lstm_shared",),
    "lmu_lstm": ("lstm",),
    "lmu_gru": ("gru",),
    "lmu_gru_before": ("gru2",),
    "lmu_recurrent": ("gru2",),
    "c cleared while streaming": ("lstm_streaming",),
    "c of the wrong unit": ("lstm_streaming",),
    "cell wraps": ("lstm_assigned",),
    "clipped only by h": ("lstm_assigned",),
    "clipped cell not flagged": ("lstm_one",),
    "h cleared while streaming": ("gru_streaming",),
    "clipped candidate not flagged": ("gru_assigned",),
    "inner truncated": ("gru2_assigned",),
}


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(MUTANTS, "icarus", workdir, once, "gated", CASES, JUDGES, ("cut_short",))


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant, CASES)


# Faults between the parts of the cell that has a second matrix
BESIDE = {
    "mem changed": (".b_axis_tdata(@_mem_axis_both)", ".b_axis_tdata(@_mem_axis_both ^ 1)"),
    "mem not shifted": (".B_SHIFT(1)", ".B_SHIFT(0)"),
    "inner without its last": (".c_axis_tlast(@_inner_tlast)", ".c_axis_tlast(1'b0)"),
    "sums of the first matrix": (".sum_axis_tdata(@_sum2_tdata)", ".sum_axis_tdata(@_sum_tdata)"),
}


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
def test_wrong_second_matrix_is_caught(workdir: Path, once: Once) -> None:
    judge = CASES["gru2"]
    assert judge.unit.body is not None
    cases = {
        f"beside{k}": dataclasses.replace(
            judge, unit=dataclasses.replace(judge.unit, body=changed(judge.unit.body, *fault))
        )
        for k, fault in enumerate(BESIDE.values())
    }
    found = simulate(cases, "icarus", workdir, once, "gated_beside", scenarios=("stream",))
    for name, case in cases.items():
        with pytest.raises(AssertionError):
            check(case, "stream", found[name, "stream"])


@pytest.mark.slow
def test_all_gated_verilated(workdir: Path, once: Once) -> None:
    """Also those that `results` leaves to Icarus."""
    if not find("verilator").found:
        pytest.skip("Verilator is not installed")
    for (case, scenario), result in simulate(CASES, "verilator", workdir, once, "gated_all").items():
        check(CASES[case], scenario, result)
