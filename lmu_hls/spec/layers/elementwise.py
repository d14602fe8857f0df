"""An activation as a layer."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, apply
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Activation


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise(Layer):
    """out = activation(x), one element at a time; the layer form of an activation (linear or relu)."""

    name: str
    x: FixedType
    activation: Activation
    out: FixedType

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,), out = self.reads(*widths), Tensor("out", self.out, widths[0])
        return (apply(self.activation, out, x.now()),)
