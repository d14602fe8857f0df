"""A normalization of the values of a step: ``lmu_normalize``."""

from __future__ import annotations

from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace, whole_step_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import more_stages
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.spec.layers.normalize import Normalize

MODULE = "lmu_normalize"
FORMULA = "(N-1)*D + max(D, N + 3*R + 7 + MORE), D = max(WHOLE_W + OUT_F + 1, 5), R = (TOTAL_W+1)/2 + GUARD"


class NormalizeStage(Stage[Normalize], layer=Normalize):
    any_order = True  # what the values have in common does not depend on their order

    @property
    def product_multipliers(self) -> int:
        """That of the squares."""
        return 1

    @property
    def division(self) -> int:
        """Cycles of a division."""
        return max(self.layer.whole_width + self.layer.out.fraction + 1, 5)

    def pace(self, count: int, lanes: Lanes) -> Pace:
        division, roots = self.division, 3 * ((self.layer.total_width + 1) // 2 + self.layer.guard)
        width = difference_width(self.layer) + 1
        behind = roots + 7 + more_stages(width, width)
        ii = (count - 1) * division + max(division, count + behind)
        return whole_step_pace(MODULE, FORMULA, ii, count, division, count * (division + 1) + behind + 3)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name = self.layer, self.name
        for what, kind in (("x", layer.x), ("its output", layer.out)):
            check_signed_type(f"layer {name!r}", what, kind)
        out = net.stream(f"{name}_out", layer.out, x.count, x.order)
        ports = x.ports("s_axis") | out.ports("m_axis") | {"m_axis_tuser": net.clipped(name, name, "out", out)}
        net.add(MODULE, f"{name}_normalize", parameters(layer), ports, f"Layer {name}")
        return out


def difference_width(layer: Normalize) -> int:
    """Bits of the magnitude of a difference."""
    return max(1, layer.difference_max.bit_length())


def parameters(layer: Normalize) -> dict[str, int | str]:
    return {
        "N": layer.size,
        **typed("X", layer.x),
        **typed("OUT", layer.out),
        "CENTERED": int(layer.centered),
        "DIVISOR": layer.divisor,
        "GUARD": layer.guard,
        "EPSILON": layer.epsilon % (1 << 31),
        "EPSILON_HIGH": layer.epsilon >> 31,
        "DIFF_W": difference_width(layer),
        "TOTAL_W": layer.total_width,
        "WHOLE_W": layer.whole_width,
    }
