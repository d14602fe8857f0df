"""Quantized training on the other Keras backends, each in a process of its own (Keras chooses one at import)."""

from pathlib import Path

import pytest

from tests.support.other_backend import BACKENDS, check

CHECK = """
import sys
import keras, numpy as np
import lmu_hls
from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import ArgMax
from lmu_hls.training import Behind
from lmu_hls.training.program import Program
from tests.support.lmu_models import convert, lmu, model
from tests.support.random_networks import random_spec_input, random_spec_network

assert keras.backend.backend() == sys.argv[1]
for seed in range(8):
    network = random_spec_network(seed)
    if isinstance(network.layers[-1], ArgMax):
        network = network.with_layers(network.layers[:-1])
    x = random_spec_input(network, 6, seed)
    found = keras.ops.convert_to_numpy(Program(network)(to_float(x, network.x)))
    assert np.array_equal(found, to_float(golden.predict(network, x), network.out)), seed

x, y = np.random.default_rng(1).normal(size=(24, 5, 3)).astype("float32"), np.arange(24) % 2
kinds = {"relu": (False, False, True), "feedback": (True, True, True), "lstm": (False, False, True)}
for kind, connections in kinds.items():
    hidden = {"relu": "relu", "feedback": "tanh", "lstm": keras.layers.LSTMCell(3)}[kind]
    built = model(lmu(hidden, connections, name="memory", return_sequences=False), keras.layers.Dense(2))
    quantized = lmu_hls.quantize(built, weights=4, activations=7, calibration=x)
    for trained in (False, True):
        if trained:
            quantized.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
            losses = quantized.fit(x, y, epochs=12, verbose=0, callbacks=[lmu_hls.prune(0.5)]).history["loss"]
            assert losses[-1] < losses[0], losses
            kernel = keras.ops.convert_to_numpy(quantized.float_model.layers[-1].kernel)
            assert np.mean(kernel == 0) >= 0.5
        network = network_spec(convert(quantized, "unused", None))
        inputs = quantize(x.astype(np.float64), network.x)
        trace = golden.run(network, inputs)
        expected = to_float(trace.output, network.out)
        assert np.array_equal(quantized.predict(x, verbose=0), expected), (kind, trained)
        states = to_float(trace["memory"].tensors["h"][:, -1], network.values["memory"].type)
        assert np.array_equal(Behind(quantized, "memory").predict(states, verbose=0), expected), (kind, trained)
        if kind != "feedback":
            behind = Behind(quantized, "memory", memory=True)
            assert np.array_equal(behind.predict(behind.before(x), verbose=0), expected), (kind, trained)
print("same")
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_integers_are_goldens_and_training_works(backend: str, tmp_path: Path) -> None:
    check(CHECK, backend, tmp_path, JAX_ENABLE_X64="1")
