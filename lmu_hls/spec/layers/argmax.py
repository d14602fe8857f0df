"""The index of the largest value."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, VectorFunction, apply
from lmu_hls.spec.layers.base import Layer


@dataclass(frozen=True, slots=True, eq=False)
class ArgMax(Layer, VectorFunction):
    """The index of the largest value on the last axis, of several the first; one value, an integer of ``out``.

    ``out`` has no fraction bits and holds every index.
    """

    name: str
    x: FixedType
    out: FixedType

    def __post_init__(self) -> None:
        if self.out.fraction:
            raise ValueError(f"{self.name}: the type {self.out} of an index must be an integer type")

    def width(self, *widths: int) -> int:
        if widths[0] - 1 > self.out.max_int:
            raise ValueError(f"{self.name}: {self.out} does not hold the index {widths[0] - 1}")
        return 1

    def gives(self, width: int) -> int:
        return 1

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(self, Tensor("out", self.out, 1), x.now()),)
