"""A normalization of the values of a step, in integers."""

from __future__ import annotations

import numpy as np

from lmu_hls.fixed import Ints, overflow_count, requantize
from lmu_hls.spec.layers.normalize import Normalize

GUARD = 2  # bits below the result's: half an LSB, and whether anything is left below that


def normalize(layer: Normalize, x: Ints) -> tuple[Ints, int]:
    """The layer's output for x (..., n), and how many of its values overflowed."""
    difference = layer.size * x - x.sum(axis=-1, keepdims=True) if layer.centered else x
    total = np.square(difference).sum(axis=-1, keepdims=True) + layer.epsilon
    root = np.maximum(1, _root((total << (2 * layer.guard)) // layer.divisor))
    fraction = layer.out.fraction + GUARD
    # floor and a bit for the rest lie where the exact quotient does between two halves of an LSB
    quotient, rest = np.divmod(difference << (layer.guard + fraction - 1), root)
    value = 2 * quotient + (rest != 0)
    return requantize(value, fraction, layer.out), overflow_count(value, fraction, layer.out)


def _root(values: Ints) -> Ints:
    """The largest integers whose squares are no larger than ``values``, which are below 2**62."""
    root = np.sqrt(values.astype(np.float64)).astype(np.int64)
    root -= root * root > values
    return root + ((root + 1) * (root + 1) <= values)
