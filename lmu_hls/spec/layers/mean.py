"""The average of a sequence of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lmu_hls.fixed import MAX_WIDTH, FixedType
from lmu_hls.spec.assign import Assign, Tensor, VectorFunction, apply
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.window import Window


@dataclass(frozen=True, slots=True, eq=False)
class Mean(Layer, VectorFunction):
    """out_k = (x_1k + ... + x_nk) / n over the n steps of a sequence, the exact quotient, assigned to ``out``.

    Raises ValueError for other windows, for an output without fraction bits and for an exact value beyond 62 bits.
    """

    name: str
    x: FixedType
    window: Window
    out: FixedType

    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (self.window.all_as_one and self.window.vector):
            raise ValueError(f"{self.name}: an average with a quotient is over a whole sequence, not {self.window}")
        if self.out.fraction < 0:
            raise ValueError(f"{self.name}: the type {self.out} has no fraction bits")
        width = max(self.sum.width + self.lift, self.steps.bit_length() + self.drop) + 1
        if width > MAX_WIDTH:
            raise ValueError(f"{self.name}: the exact quotient needs {width} bits, at most {MAX_WIDTH} are possible")

    @property
    def any_length(self) -> bool:
        return True

    @property
    def steps(self) -> int:
        """The most steps of a sequence."""
        return self.window.steps

    @property
    def sum(self) -> FixedType:
        """The signed type with which every sum is exact."""
        width = self.x.width + self.steps.bit_length()
        return FixedType(width, width - self.x.fraction)

    @property
    def finer(self) -> int:
        """Fraction bits of the quotient, down to half an LSB of the output, beyond those of the sum."""
        return self.out.fraction + 1 - self.x.fraction

    @property
    def lift(self) -> int:
        """Bits by which the sum is shifted up before the division."""
        return max(0, self.finer)

    @property
    def drop(self) -> int:
        """Bits by which the number of steps is."""
        return max(0, -self.finer)

    @property
    def quotient_width(self) -> int:
        """Bits of the quotient's magnitude."""
        return max(3, self.x.width + self.finer)

    def gives(self, width: int) -> int:
        return width // self.window.size

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(self, Tensor("out", self.out, widths[0]), x.now()),)

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        """The quotient."""
        return ((to.width, self.steps.bit_length()),)

    def sums(self, to: FixedType) -> tuple[int, ...]:
        return (self.sum.width,) * (self.window.size - 1)
