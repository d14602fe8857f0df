"""Options that Keras gives a recurrent layer: state, direction, masks, dropout, regularizers, wrappers."""

from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls.layers import LMU, LMUCell
from tests.support.reference_lmu import run

X = np.random.default_rng(5).normal(size=(3, 8, 4)).astype(np.float32)


def lmu(hidden: Any = None, **options: Any) -> LMU:
    keras.utils.set_random_seed(2)
    hidden = keras.layers.GRUCell(5) if hidden is None else hidden
    base = {"memory_d": 2, "order": 4, "theta": 10.0, "memory_to_memory": True, "input_to_hidden": True}
    return LMU(hidden_cell=hidden, **{**base, **options})


def twin(layer: LMU, **options: Any) -> LMU:
    """A layer of the same weights with some options changed."""
    other = LMU.from_config({**layer.get_config(), "name": "twin", **options})
    other.build(X.shape)
    other.set_weights(layer.get_weights())
    return other


def test_stateful_runs_on_until_reset() -> None:
    whole = lmu(return_sequences=True)
    want = np.asarray(whole(X))
    stateful = twin(whole, stateful=True)
    parts = np.concatenate([stateful(X[:, :3]), stateful(X[:, 3:])], axis=1)
    np.testing.assert_allclose(parts, want, atol=1e-6)
    assert not np.allclose(stateful(X), want, atol=1e-3)
    stateful.reset_state()
    np.testing.assert_allclose(stateful(X), want, atol=1e-6)


def test_go_backwards_and_unroll() -> None:
    forward = lmu(return_sequences=True)
    forward.build(X.shape)
    np.testing.assert_allclose(twin(forward, go_backwards=True)(X), forward(X[:, ::-1]), atol=1e-6)
    np.testing.assert_allclose(twin(forward, unroll=True)(X), forward(X), atol=1e-6)


@pytest.mark.parametrize("hidden", [None, keras.layers.Dense(5, "relu")])
def test_masked_steps_leave_no_trace(hidden: Any) -> None:
    layer = lmu(hidden, return_sequences=False)
    lengths = [8, 5, 2]
    padded = X.copy()
    for row, length in enumerate(lengths):
        padded[row, length:] = -7.0
    got = layer(keras.layers.Masking(-7.0)(padded))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(got[row], layer(X[row : row + 1, :length])[0], atol=1e-6)
    zeros = twin(layer, return_sequences=True, zero_output_for_mask=True)
    mask = np.arange(8) < np.array(lengths)[:, None]
    assert np.all(np.asarray(zeros(X, mask=mask))[~mask] == 0)


def test_bidirectional() -> None:
    layer = lmu(return_sequences=True)
    both = keras.layers.Bidirectional(layer, merge_mode="concat")
    got = np.asarray(both(X))
    assert got.shape == (3, 8, 10)
    np.testing.assert_allclose(got[..., :5], both.forward_layer(X), atol=1e-6)
    np.testing.assert_allclose(got[:, ::-1, 5:], both.backward_layer(X), atol=1e-6)


def test_stacked_cells_as_hidden_cell_feed_back_the_last_output() -> None:
    stack = keras.layers.StackedRNNCells([keras.layers.LSTMCell(3), keras.layers.GRUCell(5)])
    layer = lmu(stack, hidden_to_memory=True, return_state=True)
    out, *states = layer(X)
    assert [s.shape[-1] for s in states] == [8, 3, 3, 5]
    assert layer.cell.kernel.shape == (4 + 5, 2)
    np.testing.assert_array_equal(out, states[-1])


def test_identity_appends_the_input_to_the_memory() -> None:
    layer = lmu(keras.layers.Identity(), return_sequences=True)
    bare = LMU(2, 4, 10.0, None, memory_to_memory=True, return_sequences=True)
    bare.build(X.shape)
    layer.build(X.shape)
    bare.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(X), np.concatenate([bare(X), X], axis=-1))


def test_no_encoder() -> None:
    layer = LMU(4, 3, 10.0, None, kernel_initializer=None, return_sequences=True)
    want, _ = run((layer.build(X.shape), layer.cell)[1], X)
    np.testing.assert_allclose(layer(X), want, atol=1e-6)
    assert layer.weights == []


def test_regularizers_act_on_their_weights() -> None:
    l2 = keras.regularizers.L2(0.5)
    options = {"use_bias": True, "bias_initializer": "ones", "bias_regularizer": l2}
    layer = lmu(kernel_regularizer=l2, recurrent_regularizer=l2, **options)
    layer(X)
    cell = layer.cell
    squares = [0.5 * np.sum(np.square(np.asarray(w))) for w in (cell.kernel, cell.recurrent_kernel, cell.bias)]
    assert sum(float(loss) for loss in layer.losses) == pytest.approx(sum(squares), rel=1e-5)


@pytest.mark.parametrize("rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
def test_dropout_acts_in_training_only_and_follows_the_seed(rates: dict[str, float]) -> None:
    layer = lmu(seed=11, return_sequences=True, **rates)
    layer.build(X.shape)
    first = np.asarray(layer(X, training=True))
    assert not np.allclose(layer(X, training=True), first, atol=1e-3)
    np.testing.assert_array_equal(twin(layer)(X, training=True), first)
    still = np.asarray(layer(X))
    assert not np.allclose(first, still, atol=1e-3)
    np.testing.assert_array_equal(layer(X, training=False), still)
    np.testing.assert_array_equal(twin(layer, dropout=0.0, recurrent_dropout=0.0)(X, training=True), still)


def test_dropout_keeps_one_mask_for_all_steps() -> None:
    # Without memory (order 1, huge theta) and with an identity kernel, mem differences are the masked input.
    layer = LMU(4, 1, 1e6, None, kernel_initializer="identity", dropout=0.5, return_sequences=True, seed=4)
    ones = np.ones((2, 30, 4), np.float32)
    mem = np.asarray(layer(ones, training=True)) * 1e6
    steps = np.diff(mem, axis=1)
    assert set(np.round(steps.ravel(), 1)) == {0.0, 2.0}
    assert np.all(np.ptp(steps, axis=1) < 1e-2)


@pytest.mark.parametrize("cell", [keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell])
def test_dropout_inside_the_hidden_cell(cell: Any) -> None:
    layer = lmu(cell(5, dropout=0.5, recurrent_dropout=0.5))
    model = keras.Sequential([keras.Input((8, 4)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((3, 1)), epochs=2, batch_size=2, verbose=0)
    first, second = (np.asarray(layer(X, training=True)) for _ in range(2))
    assert not np.allclose(first, second, atol=1e-4)
    np.testing.assert_array_equal(layer(X), layer(X))


def test_fit_learns_from_the_past() -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    phase = 2 * np.pi * (rng.uniform(0, 0.1, (256, 1)) * np.arange(20) + rng.uniform(0, 1, (256, 1)))
    x = np.sin(phase)[..., None].astype(np.float32)
    model = keras.Sequential(
        [keras.Input((20, 1)), LMU(1, 8, 20.0, keras.layers.Dense(16, "tanh")), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(x, x[:, 4], epochs=30, batch_size=64, verbose=0)
    assert model.evaluate(x, x[:, 4], verbose=0) < 0.05


BAD = [
    ({"memory_d": 0}, "memory_d=0"),
    ({"memory_d": 1.5}, "memory_d=1.5"),
    ({"order": 0}, "order=0"),
    ({"order": 2000}, "order=2000"),
    ({"theta": 0}, "theta=0"),
    ({"theta": float("inf")}, "theta=inf"),
    ({"theta": "long"}, "theta='long'"),
    ({"discretizer": "tustin"}, "discretizer='tustin'.*zoh, bilinear, euler"),
    ({"discretizer": None}, "discretizer=None"),
    ({"basis": "fourier"}, "basis='fourier'.*legendre, orthonormal"),
    ({"discretizer": "euler", "theta": 3.0}, "theta=3 .*theta > 5.15"),
    ({"dropout": 1.0}, "dropout=1.0"),
    ({"dropout": "half"}, "dropout='half'"),
    ({"recurrent_dropout": -0.1}, "recurrent_dropout=-0.1"),
    ({"hidden_to_memory": "yes"}, "hidden_to_memory='yes'.*True or False"),
    ({"memory_to_memory": 1}, "memory_to_memory=1"),
    ({"input_to_hidden": None}, "input_to_hidden=None"),
    ({"trainable_theta": "no"}, "trainable_theta='no'"),
    ({"use_bias": 0}, "use_bias=0"),
    ({"hidden_cell": None, "input_to_hidden": True}, "input_to_hidden=True .*hidden_cell=None"),
    ({"hidden_cell": None, "hidden_to_memory": True, "input_to_hidden": False}, "hidden_to_memory=True .*None"),
    ({"hidden_cell": keras.layers.Dense}, "hidden_cell=.*as an instance"),
    ({"hidden_cell": "dense"}, "hidden_cell='dense'"),
    ({"hidden_cell": keras.layers.LSTM(3)}, "hidden_cell=.*LSTMCell in place of"),
    ({"hidden_cell": keras.layers.Identity(), "hidden_to_memory": True}, "hidden_to_memory=True .*units"),
]


@pytest.mark.parametrize("change, text", BAD)
@pytest.mark.parametrize("kind", [LMU, LMUCell])
def test_bad_arguments_are_named_at_construction(kind: Any, change: dict[str, Any], text: str) -> None:
    good = {"memory_d": 2, "order": 4, "theta": 10.0, "hidden_cell": keras.layers.Dense(3), "input_to_hidden": True}
    with pytest.raises(ValueError, match=text):
        kind(**{**good, **change})


def test_bad_shapes_are_named_at_build() -> None:
    with pytest.raises(ValueError, match=r"kernel_initializer=None .*memory_d=2 .*width 4"):
        LMU(2, 4, 10.0, None, kernel_initializer=None).build(X.shape)
    with pytest.raises(ValueError, match=r"kernel_initializer=None .*memory_d=4 .*width 9"):
        LMU(4, 4, 10.0, keras.layers.Dense(5), hidden_to_memory=True, kernel_initializer=None).build(X.shape)
    with pytest.raises(ValueError, match="last dimension must be known"):
        LMU(2, 4, 10.0, None).build((None, 8, None))
