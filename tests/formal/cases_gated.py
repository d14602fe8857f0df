"""The units of LSTM and GRU cells."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant
from tests.support.hdl.packed import word

# Small types and no tables: what is proven is control
COMMON = {"IN_W": 2, "IN_F": 1, "GATE_FUNCTION": 0, "CAND_FUNCTION": 0}


def case(top: str, units: int, *types: str, **more: int) -> Case:
    sizes = {f"{name}_TYPE": word(2, 1) for name in ("PRE", "GATE", "CAND", "H", *types)}
    return Case(top, {"UNITS": units, **COMMON, **sizes, **more})


def lstm(units: int, **more: int) -> Case:
    return case("lmu_lstm", units, "CELL", "SQUASH", SQUASH_FUNCTION=0, **more)


def gru(units: int, **more: int) -> Case:
    return case("lmu_gru", units, "INNER", **more)


def gru_before(units: int, **more: int) -> Case:
    return case("lmu_gru_before", units, "INNER", IN_W2=2, IN_F2=1, **more)


LSTM, GRU, BEFORE = lstm(2), gru(2), gru_before(2)
SHARED = lstm(1, ONE_TABLE=1)
GATES = {"IN_W": 2, "IN_F": 1, "PRE_TYPE": word(2, 1), "FUNCTION": 0, "OUT_TYPE": word(2, 1)}


def gates(units: int, parts: int, streaming: int = 0) -> Case:
    return Case("lmu_gates", {"UNITS": units, "PARTS": parts, "STREAMING": streaming, **GATES})


CASES = (
    gates(1, 2),
    gates(3, 4),
    gates(2, 2, 1),
    LSTM,
    lstm(1),
    SHARED,
    lstm(2, ONE_TABLE=1),
    lstm(3, STREAMING=1),
    GRU,
    gru(1),
    gru(2, MORE=1, FACTOR=2),
    BEFORE,
    gru_before(1),
    gru_before(2, MORE=1, FACTOR=2),
    gru_before(3, STREAMING=1),
)
MUTANTS = (
    Mutant(gates(3, 4), "lmu_gates", "if (&part) begin", "if (part[0]) begin", ("in_turn",)),
    Mutant(gates(3, 4), "lmu_gates", "if (last_unit) fresh <=", "fresh <=", ("first_step",)),
    Mutant(gates(2, 2, 1), "lmu_gates", "fresh <= STREAMING == 0 && last", "fresh <= last", ("first_step",)),
    Mutant(gates(1, 2), "lmu_gates", "{valid_q[LATENCY-1:1], sum_valid};", "{LATENCY{sum_valid}};", ("in_time",)),
    Mutant(LSTM, "lmu_lstm", "wire run = m_axis_tready || !m_axis_tvalid;", "wire run = 1'b1;", ("payload_holds",)),
    Mutant(
        LSTM, "lmu_lstm", "m_axis_tlast <= out_last_q[PRODUCT];", "m_axis_tlast <= out_last_q[1];", ("last_in_place",)
    ),
    Mutant(
        LSTM, "lmu_lstm", "cell_valid4_q <= keep_q[3];", "cell_valid4_q <= keep_q[3] && part == O;", ("cell_written",)
    ),
    Mutant(SHARED, "lmu_lstm", "sum_of_g_q[VALUE-CAND] ?", "1'b0 ?", ("cand_in_turn",)),
    Mutant(SHARED, "lmu_lstm", "ONE_TABLE == 0 || !(valid && part == G)", "1'b1", ("squashed_in_turn",)),
    Mutant(GRU, "lmu_gru", "m_axis_tvalid <= out_valid_q[OUT];", "m_axis_tvalid <= out_valid_q[OUT-1];", ("one_out",)),
    Mutant(GRU, "lmu_gru", "valid && part == S}", "part == S}", ("one_out",)),
    Mutant(
        BEFORE,
        "lmu_gru_before",
        "run = inner_axis_tready ||",
        "run = m_axis_tready ||",
        ("f_first.f_m_axis.payload_holds",),
    ),
    Mutant(
        BEFORE,
        "lmu_gru_before",
        "inner_axis_tlast <= last_q[2];",
        "inner_axis_tlast <= last_q[1];",
        ("f_first.last_in_place",),
    ),
    Mutant(BEFORE, "lmu_gru_before", "m_new_q <= mix_run &&", "m_new_q <=", ("h_kept_at_once",)),
)
