"""Comparing integers, value for value; `source` computed `actual`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.records import Comparison, Difference


def compare(
    name: str, source: str, tensor: str, expected: Ints, actual: Ints, lengths: Ints | None = None
) -> Comparison:
    """Compare two integer arrays of the same shape, samples on the first axis, ``==`` on every value.

    ``source``, one of records.SOURCES, computed ``actual``. ``lengths`` are the steps of each sample that count, in
    arrays (N, steps, n): only their values are told as compared.
    """
    if expected.shape != actual.shape:
        raise ValueError(f"{name}: shapes {actual.shape} and {expected.shape} cannot be compared")
    same = expected == actual
    exact = int(np.count_nonzero(same.reshape(len(same), -1).all(axis=1)))
    first = None
    if exact < len(same):
        index = tuple(int(i) for i in np.argwhere(~same)[0])
        first = Difference(tensor, index, int(expected[index]), int(actual[index]))
    values = expected.size
    if lengths is not None and expected.ndim == 3 and expected.shape[1] > 1:
        values = int(lengths.sum()) * expected.shape[-1]
    return Comparison(name, source, len(same), exact, values, first)


Tensors = Mapping[tuple[str, str], Ints]  # (layer, tensor) -> (N, ...)


def compare_tensors(
    name: str, source: str, expected: Tensors, actual: Tensors, lengths: Tensors | None = None
) -> Comparison:
    """Compare tensors of the same samples as :func:`compare` does; a sample is exact when it is so in every tensor.
    ``lengths``: of each tensor the steps of each sample that count.

    Raises ValueError when the names or shapes differ.
    """
    if set(expected) != set(actual):
        raise ValueError(f"{name}: tensors {sorted(actual)} and {sorted(expected)} cannot be compared")
    each = {
        key: compare(name, source, ".".join(filter(None, key)), expected[key], actual[key], (lengths or {}).get(key))
        for key in actual
    }
    exact = np.logical_and.reduce([_exact_samples(expected[key], actual[key]) for key in actual])
    first = next((of.first_difference for of in each.values() if of.first_difference), None)
    values = sum(of.values_compared for of in each.values())
    return Comparison(name, source, len(exact), int(np.count_nonzero(exact)), values, first)


def _exact_samples(expected: Ints, actual: Ints) -> np.ndarray:
    same = expected == actual
    return np.asarray(same.reshape(len(same), -1).all(axis=1))
