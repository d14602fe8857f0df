"""A rectifier in integers."""

from __future__ import annotations

import numpy as np

from lmu_hls.fixed import Ints, overflow_count, requantize
from lmu_hls.spec.layers.rectify import Rectify


def rectify(layer: Rectify, x: Ints) -> tuple[Ints, int]:
    """The layer's output for x (..., n), and how many of its values overflowed."""
    fraction, fine = layer.exact.fraction, layer.difference.fraction
    level = layer.threshold.values[0] << (fine - layer.threshold.type.fraction)
    difference = (x << (fine - layer.x.fraction)) - level
    above = x << (fraction - layer.x.fraction)
    below = difference * layer.slope.values << (fraction - fine - layer.slope.type.fraction)
    exact = np.where(difference > 0, above, below)
    if layer.most is not None:
        exact = np.minimum(exact, layer.most.values[0] << (fraction - layer.most.type.fraction))
    return requantize(exact, fraction, layer.out), overflow_count(exact, fraction, layer.out)
