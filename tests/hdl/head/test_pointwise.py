"""Activation, scale, softmax and argmax under both simulators, by their definitions and formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hls.golden.softmax import softmax as golden_softmax
from lmu_hls.toolchain import find
from tests.support.hdl import pointwise_grid as grid
from tests.support.hdl.core_cases import Mutants, Results, caught, mutant_results, names
from tests.support.hdl.core_grid import SCENARIOS, Case, Once, check, simulate
from tests.support.hdl.packed import with_overflow, with_rounding

SUMS = (18, 12)
LAYERS = {  # n; x, index, exp and out
    "softmax": (5, "fixed<10,4>", "ufixed<6,3,RND_CONV,SAT>", "ufixed<12,1,RND_CONV,SAT>", "fixed<10,1,RND_CONV,SAT>"),
    "softmax_one": (1, "fixed<4,2>", "ufixed<3,1,TRN,SAT>", "ufixed<5,1>", "fixed<6,2,RND,SAT>"),
    "softmax_two": (2, "fixed<7,3>", "ufixed<4,3,RND,SAT>", "ufixed<7,1>", "fixed<6,3,TRN,SAT>"),
    "softmax_wrap": (4, "fixed<8,5>", "ufixed<5,2,RND_ZERO,WRAP>", "ufixed<4,1>", "fixed<7,0,RND_ZERO,WRAP>"),
    "softmax_ten": (10, "fixed<6,2>", "ufixed<7,3,RND_CONV,SAT>", "ufixed<18,1>", "fixed<16,1,TRN,SAT_SYM>"),
    "softmax_coarse": (3, "fixed<9,9>", "ufixed<5,4,RND_CONV,SAT_ZERO>", "ufixed<9,1>", "fixed<3,3,RND_CONV,SAT>"),
}
TANH_TYPES = ("fixed<9,3,RND_CONV,SAT>", "fixed<5,2,RND_CONV,SAT>", "fixed<8,1,RND_CONV,SAT>")
CASES: dict[str, Case] = {
    "linear": grid.activation("linear", "linear", SUMS, "fixed<9,3,RND,SAT>", "fixed<4,2>", "fixed<6,2,RND_CONV,SAT>"),
    "relu": grid.activation("relu", "relu", SUMS, "fixed<8,3,TRN,WRAP>", "fixed<4,2>", "fixed<7,1,RND_ZERO,SAT_SYM>"),
    "relu6": grid.activation("relu6", "relu6", SUMS, "fixed<9,5,RND,SAT>", "fixed<4,2>", "fixed<6,4,RND_CONV,SAT>"),
    "hard_tanh": grid.activation(
        "hard_tanh", "hard_tanh", (9, 1), "fixed<5,7,RND,SAT>", "fixed<4,2>", "fixed<6,1,TRN,SAT>"
    ),
    "tanh": grid.activation("tanh", "tanh", SUMS, *TANH_TYPES),
    "sigmoid": grid.activation(
        "sigmoid", "sigmoid", (9, 3), "fixed<12,4,TRN_ZERO,SAT>", "fixed<6,3,RND_INF,WRAP>", "fixed<5,2,TRN,WRAP>"
    ),
    "silu": grid.activation(
        "silu", "silu", SUMS, "fixed<12,4,RND,SAT>", "fixed<6,3,RND_CONV,SAT>", "fixed<7,3,RND,SAT>"
    ),
    "gelu": grid.activation(
        "gelu", "gelu", SUMS, "fixed<6,5,RND,SAT>", "fixed<5,3,RND_CONV,SAT>", "fixed<9,2,RND_CONV,WRAP>", True
    ),
    "interpolated": grid.activation("interpolated", "tanh", SUMS, *TANH_TYPES[:2], "fixed<10,1,RND_CONV,SAT>", True),
    "scale": grid.scale("scale", 5, (8, 7, 9), 4, 9, "fixed<8,3,RND_CONV,SAT>"),
    "scale_wide": grid.scale("scale_wide", 3, (19, 24, 9), 20, 30, "fixed<20,3,RND_CONV,SAT>"),
    "scale_one": grid.scale("scale_one", 1, (5, 6, 3), 0, 4, "fixed<6,5,TRN,WRAP>"),
    "scale_coarse": grid.scale("scale_coarse", 3, (4, 2, 12), 6, 6, "fixed<5,7,RND_INF,SAT_SYM>"),
    **{name: grid.softmax(name, *layer) for name, layer in LAYERS.items()},
    "pool": grid.pool(3, 4, True, 5),
    "pool_sum": grid.pool(4, 3, False, 4),
    "pool_one": grid.pool(1, 1, True, 3),
    "pool_single": grid.pool(1, 5, False, 1),
    "argmax": grid.argmax(10, 5, 5),
    "argmax_one": grid.argmax(1, 3, 1),
    "argmax_two": grid.argmax(2, 8, 2),
    "normalize": grid.normalize(5, "fixed<8,4>", "deviation", 9, "fixed<9,3,RND_CONV,SAT>"),
    "normalize_one": grid.normalize(1, "fixed<1,1>", "deviation", 0, "fixed<3,3,RND,SAT>"),
    "normalize_mean": grid.normalize(4, "fixed<6,2>", "mean", 3, "fixed<7,2,TRN_ZERO,WRAP>"),
    "normalize_wide": grid.normalize(6, "fixed<24,9>", "deviation", 1, "fixed<24,3,RND_CONV,SAT>"),
    "normalize_norm": grid.normalize(3, "fixed<4,9>", "norm", 0, "fixed<12,1,RND_INF,SAT_SYM>"),
}
VERILATED = ("tanh", "scale", "softmax", "argmax", "pool")
MUTANT_SCENARIOS = ("disturbed", "cut_short")
JUDGES = {
    "lmu_activation": ("relu",),
    "no upper limit": ("relu6",),
    "limit not lifted": ("relu6",),
    "limited to 0": ("hard_tanh",),
    "lmu_scale": ("scale",),
    "lmu_softmax": ("softmax",),
    "lmu_argmax": ("argmax_two",),
    "lmu_normalize": ("normalize",),
    "whole quotients are too small": ("normalize_mean",),
    "bits of an integer above 31": ("normalize_wide",),
    "lmu_pool": ("pool",),
    "first step added to": ("pool_sum",),
    "whole quotients too small": ("softmax_two",),
    "step goes on after rst": ("argmax",),
}
MUTANTS: Mutants = {
    "lmu_activation": {
        "pre truncated": with_overflow("OUT_TYPE", "PRE_TYPE", 1),
        "stages run on under back-pressure": ("wire run = m_axis_tready || !m_axis_tvalid", "wire run = 1'b1"),
        "beat stays valid after rst": (
            "if (rst) {valid_q, m_axis_tvalid} <= 0;",
            "if (rst) valid_q <= 0; if (rst && m_axis_tvalid === 1'bx) m_axis_tvalid <= 0;",
        ),
        "clipped pre not flagged": ("m_pre_clipped_q || out_clipped", "out_clipped"),
    },
    "lmu_activation/lmu_function": {
        "no upper limit": ("value > high ? high : value", "value"),
        "limit not lifted": (".SHIFT(F), .OUT_W(WIDE_W)) align_high", ".SHIFT(0), .OUT_W(WIDE_W)) align_high"),
        "limited to 0": ("value < low ? low", "value < 0 ? 0"),
    },
    "lmu_scale": {
        "factor of the next value": (".rd_addr(place_q)", ".rd_addr(last_place ? {PLACE_W{1'b0}} : place_q + 1'b1)"),
        "offset not lifted": ("<<< BIAS_SHIFT", "<<< 0"),
        "offset unsigned": ("{(ACC_W - BIAS_W) {offset[BIAS_W-1]}}", "{(ACC_W - BIAS_W) {1'b0}}"),
        "offset of the next value": (".DEPTH(MORE + 2)", ".DEPTH(MORE + 1)"),
        "sum truncated": with_rounding("OUT_TYPE", "OUT_TYPE", 0),
        "stages run on under back-pressure": ("wire run = m_axis_tready || !valid_q[STAGES]", "wire run = 1'b1"),
        "place kept after rst": (
            "if (rst) {valid_q, place_q} <= 0;", "if (rst) valid_q <= 0; if (rst && place_q[0] === 1'bx) place_q <= 0;",
        ),
    },
    "lmu_softmax": {
        "largest of all steps": ("larger = new_first_q ||", "larger = upper_q[0] === 1'bx ||"),
        "largest compared unsigned": ("new_upper > upper_q;", "$unsigned(new_upper) > upper_q;"),
        "lower halves compared alone": ("(equal_q && new_lower_q >", "(new_lower_q >"),
        "largest of the next step": ("first_q <= summing && rd_place_q == 0;", "first_q <= summing && rd_end;"),
        "distance rounded down": ("max} + up;", "max};"),
        "bank freed a value early": ("free = load && rd_end;", "free = load && rd_place_q == N - 2;"),
        "sum goes on": ("if (free) sum_q <= {SUM_W{1'b0}};\n        else if", "if"),
        "input overwritten": ("assign s_axis_tready = !full_q[wr_bank_q]", "assign s_axis_tready = 1'b1"),
        "e of the place before": ("moved_q == 0;", "moved_q[0] == 0;"),
    },
    "lmu_softmax/lmu_divider": {
        "rest forgotten": ("some_left = |left_q", "some_left = 1'b0"),
        "result overwritten": ("wire run = !(m_axis_tvalid && exact_q)", "wire run = 1'b1"),
        "whole quotients too small": ("fits = !difference[W+1];", "fits = !difference[W+1] && difference != 0;"),
    },
    "lmu_normalize": {
        "mean of all steps": ("wr_place_q == 0 ? arriving : sum", "sum_q[0][0] === 1'bx ? arriving : sum"),
        "mean not subtracted": ("? scaled_q - whole :", "? scaled_q :"),
        "bits of an integer above 31": ("wide * N_WIDE : wide", "wide * N[WIDE_W-1:0] : wide"),
        "root of an undivided sum": ("part >= DIVISOR[PART_W:0]", "part >= 1"),
        "root too small": ("wire root_fits = left >= tried;", "wire root_fits = left > tried;"),
        "squares go on": (".first(first_q[2])", ".first(1'b0)"),
        "bank freed a value early": ("free = load && rd_end", "free = load && rd_place_q == N - 2"),
        "input overwritten": ("assign s_axis_tready = !full_q[wr_bank_q]", "assign s_axis_tready = 1'b1"),
    },
    "lmu_normalize/lmu_divider": {
        "sign forgotten": ("whole_negative_q ? negated : exact", "exact"),
        "a rest is forgotten": ("some_left = |left_q", "some_left = 1'b0"),
        "whole quotients are too small": ("fits = !difference[W+1];", "fits = !difference[W+1] && difference != 0;"),
        "quotient overwritten": ("wire run = !(m_axis_tvalid && exact_q)", "wire run = 1'b1"),
    },
    "lmu_pool": {
        "compared unsigned": ("x > old ? x : old", "s_axis_tdata > ring_q[OUT_W-1:0] ? x : old"),
        "first step added to": ("if (step_q == 0) result = x;", ""),
        "result overwritten": ("!(last_step && m_axis_tvalid) || m_axis_tready", "1'b1"),
        "window goes on after rst": (
            "if (rst) {place_q, step_q, m_axis_tvalid} <= 0;",
            "if (rst) m_axis_tvalid <= 0; if (rst && step_q[0] === 1'bx) {place_q, step_q} <= 0;",
        ),
    },
    "lmu_argmax": {
        "last of several": ("$signed(s_axis_tdata) > best_q", "$signed(s_axis_tdata) >= best_q"),
        "largest compared unsigned": ("$signed(s_axis_tdata) > best_q", "s_axis_tdata > best_q"),
        "result overwritten": ("!(last_place && m_axis_tvalid) || m_axis_tready", "1'b1"),
        "step goes on after rst": (
            "if (rst) {place_q, m_axis_tvalid} <= 0;",
            "if (rst) m_axis_tvalid <= 0; if (rst && place_q[0] === 1'bx) place_q <= 0;",
        ),
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def results(simulator: str, workdir: Path, once: Once) -> Results:
    """All scenarios of all cases; under Verilator, which compiles each unit for long, of some cases."""
    names = VERILATED if simulator == "verilator" else CASES
    return simulate({name: CASES[name] for name in names}, simulator, workdir, once, "pointwise")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_bit_and_cycle_exact(results: Results, scenario: str) -> None:
    for case, of in results:
        if of == scenario:
            check(CASES[case], scenario, results[case, scenario])


@pytest.mark.parametrize("name", LAYERS)
def test_softmax_is_golden(name: str) -> None:
    """The expectation of the bench is golden's, and for the modes that the definition knows the real quotient's."""
    n, *types = LAYERS[name]
    layer = grid.softmax_layer(*types)
    x = grid.scattered(np.random.default_rng(n), 40, n, layer.x)
    values, clipped = grid.define_softmax(layer, x)
    expected, overflows = golden_softmax(layer, x)
    np.testing.assert_array_equal(values, expected)
    assert int(clipped.sum()) == overflows
    known = {"TRN", "RND", "RND_CONV", "RND_ZERO"} >= {layer.out.rounding, layer.index.rounding}
    if known and "SAT_ZERO" not in (layer.out.overflow, layer.index.overflow):
        for step in range(10):
            assert [grid.softmax_value(layer, x[step], k) for k in range(n)] == values[step].tolist()


def test_stimuli_clip_and_fit() -> None:
    """The flag of a clipped value is seen in both states, and ties of the largest value occur."""
    for name in ("linear", "relu", "tanh", "scale"):
        beats = CASES[name].jobs(name)["stream"]["phases"][0]["outputs"]["m_axis"]
        assert {beat[2] for beat in beats} == {0, 1}, name
    x = grid.scattered(np.random.default_rng(1), 40, 10, grid.FixedType(5, 5))
    assert ((x == x.max(axis=1, keepdims=True)).sum(axis=1) > 1).any()


@pytest.fixture(scope="session")
def mutated(workdir: Path, once: Once) -> Results:
    return mutant_results(MUTANTS, "icarus", workdir, once, "pointwise", CASES, JUDGES, MUTANT_SCENARIOS)


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
@pytest.mark.parametrize("mutant", names(MUTANTS))
def test_mutant_is_caught(mutated: Results, mutant: str) -> None:
    assert caught(mutated, mutant, CASES)


@pytest.mark.slow
def test_all_pointwise_verilated(workdir: Path, once: Once) -> None:
    """Also those that `results` leaves to Icarus."""
    if not find("verilator").found:
        pytest.skip("Verilator is not installed")
    for (case, scenario), result in simulate(CASES, "verilator", workdir, once, "pointwise_all").items():
        check(CASES[case], scenario, result)
