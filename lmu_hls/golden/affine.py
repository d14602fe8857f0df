"""Exact sums of products on the BLAS, and the one rounding that follows them.

Integers below 2**53 are exact in float64, so a float64 matrix product of integers whose sum of magnitudes stays
below 2**53 is exact in any order of summation. The bound is computed from the types and the weights, not from the
data. Above it int64 is used, and from 2**62 on the sum is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.fixed import MAX_WIDTH, FixedType, overflow_count, requantize
from lmu_hls.spec import Weight

Numbers = NDArray[Any]  # integers, held in float64 or int64
FLOAT_EXACT = 1 << 53
IN_FLOAT = {"RND_CONV": np.rint, "TRN": np.floor}  # the two common rounding modes


class Affine:
    """sum_k x_k @ w_k [+ biases], exact: every product is brought to one common ``fraction``.

    Each term is (type of x_k, integers of w_k with shape (n_k, n_out), fraction bits of w_k). Raises ValueError when
    the sum can reach 2**62.
    """

    def __init__(
        self, name: str, terms: Sequence[tuple[FixedType, Weight]], bias: Weight | Sequence[Weight] | None = None
    ) -> None:
        biases = [bias] if isinstance(bias, Weight) else list(bias or ())
        fractions = [x.fraction + w.type.fraction for x, w in terms]
        self.fraction = max([*fractions, *(b.type.fraction for b in biases)])
        lifts = [self.fraction - f for f in fractions]
        self.bound = _bound([(x.max_abs << lift, w.values) for (x, w), lift in zip(terms, lifts, strict=True)])
        for b in biases:
            self.bound += int(np.abs(b.values).max(initial=0)) << (self.fraction - b.type.fraction)
        self.dtype = exact_dtype(name, self.bound)
        lifted = [w.values << lift for (_, w), lift in zip(terms, lifts, strict=True)]
        self.weights = [np.ascontiguousarray(w, self.dtype) for w in lifted]
        constants = [b.values << (self.fraction - b.type.fraction) for b in biases]
        self.bias = sum(constants[1:], constants[0]).astype(self.dtype) if constants else None

    def term(self, k: int, x: Numbers) -> Numbers:
        """x_k @ w_k for x of shape (..., n_k), or of several groups of n_k side by side."""
        weight = self.weights[k]
        flat = x.reshape(-1, len(weight)).astype(self.dtype, copy=False)
        return (flat @ weight).reshape(*x.shape[:-1], x.shape[-1] // len(weight) * weight.shape[-1])

    def __call__(self, *xs: Numbers) -> Numbers:
        """The sum for x_0, x_1, ...; terms whose input is left out at the end count as zero."""
        total = self.term(0, xs[0])
        for k, x in enumerate(xs[1:], start=1):
            total += self.term(k, x)
        if self.bias is not None:
            total += self.bias
        return total


class Rounder:
    """Assigns exact sums with ``fraction`` fraction bits to a type, and counts the values that did not fit.

    ``in_float`` rounds an array of float64 on the grid of the type, and ``scale`` brings sums to that grid; None for a
    type whose modes need integers.
    """

    def __init__(self, fraction: int, to: FixedType) -> None:
        self.fraction = fraction
        self.to = to
        self.overflows = 0
        self.scale = 2.0 ** (to.fraction - fraction)
        self.in_float = IN_FLOAT.get(to.rounding) if to.overflow == "SAT" else None

    def __call__(self, sums: Numbers) -> Numbers:
        if self.in_float is not None and sums.dtype == np.float64:
            return self._in_float(sums, self.in_float)
        integers = sums.astype(np.int64, copy=False)
        self.overflows += overflow_count(integers, self.fraction, self.to)
        return requantize(integers, self.fraction, self.to).astype(sums.dtype, copy=False)

    def _in_float(self, sums: Numbers, round_: np.ufunc) -> Numbers:
        """Without leaving float64: scaling by 2**k, rint and floor are exact there."""
        scaled = sums * self.scale
        rounded: Numbers = round_(scaled, out=scaled)
        low, high = self.to.min_int, self.to.max_int
        if rounded.size and (rounded.min() < low or rounded.max() > high):  # rare, so that clip and count can be slow
            self.overflows += int(np.count_nonzero((rounded < low) | (rounded > high)))
            np.clip(rounded, low, high, out=rounded)
        return rounded


def exact_dtype(name: str, bound: int) -> np.dtype:
    """The number format in which sums of magnitude up to ``bound`` are exact; ValueError from 2**62 on."""
    if bound >= 1 << MAX_WIDTH:
        raise ValueError(
            f"{name}: the exact sum can reach {bound.bit_length()} bits, the contract allows {MAX_WIDTH}; "
            "use fewer fraction bits in its inputs or weights"
        )
    return np.dtype(np.float64 if bound < FLOAT_EXACT else np.int64)


def _bound(terms: Sequence[tuple[int, NDArray[np.int64]]]) -> int:
    """Largest magnitude of any output: sum over the inputs of max|x| * |w|, in unbounded Python integers."""
    if not terms:
        return 0
    columns = [np.abs(w).sum(axis=0, dtype=object) * x_max for x_max, w in terms]
    return int(max(np.sum(columns, axis=0, dtype=object)))
