"""What `make test` leaves to `make test-rest`: cases beside others of their kind that stay, to keep within its time.

One list, so that the time of `make test` is kept in one place: file -> patterns (fnmatch) of tests of that file with
their parameters, and after a "!" those of them that stay; "[[]" is a bracket. Rules: each module keeps a test, each
checker a seeded fault, each kind of network, simulator and tool a run. tests/README.md says how long what takes. In
tests/formal the first proof and the first fault of each module stay, see test_proofs.py, but for the dearest four;
units of hdl/ run under Icarus, whole networks under Verilator, too.
"""

from __future__ import annotations

import zlib
from fnmatch import fnmatchcase

import pytest

THOROUGH: dict[str, tuple[str, ...]] = {
    "backend/test_verilog.py": ("test_ten_thousand_streamed_steps_are_goldens",),
    "benchmarks/test_precision.py": ("test_quick_tables",),
    "examples/test_psmnist.py": ("test_weights_have_eight_bits_and_integer_states_are_goldens",),
    "flow/test_convert_softmax.py": (
        "test_verify",
        "test_profile_and_automatic_types",
        "test_many_classes_in_narrow_types_are_those_of_the_logits*",
        "!test_many_classes_in_narrow_types_are_those_of_the_logits[[]10-*",
        "test_logits_of_a_sigmoid*",
        "!test_logits_of_a_sigmoid[[]each step]",
        "test_logits_changes_nothing_else[[]linear]",
    ),
    "flow/test_netlists.py": (
        "test_the_netlist_and_a_flipped_bit_of_a_table*",
        "!*[[]ecp5-25k]",
    ),
    "flow/test_numbers.py": (
        "test_data_beyond_the_calibration_is_reported",
        "test_a_range_without_bound_is_recorded_and_said",
        "test_search_reaches_the_contract_and_the_report",
    ),
    "flow/test_verification_chain.py": (
        "test_interrupted_verify_is_not_finished[[]15]",
        "test_interrupted_conversion_leaves_nothing[[]1]",
        "test_synth_imports_nothing_from_the_output_folder",
        "test_seeded_fault_is_seen*",
        "!*[[]change_rom_word]",
        "!*[[]change_header]",
        "test_interrupted_conversion_leaves_nothing[[]2]",
    ),
    "flow/test_verification_tasks.py": (
        "test_figures_are_those_of_keras_and_golden*",
        "!*[[]softmax]",
        "!*[[]a value a step]",
        "!*[[]logit]",
        "test_types_for_a_regression_are_found_and_explained",
    ),
    "formal/test_proofs.py": (  # its matrix and its rounding are proven apart
        "test_proven[[]lmu_dense-*",
        "test_proven[[]lmu_affine-*",
        "test_faults_found[[]lmu_window-*",
        "test_states_reached*",
        "!test_states_reached[[]lmu_serializer-*",
        "!test_states_reached[[]lmu_registers-*",
        "!test_states_reached[[]hidden_cell-*",
        "test_proven[[]lmu_uart_tx-*",
        "test_faults_found[[]lmu_uart_tx-*",
        "test_proven[[]lmu_memory_tridiag-*",
        "test_faults_found[[]lmu_memory_tridiag-*",
    ),
    "formal/test_round_sat_proof.py": (  # faults of rounding and of saturation stay
        "test_faults_found*",
        "!test_faults_found[[]wire even = *",
        "!test_faults_found[[]SAT_SYM: *",
    ),
    "synth/test_placing.py": (
        "test_every_file_that_edited_verilog_reads_counts[[]data.mem-*",
        "test_a_tool_that_fails_leaves_its_log_and_the_others_go_on[[]HANG-*",
    ),
    "whole/test_forms.py": ("test_a_residual_stack",),
    "whole/test_stateful.py": ("test_verify_takes*", "test_calls_of_the_cpp*"),
    "front/graph/layers/test_conv.py": (
        "test_golden_is_near_keras*",
        "!*[[]causal, dilation]",
        "!*[[]depthwise]",
        "test_csim_and_a_normalization_that_is_folded",
    ),
    "front/graph/layers/test_merge.py": (
        "test_csim_is_golden_and_near_keras*",
        "!test_csim_is_golden_and_near_keras[[]residual-io_parallel]",
    ),
    "front/test_flat.py": ("test_the_contract_is_that_of_the_flat_model[[]sequential]", "test_stacked_cells[[]True]"),
    "front/test_operators.py": ("test_operators_on_two_tensors*", "!*[[]maximum]", "!*[[]<lambda>0]"),
    "front/test_config.py": ("test_namespace_and_weights_in_headers",),
    "front/test_weights.py": (
        "test_csim_equals_golden",
        "test_the_contract_is_that_of_the_float_twin[[]int8]",
        "test_golden_follows_the_quantized_model*",
        "!*[[]int8-cell]",
        "!*[[]int4-all]",
        "test_golden_follows_the_quantized_model[[]int4-all]",
        "test_dtype_policies[[]bfloat16]",
        "test_dtype_policies[[]float16]",
        "test_lora[[]int4]",
        "test_the_contract_is_that_of_the_float_twin[[]int4]",
    ),
    "golden/test_network_streaming.py": ("test_ten_thousand_steps_of_keras",),
    "hdl/matrix/test_affine.py": (
        "test_one_dsp_a_lane",
        "test_bit_and_cycle_exact[[]verilator-*",
    ),
    "hdl/memory/test_memory.py": (
        "test_another_mutant_is_caught*",
        "test_wrong_rom_file_stops[[]verilator-*",
        "test_rst_cuts_sequences_short[[]verilator]",
        "test_bit_and_cycle_exact[[]verilator-*",
    ),
    "hdl/memory/test_memory_dense_synthesis.py": ("*12-6-4]",),
    "hdl/memory/test_memory_tridiag_synthesis.py": ("test_exact_counts*",),
    "hdl/stream/test_frame.py": ("test_every_framing[[]verilator]",),
    "hdl/stream/test_serializer.py": ("test_every_beat[[]verilator]",),
    "hdl/stream/test_window.py": ("test_bit_and_cycle_exact[[]verilator-*", "test_mutant_is_caught*"),
    "hdl/stream/test_vector_buffer.py": ("test_order_cycles_and_pressure[[]verilator]",),
    "hdl/number/test_round_sat.py": ("test_every_mode_and_value[[]verilator]", "test_the_usual_format[[]verilator]"),
    "hdl/host/test_registers.py": ("test_every_cycle[[]verilator]",),
    "hls/test_fifos.py": ("test_the_cpp_ends*", "!*[[]a branch]"),
    "hls/test_firmware_cells.py": (
        "test_cells_biases_and_connections*",
        "test_random_types*",
        "test_tridiagonal_memory_alone[[]legendre]",
    ),
    "hls/test_firmware_grid.py": (
        "test_cells_and_connections*",
        "!test_cells_and_connections[[]12]",
        "test_random_types*",
        "test_dense_on_sequences*",
    ),
    "hls/test_firmware_numbers.py": ("test_every_mode_is_that_of_the_types", "test_a_fault_is_seen*", "!*[[]rest*"),
    "hls/test_firmware_mutants.py": ("*", "!*[[]no recurrent bias]"),
    "hls/test_hls4ml_functions.py": (
        "test_trace_and_a_saved_graph*",
        "test_projects_without_an_lmu_are_the_same_bytes",
    ),
    "hls/test_strategy.py": ("test_resource_equals_golden_for_every_cell*", "!*[[]tridiagonal-7]"),
    "hls/test_names.py": (
        "test_an_input_that_means_something_in_cpp*",
        "!*[[]double]",
        "test_names_of_all_parts_are_text[[]x??]",
        "test_names_of_all_parts_are_text[[]name2]",
        "test_types_with_the_point_outside_elaborate*",
        "!test_types_with_the_point_outside_elaborate[[]fixed<4,-4>]",
        "!test_types_with_the_point_outside_elaborate[[]fixed<4,8>]",
        "test_no_input_takes_a_word_of_the_cpp[[]Quartus]",
        "test_no_input_takes_a_word_of_the_cpp[[]Catapult]",
    ),
    "hls/layers/test_softmax.py": (
        "test_on_sequences_and_between_lmus*",
        "test_types_and_extremes*",
        "!test_types_and_extremes[[]0]",
        "test_a_changed_header_is_caught*",
        "!*[[]rest forgotten]",
    ),
    "hls/test_stateful.py": ("test_csim_keeps_the_state*", "test_predict_and_stream", "!*[[]lstm-*"),
    "hls/test_streams.py": ("test_csim_equals_golden*", "test_resource*"),
    "hls/test_targets.py": (
        "test_csim_equals_golden*",
        "test_a_converted_folder_is_verified_and_a_fault_is_seen[[]Catapult]",
        "test_a_stack_on_sequences[[]Quartus]",
        "test_random_models[[]2-Vitis-io_parallel]",
        "test_a_reuse_factor_that_a_pointwise_convolution_cannot_have[[]Vitis]",
        "test_a_stack_on_sequences[[]Catapult]",
        "test_random_models[[]0-Quartus-io_parallel]",
        "test_one_bit_that_would_become_two_is_refused[[]Catapult]",
    ),
    "layers/test_discretize.py": (
        "test_theta_is_found_by_training*",
        "test_value_and_derivative[[]*-64-*",
        "test_value_and_derivative[[]*-256-*",
    ),
    "layers/test_linear.py": (
        "test_same_as_step_by_step[[]40-False-*",
        "!*-lstm]",
        "!*-none]",
        "test_long_sequences_and_large_orders[[]600*",
        "test_same_as_step_by_step[[]40-True-*",
        "test_same_as_step_by_step[[]1-*",
        "!test_same_as_step_by_step[[]*-lstm]",
        "!test_same_as_step_by_step[[]*-dense]",
        "test_same_gradient_by_theta*",
        "!test_same_gradient_by_theta[[]legendre-zoh]",
        "!test_same_gradient_by_theta[[]orthonormal-bilinear]",
        "test_long_sequences_and_large_orders[[]256*",
    ),
    "layers/test_lmu.py": (
        "test_saved_and_loaded_after_training*",
        "!*[[]False-lstm]",
        "test_equals_the_reference*",
        "!test_equals_the_reference[[]connections0-*",
        "!test_equals_the_reference[[]connections7-lstm]",
        "!test_equals_the_reference[[]connections[1-7]-dense-relu]",
        "test_discretizers_and_bases*",
        "!test_discretizers_and_bases[[]False-legendre-zoh]",
        "!test_discretizers_and_bases[[]True-orthonormal-bilinear]",
        "!test_discretizers_and_bases[[]False-orthonormal-euler]",
    ),
    "layers/test_lmu_options.py": ("test_dropout_inside_the_hidden_cell*", "!*[[]LSTMCell]"),
    "layers/test_rebase.py": (
        "test_rediscretize_measures_and_fine_tune_mends",
        "test_rebase_changes_no_output[[]*-rnn]",
        "test_rebase_changes_no_output[[]*-gru]",
    ),
    "precision/test_noise.py": (
        "test_prediction_is_within_1_5_db_at_order_256*",
        "test_prediction_is_within_1_5_db[[]32-*",
        "test_prediction_is_within_1_5_db[[]64-*",
    ),
    "precision/test_ranges.py": (
        "test_high_orders_are_bounded[[]300]",
        "test_bound_is_attained_and_not_exceeded[[]32-*",
        "test_proven_bits_never_overflow_and_one_bit_fewer_does[[]64-*",
    ),
    "report/test_page.py": (
        "test_a_browser_has_nothing_to_complain_of*",
        "!*[[]400-False]",
    ),
    "rtl/test_blackbox.py": (
        "test_states_cycles_and_rules*",
        "!*[[]channels]",
        "!*[[]dense in rows]",
        "test_mutant_is_caught*",
        "!*[[]word lost]",
        "!*[[]done for one cycle]",
    ),
    "rtl/test_renaming.py": (
        "test_two_accelerators_and_one_twice[[]verilator]",
        "test_inline_roms_take_the_same_cells",
        "test_rom_dir_reaches_yosys",
    ),
    "sim/test_network_bench.py": (
        "test_streams_framing_and_restart[[]verilator]",
        "test_one_fault_and_nothing_else_is_seen[[]verilator]",
    ),
    "synth/families/test_targets.py": (  # xcup has the passes of xc7
        "test_a_whole_network[[]xcup]",
        "test_a_planted_cell_is_refused_by_name*",
        "!test_a_planted_cell_is_refused_by_name[[]ecp5]",
        "test_block_ram_and_multipliers[[]xc7]",
        "test_block_ram_and_multipliers[[]xcup]",
        "test_a_device_without_multipliers_makes_them_of_logic",
        "test_a_whole_network[[]ice40]",
        "test_a_whole_network[[]gowin]",
        "test_a_whole_network[[]xc7]",
        "test_block_ram_and_multipliers[[]gowin]",
        "test_block_ram_and_multipliers[[]ice40]",
    ),
    "synth/test_gates.py": (
        "test_memories_hold_what_their_source_holds*all]",
        "test_memories_hold_what_their_source_holds[[]gowin*",
        "test_memories_hold_what_their_source_holds[[]xc7*",
        "test_each_kind_of_cell_of_amd_does_what_its_source_says",
    ),
    "test_evidence.py": (
        "test_every_file_counts*",
        "test_every_one_of_the_headers_counts",
    ),
    "test_folder_untrusted.py": ("test_every_tool_works_in_a_folder_of_any_name",),
    "test_activations.py": (
        "test_cells_are_the_same_everywhere[[]lstm]",
        "test_cells_are_the_same_everywhere[[]rnn]",
    ),
    "test_registration.py": (
        "test_a_saved_model_loads[[]lmu_hls first]",
        "test_hls4ml_knows_all_of_the_plugin_*",
        "!*[[]front.graph.settle]",
        "test_quantized_models_are_known_with_the_layers*",
    ),
    "tuning/test_auto.py": (
        "test_csim_with_the_found_types_equals_golden",
        "test_more_safety_costs_bits",
        "test_the_same_arguments_give_the_same_types",
        "test_every_form_of_the_layer_is_tuned[[]rnn]",
        "test_every_form_of_the_layer_is_tuned[[]gru]",
        "test_every_form_of_the_layer_is_tuned[[]tridiagonal]",
    ),
    "verify/test_simulator.py": ("test_waves[[]verilator]",),
    "verify/test_coverage.py": ("test_a_line_that_never_runs_lowers_it",),
    "verify/test_csim.py": (
        "test_a_changed_header_is_caught*",
        "!*[[]x of the wrong step]",
        "test_two_at_once_do_not_meet",
    ),
    "verify/test_synthesis.py": ("test_every_cell_has_the_multipliers_of_its_schedule*",),
    "whole/test_make_sim.py": (
        "test_verilog_equals_golden*",
        "!test_verilog_equals_golden[[][01]]",
        "test_latency_is_as_planned*",
        "!test_latency_is_as_planned[[][01]]",
        "test_cycles_are_as_planned*",
        "!test_cycles_are_as_planned[[]11]",
    ),
    "whole/test_random_icarus.py": (
        "test_random_network[[]*",
        "!test_random_network[[][05]]",
        "test_a_stateful_network_keeps_its_state*",
        "!test_a_stateful_network_keeps_its_state[[]33]",
        "test_a_changed_rom_is_caught*",
        "!test_a_changed_rom_is_caught[[]memory_encoder]",
        "!test_a_changed_rom_is_caught[[]memory_hidden]",
    ),
    "whole/test_random_keras.py": (
        "test_random_model[[]6]",
        "test_the_models_are_not_constant[[]6]",
        "test_a_changed_weight_of_the_cpp_is_caught[[]encoder_*",
        "test_a_changed_rom_is_caught_in_both_simulators*",
        "!test_a_changed_rom_is_caught_in_both_simulators[[]memory_memory]",
    ),
    "whole/test_random_verilator.py": (
        "test_random_network[[]*",
        "!*[[]1]",
        "!*[[]3]",
        "test_a_changed_rom_is_caught*",
        "!test_a_changed_rom_is_caught[[]memory_memory]",
        "test_random_network[[]3]",
    ),
    "boards/test_host.py": (
        "test_every_integer_is_goldens*",
        "!test_every_integer_is_goldens[[]32-ulx3s]",
        "test_a_damaged_packet_is_noticed_and_the_sequence_sent_again*",
        "!test_a_damaged_packet_is_noticed_and_the_sequence_sent_again[[]*-6]",
    ),
    "front/graph/layers/test_activation.py": (
        "test_time_distributed_is_the_layer_inside*",
        "!test_time_distributed_is_the_layer_inside[[]Dense-*",
        "!test_time_distributed_is_the_layer_inside[[]Activation-after]",
        "!test_time_distributed_is_the_layer_inside[[]Dropout-before]",
        "test_a_passing_layer_leaves_no_trace*",
        "!test_a_passing_layer_leaves_no_trace[[]Dropout]",
        "!test_a_passing_layer_leaves_no_trace[[]Identity]",
    ),
    "front/graph/layers/test_scale.py": (
        "test_what_a_normalization_becomes_is_the_keras_layer*",
        "!test_what_a_normalization_becomes_is_the_keras_layer[[]after a Dense layer]",
        "!test_what_a_normalization_becomes_is_the_keras_layer[[]before a Dense layer]",
        "!test_what_a_normalization_becomes_is_the_keras_layer[[]after an LMU]",
        "!test_what_a_normalization_becomes_is_the_keras_layer[[]at the entrance]",
    ),
    "front/test_extract_cells.py": (
        "test_golden_follows_keras*",
        "!test_golden_follows_keras[[]lstm-*",
    ),
    "golden/test_network.py": ("test_recurrent_cells_equal_definition[[][12]-*",),
    "hdl/cell/test_encoder.py": ("test_bit_and_cycle_exact[[]verilator-*",),
    "hdl/cell/test_gated.py": ("test_bit_and_cycle_exact[[]verilator-*",),
    "hdl/head/test_pointwise.py": ("test_bit_and_cycle_exact[[]verilator-*",),
    "hdl/stream/test_plumbing.py": ("test_bit_and_cycle_exact[[]verilator-*",),
    "hdl/test_elaboration.py": (
        "test_illegal_parameters_stop[[]verilator-*",
        "!test_illegal_parameters_stop[[]verilator-lmu_memory_dense-*",
        "test_clean[[]verilator]",
    ),
    "hdl/test_elaboration_streams.py": (
        "test_illegal_parameters_stop[[]verilator-*",
        "test_clean[[]verilator-*",
    ),
    "hdl/test_elaboration_units.py": (
        "test_illegal_units_stop[[]verilator-*",
        "test_clean_units[[]verilator-*",
    ),
    "hls/layers/test_pool.py": (
        "test_csim_is_golden_and_near_keras[[]io_parallel]",
        "test_a_wrong_pool_is_seen[[]fault1]",
    ),
    "hls/layers/test_rectify.py": (
        "test_it_is_the_keras_layer*",
        "!test_it_is_the_keras_layer[[]*3]",
        "!test_it_is_the_keras_layer[[]*5]",
    ),
    "golden/test_assign.py": (
        "test_activations_are_their_definition*",
        "!test_activations_are_their_definition[[]silu-*]",
        "!test_activations_are_their_definition[[]relu6-False]",
    ),
    "hls/layers/test_select.py": (
        "test_csim_is_golden_and_near_keras[[]io_parallel-slices]",
        "test_csim_is_golden_and_near_keras[[]io_stream-shaped]",
    ),
    "layers/test_keras_lmu.py": (
        "test_outputs_are_those_of_keras_lmu*",
        "!test_outputs_are_those_of_keras_lmu[[]*-feedforward_dense]",
        "!test_outputs_are_those_of_keras_lmu[[]*-recurrent_lstm]",
        "!test_outputs_are_those_of_keras_lmu[[]0.9-cell]",
        "!test_outputs_are_those_of_keras_lmu[[]0.9-several]",
    ),
    "layers/test_lmu_xla.py": (
        "test_a_compiled_step_is_the_step*",
        "!test_a_compiled_step_is_the_step[[]lstm-*",
    ),
    "rtl/test_copies.py": (
        "test_a_compiler_reads_the_same_of_both*",
        "!test_a_compiler_reads_the_same_of_both[[]lmu_memory_dense]",
        "!test_a_compiler_reads_the_same_of_both[[]lmu_frame]",
    ),
    "synth/test_route.py": (
        "test_a_wrong_constraint_file_is_caught*",
        "!test_a_wrong_constraint_file_is_caught[[]ecp5-25k]",
        "test_a_counter_becomes_a_bitstream[[]gw1nr-9]",
        "test_a_counter_becomes_a_bitstream[[]up5k]",
    ),
    "test_fixed.py": ("test_requantize_and_quantize_are_ap_fixed[[]others]",),
    "test_legendre.py": (
        "test_tridiagonal_step_is_the_bilinear_step[[]*-1024-*",
        "test_order_1024_is_finite_and_contractive[[]bilinear]",
        "test_discretize_equals_scipy[[]*-256-*",
        "test_order_1024_is_finite_and_contractive[[]zoh]",
    ),
    "test_process.py": (
        "test_a_signal_at_any_moment_leaves_nothing*",
        "!test_a_signal_at_any_moment_leaves_nothing[[][04]]",
    ),
    "test_streams.py": (
        "test_streams_that_are_closed_change_nothing_else*",
        "!test_streams_that_are_closed_change_nothing_else[[]>&-]",
        "!test_streams_that_are_closed_change_nothing_else[[]| head -1]",
        "test_other_output_into_a_pipe_without_a_reader[[]--help]",
    ),
    "training/test_program.py": (
        "test_random_network_equals_golden[[]*",
        "!test_random_network_equals_golden[[][01]]",
    ),
    "training/test_quantization.py": (
        "test_random_models_with_types_of_a_configuration*",
        "!test_random_models_with_types_of_a_configuration[[]2]",
        "test_gradients_reach_every_weight[[]dense]",
    ),
}


UNUSED = pytest.StashKey[list[tuple[str, str]]]()  # (file, pattern) that fit none of the tests that were collected


def is_thorough(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a test is left out: the last pattern that fits decides."""
    left_out = False
    for pattern in patterns:
        if fnmatchcase(name, pattern.removeprefix("!")):
            left_out = not pattern.startswith("!")
    return left_out


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part",
        metavar="K/N",
        help="of the tests that are chosen otherwise, the K-th of N parts that are equal but for chance",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    used: set[tuple[str, str]] = set()
    for item in items:
        file, _, name = item.nodeid.partition("::")
        patterns = THOROUGH.get(file.removeprefix("tests/"), ())
        used |= {(file, pattern) for pattern in patterns if is_thorough(name, (pattern.removeprefix("!"),))}
        if is_thorough(name, patterns) and not any(item.iter_markers("slow")) and not any(item.iter_markers("nightly")):
            item.add_marker("thorough")
    every = {(f"tests/{file}", pattern) for file, patterns in THOROUGH.items() for pattern in patterns}
    config.stash[UNUSED] = sorted(every - used)
    if part := config.getoption("--part"):
        number, of = map(int, part.split("/"))
        chosen = [item for item in items if zlib.crc32(item.nodeid.encode()) % of == number % of]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
