"""Softmax and argmax in integers: the equations that are no sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lmu_hls.fixed import Ints, overflow_count, requantize
from lmu_hls.golden.affine import exact_dtype
from lmu_hls.golden.merge import merge
from lmu_hls.golden.normalize import normalize
from lmu_hls.golden.pool import mean, pool
from lmu_hls.golden.rectify import rectify
from lmu_hls.spec import ArgMax, Merge, Pool, Softmax, VectorFunction
from lmu_hls.spec.layers.mean import Mean
from lmu_hls.spec.layers.normalize import Normalize
from lmu_hls.spec.layers.rectify import Rectify

GUARD = 2  # bits below the result's: half an LSB, and whether anything is left below that


def softmax(layer: Softmax, x: Ints) -> tuple[Ints, int]:
    """The layer's output for x (..., n), and how many of its values overflowed.

    Raises ValueError when an exact value could reach 2**62.
    """
    _check(layer, x.shape[-1])
    difference = x.max(axis=-1, keepdims=True) - x + layer.up
    powers = layer.exp.values.values[requantize(difference, layer.x.fraction, layer.index)]
    # Exact for every rounding mode: the quotient down to half an LSB, and one more bit that is 1 if anything is left.
    quotient, rest = np.divmod(powers << np.int64(layer.out.fraction + GUARD - 1), powers.sum(axis=-1, keepdims=True))
    value, fraction = 2 * quotient + (rest != 0), layer.out.fraction + GUARD
    return requantize(value, fraction, layer.out), overflow_count(value, fraction, layer.out)


def argmax(layer: ArgMax, x: Ints) -> tuple[Ints, int]:
    """The index of the largest of x (..., n) as (..., 1); it always fits."""
    return requantize(np.argmax(x, axis=-1, keepdims=True), 0, layer.out), 0


def _check(layer: Softmax, n: int) -> None:
    largest = int(layer.exp.values.values.max())
    span = layer.x.max_int - layer.x.min_int + layer.up
    exact_dtype(f"{layer.name}: difference", span << max(0, layer.index.fraction - layer.x.fraction))
    exact_dtype(f"{layer.name}: sum", n * largest)
    exact_dtype(f"{layer.name}: quotient", largest << (layer.out.fraction + GUARD))


# Each takes the function of the contract and values (..., n), of several tensors in order, and gives its values and
# how many of them overflowed
EQUATIONS: Mapping[type[VectorFunction], Callable[..., tuple[Ints, int]]] = {
    Softmax: softmax,
    ArgMax: argmax,
    Pool: pool,
    Mean: mean,
    Merge: merge,
    Rectify: rectify,
    Normalize: normalize,
}
