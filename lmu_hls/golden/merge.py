"""The larger or the smaller of two values in integers."""

from __future__ import annotations

import numpy as np

from lmu_hls.fixed import Ints, overflow_count, requantize
from lmu_hls.golden.affine import exact_dtype
from lmu_hls.spec import Merge


def merge(layer: Merge, x0: Ints, x1: Ints) -> tuple[Ints, int]:
    """The layer's output for values (..., n) of both, and how many of its values overflowed.

    Raises ValueError when a value on the common grid could reach 2**62.
    """
    fraction = max(kind.fraction for kind in layer.inputs)
    lifts = [fraction - kind.fraction for kind in layer.inputs]
    largest = max(kind.max_abs << lift for kind, lift in zip(layer.inputs, lifts, strict=True))
    exact_dtype(f"{layer.name}: {layer.operation}", largest)
    choose = np.maximum if layer.operation == "maximum" else np.minimum
    exact = choose(x0 << np.int64(lifts[0]), x1 << np.int64(lifts[1]))
    return requantize(exact, fraction, layer.out), overflow_count(exact, fraction, layer.out)
