"""A rectifier with a slope below its threshold, and a largest value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, VectorFunction, apply
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class Rectify(Layer, VectorFunction):
    """out_k = x_k where x_k > threshold, else slope_k (x_k - threshold), on the last axis; no more than ``most``.

    Difference and product are exact, and assigned to ``out``. Raises ValueError for an exact value beyond 62 bits.
    """

    name: str
    x: FixedType
    slope: Weight  # (n,)
    threshold: Weight  # (1,), not negative
    most: Weight | None  # (1,), not negative
    out: FixedType

    def __post_init__(self) -> None:
        for name, weight in (("threshold", self.threshold), ("most", self.most)):
            if weight is not None:
                check_shape(f"{self.name}: {name}", weight, (1,))
                if weight.values[0] < 0:
                    raise ValueError(f"{self.name}: {name} is negative")
        try:
            _ = self.exact
        except ValueError as error:
            raise ValueError(f"{self.name}: its exact value, a product: {error}") from None

    @property
    def difference(self) -> FixedType:
        """The smallest signed type that holds every x - threshold."""
        level = self.threshold.type
        fraction = max(self.x.fraction, level.fraction)
        bound = self.x.max_abs << (fraction - self.x.fraction)
        bound += int(self.threshold.values[0]) << (fraction - level.fraction)
        width = bound.bit_length() + 1
        return FixedType(width, width - fraction)

    @property
    def exact(self) -> FixedType:
        """A signed type that holds every value before it is assigned, x among them."""
        difference, slope = self.difference, self.slope.type
        product = difference.fraction + slope.fraction
        fractions = [product, self.x.fraction] + ([self.most.type.fraction] if self.most is not None else [])
        fraction = max(fractions)
        steepest = int(np.abs(self.slope.values).max(initial=0))
        bounds = [difference.max_abs * steepest << (fraction - product), self.x.max_abs << (fraction - self.x.fraction)]
        if self.most is not None:
            bounds.append(int(self.most.values[0]) << (fraction - self.most.type.fraction))
        width = max(bounds).bit_length() + 1
        return FixedType(width, width - fraction)

    def width(self, *widths: int) -> int:
        self.check_width(self.slope.shape[0], widths[0])
        return widths[0]

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(self, Tensor("out", self.out, widths[0]), x.now()),)

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        return ((self.difference.width, self.slope.type.width),) if np.any(self.slope.values) else ()

    def sums(self, to: FixedType) -> tuple[int, ...]:
        """The difference, or as many comparisons."""
        return (self.difference.width,)
