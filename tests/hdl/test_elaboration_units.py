"""Lint of every case of the benches of units, and parameters that must stop elaboration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hdl.cell import test_gated, test_units_parallel
from tests.hdl.head import test_pointwise
from tests.hdl.memory import test_memory
from tests.hdl.stream import test_window, test_window_any
from tests.support.hdl.elaboration import check_clean, check_stops
from tests.support.hdl.packed import word

BENCHES = (test_memory, test_pointwise, test_gated, test_units_parallel, test_window, test_window_any)
CASES = {f"{bench.__name__.split('_', 1)[1]}-{name}": case for bench in BENCHES for name, case in bench.CASES.items()}
ILLEGAL = [
    ("lmu_activation", {"FUNCTION": 6}, "PARAM_ERROR_function_must_be_0_to_5"),
    ("lmu_activation", {"FUNCTION": 0, "OUT_TYPE": word(16, 14, rounding=7)}, "PARAM_ERROR_rounding_must_be_0_to_6"),
    ("lmu_activation", {"PRE_TYPE": word(16, 12, overflow=4)}, "PARAM_ERROR_overflow_must_be_0_to_3"),
    ("lmu_softmax", {"X_TYPE": word(0, 10)}, "PARAM_ERROR_n_and_widths_must_be_at_least_1"),
    ("lmu_softmax", {"OUT_TYPE": word(16, -1)}, "PARAM_ERROR_out_f_must_not_be_negative"),
    ("lmu_softmax", {"EXP_TYPE": word(18, -1)}, "PARAM_ERROR_exp_f_must_not_be_negative"),
    ("lmu_average", {"STEPS": 0}, "PARAM_ERROR_n_and_steps_must_be_at_least_1"),
    ("lmu_average", {"OUT_TYPE": word(16, -1)}, "PARAM_ERROR_widths_must_be_at_least_1_and_out_f_0"),
    ("lmu_normalize", {"DIFF_W": 0}, "PARAM_ERROR_n_and_widths_must_be_at_least_1"),
    ("lmu_normalize", {"OUT_TYPE": word(16, -1)}, "PARAM_ERROR_out_f_must_not_be_negative"),
    ("lmu_normalize", {"DIVISOR": 0}, "PARAM_ERROR_divisor_guard_or_whole_w_too_small"),
    ("lmu_scale", {"N": 0}, "PARAM_ERROR_n_must_be_at_least_1"),
    ("lmu_scale", {"BIAS_SHIFT": -1}, "PARAM_ERROR_widths_must_be_at_least_1_and_bias_shift_0"),
    ("lmu_scale", {"ACC_W": 31}, "PARAM_ERROR_the_sum_must_hold_a_product_and_an_offset"),
    ("lmu_argmax", {"WIDTH": 0}, "PARAM_ERROR_n_and_width_must_be_at_least_1"),
    ("lmu_argmax", {"OUT_W": 3}, "PARAM_ERROR_out_w_must_hold_every_place"),
    ("lmu_merge", {"OP": 5}, "PARAM_ERROR_op_must_be_0_to_4"),
    ("lmu_merge", {"OUT_W": 16}, "PARAM_ERROR_out_w_must_hold_every_result"),
    ("lmu_merge", {"OP": 2, "OUT_W": 31}, "PARAM_ERROR_out_w_must_hold_every_result"),
    ("lmu_pool", {"N": 0}, "PARAM_ERROR_n_and_width_must_be_at_least_1"),
    ("lmu_pool", {"SIZE": 0}, "PARAM_ERROR_size_must_be_at_least_1_or_0_with_max"),
    ("lmu_pool", {"MAX": 2}, "PARAM_ERROR_max_must_be_0_or_1"),
    ("lmu_pool", {"OUT_W": 16}, "PARAM_ERROR_out_w_must_hold_every_sum_or_be_width"),
    ("lmu_pool", {"MAX": 1}, "PARAM_ERROR_out_w_must_hold_every_sum_or_be_width"),
    ("lmu_lstm", {"SQUASH_FUNCTION": -1}, "PARAM_ERROR_function_must_be_0_to_5"),
    ("lmu_gru", {"GATE_TYPE": word(16, -1)}, "PARAM_ERROR_gate_f_must_not_be_negative"),
    ("lmu_gru_before", {"INNER_TYPE": word(16, 12, rounding=7)}, "PARAM_ERROR_rounding_must_be_0_to_6"),
    ("lmu_activations", {"N": 0}, "PARAM_ERROR_n_must_be_at_least_1"),
    ("lmu_adders", {"LEVELS": -1}, "PARAM_ERROR_sizes_must_not_be_negative"),
    ("lmu_adders", {"OUT_W": 31}, "PARAM_ERROR_the_sum_must_hold_a_value"),
    ("lmu_gather", {"P": 0}, "PARAM_ERROR_width_n_and_p_must_be_at_least_1"),
    ("lmu_join", {"A_FEEDBACK": 1}, "PARAM_ERROR_one_source_must_be_live"),
    ("lmu_rom", {"FIRST": 10, "BITS": 9}, "PARAM_ERROR_part_must_lie_within_a_word_of_one_row"),
    ("lmu_rom", {"ROWS": 2, "BITS": 9}, "PARAM_ERROR_part_must_lie_within_a_word_of_one_row"),
    ("lmu_rom_sequence", {"PART": 11}, "PARAM_ERROR_part_must_be_at_least_depth"),
    ("lmu_matvec", {"COLUMNS": 17}, "PARAM_ERROR_columns_must_be_1_to_n_in"),
    ("lmu_matvec", {"ACC_W": 31}, "PARAM_ERROR_the_sum_must_hold_a_product"),
    ("lmu_memory_parallel", {"COLUMNS": 10}, "PARAM_ERROR_columns_must_be_1_to_order_plus_1"),
    ("lmu_memory_parallel", {"PIPELINE": 4}, "PARAM_ERROR_pipeline_must_be_0_to_3"),
    ("lmu_lstm", {"UNITS": 0}, "PARAM_ERROR_units_must_be_at_least_1"),
    ("lmu_lstm_parallel", {"UNITS": 0}, "PARAM_ERROR_units_must_be_at_least_1"),
    ("lmu_gru_parallel", {"UNITS": 0}, "PARAM_ERROR_units_must_be_at_least_1"),
    ("lmu_gru", {"UNITS": 0}, "PARAM_ERROR_units_must_be_at_least_1"),
    ("lmu_gru_before", {"UNITS": 0}, "PARAM_ERROR_units_must_be_at_least_1"),
]


@pytest.mark.parametrize(("top", "parameters", "message"), ILLEGAL)
def test_illegal_units_stop(simulator: str, tmp_path: Path, top: str, parameters: dict[str, int], message: str) -> None:
    check_stops(simulator, top, parameters, message, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_clean_units(simulator: str, tmp_path: Path, case: str) -> None:
    for module, parameters in CASES[case].unit.parts:
        check_clean(simulator, module, parameters, tmp_path)
