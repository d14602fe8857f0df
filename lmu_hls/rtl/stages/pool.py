"""Pooling: whole windows of ``lmu_frame`` or ``lmu_window``, ``lmu_pool``, and for an average ``lmu_scale``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import check_signed_type
from lmu_hls.rtl.cells import Lanes, Parameters
from lmu_hls.rtl.cycles import Beats, Pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.stages.base import Stage
from lmu_hls.rtl.stages.scale import add_scale, scale_latency
from lmu_hls.rtl.stages.select import whole_windows
from lmu_hls.spec import Pool, Weight
from lmu_hls.spec.layers.scale import Scale

MODULE = "lmu_pool"
LATENCY = 1  # cycles


class PoolStage(Stage[Pool], layer=Pool):
    any_order = True  # a value keeps its place

    @property
    def gives_last(self) -> bool:
        """Of a sequence of any length every step gives the largest values so far."""
        return self.any_length and not self.layer.window.open

    @property
    def gathers(self) -> bool:
        return not self.gives_last

    def given_steps(self, arriving: int) -> int:
        return self.layer.window.count

    @property
    def product_multipliers(self) -> int:
        return 0 if self.layer.reciprocal is None else 1

    def pace(self, count: int, lanes: Lanes) -> Pace:
        size = 1 if self.window is None else self.window.size  # steps of a window that stand side by side
        latency = LATENCY + (0 if self.layer.reciprocal is None else scale_latency(self._scale(1)))

        def respond(beats: Beats) -> Beats:
            """Those of the last step."""
            return [beat + latency for beat in beats[-(count // size) :]]

        return Pace(count, {MODULE: ("N" if size == 1 else "SIZE*N", count)}, respond)

    def add(self, net: Netlist, x: Stream, lanes: Lanes, streaming: bool) -> Stream:
        layer, name, window = self.layer, self.name, self.layer.window
        for what, kind in (("x", layer.x), ("its output", layer.out)):
            check_signed_type(f"layer {name!r}", what, kind)
        count = x.count if self.window is None else x.count // window.size
        apart = self.window is not None or self.gives_last
        whole = x if apart else whole_windows(net, name, x, window, "whole windows")
        x = replace(whole, count=count, order=None if x.order is None else x.order[:count])
        largest = layer.reciprocal is None
        result = layer.x if largest else layer.sum
        pooled = net.stream(f"{name}_pooled", result, x.count, x.order)
        size = 0 if self.gives_last else window.size
        parameters: Parameters = {"N": x.count, "SIZE": size, "MAX": int(largest)}
        parameters |= {"WIDTH": layer.x.width, "OUT_W": result.width}
        net.add(MODULE, f"{name}_pool", parameters, x.ports("s_axis") | pooled.ports("m_axis"), f"Layer {name}: pool")
        return pooled if largest else self._average(net, pooled)

    def _average(self, net: Netlist, x: Stream) -> Stream:
        """The sums times the reciprocal: every value with the same factor, or those of a whole sequence each with its
        own."""
        window = self.layer.window
        if window.open and window.most_missing:
            raise LmuHlsError(
                f"layer {self.name!r} divides the sum of each window of a sequence of any length by the steps that it "
                "has, which the Verilog does where all have as many, with padding='valid'; use that, or "
                "keras.Input((steps, features)), or convert for C++ alone, by "
                "hls4ml.converters.convert_from_keras_model(..., backend='Vitis')"
            )
        out = add_scale(net, replace(x, order=None), self._scale(x.count), "scale", "average", result="out_average")
        return replace(out, order=x.order)

    def _scale(self, count: int) -> Scale:
        """Of an average: the reciprocals of the steps of ``count`` values."""
        layer, factor = self.layer, self.layer.reciprocal
        assert factor is not None
        if layer.window.open:
            factor = Weight(factor.values[-1:], factor.type)
        elif factor.shape != (1,):
            factor = Weight(np.repeat(layer.reciprocals.values, count), factor.type)
        fraction = layer.sum.fraction + factor.type.fraction
        zero = Weight(np.zeros(factor.shape, np.int64), FixedType(2, 2 - fraction))
        return Scale(self.name, layer.sum, factor, zero, layer.out)
