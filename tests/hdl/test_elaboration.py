"""Lint, and parameters that must stop elaboration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.resources import hdl_modules
from lmu_hls.toolchain import find, simulator_env
from tests.support.hdl import dense_grid, tridiag_grid
from tests.support.hdl.elaboration import check_clean, check_stops, elaborate
from tests.support.hdl.packed import word

SOURCES = [str(path) for path in hdl_modules().values()]
ILLEGAL = [
    ("lmu_memory_dense", {"ORDER": 6, "LANES": 4}, "PARAM_ERROR_lanes_must_divide_order"),
    ("lmu_memory_dense", {"ORDER": 6, "LANES": 12}, "PARAM_ERROR_lanes_must_divide_order"),
    ("lmu_memory_dense", {"LANES": 0}, "PARAM_ERROR_order_memory_d_and_lanes_must_be_at_least_1"),
    ("lmu_memory_dense", {"MEMORY_D": 0}, "PARAM_ERROR_order_memory_d_and_lanes_must_be_at_least_1"),
    ("lmu_memory_dense", {"U_TYPE": word(0, 14)}, "PARAM_ERROR_widths_must_be_at_least_1"),
    ("lmu_memory_dense", {"MEM_TYPE": word(16, 14, rounding=7)}, "PARAM_ERROR_rounding_must_be_0_to_6"),
    ("lmu_round_sat", {"OUT_TYPE": 0x10_000E_10, "ADDED": 1}, "PARAM_ERROR_half_is_added_for_rnd_and_rnd_conv_only"),
    ("lmu_product", {"STAGES": 3}, "PARAM_ERROR_stages_must_be_0_to_2"),
    ("lmu_memory_tridiag", {"MEMORY_D": 4, "PIPELINE": 5}, "PARAM_ERROR_pipeline_must_be_1_to_4"),
    ("lmu_memory_tridiag", {"PIPELINE": 0}, "PARAM_ERROR_pipeline_must_be_1_to_4"),
    ("lmu_memory_tridiag", {"ORDER": 0}, "PARAM_ERROR_order_and_memory_d_must_be_at_least_1"),
    ("lmu_memory_tridiag", {"KAP_TYPE": word(0, 15)}, "PARAM_ERROR_widths_must_be_at_least_1"),
    ("lmu_memory_tridiag", {"SWEEP_TYPE": word(19, 17, rounding=7)}, "PARAM_ERROR_rounding_must_be_0_to_6"),
    ("lmu_memory_tridiag_pes", {"MEMORY_D": 4, "ORDER": 2}, "PARAM_ERROR_order_must_be_3_or_more"),
    ("lmu_align", {"IN_W": 8, "SHIFT": 2, "OUT_W": 9}, "PARAM_ERROR_the_output_must_hold_the_shifted_input"),
    ("lmu_delay", {"DEPTH": -1}, "PARAM_ERROR_depth_must_not_be_negative"),
    ("lmu_serializer", {"LANES": 0}, "PARAM_ERROR_width_lanes_and_p_must_be_at_least_1"),
    ("lmu_step_start", {"N": 0}, "PARAM_ERROR_n_and_width_must_be_at_least_1"),
    ("lmu_step_start", {"STREAMING": 2}, "PARAM_ERROR_streaming_must_be_0_or_1"),
    ("lmu_frame", {"N": 0}, "PARAM_ERROR_n_and_width_must_be_at_least_1"),
    ("lmu_frame", {"STEPS": -1}, "PARAM_ERROR_steps_must_not_be_negative"),
    ("lmu_vector_buffer", {"WIDTH": 0}, "PARAM_ERROR_width_and_n_must_be_at_least_1"),
    ("lmu_vector_buffer", {"KEEP_LAST": 2}, "PARAM_ERROR_keep_last_and_reorder_must_be_0_or_1"),
    ("lmu_uart_rx", {"DIVISOR": 3}, "PARAM_ERROR_divisor_must_be_at_least_4"),
    ("lmu_uart_tx", {"DIVISOR": 1}, "PARAM_ERROR_divisor_must_be_at_least_2"),
    ("lmu_link_rx", {"IN_BYTES": 0}, "PARAM_ERROR_in_bytes_and_patience_must_be_at_least_1"),
    ("lmu_link_rx", {"BUFFER": 100}, "PARAM_ERROR_buffer_must_be_a_power_of_two_from_4_to_32768"),
    ("lmu_link_tx", {"N_OUT": 0}, "PARAM_ERROR_a_result_must_have_1_to_65533_bytes"),
    ("lmu_link_tx", {"STREAMS": 256}, "PARAM_ERROR_streams_must_be_1_to_255"),
    ("lmu_link_rx", {"STREAMS": 256}, "PARAM_ERROR_streams_must_be_1_to_255"),
    ("lmu_mapped_in", {"WIDTH": 0}, "PARAM_ERROR_width_must_be_at_least_1"),
    ("lmu_mapped_out", {"WIDTH": 0}, "PARAM_ERROR_width_must_be_at_least_1"),
    ("lmu_together", {"COUNT_W": 1}, "PARAM_ERROR_lines_must_be_at_least_1_and_count_w_2"),
    ("lmu_registers", {"STREAMS": 1, "STREAMS_IN": 2}, "PARAM_ERROR_streams_in_must_be_among_streams"),
    ("lmu_registers", {"COUNTERS": 0}, "PARAM_ERROR_counters_must_be_at_least_1"),
    ("lmu_registers", {"COUNTERS": 9, "ADDR_W": 6}, "PARAM_ERROR_addr_w_must_hold_all_registers_and_be_at_most_30"),
    ("lmu_round_sat", {"OUT_TYPE": word(16, 14, overflow=4)}, "PARAM_ERROR_overflow_must_be_0_to_3"),
    ("lmu_round_sat", {"OUT_TYPE": word(0, 14)}, "PARAM_ERROR_widths_must_be_at_least_1"),
]


@pytest.mark.parametrize(("top", "parameters", "message"), ILLEGAL)
def test_illegal_parameters_stop(
    simulator: str, tmp_path: Path, top: str, parameters: dict[str, int], message: str
) -> None:
    check_stops(simulator, top, parameters, message, tmp_path)


def test_clean(simulator: str, tmp_path: Path) -> None:
    """Not one warning, whatever the sizes, types and modes."""
    for config in (*dense_grid.GRID, *tridiag_grid.GRID):
        unit = config.unit(config.lmu("memory"))
        check_clean(simulator, unit.module, unit.parameters, tmp_path)


@pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
def test_clean_links(tmp_path: Path) -> None:
    """The ends of a board's serial line, whose counters are as wide as the longest packet needs."""
    rng = np.random.default_rng(0)
    sizes = [(1, 1), (1, 14), (1, 15), (2, 7), *zip(rng.integers(1, 6, 4), rng.integers(1, 3000, 4), strict=True)]
    cases = [("lmu_link_tx", {"OUT_BYTES": size, "N_OUT": f"16'd{count}"}) for size, count in sizes]
    cases += [("lmu_link_rx", {"IN_BYTES": size}) for size in rng.integers(1, 9, 2)]
    for top, parameters in cases:
        assert elaborate("verilator", top, parameters, tmp_path) == (0, ""), (top, parameters)


@pytest.mark.skipif(not find("icarus").found, reason="iverilog is not installed")
def test_missing_rom_stops_plain_vvp(tmp_path: Path) -> None:
    """Without cocotb, too: the exit code says so."""
    env = simulator_env("icarus")
    out = str(tmp_path / "out.vvp")
    subprocess.run(["iverilog", "-g2012", "-o", out, "-s", "lmu_memory_dense", *SOURCES], env=env, check=True)
    done = subprocess.run(["vvp", "-n", out], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert done.returncode != 0
    assert "lmu_rom: file lmu_memory_dense.hex holds 0 words" in done.stdout + done.stderr
