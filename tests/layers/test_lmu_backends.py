"""The same layer on the other Keras backends, each in a process of its own (Keras chooses one at import)."""

from pathlib import Path

import pytest

from tests.support.other_backend import BACKENDS, check

CHECK = """
import itertools, sys
import keras, numpy as np
from tests.support.reference_lmu import run
from lmu_hls.layers import LMU

assert keras.backend.backend() == sys.argv[1]
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(4, 9, 3)).astype("float32")
kinds = [lambda: None, lambda: keras.layers.Dense(5, "relu"), lambda: keras.layers.SimpleRNNCell(5),
         lambda: keras.layers.LSTMCell(5, dropout=0.1), lambda: keras.layers.GRUCell(5)]
for kind, discretizer, basis, train in itertools.product(
        kinds, ["zoh", "bilinear", "euler"], ["legendre", "orthonormal"], [False, True]):
    hidden = kind()
    connect = hidden is not None
    layer = LMU(2, 4, 20.0, hidden, train, connect, True, connect, discretizer, use_bias=True,
                bias_initializer="uniform", basis=basis, return_sequences=True)
    layer.build(x.shape)
    got = keras.ops.convert_to_numpy(layer(x))
    np.testing.assert_allclose(got, run(layer.cell, x)[0], atol=2e-5)
    if basis == "legendre" and train and discretizer == "zoh":
        net = LMU.from_config({**layer.get_config(), "name": "net", "dropout": 0.1, "recurrent_dropout": 0.1,
                               "return_sequences": False, "hidden_cell": keras.saving.serialize_keras_object(kind())})
        model = keras.Sequential([keras.Input((9, 3)), net, keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        before = [keras.ops.convert_to_numpy(w) for w in net.trainable_weights]
        losses = model.fit(x, np.ones((4, 1)), epochs=20, verbose=0).history["loss"]
        assert losses[-1] < losses[0], losses
        after = [keras.ops.convert_to_numpy(w) for w in net.trainable_weights]
        assert all(not np.array_equal(a, b) for a, b in zip(before, after))
feedforward = LMU(2, 4, 20.0, keras.layers.Dense(5, "relu"), return_sequences=True)
feedforward.build(x.shape)
np.testing.assert_allclose(keras.ops.convert_to_numpy(feedforward(x)), run(feedforward.cell, x)[0], atol=2e-5)
print("same")
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_same_results(backend: str, tmp_path: Path) -> None:
    """On a GPU JAX multiplies with fewer bits, unless it is told."""
    check(CHECK, backend, tmp_path, JAX_DEFAULT_MATMUL_PRECISION="float32")
