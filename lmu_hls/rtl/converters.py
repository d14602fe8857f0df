"""Between streams of different values a beat: ``lmu_gather`` and ``lmu_serializer``."""

from __future__ import annotations

from lmu_hls.rtl.cycles import Pace, whole_step_pace
from lmu_hls.rtl.netlist import Netlist, Stream

GATHER, SERIALIZER = "gather", "serializer"  # the kinds in the plan


def add_converters(net: Netlist, name: str, x: Stream, together: int) -> list[tuple[str, Stream, Pace]]:
    """What makes ``x`` a stream with ``together`` values a beat, one behind the other: kind, what comes out, pace."""
    found: list[tuple[str, Stream, Pace]] = []
    if x.together == together:
        return found
    if x.together != x.count:
        beats, x = x.beats, _gather(net, f"{name}_{GATHER}", x)
        found.append((GATHER, x, whole_step_pace("lmu_gather", "ceil(N/P)", beats, 1, 1, 0)))
    if together != x.count:
        x = _serializer(net, f"{name}_{SERIALIZER}", x, together)
        pace = whole_step_pace("lmu_serializer", "ceil(LANES/P)", x.beats, x.beats, 1, x.beats)
        found.append((SERIALIZER, x, pace))
    return found


def _gather(net: Netlist, name: str, x: Stream) -> Stream:
    out = net.stream(f"{name}_out", x.type, x.count, x.order, together=x.count)
    parameters = {"WIDTH": x.type.width, "N": x.count, "P": x.together}
    net.add("lmu_gather", name, parameters, x.ports("s_axis") | out.ports("m_axis"), "A whole step in a beat")
    return out


def _serializer(net: Netlist, name: str, x: Stream, together: int) -> Stream:
    out = net.stream(f"{name}_out", x.type, x.count, x.order, together=together)
    parameters = {"WIDTH": x.type.width, "LANES": x.count, "P": together}
    ports = x.ports("s_axis") | {"s_axis_tuser": f"{x.count}'d0"} | out.ports("m_axis")
    ports |= {"m_axis_tuser": net.wire(f"unused_{name}_tuser", together)}
    net.add("lmu_serializer", name, parameters, ports, f"A step in beats of {together}")
    return out
