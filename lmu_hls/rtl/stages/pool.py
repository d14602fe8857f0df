"""Pooling over windows that follow one another: ``lmu_frame``, ``lmu_pool``, and for an average ``lmu_scale``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes, Parameters
from lmu_hls.rtl.cycles import Pace, pointwise_pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.rtl.stages.scale import LATENCY as SCALE
from lmu_hls.rtl.stages.scale import add_scale
from lmu_hls.rtl.stages.select import whole_windows
from lmu_hls.spec import Pool, Weight
from lmu_hls.spec.layers.scale import Scale

MODULE = "lmu_pool"
LATENCY = 1  # cycles


class PoolStage(Stage[Pool], layer=Pool):
    any_order = True  # a value keeps its place
    gathers = True

    def given_steps(self, arriving: int) -> int:
        return self.layer.window.count

    @property
    def product_multipliers(self) -> int:
        return 0 if self.layer.reciprocal is None else 1

    def pace(self, count: int, lanes: Lanes) -> Pace:
        return pointwise_pace(MODULE, count, LATENCY + SCALE * self.product_multipliers)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name, window = self.layer, self.name, self.layer.window
        for what, kind in (("x", layer.x), ("its output", layer.out)):
            check_signed_type(f"layer {name!r}", what, kind)
        if not window.whole:
            raise LmuHlsError(
                f"layer {name!r}: the Verilog pools windows that follow one another and end with the sequence; use "
                f"strides=pool_size, {window.steps} steps that are a multiple of it, padding='valid', or an HLS backend"
            )
        whole = whole_windows(net, name, x, window, "whole windows")
        x = replace(whole, count=x.count, order=x.order)
        largest = layer.reciprocal is None
        result = layer.x if largest else layer.sum
        pooled = net.stream(f"{name}_pooled", result, x.count, x.order)
        parameters: Parameters = {"N": x.count, "SIZE": window.size, "MAX": int(largest)}
        parameters |= {"WIDTH": layer.x.width, "OUT_W": result.width}
        net.add(MODULE, f"{name}_pool", parameters, x.ports("s_axis") | pooled.ports("m_axis"), f"Layer {name}: pool")
        return pooled if largest else self._average(net, pooled)

    def _average(self, net: Netlist, x: Stream) -> Stream:
        """The sums times the reciprocal, every value with the same factor."""
        layer, name, factor = self.layer, self.name, self.layer.reciprocal
        assert factor is not None
        fraction = x.type.fraction + factor.type.fraction
        zero = Weight(np.zeros(1, np.int64), FixedType(2, 2 - fraction))
        return add_scale(net, x, Scale(name, x.type, factor, zero, layer.out), "scale", "average", result="out_average")
