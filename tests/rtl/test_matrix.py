"""Matrices with zeros: which blocks are left out, what that makes of the cycles, and when the planner does so."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hls.rtl.cycles import MatrixBeats
from lmu_hls.rtl.matrix import ALL, SOME, Matrix, pattern_of


def sparse(rows: int, columns: int, share: float, lanes: int = 1, seed: int = 0) -> np.ndarray:
    """A kernel (columns, rows) of which a share of the blocks is zero, and no coefficient of the others."""
    kept = np.random.default_rng(seed).random((columns, rows // lanes)) >= share
    return np.repeat(kept, lanes, axis=1).astype(np.int64)


def matrix(kernel: np.ndarray, lanes: int, leave_out: bool | None = None) -> Matrix:
    return Matrix(*kernel.shape, lanes, pattern_of([kernel], leave_out))


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_cycles_are_the_blocks_that_are_not_zero(lanes: int) -> None:
    kernel = sparse(32, 60, 0.9, lanes)
    found = matrix(kernel, lanes)
    blocks = np.count_nonzero(kernel.reshape(60, -1, lanes)[..., 0], axis=0)
    assert found.formula == SOME and found.cycles == max(60, np.maximum(blocks, lanes).sum())
    assert found.products == np.count_nonzero(kernel)
    assert found.cycles < 0.15 * found.all_cycles and found.blocks[0] == max(blocks[0], lanes)
    dense = matrix(kernel, lanes, leave_out=False)
    assert dense.formula == ALL and dense.blocks == () and dense.cycles == found.all_cycles == 32 * 60 // lanes


def test_zeros_that_are_no_blocks_count() -> None:
    """Of two rows worked on at once, each has its zeros elsewhere."""
    kernel = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    assert matrix(kernel, 2, True).blocks == (5,)  # four blocks would be as many as columns
    assert matrix(kernel, 1, True).blocks == (2, 3)


def test_a_group_of_zeros_has_its_sums() -> None:
    kernel = np.zeros((6, 4), np.int64)
    assert matrix(kernel, 1).blocks == (1, 1, 1, 1) and matrix(kernel, 2).blocks == (2, 2)


def test_little_is_not_worth_it() -> None:
    """Less than an eighth of the cycles, or of a matrix with one group, which is read as it comes."""
    kernel = sparse(8, 40, 0.1)
    assert matrix(kernel, 1).blocks == () and matrix(kernel, 1, True).blocks
    assert matrix(sparse(4, 40, 0.9), 4).blocks == ()
    assert matrix(np.ones((3, 2), np.int64), 1).pattern is None


def test_parts_with_zeros_of_their_own_are_worked_on_part_by_part() -> None:
    """A GRU of 16 units that reads h and 20 other values: three of four blocks with lanes that divide it."""
    columns, units = 36, 16
    h = np.arange(columns) < units
    rows = np.array([np.ones(columns, bool), np.ones(columns, bool), h, ~h])  # r, z, inner, s
    pattern = pattern_of([np.tile(rows, (units, 1)).T.astype(np.int64)], None, parts=4)
    for lanes in (1, 2, 4, 8):
        found = Matrix(columns, 4 * units, lanes, pattern)
        assert 4 * found.cycles == 3 * found.all_cycles and found.together == lanes
        assert found.behind == (4 * lanes + 2 if lanes > 1 else 0)
    assert Matrix(columns, 4 * units, 16, pattern).blocks == ()  # later, for the sums have to be put in order
    assert pattern is not None and [*pattern.order(2)[:9]] == [0, 4, 1, 5, 2, 6, 3, 7, 8]


def test_beats_of_a_step_and_of_the_next() -> None:
    found = matrix(sparse(4, 10, 0.7, seed=3), 2, True)
    unit, total = MatrixBeats(found, 0), sum(found.blocks)
    first = unit([*range(10)])
    assert first == [9 + found.latency(row) for row in range(4)]
    assert first[-1] - 9 == total + found.lanes + found.to_sum
    late = unit([*range(10, 20)])
    assert late[-1] - first[-1] == max(total, 10)
