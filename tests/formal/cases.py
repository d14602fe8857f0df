"""What is proven: modules with the parameters of their proofs, and faults that a proof must find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.verify.formal import FAILED, Outcome
from tests.support.hdl.packed import word


@dataclass(frozen=True, slots=True)
class Case:
    """One configuration of a module. `slow` ones take more than some seconds."""

    top: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    slow: bool = False
    cycles: int = 60  # depth of the search for its cover statements
    limit_s: int = 600  # for the proof of all; a quarter of it for one assertion

    def __str__(self) -> str:
        sizes = (f"{name}{value}" for name, value in self.parameters.items() if "_TYPE" not in name)
        return "-".join([self.top, *sizes])


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault: `old` becomes `new` in the file of `module`; in `case`, the properties `caught_by` must fail.

    The instance of a property module may be named with its property, to tell streams apart: "f_m_axis.valid_holds".
    """

    case: Case
    module: str
    old: str
    new: str
    caught_by: tuple[str, ...]
    slow: bool = False  # so is a fault in a slow case
    cycles: int = 0  # not 0: it is looked for in so many cycles only

    def __str__(self) -> str:
        return f"{self.module}-{self.caught_by[0]}"

    def missed_by(self, outcome: Outcome) -> list[str]:
        """Properties that should have failed and have not."""
        failed = [f".{name}" for name in outcome.named(FAILED)]
        return [name for name in self.caught_by if not any(entry.endswith(f".{name}") for entry in failed)]


# Small types: what is proven is control, and data only as far as it is held, moved and marked
DENSE_TYPES = {f"{name}_TYPE": word(2, 1) for name in ("U", "MEM", "A", "B")}


def dense(order: int, memory_d: int, lanes: int, slow: bool = False) -> Case:
    sizes = {"ORDER": order, "MEMORY_D": memory_d, "LANES": lanes}
    return Case("lmu_memory_dense", {**sizes, **DENSE_TYPES}, slow)


def ring(memory_d: int, slow: bool = False) -> Case:
    """One state, u + 4 mem, and a register."""
    return Case("lmu_memory_ring", {"ORDER": 1, "MEMORY_D": memory_d, "STAGES": 1}, slow)


TRIDIAG_TYPES = {f"{name}_TYPE": word(2, 1) for name in ("U", "MEM", "SWEEP", "LAM", "GAM", "KAP", "BET")}


def tridiag(order: int, memory_d: int, pipeline: int, slow: bool = False) -> Case:
    sizes = {"ORDER": order, "MEMORY_D": memory_d, "PIPELINE": pipeline}
    return Case("lmu_memory_tridiag", {**sizes, **TRIDIAG_TYPES}, slow)


def sweeps(order: int, memory_d: int, together: int = 1, pipeline: int = 1) -> Case:
    sizes = {"ORDER": order, "MEMORY_D": memory_d, "TOGETHER": together, "PIPELINE": pipeline}
    types = {name: word(1, 0) for name in TRIDIAG_TYPES}
    return Case("lmu_memory_sweeps", {**sizes, **types}, True, limit_s=1200)


def sweep(slots: int, pipeline: int, rounding: int = 6, overflow: int = 1, **others: int) -> Case:
    types = {"COEF_TYPE": word(2, 1), "SWEEP_TYPE": word(3, 1, rounding, overflow), "X_W": 5, "X_F": 4}
    added = int(rounding in (2, 6))
    return Case("lmu_sweep", {"SLOTS": slots, "PIPELINE": pipeline, "ADDED": added, **types, **others})


def datapath(slots: int, pipeline: int, **types: int) -> Case:
    sizes = {"SLOTS": slots, "PIPELINE": pipeline}
    return Case("lmu_tridiag_datapath", {**sizes, **TRIDIAG_TYPES, **types})


def frame(n: int, steps: int, width: int = 2, fewer: int = 0) -> Case:
    return Case("lmu_frame", {"N": n, "STEPS": steps, "WIDTH": width, **({"FEWER": 1} if fewer else {})})


def vector(n: int, keep_last: int, slow: bool = False) -> Case:
    return Case("lmu_vector_buffer", {"N": n, "KEEP_LAST": keep_last, "WIDTH": 2}, slow)


def window(n: int, steps: int, count: int, first: int, **others: int) -> Case:
    sizes = {"N": n, "STEPS": steps, "COUNT": count, "BEFORE": max(0, -first), "SKIP": max(0, first)}
    return Case("lmu_window", {**sizes, "SIZE": 2, "DEPTH": 2, "WIDTH": 1, **others})


def history(n: int, size: int = 2, dilation: int = 1) -> Case:
    sizes = {"N": n, "SIZE": size, "DILATION": dilation, "DEPTH": 4, "WIDTH": 1}
    return Case("lmu_history", sizes, slow=n * size * dilation > 2)


def window_any(n: int, steps: int, **others: int) -> Case:
    return Case("lmu_window_any", {"N": n, "STEPS": steps, "WIDTH": 1, **others})


HISTORY = history(1)
ANY = window_any(1, 2, SIZE=2, FIRST=-1, PAD=1)
ANY_CENTRED = window_any(1, 3, SIZE=3, PAD=2, CENTRED=1)
ANY_FAR = window_any(1, 4, SIZE=2, STRIDE=2, PAD=1, REPEAT=1)
ANY_BACKWARDS = window_any(2, 2, SIZE=1, STRIDE=-1)
WINDOW = window(2, 3, 3, -1)
EARLY = window(1, 3, 1, 1, SIZE=1, DEPTH=1)
FAR = window(1, 4, 2, -1, STRIDE=3, DILATION=3, REPEAT=1, DEPTH=4)
SERIALIZER = Case("lmu_serializer", {"WIDTH": 2, "LANES": 3})
WIDE_SERIALIZER = Case("lmu_serializer", {"WIDTH": 1, "LANES": 5, "P": 2})
STEP_START = Case("lmu_step_start", {"WIDTH": 2, "N": 3})
REGISTERS = Case("lmu_registers", {"COUNTERS": 1, "ADDR_W": 7})


def restart(n: int, streaming: int) -> Case:
    return Case("lmu_restart", {"N": n, "STREAMING": streaming, "WIDTH": 2})


DATAPATH = datapath(1, 1)
UNEQUAL = datapath(
    3, 1, LAM_TYPE=word(2, 2), KAP_TYPE=word(2, 0), SWEEP_TYPE=word(3, 1), U_TYPE=word(2, 0), MEM_TYPE=word(3, 1)
)
RESTART = restart(3, 0)
CUT = ("cut_packet_has_the_flag",)


def pes(units: int, memory_d: int, order: int, pipeline: int = 1) -> Case:
    types = {name: word(1, 0) for name in TRIDIAG_TYPES}
    sizes = {"PES": units, "MEMORY_D": memory_d, "ORDER": order, "PIPELINE": pipeline}
    return Case("lmu_memory_tridiag_pes", {**sizes, **types}, True)


CASES = (
    ring(2),
    ring(1),
    ring(4, slow=True),
    sweep(1, 1),
    sweep(1, 1, SWEEP_TYPE=word(4, 1), COEF_TYPE=word(3, 2), PIECE=2),
    sweep(2, 1, X_F=2),
    sweep(1, 1, 5, 3),
    sweep(2, 2),
    sweep(2, 2, 0),
    sweep(3, 2, 2, 0, X_F=2, PIECE=2),
    sweep(2, 2, 1, 2),
    sweep(3, 3, PIECE=2),
    sweep(4, 4),
    sweeps(2, 2),
    pes(2, 2, 3),
    pes(2, 4, 3, 2),
    SERIALIZER,
    Case("lmu_serializer", {"WIDTH": 1, "LANES": 1}),
    WIDE_SERIALIZER,
    STEP_START,
    Case("lmu_step_start", {"WIDTH": 1, "N": 2, "STREAMING": 1}),
    frame(1, 1),
    frame(1, 2),
    frame(2, 0),
    frame(3, 2),
    frame(5, 3, 3),
    frame(2, 3, fewer=1),
    vector(1, 0),
    vector(1, 1),
    vector(3, 0),
    vector(3, 1),
    vector(6, 0, slow=True),
    EARLY,
    HISTORY,
    history(2, dilation=2),
    ANY,
    ANY_BACKWARDS,
    ANY_CENTRED,
    ANY_FAR,
    WINDOW,
    FAR,
    window(1, 3, 3, 2, SIZE=1, STRIDE=-1, DEPTH=4),
    REGISTERS,
    Case("lmu_registers", {"COUNTERS": 8, "ADDR_W": 7}),
    RESTART,
    restart(1, 0),
    restart(3, 1),
    dense(1, 1, 1),
    dense(2, 1, 1),
    dense(3, 1, 3, slow=True),
    dense(2, 2, 1, slow=True),
    dense(2, 3, 2, slow=True),
    dense(4, 2, 2, slow=True),
    dense(4, 1, 1, slow=True),
    Case("lmu_product", {"A_W": 3, "B_W": 4, "STAGES": 2, "PIECE": 2}),
    DATAPATH,
    datapath(1, 1, SWEEP_TYPE=word(2, 1, 6, 1)),
    datapath(4, 4),
    datapath(2, 2),
    datapath(3, 3),
    UNEQUAL,
    tridiag(1, 1, 1),
    tridiag(2, 1, 1),
    tridiag(2, 1, 2, slow=True),
    tridiag(3, 1, 2, slow=True),
    tridiag(2, 2, 3, slow=True),
    tridiag(2, 1, 4, slow=True),
    tridiag(1, 2, 2, slow=True),
    tridiag(2, 2, 1, slow=True),
    tridiag(2, 2, 2, slow=True),
    tridiag(2, 3, 3, slow=True),
    tridiag(3, 1, 1, slow=True),
    tridiag(8, 1, 1, slow=True),
    tridiag(3, 2, 2, slow=True),
)

MUTANTS = (
    Mutant(
        pes(2, 2, 3),
        "lmu_memory_tridiag_pes",
        "assign m_axis_tvalid = &valid;",
        "assign m_axis_tvalid = |valid;",
        ("payload_holds",),
    ),
    Mutant(
        pes(2, 2, 3),
        "lmu_memory_tridiag_pes",
        "assign m_axis_tlast = last[PES-1];",
        "assign m_axis_tlast = last[0];",
        ("last_in_place",),
    ),
    Mutant(
        SERIALIZER,
        "lmu_serializer",
        "!m_axis_tvalid || (m_axis_tready && last_beat_q)",
        "!m_axis_tvalid || last_beat_q",
        ("payload_holds",),
    ),
    Mutant(
        SERIALIZER,
        "lmu_serializer",
        "!m_axis_tvalid || (m_axis_tready && last_beat_q)",
        "!m_axis_tvalid",
        ("taken_when_free",),
    ),
    Mutant(SERIALIZER, "lmu_serializer", "last_q && last_beat_q", "last_q", ("last_in_place",)),
    Mutant(WIDE_SERIALIZER, "lmu_serializer", "data_q >> (P * WIDTH)", "data_q >> WIDTH", ("value_in_place",)),
    Mutant(
        STEP_START, "lmu_step_start", "if (s_axis_tvalid && s_axis_tready)", "if (s_axis_tvalid)", ("start_in_place",)
    ),
    Mutant(HISTORY, "lmu_history", "ends ? {SLOT_W{1'b0}} :", "1'b0 ? {SLOT_W{1'b0}} :", ("value_in_place",)),
    Mutant(HISTORY, "lmu_history", "held < (whole ?", "held < (1'b0 ?", ("ring_holds",)),
    Mutant(HISTORY, "lmu_history", "window_end && ends", "window_end && s_axis_tlast", ("last_in_place",)),
    Mutant(ANY, "lmu_window_any", "!stored[1] && !rst", "!rst", ("two_at_most",)),
    Mutant(ANY, "lmu_window_any", "(early || late)", "late", ("zero_in_place",)),
    Mutant(ANY, "lmu_window_any", "place_end && left_q == 0", "place_end", ("last_in_place",)),
    Mutant(ANY, "lmu_window_any", "busy_q <= waits_q || ends", "busy_q <= waits_q", ("never_late",)),
    Mutant(ANY_BACKWARDS, "lmu_window_any", "STRIDE < 0 ? in_last :", "STRIDE < 0 ? ZERO :", ("value_in_place",)),
    Mutant(
        ANY_CENTRED,
        "lmu_window_any",
        "excess < ZERO ? excess >>> 1",
        "excess < ZERO ? excess <<< 1",
        ("zero_in_place", "value_in_place"),
    ),
    Mutant(ANY_FAR, "lmu_window_any", "another ? ZERO : rest_q", "another ? ONE : rest_q", ("windows_counted",)),
    Mutant(EARLY, "lmu_window", "m_axis_tlast && ahead_q[AHEAD_W-1]", "1'b0", ("whole_sequence",)),
    Mutant(
        WINDOW,
        "lmu_window",
        "place_far == place_in && accept",
        "place_far == place_in",
        ("only_what_came", "value_in_place"),
    ),
    Mutant(WINDOW, "lmu_window", "!(whole && held == HELD - 1'b1)", "1'b1", ("room_is_there",)),
    Mutant(
        WINDOW, "lmu_window", "near_zero_q ? {BEAT_W{1'b0}} : near_beat_q;", "near_beat_q;", ("read_by_definition",)
    ),
    Mutant(WINDOW, "lmu_window", "filled_q[1] && there", "filled_q[1]", ("none_too_early",)),
    Mutant(FAR, "lmu_window", "near_late_q ? LAST_STEP", "1'b0 ? LAST_STEP", ("value_in_place",)),
    Mutant(FAR, "lmu_window", "base_q + NEXT_WINDOW", "base_q - NEXT_WINDOW", ("base_by_definition",)),
    Mutant(
        frame(3, 2),
        "lmu_frame",
        "pass ? !last_beat_q && i_last :",
        "pass ? 1'b0 :",
        ("clean_start",),
    ),
    Mutant(frame(3, 2), "lmu_frame", "pass && ends && !i_last", "1'b0", ("rest_dropped",)),
    Mutant(
        frame(3, 2),
        "lmu_frame",
        "!(i_valid && i_last)",
        "!i_last",
        ("rest_dropped",),
    ),
    Mutant(frame(3, 2), "lmu_frame", "i_last != last_step", "i_last && !last_step", ("f_errors.last_in_place",)),
    Mutant(frame(2, 3, fewer=1), "lmu_frame", "(FEWER == 0 || last_step)", "FEWER == 0", ("f_errors.last_in_place",)),
    Mutant(
        frame(3, 2),
        "lmu_frame",
        "wire hold = kept_q[1]",
        "wire hold = 1'b0",
        ("f_errors.flight_bounded",),
    ),
    Mutant(frame(3, 2), "lmu_frame", "errors_q[kept_q[0] && !take]", "errors_q[!take]", ("f_errors.last_in_place",)),
    Mutant(
        frame(3, 2),
        "lmu_frame",
        "assign m_axis_tvalid = !drop_q && !hold",
        "assign m_axis_tvalid = !drop_q && !(hold || (ends && take))",
        ("f_m_axis.valid_holds",),
    ),
    Mutant(frame(3, 2), "lmu_frame", "(i_valid && !i_ready)", "1'b0", ("none_dropped",)),
    Mutant(frame(3, 2), "lmu_frame", "if (!full_q) waiting_q", "waiting_q", ("waiting_holds",)),
    Mutant(RESTART, "lmu_restart", "restart && y_axis_tvalid && !close_q", "1'b0", ("valid_holds",)),
    Mutant(RESTART, "lmu_restart", "if (!kept_q) begin", "begin", ("payload_holds",)),
    Mutant(RESTART, "lmu_restart", "kept_d ? !m_axis_tlast : packet_d", "1'b0", ("end_is_offered",)),
    Mutant(RESTART, "lmu_restart", "user_q : close_q || y_axis_tuser", "user_q : y_axis_tuser", CUT),
    Mutant(RESTART, "lmu_restart", "(swallow_q || restart) && within_d", "1'b0", ("starts_clean",)),
    Mutant(RESTART, "lmu_restart", "(swallow_q || restart) && within_d", "swallow_q || restart", ("none_lost",)),
    Mutant(RESTART, "lmu_restart", "taken ? !s_axis_tlast : within_q", "within_q || taken", ("none_lost",)),
    Mutant(restart(3, 1), "lmu_restart", "last_beat || s_axis_tlast ?", "last_beat ?", ("starts_clean",)),
    Mutant(
        vector(3, 0),
        "lmu_vector_buffer",
        "assign s_axis_tready = !full_q[wr_half_q]",
        "assign s_axis_tready = 1'b1",
        ("none_invented", "value_in_place"),
    ),
    Mutant(vector(3, 0), "lmu_vector_buffer", "&& (!word_valid_q || move)", "", ("value_in_place",)),
    Mutant(vector(3, 0), "lmu_vector_buffer", "(!word_valid_q || move)", "!word_valid_q", ("full_rate",)),
    Mutant(
        vector(3, 1), "lmu_vector_buffer", "wr_end && (KEEP_LAST == 0 || s_axis_tlast)", "wr_end", ("none_invented",)
    ),
    Mutant(
        vector(3, 0),
        "lmu_vector_buffer",
        "rd_end && last_q[rd_half_q]",
        "rd_end && last_q[!rd_half_q]",
        ("last_in_place",),
    ),
    Mutant(
        REGISTERS,
        "lmu_registers",
        "write = aw_valid_q && w_valid_q && !s_axil_bvalid",
        "write = aw_valid_q && w_valid_q",
        ("writes_bounded",),
    ),
    Mutant(
        REGISTERS,
        "lmu_registers",
        "write = aw_valid_q && w_valid_q && !s_axil_bvalid",
        "write = aw_valid_q && !s_axil_bvalid",
        ("write_response_is_due",),
    ),
    Mutant(
        REGISTERS,
        "lmu_registers",
        "if (s_axil_rready) s_axil_rvalid",
        "s_axil_rdata <= r_data; if (s_axil_rready) s_axil_rvalid",
        ("f_r_axis.payload_holds",),
    ),
    Mutant(
        dense(1, 1, 1),
        "lmu_memory_dense",
        "localparam WAIT = SLACK < 3 + MORE ? 3 + MORE - SLACK : 0,",
        "localparam WAIT = SLACK < 3 + MORE ? 2 + MORE - SLACK : 0,",
        ("read_in_time",),
    ),
    Mutant(
        dense(4, 1, 1, slow=True),
        "lmu_memory_dense",
        "LATE = SLACK > 3 + MORE",
        "LATE = SLACK > 2 + MORE",
        ("read_what_was_written",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "run_q <= !(valid_d && beat_due_d);",
        "run_q <= 1'b1;",
        ("payload_holds",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "last_group_q && last_q};",
        "last_q};",
        ("last_in_place",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "if (channel_end_q) slot_q <= next_slot;",
        "if (step_end) slot_q <= next_slot + {{(RAM_AW - 1) {1'b0}}, last_q};",
        ("read_what_was_written",),
    ),
    Mutant(
        dense(2, 1, 1),
        "lmu_memory_dense",
        "wire beat_due_d = run_q ? done_q[3+MORE] :",
        "wire beat_due_d = run_q ? done_q[2+MORE] :",
        ("latency_exact",),
    ),
    Mutant(
        ring(2),
        "lmu_memory_ring",
        "LOOP - MEMORY_D : 0;",
        "LOOP - MEMORY_D - 1 : 0;",
        ("read_after_write", "ii_exact"),
    ),
    Mutant(
        ring(4, slow=True),
        "lmu_memory_ring",
        "ROOM = MEMORY_D > STAGES + 4 ? MEMORY_D : STAGES + 4",
        "ROOM = STAGES + 3",
        ("ii_exact",),
    ),
    Mutant(
        ring(1),
        "lmu_memory_ring",
        "wait_q == 0 && room_q != 0",
        "wait_q == 0",
        ("room_for_all",),
    ),
    Mutant(
        ring(2),
        "lmu_memory_ring",
        ".wr_addr(wr_channel_q)",
        ".wr_addr(channel_q)",
        ("states_of_step_before",),
    ),
    Mutant(
        sweep(2, 2),
        "lmu_sweep",
        ".WIDTH(CUT_W + 1), .DEPTH(SLOTS - PIPELINE)",
        ".WIDTH(CUT_W + 1), .DEPTH(SLOTS - PIPELINE + 1)",
        ("sweep_exact",),
    ),
    Mutant(sweep(1, 1), "lmu_sweep", "more_q <= |(", "more_q <= 1'b0 && |(", ("sweep_exact",)),
    Mutant(sweep(1, 1), "lmu_sweep", "ROUNDING == 6 && ~|previous", "1'b0 && ~|previous", ("sweep_exact",)),
    Mutant(sweep(1, 1), "lmu_sweep", "choice[0] ? lowest_q : highest_q", "lowest_q", ("sweep_exact",)),
    Mutant(sweep(2, 2), "lmu_sweep", "bound_part - coef_part", "bound_part", ("sweep_exact",)),
    Mutant(
        sweep(1, 1, SWEEP_TYPE=word(4, 1), COEF_TYPE=word(3, 2), PIECE=2),
        "lmu_sweep",
        "even = even_q + later",
        "even = even_q",
        ("sweep_exact",),
    ),
    Mutant(
        sweep(3, 3, PIECE=2),
        "lmu_sweep",
        "assign product_part = upper_part +",
        "assign product_part =",
        ("sweep_exact",),
    ),
    Mutant(
        sweeps(2, 2),
        "lmu_memory_sweeps",
        "DEPTH(TO_BACK - 2)",
        "DEPTH(TO_BACK - 3)",
        ("f_of_this_step",),
        cycles=40,
    ),
    Mutant(
        sweeps(2, 2),
        "lmu_memory_sweeps",
        "DEPTH(TO_FORWARD - 2)",
        "DEPTH(TO_FORWARD - 3)",
        ("mem_of_step_before",),
        cycles=40,
    ),
    Mutant(
        sweeps(2, 2),
        "lmu_memory_sweeps",
        "(freed ? TOGETHER[FREE_CW-1:0] : {FREE_CW{1'b0}})",
        "(run && up_start ? TOGETHER[FREE_CW-1:0] : {FREE_CW{1'b0}})",
        ("u_of_this_step",),
        cycles=40,
    ),
    Mutant(
        tridiag(2, 1, 1),
        "lmu_memory_tridiag",
        "assign run = m_axis_tready || !m_axis_tvalid || !new_valid;",
        "assign run = 1'b1;",
        ("payload_holds",),
    ),
    Mutant(
        tridiag(8, 1, 1),
        "lmu_memory_tridiag",
        "localparam FREE = MEM_STAGE > MEMORY_D ? MEMORY_D : MEM_STAGE;",
        "localparam FREE = MEM_STAGE;",
        ("u_of_this_step",),
        cycles=40,
    ),
    Mutant(
        tridiag(5, 2, 1, slow=True),
        "lmu_memory_tridiag",
        "(back_q && bottom && load_q != channel_q)",
        "(back_q && bottom)",
        ("u_of_this_step",),
        cycles=40,
    ),
    Mutant(
        tridiag(1, 1, 1),
        "lmu_memory_tridiag",
        "wait_q <= MEM_STAGE[3:0];",
        "wait_q <= MEM_STAGE[3:0] - 4'd1;",
        ("mem_of_step_before", "ii_exact"),
    ),
    Mutant(tridiag(2, 1, 1), "lmu_memory_tridiag", "GAP[1:0] + TURN[1:0]", "GAP[1:0]", ("latency_exact",)),
    Mutant(
        tridiag(3, 1, 2),
        "lmu_memory_tridiag",
        "localparam LATE = PIPELINE < 3 ? 1 : 0;",
        "localparam LATE = 0;",
        ("f_of_this_step",),
    ),
    Mutant(
        tridiag(2, 1, 1),
        "lmu_memory_tridiag",
        "m_axis_tlast <= last && bottom_q[MEM_STAGE];",
        "m_axis_tlast <= last;",
        ("last_in_place",),
    ),
    Mutant(
        tridiag(2, 2, 1, slow=True),
        "lmu_memory_tridiag",
        "wire [RAM_AW-1:0] jump = turns ? AGAIN",
        "wire [RAM_AW-1:0] jump = !turns ? AGAIN",
        ("address",),
    ),
    Mutant(
        DATAPATH,
        "lmu_tridiag_datapath",
        "{{(X_W - 1) {1'b0}}, !back_q[X_STAGE]}",
        "{X_W{1'b0}}",
        ("sweep_exact",),
    ),
    Mutant(DATAPATH, "lmu_tridiag_datapath", "x_top ?", "1'b0 ?", ("sweep_exact",)),
    Mutant(DATAPATH, "lmu_tridiag_datapath", "clear2 ?", "clear2 && back_q[2] ?", ("sweep_exact",)),
    Mutant(datapath(1, 1, SWEEP_TYPE=word(2, 1, 6, 1)), "lmu_tridiag_datapath", "<< HALF_AT", "<< 0", ("sweep_exact",)),
    Mutant(
        Case("lmu_product", {"A_W": 3, "B_W": 4, "STAGES": 2, "PIECE": 2}),
        "lmu_product",
        ".SHIFT(A_LOW)",
        ".SHIFT(0)",
        ("product_exact",),
    ),
    Mutant(UNEQUAL, "lmu_tridiag_datapath", ".SHIFT(NEW_F - TWICE_F)", ".SHIFT(0)", ("new_exact",)),
    Mutant(
        datapath(3, 3),
        "lmu_tridiag_datapath",
        ".SLOTS(SLOTS)",
        ".SLOTS(SLOTS + 1)",
        ("sweep_exact",),
    ),
    Mutant(
        datapath(3, 3),
        "lmu_tridiag_datapath",
        "new_valid = valid_q[MEM_STAGE]",
        "new_valid = valid_q[SWEEP_STAGE]",
        ("new_in_time",),
    ),
)
