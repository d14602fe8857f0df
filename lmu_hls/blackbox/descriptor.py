"""The JSON file by which Vitis HLS knows an RTL blackbox, in the form that UG1399 documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lmu_hls.rtl.blackbox import Blackbox

SIGNALS = {
    "module_clock": "ap_clk",
    "module_reset": "ap_rst",
    "module_clock_enable": "ap_ce",
    "ap_ctrl_chain_protocol_idle": "ap_idle",
    "ap_ctrl_chain_protocol_start": "ap_start",
    "ap_ctrl_chain_protocol_ready": "ap_ready",
    "ap_ctrl_chain_protocol_done": "ap_done",
    "ap_ctrl_chain_protocol_continue": "ap_continue",
}
FIFOS = {
    "words": ("in", {"FIFO_empty_flag": "empty_n", "FIFO_read_enable": "read", "FIFO_data_read_in": "dout"}),
    "states": ("out", {"FIFO_full_flag": "full_n", "FIFO_write_enable": "write", "FIFO_data_write_out": "din"}),
}
RESOURCES = ("FF", "LUT", "BRAM", "URAM", "DSP")  # 0: known after synthesis


def descriptor(box: Blackbox, model: str, rtl: Iterable[str], cflags: str) -> dict[str, Any]:
    """The description of ``box``: ``model`` is its C++ and ``rtl`` its Verilog, from the project's folder."""
    return {
        "c_function_name": box.name,
        "rtl_top_module_name": box.name,
        "c_files": [{"c_file": model, "cflag": cflags}],
        "rtl_files": list(rtl),
        "c_parameters": [
            {
                "c_name": name,
                "c_port_direction": direction,
                "rtl_ports": {key: f"{name}_{port}" for key, port in ports.items()},
            }
            for name, (direction, ports) in FIFOS.items()
        ],
        "rtl_common_signal": dict(SIGNALS),
        "rtl_performance": {"latency": str(box.latency_cycles), "II": str(box.ii_cycles)},
        "rtl_resource_usage": dict.fromkeys(RESOURCES, "0"),
    }
