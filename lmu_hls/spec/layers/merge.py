"""Two tensors become one, value by value or side by side."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, Term, VectorFunction, apply, assign
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Activation

SUMS = ("add", "subtract", "average", "multiply")
LARGEST = ("maximum", "minimum")
OPERATIONS = (*SUMS, *LARGEST, "concatenate")


@dataclass(frozen=True, slots=True, eq=False)
class Merge(Layer, VectorFunction):
    """out_k = x0_k + x1_k, x0_k - x1_k, (x0_k + x1_k) / 2, x0_k x1_k, or the larger or smaller of both; k on the last
    axis. ``concatenate`` gives the values of x0, then those of x1.

    Sums, products and comparisons are exact, and what comes out is rounded once to ``out``. Raises ValueError for
    another ``operation``.
    """

    name: str
    x0: FixedType
    x1: FixedType
    operation: str
    out: FixedType

    def __post_init__(self) -> None:
        if self.operation not in OPERATIONS:
            raise ValueError(f"{self.name}: the operation {self.operation!r} is not one of {', '.join(OPERATIONS)}")

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        return self.x0, self.x1

    def width(self, *widths: int) -> int:
        if self.operation == "concatenate":
            return sum(widths)
        self.check_width(widths[0], widths[1])
        return widths[0]

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        x0, x1 = (x.now() for x in self.reads(*widths))
        out = Tensor("out", self.out, self.width(*widths))
        if self.operation == "concatenate":
            linear = Activation("linear")
            return apply(linear, out, x0), apply(linear, out, x1, start=x0.width)
        if self.operation in LARGEST:
            return (Assign(out, 0, out.width, (Term(x0), Term(x1)), function=self),)
        if self.operation == "multiply":
            return (assign(out, Term(x0, x1)),)
        shift = -1 if self.operation == "average" else 0
        return (assign(out, Term(x0, shift=shift), Term(x1, negative=self.operation == "subtract", shift=shift)),)

    def sums(self, to: FixedType) -> tuple[int, ...]:
        """The comparison."""
        return (max(kind.width for kind in self.inputs),)
