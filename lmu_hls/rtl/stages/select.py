"""Steps as they are: the last one alone, whole sequences as one vector, and what ``lmu_window`` makes of others."""

from __future__ import annotations

from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.rtl.window import add_frame
from lmu_hls.spec import Select, Window


class SelectStage(Stage[Select], layer=Select):
    any_order = True  # the places of the values go along

    @property
    def window(self) -> Window | None:
        return None if self.gives_last else super().window

    @property
    def gives_last(self) -> bool:
        window = self.layer.over
        return window is not None and window.last_alone

    @property
    def gathers(self) -> bool:
        """What ``lmu_window`` gives stands in its ring."""
        return self.layer.over is not None and not self.gives_last and self.window is None

    def given_steps(self, arriving: int) -> int:
        return arriving if self.layer.over is None else self.layer.over.count

    def pace(self, count: int, lanes: Lanes) -> Pace:
        """Nothing stands in the way of a beat, and the buffer behind it asks for the last one only."""
        return Pace(count, {"lmu_frame": ("N", count)} if self.gathers else {}, list)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        window = self.layer.over
        if window is None or self.gives_last or self.window is not None:
            return x
        return whole_windows(net, self.name, x, window, "a sequence as one vector")


def whole_windows(net: Netlist, name: str, x: Stream, window: Window, about: str) -> Stream:
    """The windows of ``x``, which follow one another, as single steps, the last one filled up with zeros."""
    x = x.beside(window.size)
    return add_frame(net, name, "out", x, (x.count, window.count), about)
