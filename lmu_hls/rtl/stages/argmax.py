"""The index of the largest value: ``lmu_argmax``."""

from __future__ import annotations

from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace, whole_step_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.spec import ArgMax

MODULE = "lmu_argmax"


class ArgMaxStage(Stage[ArgMax], layer=ArgMax):
    def pace(self, count: int, lanes: Lanes) -> Pace:
        return whole_step_pace(MODULE, "N", count, values=1, spacing=1, latency=1)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.name
        check_signed_type(f"layer {name!r}", "its output", layer.out)
        out = net.stream(f"{name}_out", layer.out, 1)
        parameters = {"N": x.count, "WIDTH": x.type.width, "OUT_W": layer.out.width}
        net.add(MODULE, f"{name}_argmax", parameters, x.ports("s_axis") | out.ports("m_axis"), f"Layer {name}")
        return out
