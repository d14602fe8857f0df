"""Sequences of different lengths in golden: each gives what it gives alone, whatever stands behind it."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.spec import Node, Pool, Select, Weight, Window, chain
from lmu_hls.spec.layers.merge import Merge
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


def test_layers_that_give_other_numbers_of_steps():
    """Pairs of steps, and the average of each and of its neighbours that are there."""
    drawn = network(0)
    lmu = replace(drawn.lmus[0], return_sequences=True)
    pairs = Pool("pairs", lmu.h, Window(STEPS, 2, stride=2, size=2, open=True), None, lmu.h)
    edges = Window(2, 2, -1, size=3, pad=2, centred=True, open=True)
    factors = Weight(np.array([60, 40, 30]), FixedType(8, 1))
    mean = Pool("mean", lmu.h, edges, factors, lmu.h)
    net = replace(chain("net", drawn.x, STEPS, drawn.n_in, [lmu, pairs, mean]), any_length=True)
    assert net.least_steps == 2 and net.steps_of(np.array([1, 2, 5]))["mean"].tolist() == [0, 1, 2]
    x, lengths = sequences(net, 0)
    lengths = np.maximum(lengths, 2)
    together = golden.run(net, x, lengths=lengths)
    for row, length in enumerate(lengths):
        alone = golden.run(net.with_steps(int(length)), x[row : row + 1, :length]).output
        assert alone.shape[1] == length // 2 and np.array_equal(together.output[row, : length // 2], alone[0])
        assert np.array_equal(together.output[row, -1], alone[0, -1])
    with pytest.raises(LmuHlsError, match="2 to 5 steps"):
        golden.run(net, x, lengths=np.ones(6, int))
    both = (
        Select("cut", lmu.h, Window(STEPS, 4, 1, pad=-1, open=True)),
        Select("odd", lmu.h, Window(STEPS, 4, size=2, open=True)),
    )
    assert merged(net, lmu, *both).least_steps == 2
    other = Pool("other", lmu.h, Window(STEPS, 2, stride=3, size=2, open=True), None, lmu.h)
    with pytest.raises(ValueError, match="layer 'sum' reads 2 and 1 steps of a sequence of 4"):
        merged(net, lmu, pairs, other)


def merged(net, lmu, *layers):
    """The steps of two layers behind the same LMU side by side."""
    nodes = [Node("lmu", lmu, (net.inputs[0].name,)), *(Node(layer.name, layer, ("lmu",)) for layer in layers)]
    side_by_side = Merge("sum", *(layer.out for layer in layers), "concatenate", lmu.h)
    nodes.append(Node("sum", side_by_side, tuple(layer.name for layer in layers)))
    return replace(net, nodes=tuple(nodes), outputs=("sum",))


def test_windows_that_take_any_length():
    fixed = network(0).x
    last, largest = Window(5, 1, 4, vector=True), Window(5, 1, size=5, vector=True)
    assert last.shortened(2) == Window(2, 1, 1, vector=True)
    assert Pool("pool", fixed, largest, None, fixed).any_length
    assert Pool("pool", fixed, largest, None, fixed).with_steps(2).window == Window(2, 1, size=2, vector=True)
    assert not Pool("step", fixed, replace(largest, vector=False), None, fixed).any_length
    assert Select("last", fixed, last).any_length and not Select("flat", fixed, largest).any_length
    assert not Select("reversed", fixed, Window(5, 5, 4, -1)).any_length
