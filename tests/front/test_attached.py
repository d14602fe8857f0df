"""A layer as the activation of another one is read as a layer behind it."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.flat import flat
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu, model

L = keras.layers
X = np.random.default_rng(1).uniform(-1, 1, (6, STEPS, N_IN)).astype(np.float32)
# Each with the classes that come of it
LAYERS = {
    "dense": (lambda: L.Dense(3, L.LeakyReLU(0.1), name="one"), [L.Dense, L.LeakyReLU]),
    "weights": (lambda: L.Dense(3, L.PReLU(shared_axes=[1]), name="one"), [L.Dense, L.PReLU]),
    "steps": (lambda: L.TimeDistributed(L.Dense(3, L.ReLU(0.5)), name="one"), [L.TimeDistributed, L.ReLU]),
    "convolution": (lambda: L.SeparableConv1D(3, 2, activation=L.ELU(2.0), name="one"), [L.SeparableConv1D, L.ELU]),
    "activation": (lambda: L.Activation(L.LeakyReLU(0.3), name="one"), [L.LeakyReLU]),
    "several": (lambda: L.Dense(3, L.Activation(L.Softmax()), name="one"), [L.Dense, L.Softmax]),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_the_flat_model_computes_the_same(kind):
    make, classes = LAYERS[kind]
    built = model(lmu("tanh", name="memory"), make(), L.Dense(2, name="head"))
    for weight in built(X) is not None and built.weights:  # a PReLU is built by then
        weight.assign(np.random.default_rng(2).uniform(-1, 1, weight.shape))
    changed = flat(built)
    assert [type(layer) for layer in changed.layers[2:-1]] == classes
    assert [layer.name for layer in changed.layers[2:-1]] == ["one", "one_activation"][: len(classes)]
    np.testing.assert_allclose(changed(X), built(X), atol=1e-6)
    assert flat(changed) is changed


@pytest.mark.parametrize("kind", ["weights", pytest.param("convolution", marks=pytest.mark.slow)])
def test_golden_is_near_keras(kind, tmp_path):
    built = model(lmu("tanh", name="memory"), LAYERS[kind][0](), L.Dense(2, name="head"))
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<20,6>")))
    y = to_float(golden.run(network, quantize(X, network.x)).output, network.out)
    assert np.abs(y - built.predict(X, verbose=0)).max() < 0.02


def test_a_layer_that_cannot_be_converted_is_refused_by_its_name(tmp_path):
    built = model(lmu("tanh", name="memory"), L.Dense(3, L.PReLU(), name="one"))
    with pytest.raises(LmuHlsError, match=r"layer 'one_activation': PReLU with a slope for each step"):
        convert(built, tmp_path)
