"""The largest value or the average of a window of steps."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, VectorFunction, apply
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Weight, check_shape
from lmu_hls.spec.window import Window


@dataclass(frozen=True, slots=True, eq=False)
class Pool(Layer, VectorFunction):
    """out_k = max_s x_sk, or reciprocal * sum_s x_sk, over the steps s of each window; k on the last axis.

    The sum and its product with the reciprocal, the constant 1 / size in its type, are exact, and rounded once. A
    window of which m steps lie outside of the sequence has 1 / (size - m), which stands m before the last of
    ``reciprocal``. Without it out is the largest value, in the type of x. Raises ValueError where that is not so.
    """

    name: str
    x: FixedType
    window: Window
    reciprocal: Weight | None  # (1 + the most steps that a window misses,)
    out: FixedType

    def __post_init__(self) -> None:
        if self.reciprocal is None and self.out != self.x:
            raise ValueError(f"{self.name}: the largest of values of {self.x} has no other type, such as {self.out}")
        if self.reciprocal is not None:
            least = 1 + self.window.most_missing
            most = len(self.reciprocal.values) if self.window.open else least  # of a shorter sequence all may be whole
            check_shape(f"{self.name}: reciprocal", self.reciprocal, (max(least, most),))

    @property
    def any_length(self) -> bool:
        """An open window, and the largest value of a whole sequence, whatever its length; an average of all has a
        reciprocal for one length only, and a window of so many steps, which is a step, none of fewer."""
        return self.window.open or (self.reciprocal is None and self.window.all_as_one and self.window.vector)

    def gives(self, width: int) -> int:
        return width // self.window.size

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(self, Tensor("out", self.out, widths[0]), x.now()),)

    @property
    def reciprocals(self) -> Weight:
        """Of an average: the one of each window, (count,)."""
        assert self.reciprocal is not None
        return Weight(self.reciprocal.values[-1 - self.window.missing], self.reciprocal.type)

    @property
    def sum(self) -> FixedType:
        """The smallest signed type that holds every sum."""
        width = (self.window.size * self.x.max_abs).bit_length() + 1
        return FixedType(width, width - self.x.fraction)

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        return () if self.reciprocal is None else ((self.sum.width, self.reciprocal.type.width),)

    def sums(self, to: FixedType) -> tuple[int, ...]:
        """The additions, or as many comparisons."""
        width = self.x.width if self.reciprocal is None else self.sum.width
        return (width,) * (self.window.size - 1)
