"""Units whose beats are whole vectors: matrix, memory, functions, and where streams of other widths meet them."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant
from tests.support.hdl.packed import word


def matvec(n_in: int, n_out: int, columns: int, **widths: int) -> Case:
    sizes = {"N_IN": n_in, "N_OUT": n_out, "COLUMNS": columns}
    return Case("lmu_matvec", {**sizes, "OP_W": 1, "COEF_W": 1, "ACC_W": 4, "BIAS_W": 1, **widths})


def memory(order: int, memory_d: int, columns: int, pipeline: int, width: int = 1) -> Case:
    types = {f"{name}_TYPE": word(width, width - 1) for name in ("U", "A", "B")} | {"MEM_TYPE": word(2, 1)}
    sizes = {"ORDER": order, "MEMORY_D": memory_d, "COLUMNS": columns, "PIPELINE": pipeline}
    return Case("lmu_memory_parallel", {**sizes, **types})


def join(**sizes: int) -> Case:
    return Case("lmu_join", {"A_W": 1, "B_W": 1, "C_W": 1, "OUT_W": 2, "A_SHIFT": 1, **sizes})


def gather(n: int, p: int) -> Case:
    return Case("lmu_gather", {"WIDTH": 1, "N": n, "P": p})


def cell(module: str, units: int, *types: str, **more: int) -> Case:
    """The units of a cell side by side; of small types and without tables."""
    sizes = {f"{name}_TYPE": word(2, 1) for name in ("PRE", "GATE", "CAND", "H", *types)}
    return Case(module, {"UNITS": units, "IN_W": 2, "IN_F": 1, "GATE_FUNCTION": 0, "CAND_FUNCTION": 0, **sizes, **more})


def lstm(units: int, **more: int) -> Case:
    return cell("lmu_lstm_parallel", units, "CELL", "SQUASH", SQUASH_FUNCTION=0, **more)


def gru(units: int, **more: int) -> Case:
    return cell("lmu_gru_parallel", units, "INNER", **more)


def one_step(latency: int, streaming: int = 0) -> Case:
    return Case("lmu_one_step", {"LATENCY": latency, "STREAMING": streaming})


TYPES = {"PRE_TYPE": word(2, 1), "OUT_TYPE": word(2, 1), "FUNCTION": 1}
MATVEC, TURNS, WHOLE = matvec(2, 1, 2), matvec(3, 1, 2), matvec(4, 2, 4)
MEMORY, STEP, LATE, EARLY = memory(2, 1, 2, 1), memory(1, 2, 2, 0), memory(2, 1, 3, 2), memory(1, 1, 1, 3)
LSTM, GRU, CONTROL, ENDLESS = lstm(2), gru(2), one_step(3), one_step(4, 1)
JOIN, GATHER = join(N_A=2, N_B=1, N_C=2), gather(5, 2)
ACTIVATIONS = Case("lmu_activations", {"N": 2, "IN_W": 3, "IN_F": 1, **TYPES})
CASES = (
    TURNS,
    MATVEC,
    WHOLE,
    matvec(1, 2, 1),
    matvec(3, 1, 1),
    matvec(2, 1, 1, OP_W=3, FACTOR=2, ACC_W=6),
    MEMORY,
    STEP,
    LATE,
    memory(2, 1, 1, 0),
    memory(1, 1, 1, 2),
    memory(2, 1, 3, 1, width=2),
    EARLY,
    memory(2, 1, 3, 3),
    JOIN,
    join(N_A=1, N_B=1, N_C=1, A_FEEDBACK=1, B_FEEDBACK=0, STREAMING=1),
    join(N_A=0, N_B=2, N_C=2, C_FEEDBACK=0),
    join(N_A=3, N_B=0, N_C=0),
    GATHER,
    gather(3, 1),
    gather(3, 4),
    ACTIVATIONS,
    CONTROL,
    ENDLESS,
    one_step(2),
    LSTM,
    lstm(1, STREAMING=1),
    GRU,
    gru(1, STREAMING=1, MORE=1),
)
MUTANTS = (
    Mutant(TURNS, "lmu_matvec", "run && (!busy_q || last_turn)", "run", ("flight_bounded",)),
    Mutant(TURNS, "lmu_matvec", "x_q >> (COLUMNS * OP_W)", "x_q", ("value",)),
    Mutant(TURNS, "lmu_matvec", "turn_q == 0}", "1'b1}", ("value",)),
    Mutant(MATVEC, "lmu_matvec", "!m_axis_tvalid || m_axis_tready", "1'b1", ("valid_holds",)),
    Mutant(WHOLE, "lmu_adders", "if (en) sum_q", "sum_q", ("value",)),
    Mutant(MEMORY, "lmu_memory_parallel", "run && first;", "run;", ("none_invented",)),
    Mutant(MEMORY, "lmu_memory_parallel", "sum_first ? sum : acc_q + sum", "acc_q + sum", ("exact",)),
    Mutant(
        MEMORY, "lmu_memory_parallel", "first ? s_axis_tuser[0] || fresh_q : clear_q", "s_axis_tuser[0]", ("exact",)
    ),
    Mutant(STEP, "lmu_memory_parallel", "!m_axis_tvalid || m_axis_tready", "1'b1", ("payload_holds",)),
    Mutant(LATE, "lmu_memory_parallel", "PIPELINE > 1 ? acc_q : total", "total", ("exact",)),
    Mutant(EARLY, "lmu_memory_parallel", "PIPELINE > 2 ? chosen_first_q : first", "first", ("exact",)),
    Mutant(JOIN, "lmu_join", "take && !b_absent", "take", ("b_in_step",)),
    Mutant(JOIN, "lmu_join", "B_FEEDBACK != 0 && fresh_q ?", "B_FEEDBACK != 0 && !started_q ?", ("b_value",)),
    Mutant(JOIN, "lmu_join", "&& (c_absent || c_axis_tvalid)", "", ("c_in_step",)),
    Mutant(GATHER, "lmu_gather", "!last_beat || m_axis_tready", "1'b1", ("nothing_lost",)),
    Mutant(GATHER, "lmu_gather", "all[BEATS*P*WIDTH-1:P*WIDTH]", "all[(BEATS-1)*P*WIDTH-1:0]", ("value_in_place",)),
    Mutant(ACTIVATIONS, "lmu_activations", ".s_axis_tlast(s_axis_tlast)", ".s_axis_tlast(i == 0)", ("same_last",)),
    Mutant(CONTROL, "lmu_one_step", "assign s_ready = !busy_q", "assign s_ready = !busy_q || m_ready", ("taken",)),
    Mutant(CONTROL, "lmu_one_step", "{2'b00, STREAMING == 0 && m_last}", "3'b000", ("first_step",)),
    Mutant(ENDLESS, "lmu_one_step", "STREAMING == 0 && m_last}", "m_last}", ("first_step",)),
    Mutant(CONTROL, "lmu_one_step", "if (came_q[LATENCY-1])", "if (came_q[LATENCY-2])", ("out_in_time",)),
    Mutant(LSTM, "lmu_one_step", "if (m_valid && m_ready) {busy_q", "if (m_valid) {busy_q", ("valid_holds",)),
    Mutant(LSTM, "lmu_lstm_parallel", "<= {o_q, squashed};", "<= {o, squashed};", ("product_exact",)),
    Mutant(LSTM, "lmu_lstm_parallel", "fresh ? {SUM_W{1'b0}} : keep", "keep", ("sum_exact",)),
    Mutant(LSTM, "lmu_lstm_parallel", "if (came[VALUE]) o_q <= o;", "o_q <= o;", ("gate_of_this_step",)),
    Mutant(LSTM, "lmu_lstm_parallel", "if (came[CELL-1]) cell_q", "cell_q", ("cell_of_step_before",)),
    Mutant(GRU, "lmu_gru_parallel", "if (came[TOTAL-1]) total_q", "total_q", ("sum_exact",)),
    Mutant(GRU, "lmu_gru_parallel", "if (came[VALUE]) z_q", "z_q", ("gate_of_this_step",)),
    Mutant(
        GRU, "lmu_gru_parallel", "m_axis_tvalid && m_axis_tready) old_h_q", "m_axis_tvalid) old_h_q", ("payload_holds",)
    ),
)
