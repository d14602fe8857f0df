"""What hand-written benches of accelerators with AXI4-Lite registers have in common: the port, and their data."""

from __future__ import annotations

from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.registers import ADDRESS


def restart_port(plan: NetworkPlan) -> str:
    """The connections of the port, by which a write of 1 to CONTROL goes out while ``aw`` and ``w`` are 1."""
    inputs = {"awaddr": f"12'd{ADDRESS['CONTROL']}", "awvalid": "aw", "wdata": "32'd1", "wstrb": "4'd1", "wvalid": "w"}
    inputs |= {"bready": "1'b1", "araddr": "12'd0", "arvalid": "1'b0", "rready": "1'b0"}
    outputs = {"awready": "aw_ready", "wready": "w_ready"}
    return "".join(f".s_axil_{s}({({**inputs, **outputs}).get(s, '')}), " for s in plan.AXIL)


def assignments(plan: NetworkPlan, x: list[int], y: list[int]) -> str:
    """The beats that go in and come out, as statements that fill the memories ``x`` and ``y``."""
    lines = [f"        x[{k}] = {value & ((1 << plan.in_bus) - 1)};\n" for k, value in enumerate(x)]
    lines += [f"        y[{k}] = {value & ((1 << plan.out_bus) - 1)};\n" for k, value in enumerate(y)]
    return "".join(lines)
