"""A Dense layer or a SimpleRNN cell as the hidden cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, apply
from lmu_hls.spec.cells.base import HiddenCell
from lmu_hls.spec.weight import Activation, Weight


@dataclass(frozen=True, slots=True, eq=False)
class DenseCell(HiddenCell):
    """A Dense layer, or with ``kernel_h`` a SimpleRNN cell.

    pre = kernel_mem^T mem [+ kernel_x^T x] [+ kernel_h^T h_{t-1}] [+ bias]; h = activation(pre).
    """

    kind = "dense"
    keras = ("Dense", "SimpleRNNCell")
    gates = 1
    outputs: ClassVar[Mapping[str, str]] = {"activation": "h"}

    kernel_mem: Weight
    kernel_x: Weight | None
    bias: Weight | None  # (units,)
    pre: FixedType
    activation: Activation
    kernel_h: Weight | None = None

    def assignments(self, mem: Tensor, x: Tensor, h: Tensor) -> tuple[Assign, ...]:
        pre = Tensor("pre", self.pre, self.units)
        return (self.affine(pre, mem, x, h), apply(self.activation, h, pre.now()))
