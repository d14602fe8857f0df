"""The layers behind a memory, trained on states that are computed once."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.training import Behind
from lmu_hls.training.pruning import kernels
from tests.support.lmu_models import convert, lmu, model

X = np.random.default_rng(1).normal(size=(24, 5, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def quantized():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dropout(0.5), keras.layers.Dense(4, "relu"), keras.layers.Dense(2)]
    built = model(lmu("relu", (False, False, True), name="memory", return_sequences=False), *layers)
    return lmu_hls.quantize(built, weights=4, activations=7, calibration=X)


def states(quantized):
    """What golden computes: the memory's output, and the network's."""
    network = network_spec(convert(quantized, "unused", None))
    trace = golden.run(network, quantize(X.astype(np.float64), network.x))
    h = to_float(trace["memory"].tensors["h"][:, -1], network.values["memory"].type)
    return h, to_float(trace.output, network.out)


def test_the_output_is_goldens_and_training_changes_the_model(quantized):
    h, expected = states(quantized)
    behind = Behind(quantized, "memory")
    assert np.array_equal(behind.predict(h, verbose=0), expected)
    assert np.array_equal(quantized.predict(X, verbose=0), expected)
    before = [w.copy() for w in quantized.float_model.get_weights()]
    behind.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    y = np.arange(len(h)) % 2
    loss = behind.evaluate(h, y, verbose=0)
    behind.fit(h, y, epochs=30, verbose=0)
    assert behind.evaluate(h, y, verbose=0) < loss
    changed = [not np.array_equal(a, b) for a, b in zip(before, quantized.float_model.get_weights(), strict=True)]
    assert changed[-4:] == [True] * 4 and not any(changed[:-4])  # the Dense layers, and nothing of the memory
    assert np.array_equal(behind.predict(h, verbose=0), quantized.predict(X, verbose=0))


def test_dropout_acts_in_training_only(quantized):
    h, behind = np.ones((8, 4)), Behind(quantized, "memory")
    assert not np.array_equal(behind(h, training=True), behind(h))


def test_what_cannot_be_is_refused(quantized):
    with pytest.raises(LmuHlsError, match="has no layer 'lmu'; it has memory, "):
        Behind(quantized, "lmu")
    with pytest.raises(LmuHlsError, match="needs 'input' beside 'other'"):
        quantized.program.behind({"other"})


@pytest.mark.parametrize("cell", ["relu", keras.layers.GRUCell(4)])
def test_the_hidden_cell_trains_behind_a_memory_that_is_computed_once(cell):
    keras.utils.set_random_seed(0)
    built = model(lmu(cell, (False, False, True), name="memory", return_sequences=False), keras.layers.Dense(2))
    quantized = lmu_hls.quantize(built, weights=4, activations=7, calibration=X)
    behind = Behind(quantized, "memory", memory=True)
    seen, expected = behind.before(X), quantized.predict(X, verbose=0)
    assert np.array_equal(behind.predict(seen, verbose=0), expected)
    assert np.array_equal(Behind(quantized, "memory").before(X).shape, (len(X), 4))
    encoder = [np.array(w) for w in built.get_layer("memory").cell.trainable_variables[:1]]
    behind.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    behind.fit(seen, np.arange(len(X)) % 2, epochs=3, verbose=0, callbacks=[lmu_hls.prune(0.5)])
    shares = {path: float(np.mean(np.array(variable) == 0)) for path, variable in kernels(quantized)}
    assert [share > 0.4 for share in shares.values()] == [False] + [True] * (len(shares) - 1)
    assert np.array_equal(encoder[0], np.array(built.get_layer("memory").cell.kernel))
    after = quantized.predict(X, verbose=0)
    assert not np.array_equal(after, expected)
    assert np.array_equal(behind.predict(behind.before(X), verbose=0), after)
    assert np.array_equal(behind.predict(seen, verbose=0), after)


def test_a_memory_with_feedback_or_none_is_refused(quantized):
    keras.utils.set_random_seed(0)
    built = model(
        lmu("relu", (True, False, True), name="memory", return_sequences=False), keras.layers.Dense(2, name="logits")
    )
    fed_back = lmu_hls.quantize(built, weights=4, activations=7, calibration=X)
    with pytest.raises(LmuHlsError, match="'memory' feeds back into its memory"):
        Behind(fed_back, "memory", memory=True).before(X)
    with pytest.raises(LmuHlsError, match=r"'logits' has no memory; LMU layers of .*: memory"):
        Behind(fed_back, "logits", memory=True)
