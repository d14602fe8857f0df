"""A matrix as additions: canonical digits, shared sums, and the widths that hold them."""

from itertools import pairwise

import numpy as np
import pytest

from lmu_hls import adders
from lmu_hls.adders import AdderGraph, Output, Sum, canonical_digits, shared_additions
from lmu_hls.fixed import FixedType
from lmu_hls.legendre import discretize

X = FixedType(9, 3)


def test_by_hand():
    """x0, x1 -> 5 x0 - x1, and -4 (x0 + x1), and 0."""
    sums = (Sum(0, 2, 0, 0, False), Sum(2, 0, 1, 0, True), Sum(0, 0, 1, 0, False))
    graph = AdderGraph(2, sums, (Output(3, 0, False), Output(4, 2, True), Output(None, 0, False)))
    assert graph.matrix().tolist() == [[5, -4, 0], [-1, -4, 0]]
    assert (graph.adders, graph.levels) == (4, 2)
    assert graph.widths((FixedType(4, 4), FixedType(3, 3))) == [4, 3, 7, 7, 5]


@pytest.mark.parametrize("value", [0, 1, -1, 7, -119, 2**40 - 5, *range(40, 60)])
def test_canonical_digits(value):
    digits = canonical_digits(value)
    assert sum((-1 if minus else 1) << shift for shift, minus in digits) == value
    shifts = [shift for shift, _ in digits]
    assert all(later > shift + 1 for shift, later in pairwise(shifts))


@pytest.mark.parametrize("order", [1, 2, 5, 9])
def test_the_additions_are_the_matrix_in_enough_bits(order):
    """Random coefficients, half of them zero, one output of which has a common factor and one is zero."""
    rng = np.random.default_rng(order)
    matrix = rng.integers(-300, 300, (order + 1, order)) * rng.integers(0, 2, (order + 1, order))
    matrix[:, 0] <<= 5
    matrix[:, order // 2] *= order % 2
    graph = shared_additions(matrix.astype(object))
    assert np.array_equal(graph.matrix(), matrix)
    rows = np.array(graph.coefficients(), dtype=object)
    for ends in (np.where(rows > 0, X.max_int, X.min_int), np.where(rows > 0, X.min_int, X.max_int)):
        for value, width in zip((rows * ends).sum(axis=1), graph.widths([X] * (order + 1)), strict=True):
            assert -(1 << width - 1) <= value < 1 << width - 1


def test_what_is_shared():
    """5 x0 + 5 x1 twice, once shifted, is two additions: x0 + x1, and five times that."""
    graph = shared_additions(np.array([[5, 10], [5, 10]], dtype=object))
    assert len(graph.sums) == 2 and graph.levels == 2


def test_a_memory_takes_half_of_the_additions_of_its_digits():
    a, b = discretize(6, 29.0, "zoh", "orthonormal")
    matrix = np.round(np.vstack([b.ravel(), a.T]) * 2**15).astype(np.int64).astype(object)
    digits = sum(len(canonical_digits(int(value))) for value in matrix.flat) - 6
    graph = shared_additions(matrix)
    assert digits > 200 and graph.adders < 0.57 * digits and graph.levels <= 7


def test_additions_that_are_another_matrix_are_not_given(monkeypatch):
    right = adders._Sharing.total
    monkeypatch.setattr(adders._Sharing, "total", lambda self, terms: Output(right(self, terms).value, 1, False))
    with pytest.raises(ArithmeticError, match="another matrix"):
        shared_additions(np.array([[5, 3], [1, 7]], dtype=object))
