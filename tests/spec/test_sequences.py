"""Every shape but that of whole sequences is refused, also those with as many values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.spec.sequences import whole_sequences

sizes = st.integers(1, 5)


@settings(max_examples=200, deadline=None)
@given(sizes, sizes, st.lists(st.integers(0, 6), max_size=4))
def test_only_whole_sequences_pass(steps, n_in, shape):
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    if tuple(shape) == (steps, n_in):
        assert np.array_equal(whole_sequences(x, steps, n_in), x[None])
    elif len(shape) == 3 and tuple(shape[1:]) == (steps, n_in) and shape[0]:
        assert whole_sequences(x, steps, n_in) is x
    else:
        with pytest.raises(LmuHlsError) as error:
            whole_sequences(x, steps, n_in)
        assert f"{tuple(shape)}, but the model takes (samples, {steps}, {n_in})" in str(error.value)


@pytest.mark.parametrize(
    ("shape", "size", "hint"),
    [
        ((3, 2, 6), (6, 2), "x.transpose(0, 2, 1)"),
        ((5, 12), (6, 2), "x.reshape(-1, 6, 2)"),
        ((5, 6), (6, 1), "x[..., None]"),
        ((5, 12, 2), (6, 2), "cut or pad every sample to 6 steps"),
        ((5, 6, 3), (6, 2), "every step needs 2 features"),
        ((0, 6, 2), (6, 2), "give one sample at least"),
        ((1, 5, 6, 2), (6, 2), "give whole sequences"),
    ],
)
def test_the_remedy_fits(shape, size, hint):
    with pytest.raises(LmuHlsError) as error:
        whole_sequences(np.zeros(shape), *size)
    assert hint in str(error.value)


def test_the_largest_floats_saturate():
    """They are finite: no NaN, and no infinity."""
    x = np.array([1.7e308, -1.7e308, 5e-324])
    assert list(quantize(x, FixedType(16, -20))) == [32767, -32768, 0]
    with pytest.raises(ValueError, match=r"1\.7e\+308 is too large to be wrapped"):
        quantize(x, FixedType(16, 6, overflow="WRAP"))
