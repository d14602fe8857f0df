"""Steps as they are: the last one alone, and whole sequences as one vector, which ``lmu_frame`` keeps whole."""

from __future__ import annotations

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.spec import Select, Window

MODULE = "lmu_frame"


class SelectStage(Stage[Select], layer=Select):
    any_order = True  # the places of the values go along

    @property
    def window(self) -> Window | None:
        return self.layer.over

    @property
    def gives_last(self) -> bool:
        window = self.window
        return window is not None and window.last_alone

    @property
    def gathers(self) -> bool:
        return self.window is not None and not self.gives_last

    def given_steps(self, arriving: int) -> int:
        return arriving if self.window is None else self.window.count

    def pace(self, count: int, lanes: Lanes) -> Pace:
        """Nothing stands in the way of a beat, and the buffer behind it asks for the last one only."""
        return Pace(count, {MODULE: ("N", count)} if self.gathers else {}, list)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        window = self.window
        if window is None or self.gives_last:
            return x
        if not window.whole:
            raise LmuHlsError(
                f"layer {self.name!r}: of steps that are cut out, padded, repeated or reversed the Verilog has the "
                "last one alone, h[:, -1], and all of them as one vector, Flatten; use one of these, or an HLS backend"
            )
        return whole_windows(net, self.name, x, window, "a sequence as one vector")


def whole_windows(net: Netlist, name: str, x: Stream, window: Window, about: str) -> Stream:
    """The windows of ``x``, which follow one another, as single steps.

    Where a sequence is too short, the last window is filled with zeros, so that the next sequence begins with a whole
    one.
    """
    places = tuple(range(x.count)) if x.order is None else x.order
    order = None if x.order is None else tuple(s * x.count + k for s in range(window.size) for k in places)
    out = net.stream(f"{name}_out", x.type, x.count * window.size, order)
    unused = {port: net.wire(f"unused_{name}_{port}") for port in ("e_axis_tdata", "e_axis_tvalid", "framing_error")}
    parameters = {"N": out.count, "STEPS": window.count, "WIDTH": x.type.width}
    ports = x.ports("s_axis") | out.ports("m_axis") | unused | {"e_axis_tready": "1'b1"}
    net.add(MODULE, f"{name}_frame", parameters, ports, f"Layer {name}: {about}")
    return out
