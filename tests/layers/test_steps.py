"""Slices as layers are those of NumPy, whatever the number of steps, and also where it is not known."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.layers.steps import Steps

ends = st.none() | st.integers(-7, 7)


@settings(deadline=None, max_examples=60)
@given(steps=st.integers(1, 5), start=ends, stop=ends, step=st.integers(-3, 3).filter(bool))
def test_slices(steps, start, stop, step):
    x = np.arange(2.0 * steps * 3).reshape(2, steps, 3)
    assert np.array_equal(Steps(start, stop, step)(x), x[:, start:stop:step])


@pytest.mark.parametrize("step", [2, -1])
def test_an_unknown_number_of_steps(step):
    x = keras.Input((None, 3))
    model = keras.Model(x, Steps(None, None, step)(x))
    for steps in (1, 4):
        values = np.random.default_rng(0).uniform(size=(1, steps, 3)).astype(np.float32)
        assert np.array_equal(model(values), values[:, ::step])
