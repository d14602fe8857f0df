"""The ports of the generated top, by bus: what IP-XACT, Platform Designer and LiteX have to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.rtl.plan import NetworkPlan

CLOCK, RESET = "clk", "rst"
_DATA_BITS = 32  # of the registers


@dataclass(frozen=True, slots=True)
class Port:
    """A port of ``width`` bits; ``direction`` is "in" or "out"."""

    name: str
    direction: str
    width: int = 1


@dataclass(frozen=True, slots=True)
class Bus:
    """An AXI bus of the top; ``mode`` is "slave" or "master". ``ports`` have the signals' names, "tdata", "awaddr"."""

    name: str
    mode: str
    ports: Mapping[str, Port]


def streams(plan: NetworkPlan) -> tuple[Bus, ...]:
    """s_axis and m_axis, or those of every input and every output."""
    flags = {"tvalid": 1, "tready": 1, "tlast": 1}
    into = (_bus(end.prefix, "slave", {"tdata": end.bus, **flags}, ("tready",)) for end in plan.inputs)
    out = (_bus(end.prefix, "master", {"tdata": end.bus, **flags, "tuser": 1}, ("tready",)) for end in plan.outputs)
    return (*into, *out)


def registers_bus(plan: NetworkPlan) -> Bus | None:
    """s_axil, where the top has registers."""
    if not plan.options.axi_lite:
        return None
    widths = {"awaddr": plan.ADDRESS_WIDTH, "araddr": plan.ADDRESS_WIDTH, "wdata": _DATA_BITS, "rdata": _DATA_BITS}
    widths |= {"wstrb": _DATA_BITS // 8, "bresp": 2, "rresp": 2}
    answers = ("awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp", "rvalid")
    return _bus("s_axil", "slave", {name: widths.get(name, 1) for name in plan.AXIL}, answers)


def buses(plan: NetworkPlan) -> tuple[Bus, ...]:
    """All buses of the top."""
    lite = registers_bus(plan)
    return streams(plan) if lite is None else (*streams(plan), lite)


def ports(plan: NetworkPlan) -> tuple[Port, ...]:
    """All ports of the top in their order."""
    named = [port for bus in buses(plan) for port in bus.ports.values()]
    return (Port(CLOCK, "in"), Port(RESET, "in"), *named)


def _bus(name: str, mode: str, widths: Mapping[str, int], answers: tuple[str, ...]) -> Bus:
    """``answers`` are the signals that go against the bus: out of a slave, into a master."""
    along, against = ("in", "out") if mode == "slave" else ("out", "in")
    made = {
        signal: Port(f"{name}_{signal}", against if signal in answers else along, width)
        for signal, width in widths.items()
    }
    return Bus(name, mode, made)
