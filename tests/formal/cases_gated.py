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
CASES = (LSTM, lstm(1), lstm(3, STREAMING=1), GRU, gru(1), BEFORE, gru_before(1), gru_before(3, STREAMING=1))
MUTANTS = (
    Mutant(LSTM, "lmu_lstm", "wire run = m_axis_tready || !m_valid_q;", "wire run = 1'b1;", ("payload_holds",)),
    Mutant(LSTM, "lmu_lstm", "m_last_q <= out_last_q[8];", "m_last_q <= out_last_q[7];", ("last_in_place",)),
    Mutant(LSTM, "lmu_lstm", "cell_valid6_q <= add5_q;", "cell_valid6_q <= add5_q && gate_q == I;", ("cell_written",)),
    Mutant(GRU, "lmu_gru", "m_valid_q <= out_valid_q[9];", "m_valid_q <= out_valid_q[8];", ("one_h_a_unit",)),
    Mutant(GRU, "lmu_gru", "valid2_q && part2_q == S}", "part2_q == S}", ("one_h_a_unit",)),
    Mutant(
        BEFORE,
        "lmu_gru_before",
        "run = inner_axis_tready ||",
        "run = m_axis_tready ||",
        ("f_inner_axis.payload_holds",),
    ),
    Mutant(BEFORE, "lmu_gru_before", "inner_last_q <= last4_q;", "inner_last_q <= last3_q;", ("inner_last_in_place",)),
    Mutant(BEFORE, "lmu_gru_before", "m_new_q <= mix_run &&", "m_new_q <=", ("h_kept_at_once",)),
)
