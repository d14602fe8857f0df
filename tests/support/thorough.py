"""What `make test` leaves to `make test-rest`: cases beside others of their kind that stay, to keep within its time.

One list, so that the time of `make test` is kept in one place: file -> patterns (fnmatch) of tests of that file with
their parameters, and after a "!" those of them that stay; "[[]" is a bracket. Rules: each module keeps a test, each
checker a seeded fault, each kind of network, simulator and tool a run. tests/README.md says how long what takes. In
tests/formal the first proof and the first fault of each module stay, see test_proofs.py.
"""

from __future__ import annotations

import zlib
from fnmatch import fnmatchcase

import pytest

THOROUGH: dict[str, tuple[str, ...]] = {
    "backend/test_verilog.py": ("test_ten_thousand_streamed_steps_are_goldens",),
    "benchmarks/test_precision.py": ("test_quick_tables",),
    "flow/test_convert_softmax.py": ("test_verify", "test_profile_and_automatic_types"),
    "flow/test_netlists.py": (
        "test_the_netlist_and_a_flipped_bit_of_a_table*",
        "!*[[]ecp5-25k]",
    ),
    "flow/test_numbers.py": ("test_a_range_without_bound_is_recorded_and_said",),
    "flow/test_verification_chain.py": (
        "test_interrupted_verify_is_not_finished[[]15]",
        "test_interrupted_conversion_leaves_nothing[[]1]",
        "test_synth_imports_nothing_from_the_output_folder",
        "test_seeded_fault_is_seen*",
        "!*[[]change_rom_word]",
        "!*[[]change_header]",
    ),
    "flow/test_verification_tasks.py": (
        "test_figures_are_those_of_keras_and_golden*",
        "!*[[]softmax]",
        "!*[[]a value a step]",
        "!*[[]logit]",
        "test_types_for_a_regression_are_found_and_explained",
    ),
    "formal/test_proofs.py": ("test_proven[[]lmu_dense-*",),  # its matrix and its rounding are proven apart
    "front/test_config.py": ("test_namespace_and_weights_in_headers",),
    "front/test_weights.py": (
        "test_the_contract_is_that_of_the_float_twin[[]int8]",
        "test_golden_follows_the_quantized_model*",
        "!*[[]int8-cell]",
        "!*[[]int4-all]",
    ),
    "golden/test_network_streaming.py": ("test_ten_thousand_steps_of_keras",),
    "hdl/matrix/test_affine.py": ("test_one_dsp_a_lane",),
    "hdl/memory/test_memory.py": ("test_another_mutant_is_caught*",),
    "hdl/memory/test_memory_dense_synthesis.py": ("*12-6-4]",),
    "hdl/memory/test_memory_tridiag_synthesis.py": ("*[[]4]",),
    "hdl/stream/test_frame.py": ("test_every_framing[[]verilator]",),
    "hdl/stream/test_serializer.py": ("test_every_beat[[]verilator]",),
    "hdl/stream/test_vector_buffer.py": ("test_order_cycles_and_pressure[[]verilator]",),
    "hdl/number/test_round_sat.py": ("test_every_mode_and_value[[]verilator]", "test_the_usual_format[[]verilator]"),
    "hdl/host/test_registers.py": ("test_every_cycle[[]verilator]",),
    "hls/test_firmware_cells.py": (
        "test_cells_biases_and_connections*",
        "!test_cells_biases_and_connections[[]8]",
        "test_random_types*",
        "test_tridiagonal_memory_alone[[]legendre]",
    ),
    "hls/test_firmware_grid.py": (
        "test_cells_and_connections*",
        "!test_cells_and_connections[[]12]",
        "test_random_types*",
        "!test_random_types[[]0]",
        "test_dense_on_sequences*",
    ),
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
    ),
    "hls/layers/test_softmax.py": (
        "test_on_sequences_and_between_lmus*",
        "test_types_and_extremes*",
        "!test_types_and_extremes[[]0]",
        "test_a_changed_header_is_caught*",
        "!*[[]rest forgotten]",
    ),
    "hls/test_streams.py": ("test_csim_equals_golden*", "!*[[]Vitis-False]", "test_resource*"),
    "hls/test_targets.py": (
        "test_csim_equals_golden*",
        "!*[[]VivadoAccelerator-False]",
        "test_a_converted_folder_is_verified_and_a_fault_is_seen[[]Catapult]",
        "test_a_stack_on_sequences[[]Quartus]",
        "test_random_models[[]2-Vitis-io_parallel]",
        "test_a_reuse_factor_that_a_pointwise_convolution_cannot_have[[]Vitis]",
    ),
    "layers/test_discretize.py": ("test_theta_is_found_by_training*", "!*[[]zoh]"),
    "layers/test_linear.py": (
        "test_same_as_step_by_step[[]40-False-*",
        "!*-lstm]",
        "!*-none]",
        "test_long_sequences_and_large_orders[[]600*",
    ),
    "layers/test_lmu.py": (
        "test_saved_and_loaded_after_training*",
        "!*[[]False-lstm]",
        "!*[[]False-none]",
        "!*[[]False-dense-relu]",
    ),
    "layers/test_lmu_options.py": ("test_dropout_inside_the_hidden_cell*", "!*[[]LSTMCell]"),
    "layers/test_rebase.py": ("test_rediscretize_measures_and_fine_tune_mends",),
    "precision/test_noise.py": ("test_prediction_is_within_1_5_db_at_order_256*",),
    "precision/test_ranges.py": ("test_high_orders_are_bounded[[]300]",),
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
    "sim/test_network_bench.py": ("test_streams_framing_and_restart[[]verilator]",),
    "synth/families/test_targets.py": (  # xcup has the passes of xc7
        "test_a_whole_network[[]xcup]",
        "test_a_planted_cell_is_refused_by_name[[]xcup]",
        "test_block_ram_and_multipliers[[]xc7]",
    ),
    "synth/test_gates.py": (
        "test_memories_hold_what_their_source_holds*all]",
        "test_memories_hold_what_their_source_holds[[]gowin*",
    ),
    "test_evidence.py": ("test_every_file_counts*", "!*[[]flip]", "test_every_one_of_the_headers_counts"),
    "test_folder_untrusted.py": ("test_every_tool_works_in_a_folder_of_any_name",),
    "test_activations.py": (
        "test_hard_sigmoid_is_the_same_everywhere[[]lstm]",
        "test_hard_sigmoid_is_the_same_everywhere[[]rnn]",
    ),
    "test_registration.py": (
        "test_a_saved_model_loads[[]lmu_hls first]",
        "test_hls4ml_knows_all_of_the_plugin_*",
        "!*[[]front.graph.settle]",
    ),
    "tuning/test_auto.py": (
        "test_csim_with_the_found_types_equals_golden",
        "test_more_safety_costs_bits",
        "test_every_form_of_the_layer_is_tuned[[]rnn]",
        "test_every_form_of_the_layer_is_tuned[[]gru]",
    ),
    "verify/test_simulator.py": ("test_waves[[]verilator]",),
    "verify/test_coverage.py": ("test_a_line_that_never_runs_lowers_it",),
    "verify/test_csim.py": (
        "test_a_changed_header_is_caught*",
        "!*[[]x of the wrong step]",
        "test_two_at_once_do_not_meet",
    ),
    "verify/test_synthesis.py": (
        "test_every_cell_has_the_multipliers_of_its_schedule*",
        "!*[[]Resource-8-tridiagonal]",
    ),
    "whole/test_make_sim.py": (
        "test_verilog_equals_golden*",
        "test_latency_is_as_planned[[]??]",
        "test_cycles_are_as_planned*",
        "!*[[]?]",
        "!*[[]1[1269]]",
        "test_cycles_are_as_planned[[][249]]",
        "test_verilog_equals_golden[[]8]",
    ),
    "whole/test_random_icarus.py": (
        "test_random_network[[]*",
        "!test_random_network[[]?]",
        "!test_random_network[[]19]",
    ),
    "whole/test_random_keras.py": ("test_random_model[[]6]",),
    "whole/test_random_verilator.py": ("test_random_network[[]*", "!*[[]1]", "!*[[]3]"),
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
