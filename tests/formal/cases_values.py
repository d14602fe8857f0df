"""Units that make values: multiplier, activation, softmax, place of the largest."""

from __future__ import annotations

from dataclasses import replace

from tests.formal.cases import Case, Mutant
from tests.support.hdl.packed import word

MAC = Case("lmu_mac", {"COEF_W": 1, "OP_W": 2, "ACC_W": 4, "HAS_BASE": 1})
PIECES = Case("lmu_mac", {"COEF_W": 4, "OP_W": 2, "FACTOR": 3, "ACC_W": 6, "HAS_BASE": 1})
ARGMAX = Case("lmu_argmax", {"N": 3, "WIDTH": 2, "OUT_W": 2})
TYPES = {"PRE_TYPE": word(2, 0), "OUT_TYPE": word(2, 0)}
LINEAR = Case("lmu_activation", {"IN_W": 2, "IN_F": 0, **TYPES, "FUNCTION": 0})
TABLE = Case("lmu_activation", {"IN_W": 3, "IN_F": 1, **TYPES, "FUNCTION": 2, "INDEX_TYPE": word(1, 0)})
SUMMED = {"INDEX_TYPE": word(3, 1), "OUT_TYPE": word(3, 0)}  # entries of 3 bits; with slopes of 2, and 1 bit between
RELU_SUM = Case("lmu_function", {"IN_TYPE": word(3, 1), "FUNCTION": 0x00000305, **SUMMED})
SLOPES = Case("lmu_function", {"IN_TYPE": word(3, 1), "FUNCTION": 0x01020304, **SUMMED})


def softmax(n: int, exp_w: int = 2, out_f: int = 1, slow: bool = True, x_w: int = 1) -> Case:
    types = {"X_TYPE": word(x_w, 0), "INDEX_TYPE": word(1, 0), "EXP_TYPE": word(exp_w, 0), "OUT_TYPE": word(3, out_f)}
    return Case("lmu_softmax", {"N": n, **types}, slow)


def normalize(n: int) -> Case:
    """Of one bit, over the mean of the squares."""
    widths = {"DIFF_W": 1, "TOTAL_W": 1 + n // 2, "WHOLE_W": 2, "CENTERED": 0, "DIVISOR": n, "GUARD": 0}
    return Case("lmu_normalize", {"N": n, "X_TYPE": word(1, 0), "OUT_TYPE": word(3, 0), **widths}, slow=True)


def average(n: int, steps: int, x_f: int = 0) -> Case:
    """Of one bit."""
    types = {"X_TYPE": word(1, x_f), "OUT_TYPE": word(3, 0)}
    return Case("lmu_average", {"N": n, "STEPS": steps, **types}, slow=n * steps > 2)


NORMALIZE = normalize(1)
AVERAGE = average(2, 1)
AVERAGE_TWO = average(1, 2)
HALVES = softmax(2, exp_w=1, x_w=2)
DIVIDER = Case("lmu_divider", {"W": 1, "BITS": 3, "OUT_TYPE": word(3, 1)})


def scale(n: int, out_w: int = 4, shift: int = 1, slow: bool = False) -> Case:
    """``out_w`` of 4 bits is the whole sum: the proof is then about the value, too."""
    widths = {"IN_W": 2, "COEF_W": 2, "ACC_W": 4, "ACC_F": 2, "BIAS_W": 2, "BIAS_SHIFT": shift}
    return Case("lmu_scale", {"N": n, **widths, "OUT_TYPE": word(out_w, out_w - 2)}, slow)


SCALE = scale(3)
POOL, SUM, SO_FAR = (
    Case("lmu_pool", {"N": n, "SIZE": size, "MAX": largest, "WIDTH": 2, "OUT_W": width})
    for n, size, largest, width in ((2, 3, 1, 2), (2, 2, 0, 3), (2, 0, 1, 2))
)
RECTIFIER = {"RECTIFY": 1, "THRESHOLD": 0, "ONE_SHIFT": 1, "HAS_MOST": 1, "MOST": 1, "MOST_SHIFT": 1}
RECTIFY = Case("lmu_scale", {**scale(2).parameters, **RECTIFIER, "COEF_W": 3, "ACC_W": 5, "OUT_TYPE": word(5, 3)})
CASES = (
    SCALE,
    RECTIFY,
    scale(1, shift=0),
    scale(2, out_w=3),
    scale(5, shift=2, slow=True),
    POOL,
    SUM,
    SO_FAR,
    Case("lmu_pool", {"N": 1, "SIZE": 1, "MAX": 1, "WIDTH": 1, "OUT_W": 1}),
    Case("lmu_pool", {"N": 3, "SIZE": 3, "MAX": 0, "WIDTH": 2, "OUT_W": 4}, slow=True),
    MAC,
    PIECES,
    Case("lmu_mac", {"COEF_W": 2, "OP_W": 2, "ACC_W": 4}, slow=True),
    Case("lmu_mac", {"COEF_W": 3, "OP_W": 3, "FACTOR": 2, "ACC_W": 6}, slow=True),
    ARGMAX,
    Case("lmu_argmax", {"N": 1, "WIDTH": 2, "OUT_W": 3}),
    Case("lmu_argmax", {"N": 4, "WIDTH": 3, "OUT_W": 2}, slow=True),
    LINEAR,
    TABLE,
    RELU_SUM,
    SLOPES,
    Case("lmu_function", {"IN_TYPE": word(3, 1), "FUNCTION": 0x01020305, **SUMMED}),
    Case("lmu_activation", {"IN_W": 3, "IN_F": 1, "PRE_TYPE": word(3, 1), "FUNCTION": 0x01020305, **SUMMED}),
    Case("lmu_activation", {"IN_W": 3, "IN_F": 1, **TYPES, "FUNCTION": 1}),
    NORMALIZE,
    normalize(2),
    AVERAGE_TWO,
    AVERAGE,
    average(2, 2, 2),
    replace(MAC, parameters={**MAC.parameters, "HAS_BASE": 0}),
    DIVIDER,
    replace(DIVIDER, parameters={**DIVIDER.parameters, "FAST": 1}),
    Case("lmu_divider", {"W": 2, "BITS": 4, "OUT_TYPE": word(4, 2)}, slow=True),
    softmax(1, exp_w=1, slow=False),
    softmax(1),
    softmax(2),
    softmax(3, exp_w=1, out_f=2),
    softmax(2, exp_w=1, out_f=4),
)
ONE = softmax(1, exp_w=1, slow=False)
TWO = softmax(2)
MUTANTS = (
    Mutant(RECTIFY, "lmu_scale", "above1 = wide > LEVEL", "above1 = wide < LEVEL", ("sum_exact",)),
    Mutant(RECTIFY, "lmu_scale", "wide > most ? most[ACC_W-1:0] : sum", "sum", ("limited_exact",)),
    Mutant(RECTIFY, "lmu_scale", "own = above ? {BIAS_W{1'b0}} :", "own = 0 ? 0 :", ("sum_exact",)),
    Mutant(
        RELU_SUM, "lmu_function", "positive1_q <= in_data[IN_W-1] ?", "positive1_q <= in_data[0] ?", ("positive_exact",)
    ),
    Mutant(RELU_SUM, "lmu_function", "base2_q <= base1;", "base2_q <= entry1;", ("sum_exact",)),
    Mutant(SLOPES, "lmu_function", "rest1 = {1'b0, rest1_q}", "rest1 = {rest1_q[0], rest1_q}", ("product_exact",)),
    Mutant(POOL, "lmu_pool", "x > old ? x : old", "s_axis_tdata > ring_q[OUT_W-1:0] ? x : old", ("ring_in_place",)),
    Mutant(POOL, "lmu_pool", "last_place && s_axis_tlast", "s_axis_tlast", ("result_in_place",)),
    Mutant(
        POOL, "lmu_pool", "!(last_step && m_axis_tvalid) || m_axis_tready", "1'b1", ("payload_holds", "nothing_lost")
    ),
    Mutant(SO_FAR, "lmu_pool", "ends = SIZE == 0 ? s_axis_tlast", "ends = SIZE == 0 ? 1'b0", ("counts_in_place",)),
    Mutant(SUM, "lmu_pool", "if (step_q == 0) result = x;", "", ("ring_in_place",)),
    Mutant(
        SCALE, "lmu_scale", "last_place ? {PLACE_W{1'b0}} : place_q", "place_q == 3 ? 0 : place_q", ("word_of_place",)
    ),
    Mutant(
        SCALE,
        "lmu_scale",
        "valid_q <= {valid_q[STAGES-1:1], s_axis_tvalid};",
        "valid_q <= {valid_q[STAGES-1:1], accept && !s_axis_tlast};",
        ("stages_in_place",),
    ),
    Mutant(
        SCALE,
        "lmu_scale",
        "last_q <= {last_q[STAGES-1:1], s_axis_tlast};",
        "last_q <= {last_q[STAGES-1:1], last_place};",
        ("last_in_place",),
    ),
    Mutant(
        SCALE,
        "lmu_scale",
        "wire run = m_axis_tready || !valid_q[STAGES];",
        "wire run = 1'b1;",
        ("valid_holds", "payload_holds"),
    ),
    Mutant(
        SCALE,
        "lmu_scale",
        "wire run = m_axis_tready || !valid_q[STAGES];",
        "wire run = m_axis_tready || valid_q == 0;",
        ("never_closed",),
    ),
    Mutant(SCALE, "lmu_scale", ".DEPTH(MORE + 2)", ".DEPTH(MORE + 1)", ("sum_exact",)),
    Mutant(SCALE, "lmu_scale", ".operand(x_q)", ".operand(x1_q)", ("sum_exact",)),
    Mutant(MAC, "lmu_mac", "product_first_q <= product_first;", "product_first_q <= first;", ("sum_exact",)),
    Mutant(PIECES, "lmu_mac", "{1'b0, coef_q[", "{coef_q[i*PART+PART-1], coef_q[", ("sum_exact",)),
    Mutant(PIECES, "lmu_mac", "product_first = firsts_q[MORE]", "product_first = operand_first_q", ("sum_exact",)),
    Mutant(
        ARGMAX,
        "lmu_argmax",
        "$signed(s_axis_tdata) > best_q",
        "$signed(s_axis_tdata) >= best_q",
        ("first_of_the_largest",),
    ),
    Mutant(ARGMAX, "lmu_argmax", "$signed(s_axis_tdata) > best_q", "s_axis_tdata > best_q", ("first_of_the_largest",)),
    Mutant(
        ARGMAX,
        "lmu_argmax",
        "!(last_place && m_axis_tvalid) || m_axis_tready",
        "1'b1",
        ("payload_holds", "nothing_overwritten"),
    ),
    Mutant(
        TABLE,
        "lmu_activation",
        "{m_axis_tlast, last_q} <= {last_q, s_axis_tlast}",
        "m_axis_tlast <= s_axis_tlast",
        ("last_in_place",),
    ),
    Mutant(
        TABLE,
        "lmu_activation",
        "wire run = m_axis_tready || !m_axis_tvalid;",
        "wire run = 1'b1;",
        ("valid_holds", "payload_holds"),
    ),
    Mutant(
        LINEAR,
        "lmu_activation",
        "<= {valid_q, s_axis_tvalid};",
        "<= {valid_q, s_axis_tvalid && !s_axis_tlast};",
        ("one_out",),
    ),
    Mutant(ONE, "lmu_softmax", "due = settled_q && !summing_q;", "due = !summing_q;", ("e_belongs_to_place",)),
    Mutant(ONE, "lmu_softmax", "due = settled_q && !summing_q;", "due = settled_q;", ("read_what_is_there",)),
    Mutant(ONE, "lmu_softmax", "if (term_q[4]) sum_q", "if (term_q[3]) sum_q", ("e_within_sum",)),
    Mutant(HALVES, "lmu_softmax", "equal_q && new_lower_q >", "new_lower_q >", ("max_exact",)),
    Mutant(HALVES, "lmu_softmax", "there_q <= full_q;", "there_q <= {2{s_axis_tvalid}};", ("read_what_is_there",)),
    Mutant(ONE, "lmu_softmax", "rd_end && last_q[rd_bank_q]", "last_q[wr_bank_q]", ("last_in_place",)),
    Mutant(
        TWO, "lmu_softmax", "assign s_axis_tready = !full_q[wr_bank_q];", "assign s_axis_tready = 1'b1;", ("bank_kept",)
    ),
    Mutant(TWO, "lmu_softmax", "&& moved_q == 0;", "&& moved_q[1:0] == 0;", ("sum_is_whole",)),
    Mutant(
        TWO, "lmu_softmax", "<< (OUT_F + 1);\n\n    lmu_divider", "<< OUT_F;\n\n    lmu_divider", ("dividend_exact",)
    ),
    Mutant(NORMALIZE, "lmu_normalize", "root_fits = left >= tried;", "root_fits = left > tried;", ("root_exact",)),
    Mutant(NORMALIZE, "lmu_normalize", "s_axis_tready = !full_q[wr_bank_q];", "s_axis_tready = 1'b1;", ("bank_kept",)),
    Mutant(AVERAGE_TWO, "lmu_average", "sum = count_q == 0 ? x :", "sum = rst ? x :", ("sum_in_place",)),
    Mutant(
        AVERAGE_TWO, "lmu_average", "s_axis_tready = !(ends && due_q)", "s_axis_tready = 1'b1", ("none_overwritten",)
    ),
    Mutant(AVERAGE_TWO, "lmu_average", "{sums, steps};", "{sums, count_q};", ("steps_counted",)),
    Mutant(AVERAGE, "lmu_average", "s_axis_tlast(due_last)", "s_axis_tlast(1'b1)", ("last_in_place",)),
    Mutant(DIVIDER, "lmu_divider", "(m_axis_tvalid && exact_q)", "m_axis_tvalid", ("ii_exact",)),
    Mutant(DIVIDER, "lmu_divider", "left_q} <= {last_q,", "left_q} <= {s_axis_tlast,", ("last_in_place",)),
    Mutant(
        DIVIDER,
        "lmu_divider",
        "fits = !difference[W+1];",
        "fits = !difference[W+1] && difference != 0;",
        ("division_exact",),
    ),
    Mutant(DIVIDER, "lmu_divider", "some_left = |left_q", "some_left = 1'b0", ("value_exact",)),
)
