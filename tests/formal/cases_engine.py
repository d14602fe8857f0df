"""One engine for a whole layer: no value is read before it is written, and its cycles are those of its header."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant
from tests.support.hdl.packed import word

TYPES = {f"{name}_TYPE": word(2, 1) for name in ("U", "MEM", "PRE", "H", "OUT")}
WIDTHS = {"X_W": 1, "OP_W": 2, "COEF_W": 1, "ACC_W": 3, "FUNCTION": 0}
FRACTIONS = {f"{name}_ACC_F": 1 for name in ("U", "MEM", "H", "OUT")}


def engine(units: int, lanes: int, wait_h: int, wait_u: int = 0, **head: int) -> Case:
    """One channel of one degree, without biases; h has a column more where there are two lanes."""
    sizes = {"N_X": 1, "MEMORY_D": 1, "ORDER": 1, "UNITS": units, "U_COLUMNS": lanes, "H_COLUMNS": lanes}
    sizes |= {"LANES": lanes, "WAIT_U": wait_u, "WAIT_MEM": 7, "WAIT_H": wait_h}
    cycles = 100 if head else 60
    return Case("lmu_engine", {**sizes, **head, **WIDTHS, **FRACTIONS, **TYPES}, True, cycles, limit_s=1800)


ONE, TWO = engine(1, 1, 8), engine(2, 2, 7)
# With a layer of one value behind it, of every step or of the last one
BEHIND = {"KEEP_H": 1, "N_OUT": 1, "OUT_COLUMNS": 1, "WAIT_OUT": 8}
EACH, LAST = engine(1, 1, 8, **BEHIND, LAST_ONLY=0), engine(1, 1, 8, **BEHIND, LAST_ONLY=1)
# Without the invariants of f_engine, so that a fault shows in what they are for: ABC ends soon after the first failures
PLAIN, PLAIN_EACH = engine(1, 1, 8, 1), engine(1, 1, 8, 1, **BEHIND, LAST_ONLY=0)
PLAIN_LAST = engine(1, 1, 8, 1, **BEHIND, LAST_ONLY=1)
# The ends of lmu_engine_gated, whose program is in ROMs
X, GIVEN = Case("lmu_engine_x", {"N_X": 3, "X_W": 1}), Case("lmu_engine_out", {"WIDTH": 2})
SMALL = {f"{name}_TYPE": word(2, 1) for name in ("U", "MEM", "PRE", "CELL", "H", "OUT", "GATE", "CAND")}
SMALL |= {f"{name}_ACC_F": 1 for name in ("U", "MEM", "PRE", "CELL", "H", "OUT")}
SMALL |= {"X_W": 1, "OP_W": 2, "COEF_W": 2, "ACC_W": 4, "GATE_FUNCTION": 0, "CAND_FUNCTION": 0, "HAS_SQUASH": 0}
SMALL |= {"N_X": 1, "VALUES": 4, "GATES": 2, "SECTIONS": 2, "COLUMNS": 2, "WORDS": 2}
GATED = Case("lmu_engine_gated", {**SMALL, "MOST_COLUMNS": 1, "MOST_GROUPS": 1, "MOST_WAIT": 1})
CASES = (ONE, TWO, EACH, LAST, X, GIVEN, GATED)
MUTANTS = (
    Mutant(
        ONE, "lmu_engine", "busy_q && !waits_q;", "busy_q;", ("f_state.step_in_place", "f_state.rows_apart"), cycles=10
    ),
    Mutant(PLAIN, "lmu_engine", "busy_q && !waits_q;", "busy_q;", ("u_in_time", "mem_in_time"), cycles=30),
    Mutant(PLAIN, "lmu_engine", "tready = !x_full_q;", "tready = 1'b1;", ("f_count.flight_bounded",), cycles=60),
    Mutant(PLAIN, "lmu_engine", "x_half_q <= !x_half_q;", "x_half_q <= x_half_q;", ("other_half",), cycles=30),
    Mutant(
        PLAIN,
        "lmu_engine",
        "h_clipped, result_last_q, h}",
        "h_clipped, 1'b0, h}",
        ("f_count.last_in_place",),
        cycles=50,
    ),
    Mutant(PLAIN, "lmu_engine", "!m_axis_tvalid || m_axis_tready;", "1'b1;", ("f_m_axis.payload_holds",), cycles=60),
    Mutant(PLAIN_EACH, "lmu_engine", ": WAIT_OUT[WAIT_CW-1:0];", ": 0;", ("h_in_time",), cycles=40),
    Mutant(PLAIN_LAST, "lmu_engine", "LAST_ONLY == 0 || last_q", "1'b1", ("f_count.none_invented",), cycles=60),
    Mutant(GATED, "lmu_engine_gated", "row_end_q <= columns_q == 1;", "row_end_q <= 1'b0;", ("flags_of_counts",)),
    Mutant(GATED, "lmu_engine_gated", ".due(due_valid &&", ".due(1'b0 &&", ("give.due_before",)),
    Mutant(X, "lmu_engine_x", "s_axis_tvalid && !full_q;", "s_axis_tvalid;", ("waits_for_start",)),
    Mutant(X, "lmu_engine_x", "ends ? {X_AW{1'b0}} : count_q + 1'b1;", "count_q + 1'b1;", ("counts_in_range",)),
    Mutant(
        GIVEN, "lmu_engine_out", "run_q <= !(kept_valid_d && (run_q ? due : valid));", "run_q <= 1'b1;", ("none_lost",)
    ),
    Mutant(GIVEN, "lmu_engine_out", "!m_axis_tvalid || m_axis_tready;", "1'b1;", ("f_m_axis.payload_holds",)),
)
