"""Re-basing is exact, re-discretizing is measured."""

from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls.layers import LMU, LMUCell
from lmu_hls.layers.rebase import fine_tune, rebase, rediscretize

X = np.random.default_rng(3).normal(size=(6, 15, 3)).astype(np.float32)
HIDDEN = {
    "dense": lambda: keras.layers.Dense(5, "tanh"),
    "rnn": lambda: keras.layers.SimpleRNNCell(5),
    "lstm": lambda: keras.layers.LSTMCell(5),
    "gru": lambda: keras.layers.GRUCell(5),
}


def network(*layers: Any) -> Any:
    return keras.Sequential([keras.Input((15, 3)), *layers])


def lmu(hidden: Any, **options: Any) -> LMU:
    keras.utils.set_random_seed(0)
    base = {"memory_d": 2, "order": 6, "theta": 20.0, "memory_to_memory": True, "use_bias": True}
    return LMU(hidden_cell=hidden, **{**base, **options})


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("trained", [False, True])
def test_rebase_changes_no_output(hidden: str, trained: bool) -> None:
    layer = lmu(HIDDEN[hidden](), hidden_to_memory=True, input_to_hidden=True, trainable_theta=trained)
    model = network(layer, keras.layers.Dense(4))
    if trained:
        layer.cell.log_theta_ratio.assign(0.3)
    weights = [w.copy() for w in model.get_weights()]
    there = rebase(model, "orthonormal")
    assert (there.layers[0].cell.basis, layer.cell.basis) == ("orthonormal", "legendre")
    assert there.layers[0].theta == layer.theta
    want = np.asarray(model(X))
    np.testing.assert_allclose(there(X), want, atol=3e-6)
    assert not np.allclose(there.layers[0].cell.recurrent_kernel, layer.cell.recurrent_kernel)
    back = rebase(there, "legendre")
    np.testing.assert_allclose(back(X), want, atol=3e-6)
    for one, two, three in zip(weights, model.get_weights(), back.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_allclose(three, one, rtol=1e-6, atol=1e-9)


def test_rebase_without_hidden_cell_scales_the_readers() -> None:
    first = lmu(None, return_sequences=True)
    second = LMU(1, 4, 9.0, keras.layers.Dense(3, "relu"), return_sequences=True)
    cell = LMUCell(2, 3, 9.0, keras.layers.Dense(4), hidden_to_memory=True)
    model = network(first, second, keras.layers.RNN(cell), keras.layers.Dense(2))
    np.testing.assert_allclose(rebase(model, "orthonormal")(X), model(X), atol=3e-6)


def test_rebase_of_a_network_with_branches() -> None:
    inputs = keras.Input((15, 3))
    mem = lmu(None)(inputs)
    branches = [keras.layers.Dense(3, "tanh")(mem), keras.layers.Dense(2)(mem)]
    model = keras.Model(inputs, keras.layers.Concatenate()(branches))
    np.testing.assert_allclose(rebase(model, "orthonormal")(X), model(X), atol=3e-6)


def test_a_wrong_scale_would_be_seen() -> None:
    model = network(lmu(keras.layers.Dense(5)), keras.layers.Dense(4))
    there = rebase(model, "orthonormal")
    kernel = there.layers[0].cell.hidden_cell.kernel
    kernel.assign(np.asarray(kernel) * np.where(np.arange(12) == 3, 1.001, 1.0)[:, None])
    assert np.max(np.abs(np.asarray(there(X)) - np.asarray(model(X)))) > 1e-5


@pytest.mark.parametrize(
    "layers, text",
    [
        (lambda: [lmu(None)], "memory is the output of the network"),
        (lambda: [lmu(None), keras.layers.ReLU(), keras.layers.Dense(2)], "ReLU.* cannot absorb"),
        (lambda: [lmu(keras.layers.Identity()), keras.layers.Dense(2)], "hidden_cell=<Identity"),
        (lambda: [keras.Sequential([keras.Input((15, 3)), lmu(keras.layers.Dense(2))])], "holds an LMU inside it"),
        (lambda: [keras.layers.Dense(2)], "it holds no LMU layer"),
    ],
)
def test_what_cannot_be_rebased_is_named(layers: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        rebase(network(*layers()), "orthonormal")


def test_unknown_basis_and_discretizer() -> None:
    model = network(lmu(keras.layers.Dense(2)))
    with pytest.raises(ValueError, match="basis='raw'"):
        rebase(model, "raw")
    with pytest.raises(ValueError, match="discretizer='foh'"):
        rediscretize(model, "foh", X)
    with pytest.raises(ValueError, match="x of shape"):
        rediscretize(model, "bilinear", np.full((1, 15, 3), np.nan))
    short = network(lmu(keras.layers.Dense(2), theta=5.0))
    with pytest.raises(ValueError, match=r"theta=5 .*theta > 10\.6"):
        rediscretize(short, "euler", X)


def test_rediscretize_measures_and_fine_tune_mends() -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 15, 3)).astype(np.float32)
    y = (x[:, 5, 0] > 0).astype(np.int64)
    model = network(lmu(HIDDEN["dense"](), theta=12.0, order=8), keras.layers.Dense(2, "softmax"))
    loss = "sparse_categorical_crossentropy"
    fine_tune(model, x, y, loss, epochs=60, learning_rate=1e-2)
    other, change = rediscretize(model, "bilinear", x, y)
    assert other.layers[0].cell.discretizer == "bilinear"
    assert (change.before, change.after, change.samples) == ("zoh", "bilinear", 200)
    got, want = np.asarray(other(x)), np.asarray(model(x))
    assert change.max_difference == pytest.approx(np.max(np.abs(got - want)), rel=1e-4)
    assert change.max_difference > 1e-3
    assert change.accuracy_before == pytest.approx(np.mean(np.argmax(want, -1) == y))
    assert change.accuracy_after == pytest.approx(np.mean(np.argmax(got, -1) == y))
    assert "zoh -> bilinear, 200 samples: outputs change by" in str(change)
    seen: list[int] = []
    before, after = fine_tune(other, x, y, loss, epochs=5, learning_rate=3e-3, progress=lambda n, _: seen.append(n))
    assert after < before
    assert seen == [1, 2, 3, 4, 5]


def test_accuracy_with_one_hot_labels_and_wrong_shapes() -> None:
    model = network(lmu(keras.layers.Dense(4)))
    classes = np.argmax(model(X), -1)
    _, change = rediscretize(model, "zoh", X, np.eye(4)[classes])
    assert (change.accuracy_before, change.max_difference) == (1.0, 0.0)
    with pytest.raises(ValueError, match=r"y is float64 of shape \(3,\), but x has 6 samples"):
        rediscretize(model, "zoh", X, np.zeros(3))
