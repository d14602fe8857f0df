"""One step of training under XLA equals the step that is not compiled, whatever is known of the sequence's shape."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls.layers import LMU

tf = pytest.importorskip("tensorflow", reason="this test compiles with TensorFlow's XLA")

FEATURES, UNITS = 10, 3
CELLS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "dense": lambda: keras.layers.Dense(UNITS, "tanh"),
    "rnn": lambda: keras.layers.SimpleRNNCell(UNITS),
    "lstm": lambda: keras.layers.LSTMCell(UNITS),
    "gru": lambda: keras.layers.GRUCell(UNITS),
    "gru-before": lambda: keras.layers.GRUCell(UNITS, reset_after=False),
    "stacked": lambda: keras.layers.StackedRNNCells([keras.layers.LSTMCell(2), keras.layers.GRUCell(UNITS)]),
}
FEEDBACK = {"hidden_to_memory": True, "memory_to_memory": True, "input_to_hidden": True}
CONNECTIONS: dict[str, dict[str, Any]] = {
    "linear": {},
    "memory": {"memory_to_memory": True, "use_bias": True},
    "all": FEEDBACK,
    "all, every step": {**FEEDBACK, "return_sequences": True},
    "linear, every step": {"input_to_hidden": True, "return_sequences": True},
    "all, theta": {**FEEDBACK, "trainable_theta": True},
    "all, theta, bilinear": {**FEEDBACK, "trainable_theta": True, "discretizer": "bilinear"},
    "linear, theta": {"trainable_theta": True},
}
# (batch, time) as the graph knows them.
SHAPES = {"batch": (None, 5), "time": (4, None), "both": (None, None), "none": (4, 5)}
DEFAULT = [("rnn", "all", "both"), ("lstm", "all", "both"), ("none", "memory", "both"), ("gru", "linear", "batch")]


def cases() -> list[Any]:
    """Every cell, connection and shape; all but a few are slow."""
    found = []
    for case in ((c, o, s) for c in CELLS for o in CONNECTIONS for s in SHAPES):
        if case[0] != "none" or not any(CONNECTIONS[case[1]].get(n) for n in ("hidden_to_memory", "input_to_hidden")):
            found.append(pytest.param(*case, marks=[] if case in DEFAULT else pytest.mark.slow))
    return found


def trained(cell: str, options: dict[str, Any], shape: tuple[int | None, int | None], jit: bool) -> list[np.ndarray]:
    """The outputs and the weights after one step of SGD on four sequences of five steps."""
    keras.utils.set_random_seed(1)
    lmu = LMU(2, 3, 4.0, CELLS[cell](), **options)
    model = keras.Sequential([keras.Input((shape[1], FEATURES)), lmu])
    model.compile("sgd", "mse", jit_compile=jit)
    x = np.random.default_rng(0).normal(size=(4, 5, FEATURES)).astype(np.float32)
    y = np.ones((4, *(5,) * lmu.return_sequences, lmu.cell.output_size), np.float32)
    free = (shape[0], *(shape[1],) * lmu.return_sequences, y.shape[-1])
    signature = (tf.TensorSpec((*shape, FEATURES)), tf.TensorSpec(free))
    data = tf.data.Dataset.from_generator(lambda: iter([(x, y)]), output_signature=signature)
    model.fit(data, verbose=0)
    # Not the loss that fit reports: of a generator, Keras's mean depends on jit_compile with a plain Dense, too.
    return [np.asarray(model(x)), *model.get_weights()]


@pytest.mark.parametrize(("cell", "connections", "shape"), cases())
def test_a_compiled_step_is_the_step(cell: str, connections: str, shape: str) -> None:
    want, got = (trained(cell, CONNECTIONS[connections], SHAPES[shape], jit) for jit in (False, True))
    for one, two in zip(got, want, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
