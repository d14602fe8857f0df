"""An activation as a layer: ``lmu_activation``."""

from __future__ import annotations

from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace, pointwise_pace
from lmu_hls.rtl.functions import function_parameters, latency, multipliers
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.parallel import ParallelElementwise
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.rtl.unit import widths
from lmu_hls.spec import Elementwise

MODULE = "lmu_activation"


class ElementwiseStage(Stage[Elementwise], layer=Elementwise):
    @property
    def parallel(self) -> ParallelElementwise | None:
        return ParallelElementwise(self.layer) if self.product_multipliers == 0 else None

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return pointwise_pace(MODULE, count, latency(self.layer.activation))

    @property
    def product_multipliers(self) -> int:
        return multipliers(self.layer.activation)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.name
        function, roms = function_parameters(f"layer {name!r}", layer.activation, layer.out, f"{name}_table")
        parameters = widths("IN", layer.x) | typed("PRE", layer.x) | typed("OUT", layer.out) | function
        out = net.stream(f"{name}_out", layer.out, x.count, x.order)
        ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
        net.rom(*roms)
        net.add(MODULE, f"{name}_activation", parameters, ports, f"Layer {name}: {layer.activation.function}")
        return out
