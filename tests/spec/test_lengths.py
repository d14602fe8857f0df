"""Lengths of sequences in one array."""

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.spec.lengths import check_lengths, counting, held, masked_lengths, unravelled


def test_check_lengths():
    for form in (np.array([1, 3]), np.array([[1], [3]]), np.array([1.0, 3.0], np.float32), [1, 3]):
        assert check_lengths(form, 2, 3).tolist() == [1, 3]


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([0, 1], ("hold 0 in sample 0", "1 to 3 steps")),
        ([1, 4], ("hold 4 in sample 1", "--steps")),
        ([1.5, 1], ("hold 1.5",)),
        ([1], ("shape (1,)", "the number of steps of each sample, (2,)")),
        (["a", "b"], ("the number of steps",)),
    ],
)
def test_lengths_that_cannot_be(lengths, words):
    with pytest.raises(LmuHlsError) as refusal:
        check_lengths(lengths, 2, 3)
    assert all(word in str(refusal.value) for word in words)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e39, None, "a"])
def test_values_that_fill_nothing_up(value):
    with pytest.raises(LmuHlsError, match=r"the mask value is .*, and data are finite float32 numbers"):
        masked_lengths(np.zeros((1, 2, 1)), value)


def test_the_value_is_that_of_keras():
    """float32 in an array of another type."""
    x = np.float64(np.float32([[[0.5], [-0.1]]]))
    assert masked_lengths(x, -0.1).tolist() == [1] == masked_lengths(x.tolist(), -0.1).tolist()
    with pytest.raises(LmuHlsError, match=r"x is float64 of shape \(2, 1\); give numbers"):
        masked_lengths(x[0], -0.1)


def test_masked_lengths():
    x = np.full((3, 4, 2), -1.0, np.float32)
    for row, length in enumerate((4, 1, 2)):
        x[row, :length, 1] = row
    assert masked_lengths(x, -1.0).tolist() == [4, 1, 2]
    x[2, 1] = -1.0
    x[2, 3, 0] = 0.0
    with pytest.raises(LmuHlsError, match=r"masked step before others that count \(sample 2, step 1\)"):
        masked_lengths(x, -1.0)
    x[2] = -1.0
    with pytest.raises(LmuHlsError, match=r"sample 2 of x has masked steps only"):
        masked_lengths(x, -1.0)


def test_the_last_step_is_held():
    lengths = np.array([2, 1, 3])
    rows = np.arange(9).reshape(3, 3, 1)
    assert held(rows, lengths, 3)[..., 0].tolist() == [[0, 1, 1], [3, 3, 3], [6, 7, 8]]
    flat = rows[counting(lengths, 3)]
    assert np.array_equal(unravelled(flat, lengths, 3), held(rows, lengths, 3))
