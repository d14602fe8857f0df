"""LSTM, GRU and SimpleRNN layers trained on the integers of the contract."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import chain
from lmu_hls.training.program import Program
from tests.support.lmu_models import N_IN, STEPS, convert, lmu, model
from tests.support.networks import random_input, random_recurrent

FUNCTIONS = {
    "dense": lambda: lmu(keras.layers.Dense(3, keras.layers.LeakyReLU(0.4))),
    "rnn": lambda: keras.layers.SimpleRNN(3, "selu", return_sequences=True),
    "lstm": lambda: keras.layers.LSTM(3, keras.layers.ELU(1.5), "log_sigmoid", return_sequences=True),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions_over_the_whole_type(kind, tmp_path):
    built = model(FUNCTIONS[kind](), keras.layers.Dense(2, name="head"))
    x = np.random.default_rng(0).uniform(-1, 1, (8, STEPS, N_IN)).astype(np.float32)
    quantized = lmu_hls.quantize(built, 6, 8, calibration=x)
    network = network_spec(convert(quantized, tmp_path))
    expected = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    assert np.array_equal(quantized.predict(x, verbose=0), expected) and len(np.unique(expected)) > 4


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "gru before"])
def test_drawn_layers_equal_golden(kind):
    rng = np.random.default_rng(2)
    layer = random_recurrent(rng, kind, return_sequences=kind != "gru")
    network = chain("net", layer.x, layer.steps, layer.n_in, (layer,))
    x = random_input(rng, network, 6)
    expected = golden.predict(network, x)
    assert np.array_equal(np.asarray(Program(network)(to_float(x, network.x))), to_float(expected, network.out))


def test_what_keras_predicts_is_golden_and_weights_move(tmp_path):
    layers = [keras.layers.LSTM(3, return_sequences=True), keras.layers.GRU(3, reset_after=False)]
    built = model(*layers, keras.layers.Dense(2, name="head"))
    x = np.random.default_rng(0).uniform(-1, 1, (16, STEPS, N_IN)).astype(np.float32)
    quantized = lmu_hls.quantize(built, 6, 8, calibration=x)
    network = network_spec(convert(quantized, tmp_path))
    assert [layer.hidden.kernel_h.type.width for layer in network.recurrent] == [6, 6]
    expected = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    assert np.array_equal(quantized.predict(x, verbose=0), expected) and len(np.unique(expected)) > 4
    quantized.compile("sgd", "mse")
    before = [np.array(weight) for weight in quantized.trainable_weights]
    quantized.fit(x, np.ones((16, 2)), epochs=1, verbose=0)
    moved = zip(quantized.trainable_weights, before, strict=True)
    assert all(not np.array_equal(weight, old) for weight, old in moved)
