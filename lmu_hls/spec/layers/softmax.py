"""The softmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import FixedType, requantize
from lmu_hls.spec.assign import Assign, Tensor, VectorFunction, apply
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Table


@dataclass(frozen=True, slots=True, eq=False)
class Softmax(Layer, VectorFunction):
    """Softmax on the last axis.

    d_k = max_j x_j - x_k   exact, with the fraction of x, never negative
    e_k = exp[d_k + up]     assigned to the index type; entry k of ``exp`` belongs to the index integer k
    out_k = e_k / sum_j e_j the exact quotient, assigned to ``out``

    ``up`` is what an LSB of the index has over one of x, or 0 where it has nothing over it: an index that truncates so
    rounds up, and only the largest value itself has the index 0, however coarse the table is.
    Index and entries are unsigned, and ``out`` has no negative fraction bits. Raises ValueError otherwise.
    """

    name: str
    x: FixedType
    exp: Table
    out: FixedType

    def __post_init__(self) -> None:
        if self.index.signed or self.exp.values.type.signed:
            raise ValueError(
                f"{self.name}: the types {self.index} and {self.exp.values.type} of the table must be unsigned"
            )
        if self.exp.values.values[0] < 1:
            raise ValueError(f"{self.name}: the entry of 0 must be positive, so that no sum is zero")
        if self.out.fraction < 0:
            raise ValueError(f"{self.name}: the type {self.out} has no fraction bits for values from 0 to 1")

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(self, Tensor("out", self.out, widths[0]), x.now()),)

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        """The quotient."""
        return ((to.width, self.exp.values.type.width),)

    def sums(self, to: FixedType) -> tuple[int, ...]:
        return (self.exp.values.type.width,)

    @property
    def index(self) -> FixedType:
        return self.exp.index

    @property
    def up(self) -> int:
        """What is added to a distance before it becomes an index, in LSBs of x."""
        return (1 << max(0, self.x.fraction - self.index.fraction)) - 1

    def keeps_apart(self, n: int) -> bool:
        """Whether the largest of any n values always has a larger output than each that is smaller."""
        nearest = requantize(np.array([self.up, 1 + self.up]), self.x.fraction, self.index)
        first, second = (int(entry) for entry in self.exp.values.values[nearest])
        one, top = 1 << self.out.fraction, self.out.max_int
        holds = top >= one or (top == one - 1 and self.out.overflow in ("SAT", "SAT_SYM"))
        # The outputs differ by (first - second) / sum at least; more than an LSB remains after any rounding.
        return holds and (first - second) * one > n * first
