"""Values of a step divided by their deviation, root mean square or Euclidean norm."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from lmu_hls.fixed import MAX_WIDTH, FixedType
from lmu_hls.spec.assign import Assign, Tensor, VectorFunction, apply
from lmu_hls.spec.layers.base import Layer

FINE = 8  # bits of the root beyond those of the result, where there is room


@dataclass(frozen=True, slots=True, eq=False)
class Normalize(Layer, VectorFunction):
    """What a layer normalization does before its factors and offsets, on the integers x_k of the last axis:

    d_k = n x_k - sum_j x_j where it is ``centered``, else x_k; n is the ``size``
    v = sum_j d_j^2 + epsilon
    r = max(1, floor(sqrt(floor(4^guard v / m))))   m is n where it is ``averaged``, else 1
    out_k = 2^guard d_k / r   the exact quotient, assigned to ``out``

    ``epsilon`` is an integer, with twice the fraction bits of x. Centered and averaged it is (x_k - mean) / deviation,
    averaged alone x_k over the root mean square, and neither x_k over the Euclidean norm. Raises ValueError for an
    exact value beyond 62 bits.
    """

    name: str
    x: FixedType
    size: int
    centered: bool
    averaged: bool
    epsilon: int
    out: FixedType

    def __post_init__(self) -> None:
        if self.size < 1 or self.epsilon < 0 or (self.centered and not self.averaged):
            raise ValueError(f"{self.name}: size {self.size} or epsilon {self.epsilon} is not possible")
        if self.out.fraction < 0:
            raise ValueError(f"{self.name}: the type {self.out} has no fraction bits")
        widths = {"sum of squares": self.total_width, "quotient": self.numerator_width(0)}
        for what, width in widths.items():
            if width > MAX_WIDTH:
                raise ValueError(f"{self.name}: the exact {what} needs {width} bits, at most {MAX_WIDTH} are possible")

    @property
    def span(self) -> int:
        return self.x.max_int - self.x.min_int

    @property
    def difference_max(self) -> int:
        """The largest |d|."""
        return (self.size - 1) * self.span if self.centered else self.x.max_abs

    @property
    def total_max(self) -> int:
        """A bound of v."""
        squares = self.size * self.x.max_abs**2 if not self.centered else -(-(self.size**3) * self.span**2 // 4)
        return squares + self.epsilon

    @property
    def total_width(self) -> int:
        return max(1, self.total_max.bit_length())

    @property
    def divisor(self) -> int:
        return self.size if self.averaged else 1

    @property
    def guard(self) -> int:
        """Bits by which the root is finer than d: so many that it has FINE bits more than the result at full scale, and
        no exact value leaves 62 bits."""
        least = self.total_width - self.divisor.bit_length() + 1
        wanted = max(0, self.out.width + FINE - least // 2)
        room = min((MAX_WIDTH - self.total_width) // 2, MAX_WIDTH - self.numerator_width(0))
        return min(wanted, room)

    def numerator_width(self, guard: int) -> int:
        """Bits of |2^guard d| with half an LSB of the result and one bit more."""
        return max(1, self.difference_max.bit_length()) + guard + self.out.fraction + 2

    @property
    def root_width(self) -> int:
        return (self.total_width + 2 * self.guard + 1) // 2

    @property
    def whole_width(self) -> int:
        """Bits left of the binary point of |out| before it is rounded: r may be half of the root of a small v."""
        return isqrt(4 * self.divisor).bit_length()

    def width(self, *widths: int) -> int:
        self.check_width(self.size, widths[0])
        return widths[0]

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        (x,) = self.reads(*widths)
        return (apply(self, Tensor("out", self.out, widths[0]), x.now()),)

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        """The square and the quotient."""
        square = self.difference_max.bit_length() + 1
        return ((square, square), (to.width, self.root_width))

    def sums(self, to: FixedType) -> tuple[int, ...]:
        """The sum of the squares; where it is centered, the sum of the values and the difference."""
        return (self.total_width,) + (self.difference_max.bit_length() + 1,) * (2 * self.centered)
