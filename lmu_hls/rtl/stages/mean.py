"""The average of a sequence of any length: ``lmu_average``."""

from __future__ import annotations

from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Beats, Pace, whole_step_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.spec.layers.mean import Mean

MODULE = "lmu_average"


class MeanStage(Stage[Mean], layer=Mean):
    any_order = True  # a value keeps its place

    def given_steps(self, arriving: int) -> int:
        return 1

    @property
    def division(self) -> int:
        """Cycles of a division."""
        return self.layer.quotient_width

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return whole_step_pace(MODULE, "N", count, count, self.division, count * self.division + 4)

    def ending(self, count: int) -> tuple[str, Pace]:
        cycles = count * self.division

        def respond(beats: Beats) -> Beats:
            return beats

        return "division", Pace(cycles, {MODULE: ("N*D, D = max(X_W + OUT_F + 1 - X_F, 3)", cycles)}, respond)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.name
        for what, kind in (("x", layer.x), ("its output", layer.out)):
            check_signed_type(f"layer {name!r}", what, kind)
        out = net.stream(f"{name}_out", layer.out, x.count, x.order)
        parameters = {"N": x.count, "STEPS": layer.steps, **typed("X", layer.x), **typed("OUT", layer.out)}
        ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
        net.add(MODULE, f"{name}_average", parameters, ports, f"Layer {name}")
        return out
