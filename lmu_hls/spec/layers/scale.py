"""A factor and an offset for each value: what a batch normalization is once it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, Term, assign
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class Scale(Layer):
    """out_k = scale_k x_k + bias_k on the last axis, assigned to ``out``: an affine map whose matrix is diagonal."""

    name: str
    x: FixedType
    scale: Weight  # (n,)
    bias: Weight  # (n,)
    out: FixedType

    def __post_init__(self) -> None:
        check_shape(f"{self.name}: bias", self.bias, self.scale.shape)

    def width(self, *widths: int) -> int:
        self.check_width(self.scale.shape[0], widths[0])
        return widths[0]

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        x, out = Tensor("x", self.x, widths[0]), Tensor("out", self.out, widths[0])
        return (assign(out, Term(x.now(), self.scale), biases=[self.bias]),)
