"""Softmax: ``lmu_softmax``."""

from __future__ import annotations

from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace, whole_step_pace
from lmu_hls.rtl.functions import table_rom
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.spec import Softmax

MODULE = "lmu_softmax"
FORMULA = "(N-1)*D + max(D, N+6), D = max(OUT_F+2, 6)"


class SoftmaxStage(Stage[Softmax], layer=Softmax):
    @property
    def division(self) -> int:
        """Cycles of a division."""
        return max(self.layer.out.fraction + 2, 6)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        division = self.division
        ii = (count - 1) * division + max(division, count + 6)
        return whole_step_pace(MODULE, FORMULA, ii, count, division, count * (division + 1) + 10)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.name
        check_signed_type(f"layer {name!r}", "its output", layer.out)
        rom = table_rom(layer.exp, f"{name}_exp")
        parameters = {"N": x.count, **typed("X", layer.x), **typed("INDEX", layer.index)}
        parameters |= typed("EXP", layer.exp.values.type) | typed("OUT", layer.out)
        out = net.stream(f"{name}_out", layer.out, x.count, x.order)
        ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
        net.rom(rom)
        net.add(MODULE, f"{name}_softmax", {**parameters, "TABLE_FILE": rom.file}, ports, f"Layer {name}")
        return out
