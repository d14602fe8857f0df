"""What verify keeps to be drawn is what Keras, golden and the definition of the memory give, and it is bounded."""

import dataclasses

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.figures import check_targets
from lmu_hls.fixed import quantize, to_float
from lmu_hls.flow.data import head_of
from lmu_hls.flow.traces import traces
from lmu_hls.layers import LMU
from lmu_hls.records.traces import CLASSES, CURVES, DELAYS, POINTS, STEPS
from lmu_hls.tuning.draft import configured_types, draft
from tests.support.small_model import small_model

X = np.random.default_rng(0).normal(size=(40, 5, 2))


@pytest.fixture(scope="module")
def traced():
    """A function of a model, inputs and targets: the network and what is kept of it."""

    def run(model, x, y=None):
        source = draft(model)
        network = source.network(configured_types(model, source, {"Model": {"Precision": "fixed<18,6>"}}))
        integers = quantize(x, network.x)
        real = np.asarray(model.predict(x, verbose=0), np.float64)
        targets = None if y is None else check_targets(y, head_of(network), len(x))
        (entrance,), (out,) = network.inputs, network.outputs
        outputs = {out: real}, {out: golden.predict(network, integers)}
        judged = {} if targets is None else {out: targets}
        kept = traces(network, model, {entrance.name: x}, {entrance.name: integers}, outputs, judged, None)
        return network, kept

    return run


@pytest.fixture(scope="module")
def classes(traced):
    return traced(small_model(), X, np.arange(40) % 3)


def test_states_in_float_are_those_of_keras_at_every_step(classes):
    _, kept = classes
    whole = small_model(head=0, return_sequences=True)
    states = np.asarray(whole(X[:1]))[0]
    assert 0 < len(kept.signals) <= CURVES and {(s.layer, s.tensor) for s in kept.signals} == {("lmu", "h")}
    for signal in kept.signals:
        assert np.allclose(signal.real, states[:, signal.element], rtol=1e-4, atol=1e-5)
        assert np.allclose(signal.fixed, signal.real, atol=0.01) and signal.fixed != signal.real


def test_the_matrix_counts_every_answer(classes, traced):
    network, kept = classes
    answers = to_float(golden.predict(network, quantize(X, network.x)), network.out).argmax(-1)
    for target in range(3):
        for answer in range(3):
            wanted = sum(1 for k in range(40) if k % 3 == target and answers[k] == answer)
            assert kept.confusion.counts[target][answer] == wanted
    assert kept.scatter is None and CLASSES >= 3


def test_a_regression_has_targets_and_outputs(traced):
    y = np.random.default_rng(1).normal(size=(40, 3))
    network, kept = traced(small_model(), X, y)
    assert kept.confusion is None and len(kept.scatter.targets) == min(120, POINTS)
    assert np.allclose(kept.scatter.targets, y.ravel(), rtol=1e-5)
    outputs = to_float(golden.predict(network, quantize(X, network.x)), network.out)
    assert np.allclose(kept.scatter.outputs, outputs.ravel(), rtol=1e-5)


def test_a_slow_input_is_remembered(traced):
    """Over theta a slow wave is given back by its coefficients; a wrong basis or window would not do it."""
    steps = 700
    wave = np.sin(np.arange(steps) / 25.0)[None, :, None]
    cell = LMU(1, 8, theta=100, hidden_cell=None, hidden_to_memory=False, return_sequences=True, name="lmu")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((steps, 1)), cell], name="slow")
    _, kept = traced(model, wave)
    (memory,) = kept.memories
    assert memory.delays[0] == 0.5 and memory.theta == 100 and len(memory.delays) <= DELAYS
    assert np.abs(np.array(memory.past) - memory.recalled).max() < 0.03 * np.abs(memory.past).max()
    assert all(len(signal.fixed) == STEPS and signal.first == steps - STEPS for signal in kept.signals)


def test_numbers_are_short_and_finite(classes):
    _, kept = classes
    text = str(dataclasses.asdict(kept))
    assert "inf" not in text and "nan" not in text and len(text) < 10_000
