"""A rectifier with a slope below its threshold: ``lmu_scale``."""

from __future__ import annotations

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.cycles import Pace, pointwise_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.rtl.stages.scale import MODULE, Limits, add_scale, scale_latency
from lmu_hls.spec import Weight
from lmu_hls.spec.layers.rectify import Rectify
from lmu_hls.spec.layers.scale import Scale

MAX_PARAMETER = (1 << 31) - 1  # of an integer in Verilog


class RectifyStage(Stage[Rectify], layer=Rectify):
    any_order = True  # slopes follow it

    @property
    def product_multipliers(self) -> int:
        return 1

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return pointwise_pace(MODULE, count, scale_latency(below(self.layer), limits(self.layer)))

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        return add_scale(net, x, below(self.layer), "rectify", "rectifier", limits(self.layer))


def below(layer: Rectify) -> Scale:
    """What it is below its threshold: slope x - slope threshold, whose second part is a constant."""
    level, slope = layer.threshold, layer.slope
    offset = -slope.values * level.values[0]
    fraction = slope.type.fraction + level.type.fraction
    width = int(np.abs(offset).max(initial=0)).bit_length() + 1
    return Scale(layer.name, layer.x, slope, Weight(offset, FixedType(width, width - fraction)), layer.out)


def limits(layer: Rectify) -> Limits:
    """The threshold as an integer of x, to which what is as large belongs; and the largest value."""
    fraction = layer.threshold.type.fraction - layer.x.fraction
    value = int(layer.threshold.values[0])
    level = value >> fraction if fraction > 0 else value << -fraction
    level = min(level, layer.x.max_int)  # then no x is above it
    most = None if layer.most is None else (int(layer.most.values[0]), layer.most.type.fraction)
    if max(level, 0 if most is None else most[0]) > MAX_PARAMETER:
        raise LmuHlsError(f"layer {layer.name!r}: threshold and max_value need types of 32 bits at most in the Verilog")
    return Limits(level, most)
