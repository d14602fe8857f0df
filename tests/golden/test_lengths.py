"""Sequences of different lengths in golden: each gives what it gives alone, whatever stands behind it."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.spec import Pool, Select, Window
from tests.support.random_networks import random_spec_network

STEPS = 5


def network(seed, last=None):
    """A drawn chain for any length; ``last`` as a layer behind its steps."""
    drawn = replace(random_spec_network(seed, 8), any_length=True)
    return drawn.with_steps(STEPS) if last is None else last(drawn.with_steps(STEPS))


def sequences(net, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(net.x.min_int, net.x.max_int + 1, (6, STEPS, net.n_in))
    return x, np.array([5, 1, 3, 2, 5, 4])


@pytest.mark.parametrize("seed", range(6))
def test_each_sequence_is_alone(seed):
    net = network(seed)
    x, lengths = sequences(net, seed)
    together = golden.run(net, x, lengths=lengths)
    for row, length in enumerate(lengths):
        alone = golden.run(net.with_steps(int(length)), x[row : row + 1, :length])
        for one, other in zip(together.layers, alone.layers, strict=True):
            for name, values in other.tensors.items():
                size = values.shape[1] if values.ndim == 3 else None
                assert np.array_equal(one.tensors[name][row : row + 1, :size], values)
    size = net.values[net.outputs[0]].steps
    if size is not None:
        assert together.output.shape[1] == STEPS
    assert np.array_equal(golden.predict(net, x, lengths=lengths), together.output)
    garbage = x.copy()
    for row, length in enumerate(lengths):
        garbage[row, length:] = net.x.max_int
    assert np.array_equal(golden.run(net, garbage, lengths=lengths).output, together.output)
    assert golden.run(net, garbage, lengths=lengths).overflows == together.overflows
    assert np.array_equal(golden.run(net, x).output, golden.run(replace(net, any_length=False), x).output)


def test_a_network_of_one_length_takes_no_other():
    net = replace(network(0), any_length=False)
    x, lengths = sequences(net, 0)
    with pytest.raises(ValueError, match="sequences of 5 steps only"):
        golden.run(net, x, lengths=lengths)
    with pytest.raises(LmuHlsError, match="1 to 5 steps"):
        golden.run(network(0), x, lengths=lengths + 1)


def test_windows_that_take_any_length():
    fixed = network(0).x
    last, largest = Window(5, 1, 4, vector=True), Window(5, 1, size=5, vector=True)
    assert last.shortened(2) == Window(2, 1, 1, vector=True)
    assert Pool("pool", fixed, largest, None, fixed).any_length
    assert Pool("pool", fixed, largest, None, fixed).with_steps(2).window == Window(2, 1, size=2, vector=True)
    assert not Pool("step", fixed, replace(largest, vector=False), None, fixed).any_length
    assert Select("last", fixed, last).any_length and not Select("flat", fixed, largest).any_length
    assert not Select("reversed", fixed, Window(5, 5, 4, -1)).any_length
