"""Comparing integers, value for value; `source` computed `actual`."""

from __future__ import annotations

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.records import Comparison, Difference


def compare(name: str, source: str, tensor: str, expected: Ints, actual: Ints) -> Comparison:
    """Compare two integer arrays of the same shape, samples on the first axis, ``==`` on every value.

    ``source``, one of records.SOURCES, computed ``actual``.
    """
    if expected.shape != actual.shape:
        raise ValueError(f"{name}: shapes {actual.shape} and {expected.shape} cannot be compared")
    same = expected == actual
    exact = int(np.count_nonzero(same.reshape(len(same), -1).all(axis=1)))
    first = None
    if exact < len(same):
        index = tuple(int(i) for i in np.argwhere(~same)[0])
        first = Difference(tensor, index, int(expected[index]), int(actual[index]))
    return Comparison(name, source, len(same), exact, int(expected.size), first)
