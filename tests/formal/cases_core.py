"""Queue, fork, concatenation and affine map."""

from __future__ import annotations

from tests.formal.cases import Case, Mutant


def concat(**sizes: int) -> Case:
    return Case("lmu_concat", {"A_W": 1, "B_W": 1, "C_W": 1, "OUT_W": 2, "A_SHIFT": 1, **sizes})


def affine(n_in: int, n_out: int, lanes: int, slow: bool = True, blocks: int = 0) -> Case:
    sizes = {"N_IN": n_in, "N_OUT": n_out, "LANES": lanes} | ({"BLOCKS": blocks} if blocks else {})
    return Case("lmu_affine", {**sizes, "OP_W": 1, "COEF_W": 1, "ACC_W": 2, "BIAS_W": 1}, slow)


FIFO, FORK = Case("lmu_fifo", {"WIDTH": 2, "DEPTH": 3}), Case("lmu_fork", {"WIDTH": 1, "OUTPUTS": 3})
CONCAT, AFFINE, SLOW = concat(N_A=2, N_B=1, N_C=2), affine(2, 2, 1, slow=False), affine(2, 2, 1)
SEQUENCE = Case("lmu_rom_sequence", {"WIDTH": 5, "DEPTH": 3, "PART": 6})
COLUMNS = Case("lmu_columns", {"N_IN": 2, "GROUPS": 2, "WIDTH": 1})


def blocks(n_in: int, groups: int, lanes: int, count: int) -> Case:
    return Case("lmu_blocks", {"N_IN": n_in, "GROUPS": groups, "LANES": lanes, "BLOCKS": count, "WIDTH": 1})


BLOCKS = blocks(2, 2, 1, 3)
MERGE, MERGED = (
    Case("lmu_merge", {"OP": op, "A_W": 2, "B_W": 3, "A_SHIFT": 1, "B_SHIFT": 0, "OUT_W": width})
    for op, width in ((1, 4), (3, 3))
)
CASES = (
    MERGE,
    MERGED,
    Case("lmu_merge", {"OP": 0, "A_W": 2, "B_W": 2, "A_SHIFT": 0, "B_SHIFT": 2, "OUT_W": 5}),
    Case("lmu_merge", {"OP": 2, "A_W": 2, "B_W": 3, "OUT_W": 5}),
    Case("lmu_merge", {"OP": 4, "A_W": 1, "B_W": 2, "OUT_W": 2}),
    FIFO,
    Case("lmu_fifo", {"WIDTH": 1, "DEPTH": 1}),
    Case("lmu_fifo", {"WIDTH": 1, "DEPTH": 4}, slow=True),
    FORK,
    Case("lmu_fork", {"WIDTH": 1, "OUTPUTS": 1}),
    CONCAT,
    concat(N_A=1, N_B=1, N_C=1, A_FEEDBACK=1, B_FEEDBACK=0, STREAMING=1),
    concat(N_A=0, N_B=2, N_C=2, C_FEEDBACK=0),
    concat(N_A=3, N_B=0, N_C=0),
    SEQUENCE,
    Case("lmu_rom_sequence", {"WIDTH": 1, "DEPTH": 2, "PART": 2}),
    COLUMNS,
    Case("lmu_columns", {"N_IN": 1, "GROUPS": 1, "WIDTH": 1}),
    Case("lmu_columns", {"N_IN": 3, "GROUPS": 1, "WIDTH": 1}),
    Case("lmu_columns", {"N_IN": 3, "GROUPS": 3, "WIDTH": 1}),
    BLOCKS,
    blocks(1, 2, 2, 4),
    blocks(3, 1, 2, 2),
    blocks(3, 3, 2, 8),
    AFFINE,
    affine(1, 1, 1),
    affine(2, 1, 1),
    affine(1, 2, 2),
    affine(2, 2, 2),
    affine(2, 4, 2),
    affine(3, 3, 1),
    affine(3, 4, 2),
    affine(1, 4, 2),
    affine(2, 2, 1, blocks=3),
    affine(3, 2, 1, blocks=2),
    affine(2, 2, 2, blocks=3),
)
MUTANTS = (
    Mutant(MERGE, "lmu_merge", "result = a - b;", "result = b - a;", ("value",)),
    Mutant(MERGE, "lmu_merge", "b_axis_tready = free && a_axis_tvalid;", "b_axis_tready = free;", ("in_pairs",)),
    Mutant(MERGED, "lmu_merge", "result = a > b ? a : b;", "result = a_axis_tdata > b_axis_tdata ? a : b;", ("value",)),
    Mutant(MERGE, "lmu_merge", "!m_axis_tvalid || m_axis_tready;", "1'b1;", ("nothing_lost", "payload_holds")),
    Mutant(FIFO, "lmu_fifo", "assign s_axis_tready = !full_q", "assign s_axis_tready = 1'b1", ("in_range",)),
    Mutant(FIFO, "lmu_fifo", "&& (!m_axis_tvalid || m_axis_tready)", "", ("payload_holds", "in_order")),
    Mutant(FORK, "lmu_fork", "& ~done_q", "", ("not_twice",)),
    Mutant(FORK, "lmu_fork", "&(done_q | m_axis_tready)", "|(done_q | m_axis_tready)", ("not_lost",)),
    Mutant(FORK, "lmu_fork", "{OUTPUTS{s_axis_tvalid}}", "{OUTPUTS{s_axis_tready}}", ("none_invented",)),
    Mutant(CONCAT, "lmu_concat", "feedback && fresh_q ?", "feedback && !started_q ?", ("value",)),
    Mutant(CONCAT, "lmu_concat", "m_axis_tlast = step_end &&", "m_axis_tlast = source_end_q &&", ("last_in_place",)),
    Mutant(CONCAT, "lmu_concat", "take = m_axis_tready && !absent", "take = m_axis_tready", ("taken_when_given",)),
    Mutant(AFFINE, "lmu_affine", "tready = !full;", "tready = 1'b1;", ("f_count.flight_bounded",)),
    Mutant(SEQUENCE, "lmu_rom_sequence", "<= restart ?", "<= restart && p == 0 ?", ("same_address",)),
    Mutant(SEQUENCE, "lmu_rom_sequence", "if (next) addr_q", "addr_q", ("same_address",)),
    Mutant(COLUMNS, "lmu_columns", "(last_column_q && last_group_q),", "(last_column_q),", ("rom_address",)),
    Mutant(COLUMNS, "lmu_columns", "issue && last_group_q;", "issue && first_group_q;", ("nothing_overwritten",)),
    Mutant(COLUMNS, "lmu_columns", "|| unread_any_q)", "|| used_q != 0)", ("read_what_was_written",)),
    Mutant(COLUMNS, "lmu_columns", "if (last_group_q) rd_bank_q", "rd_bank_q", ("rd_address",)),
    Mutant(COLUMNS, "lmu_columns", "if (!accept && release_word) used_q", "if (1'b0) used_q", ("flags_of_ring",)),
    Mutant(BLOCKS, "lmu_blocks", "free = issue && last_group", "free = read_end", ("read_when_whole",)),
    Mutant(BLOCKS, "lmu_blocks", "issue = run && valid_q", "issue = valid_q", ("first_of_group",)),
    Mutant(BLOCKS, "lmu_blocks", "unread_any_q <= unread_d != 0;", "unread_any_q <= 1'b1;", ("read_when_whole",)),
    Mutant(AFFINE, "lmu_affine", "last_group && last_q[rd_bank]", "last_q[rd_bank]", ("f_count.last_in_place",)),
    Mutant(SLOW, "lmu_affine", "run_q <= runs_d ||", "run_q <= 1'b1 ||", ("never_dry",)),
    Mutant(SLOW, "lmu_affine", "run_q ? done_q[4+MORE] :", "run_q ? done_q[3+MORE] :", ("latency_exact",)),
    Mutant(AFFINE, "lmu_columns", "(accept != release_word) full_q", "(accept) full_q", ("f_alive.never_closed",)),
    Mutant(AFFINE, "lmu_affine", ".run(run_q), .accept", ".run(run_q && !done_q[1]), .accept", ("ii_exact",)),
)  # fmt: skip
