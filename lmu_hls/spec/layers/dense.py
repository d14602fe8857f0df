"""A Dense layer."""

from __future__ import annotations

from dataclasses import dataclass, field

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, assign, matrix
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import ABSENT_BY_DEFAULT, Weight


@dataclass(frozen=True, slots=True, eq=False)
class Dense(Layer):
    """out = kernel^T x [+ bias] on the last axis, assigned to ``out``. ``reuse_factor`` is a request.

    ``compression``: whether blocks of zeros are left out of the matrices; None: where that is worth it.
    """

    name: str
    x: FixedType
    kernel: Weight  # (n_in, units)
    bias: Weight | None  # (units,)
    out: FixedType
    reuse_factor: int = 1
    compression: bool | None = field(default=None, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        if self.reuse_factor < 1:
            raise ValueError(f"{self.name}: reuse_factor must be at least 1")

    @property
    def units(self) -> int:
        return self.kernel.shape[1]

    def width(self, *widths: int) -> int:
        self.check_width(self.kernel.shape[0], widths[0])
        return self.units

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,), out = self.reads(*widths), Tensor("out", self.out, self.units)
        return (assign(out, matrix(x.now(), self.kernel), biases=[self.bias]),)
