"""Pooling and averages in integers."""

from __future__ import annotations

import numpy as np

from lmu_hls.fixed import Ints, overflow_count, requantize
from lmu_hls.golden.affine import exact_dtype
from lmu_hls.spec import Pool
from lmu_hls.spec.layers.mean import Mean

GUARD = 2  # bits below the result's: half an LSB, and whether anything is left below that


def pool(layer: Pool, x: Ints) -> tuple[Ints, int]:
    """The layer's output for the steps of a window side by side (..., size * n), and how many values overflowed.

    Raises ValueError when an exact sum could reach 2**62.
    """
    steps = x.reshape(*x.shape[:-1], layer.window.size, -1)
    if layer.reciprocal is None:
        return steps.max(axis=-2), 0
    factors, fraction = layer.reciprocals.values, layer.x.fraction + layer.reciprocal.type.fraction
    exact_dtype(f"{layer.name}: average", layer.window.size * layer.x.max_abs * int(np.abs(factors).max()))
    exact = steps.sum(axis=-2) * (factors[0] if layer.window.vector else factors[:, np.newaxis])
    return requantize(exact, fraction, layer.out), overflow_count(exact, fraction, layer.out)


def mean(layer: Mean, x: Ints) -> tuple[Ints, int]:
    """The layer's output for the steps of a sequence side by side (..., steps * n), and how many values overflowed."""
    total = x.reshape(*x.shape[:-1], layer.steps, -1).sum(axis=-2)
    fraction = layer.out.fraction + GUARD
    finer = fraction - 1 - layer.x.fraction
    quotient, rest = np.divmod(total << np.int64(max(0, finer)), np.int64(layer.steps << max(0, -finer)))
    value = 2 * quotient + (rest != 0)
    return requantize(value, fraction, layer.out), overflow_count(value, fraction, layer.out)
