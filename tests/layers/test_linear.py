"""The memory over all steps at once against the step-by-step form: values, states and gradients."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lmu_hls import legendre
from lmu_hls.layers import LMU, LMUCell, linear

HIDDEN = {
    "none": lambda: None,
    "dense": lambda: keras.layers.Dense(5, "tanh"),
    "gru": lambda: keras.layers.GRUCell(5, bias_initializer="uniform"),
    "gru-before": lambda: keras.layers.GRUCell(5, reset_after=False, bias_initializer="uniform"),
    "gru-plain": lambda: keras.layers.GRUCell(5, activation="relu", use_bias=False),
    "lstm": lambda: keras.layers.LSTMCell(5, recurrent_activation="hard_sigmoid"),
    "lstm-plain": lambda: keras.layers.LSTMCell(5, use_bias=False),
    "rnn": lambda: keras.layers.SimpleRNNCell(5, bias_initializer="uniform"),
    "stack": lambda: keras.layers.StackedRNNCells([keras.layers.GRUCell(3), keras.layers.LSTMCell(5)]),
}


def pair(hidden: str, features: int, **options: Any) -> tuple[LMU, keras.layers.RNN]:
    """The layer, and the same cell run step by step by keras.layers.RNN."""
    base = {"use_bias": True, "bias_initializer": "uniform", "input_to_hidden": hidden != "none"}
    outer = {k: options.pop(k) for k in ("return_sequences", "return_state", "go_backwards") if k in options}
    keras.utils.set_random_seed(0)
    fast = LMU(hidden_cell=HIDDEN[hidden](), **{**base, **options}, **outer)
    slow = keras.layers.RNN(LMUCell(hidden_cell=HIDDEN[hidden](), **{**base, **options}), **outer)
    for layer in (fast, slow):
        layer.build((None, 9, features))
    slow.set_weights(fast.get_weights())
    return fast, slow


def value_and_gradients(layer: Any, x: np.ndarray, states: list[Any] | None) -> list[np.ndarray]:
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        results = tf.nest.flatten(layer(inputs, initial_state=states))
        loss = sum(tf.reduce_mean(tf.sin(3.0 * r)) for r in results)
    gradients = tape.gradient(loss, [inputs, *(w.value for w in layer.trainable_weights)])
    return [np.asarray(v) for v in (*results, *gradients)]


def agree(got: list[np.ndarray], want: list[np.ndarray], bound: float = 1e-4) -> None:
    assert len(got) == len(want)
    for one, two in zip(got, want, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=bound * np.max(np.abs(two)) + 1e-9)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("steps", [1, 40])
def test_same_as_step_by_step(hidden: str, sequences: bool, steps: int) -> None:
    x = np.random.default_rng(steps).normal(size=(3, steps, 4)).astype(np.float32)
    options = {"memory_d": 3, "order": 6, "theta": 20.0, "return_sequences": sequences, "return_state": True}
    fast, slow = pair(hidden, 4, **options)
    agree(value_and_gradients(fast, x, None), value_and_gradients(slow, x, None))
    rng = np.random.default_rng(1)
    states = [tf.constant(rng.normal(size=(3, n)).astype(np.float32)) for n in fast.cell.state_size]
    agree(value_and_gradients(fast, x, states), value_and_gradients(slow, x, states))


@pytest.mark.parametrize("discretizer", legendre.DISCRETIZERS)
@pytest.mark.parametrize("basis", legendre.BASES)
def test_same_gradient_by_theta(discretizer: str, basis: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 40, 2)).astype(np.float32)
    fast, slow = pair(
        "none", 2, memory_d=1, order=5, theta=20.0, trainable_theta=True, discretizer=discretizer, basis=basis
    )
    agree(value_and_gradients(fast, x, None), value_and_gradients(slow, x, None))


def test_go_backwards() -> None:
    x = np.random.default_rng(0).normal(size=(2, 9, 2)).astype(np.float32)
    fast, slow = pair("dense", 2, memory_d=1, order=5, theta=20.0, go_backwards=True, return_sequences=True)
    agree(value_and_gradients(fast, x, None), value_and_gradients(slow, x, None))


def test_dropout_is_one_mask_for_all_steps_here_too() -> None:
    layer = LMU(4, 1, 1e6, None, kernel_initializer=None, dropout=0.5, return_sequences=True, seed=4)
    mem = np.asarray(layer(np.ones((2, 50, 4), np.float32), training=True)) * 1e6
    np.testing.assert_allclose(np.diff(mem, axis=1), np.repeat(np.diff(mem, axis=1)[:, :1], 49, axis=1), atol=1e-2)


@pytest.mark.parametrize("order, theta, steps", [(12, 50.0, 33), (256, 784.0, 784), (8, 30.0, 5000), (600, 900.0, 20)])
def test_long_sequences_and_large_orders(order: int, theta: float, steps: int) -> None:
    """More than 32 blocks (doubling), short blocks, against a float64 recurrence."""
    a_bar, b_bar = legendre.discretize(order, theta, "zoh", "orthonormal")
    u = np.random.default_rng(0).normal(size=(2, steps)).astype(np.float32)
    layer = LMU(1, order, theta, None, kernel_initializer=None, basis="orthonormal", return_sequences=True)
    got = np.asarray(layer(u[..., None]))
    mem = np.zeros((2, order))
    for step in range(steps):
        mem = mem @ a_bar.T + u[:, step : step + 1] * b_bar
        np.testing.assert_allclose(got[:, step], mem, atol=1e-5)


def test_powers_and_blocks_are_what_they_say() -> None:
    a_bar, b_bar = legendre.discretize(4, 9.0, "zoh")
    for count in (1, 2, 5, 8):
        rows, total = linear.powers(np, a_bar, b_bar, count)
        assert rows.shape == (count, 4)
        np.testing.assert_allclose(total, np.linalg.matrix_power(a_bar, count), atol=1e-12)
        for j in range(count):
            np.testing.assert_allclose(rows[j], np.linalg.matrix_power(a_bar, j) @ b_bar, atol=1e-12)


@pytest.mark.parametrize("steps, order", [(1, 4), (784, 256), (50, 12), (33, 4), (1000, 1024)])
def test_block_length_covers_the_sequence_with_little_waste(steps: int, order: int) -> None:
    length = linear.block_length(steps, order)
    assert 1 <= length <= 56
    assert -(-steps // length) * length - steps < -(-steps // length)


def test_unknown_length_takes_the_loop_and_agrees() -> None:
    layer = LMU(2, 6, 20.0, keras.layers.Dense(3), return_sequences=True)
    model = keras.Sequential([keras.Input((None, 2)), layer])
    x = np.random.default_rng(0).normal(size=(2, 9, 2)).astype(np.float32)
    np.testing.assert_allclose(model.predict(x, verbose=0), layer(x), atol=1e-5)


def test_batch_normalization_as_hidden_layer_takes_the_loop() -> None:
    assert not linear.time_distributed(keras.layers.BatchNormalization())
    assert linear.time_distributed(keras.layers.Dense(2))
