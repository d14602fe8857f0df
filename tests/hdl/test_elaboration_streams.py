"""Lint of the units with streams over their configurations, and parameters that must stop elaboration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hdl.core_cases import CASES
from tests.support.hdl.elaboration import check_clean, check_stops
from tests.support.hdl.packed import word

CLEAN = (
    "fifo1",
    "concat_late",
    "concat_one",
    "one",
    "more_lanes",
    "row",
    "blocks",
    "encoder_x",
    "hidden_relu",
    "rnn_one",
)
ILLEGAL = [
    ("lmu_fifo", {"DEPTH": 0}, "PARAM_ERROR_width_and_depth_must_be_at_least_1"),
    ("lmu_fork", {"OUTPUTS": 0}, "PARAM_ERROR_width_and_outputs_must_be_at_least_1"),
    ("lmu_history", {"SIZE": 1}, "PARAM_ERROR_n_dilation_and_width_must_be_at_least_1_and_size_2"),
    ("lmu_history", {"DILATION": 2}, "PARAM_ERROR_depth_must_be_a_power_of_2_that_holds_a_window_and_a_step"),
    ("lmu_window_any", {"SIZE": 0}, "PARAM_ERROR_n_steps_size_dilation_and_width_must_be_at_least_1"),
    ("lmu_window_any", {"STRIDE": 0}, "PARAM_ERROR_stride_must_not_be_0_and_below_it_size_1_without_pad"),
    ("lmu_window_any", {"STRIDE": -1}, "PARAM_ERROR_stride_must_not_be_0_and_below_it_size_1_without_pad"),
    ("lmu_window_any", {"CENTRED": 2}, "PARAM_ERROR_centred_and_repeat_must_be_0_or_1"),
    ("lmu_window", {"SIZE": 0}, "PARAM_ERROR_n_steps_count_size_and_width_must_be_at_least_1"),
    ("lmu_window", {"BEFORE": -1}, "PARAM_ERROR_before_and_skip_must_not_be_negative"),
    ("lmu_window", {"DEPTH": 3}, "PARAM_ERROR_depth_must_be_a_power_of_2_that_holds_a_window"),
    ("lmu_window", {"STRIDE": -1}, "PARAM_ERROR_depth_must_be_a_power_of_2_that_holds_a_window"),
    ("lmu_concat", {"N_C": -1}, "PARAM_ERROR_sizes_must_not_be_negative"),
    ("lmu_concat", {"A_FEEDBACK": 1}, "PARAM_ERROR_one_source_must_be_live"),
    ("lmu_concat", {"N_A": 0}, "PARAM_ERROR_one_source_must_be_live"),
    ("lmu_concat", {"A_SHIFT": 1}, "PARAM_ERROR_the_output_must_hold_the_shifted_input"),
    ("lmu_affine", {"N_IN": 0}, "PARAM_ERROR_n_in_n_out_and_lanes_must_be_at_least_1"),
    ("lmu_affine", {"LANES": 3}, "PARAM_ERROR_lanes_must_divide_n_out"),
    ("lmu_affine", {"BLOCKS": 7}, "PARAM_ERROR_blocks_must_be_lanes_a_group_or_more_and_not_n_in"),
    ("lmu_affine", {"ACC_W": 31}, "PARAM_ERROR_the_sum_must_hold_a_product"),
    ("lmu_affine", {"BIAS_SHIFT": 30}, "PARAM_ERROR_the_output_must_hold_the_shifted_input"),
    ("lmu_dense", {"OUT_TYPE": word(16, 12, rounding=7)}, "PARAM_ERROR_rounding_must_be_0_to_6"),
    ("lmu_encoder", {"MEMORY_D": 3, "LANES": 2}, "PARAM_ERROR_lanes_must_divide_n_out"),
    ("lmu_engine", {"ORDER": 0}, "PARAM_ERROR_sizes_and_lanes_must_be_at_least_1"),
    ("lmu_engine", {"LANES": 6}, "PARAM_ERROR_no_more_lanes_than_columns"),
    ("lmu_engine", {"N_OUT": 2}, "PARAM_ERROR_a_layer_behind_it_reads_a_kept_h"),
    ("lmu_engine", {"N_X": 102}, "PARAM_ERROR_a_step_must_have_a_cycle_for_each_x_and_one_more"),
    ("lmu_engine", {"ONE_SHIFT": 15}, "PARAM_ERROR_the_operand_must_hold_its_constant_and_the_sum_a_product"),
    ("lmu_recurrent", {"N_H": 3}, "PARAM_ERROR_n_h_must_be_0_or_units"),
    ("lmu_recurrent", {"GATES": 4, "LANES": 5}, "PARAM_ERROR_lanes_must_divide_n_out"),
]


@pytest.mark.parametrize(("top", "parameters", "message"), ILLEGAL)
def test_illegal_parameters_stop(
    simulator: str, tmp_path: Path, top: str, parameters: dict[str, int], message: str
) -> None:
    check_stops(simulator, top, parameters, message, tmp_path)


@pytest.mark.parametrize("case", CLEAN)
def test_clean(simulator: str, tmp_path: Path, case: str) -> None:
    for module, parameters in CASES[case].unit.parts:
        check_clean(simulator, module, parameters, tmp_path)
