"""LMU and LMUCell against the NumPy reference, through training and through `.keras` files."""

import itertools
from pathlib import Path

import keras
import numpy as np
import pytest

from lmu_hls import legendre
from lmu_hls.layers import LMU, LMUCell
from tests.support.reference_lmu import run

HIDDEN = {
    "none": lambda: None,
    "dense-relu": lambda: keras.layers.Dense(5, "relu", bias_initializer="uniform"),
    "dense-sigmoid": lambda: keras.layers.Dense(5, "sigmoid"),
    "rnn": lambda: keras.layers.SimpleRNNCell(5, bias_initializer="uniform"),
    "lstm": lambda: keras.layers.LSTMCell(5),
    "gru": lambda: keras.layers.GRUCell(5, bias_initializer="uniform"),
}
CONNECTIONS = list(itertools.product([False, True], repeat=3))


def inputs(batch: int = 3, steps: int = 7, features: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(batch, steps, features)).astype(np.float32)


def layer(hidden: str = "dense-relu", connections=(False, False, False), **options) -> LMU:
    keras.utils.set_random_seed(1)
    to_memory, memory, to_hidden = connections
    options = {"memory_d": 2, "order": 6, "theta": 16.0, "return_sequences": True, **options}
    return LMU(
        hidden_cell=HIDDEN[hidden](),
        hidden_to_memory=to_memory,
        memory_to_memory=memory,
        input_to_hidden=to_hidden,
        **options,
    )


def allowed(hidden: str, connections: tuple[bool, bool, bool]) -> bool:
    return hidden != "none" or not (connections[0] or connections[2])


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("connections", CONNECTIONS)
def test_equals_the_reference(hidden: str, connections: tuple[bool, bool, bool]) -> None:
    if not allowed(hidden, connections):
        with pytest.raises(ValueError, match="hidden_cell=None"):
            layer(hidden, connections)
        return
    for basis in legendre.BASES:
        lmu = layer(hidden, connections, use_bias=True, bias_initializer="uniform", basis=basis)
        x = inputs()
        got = np.asarray(lmu(x))
        want, _ = run(lmu.cell, x)
        np.testing.assert_allclose(got, want, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("discretizer", legendre.DISCRETIZERS)
@pytest.mark.parametrize("basis", legendre.BASES)
@pytest.mark.parametrize("trainable", [False, True])
def test_discretizers_and_bases(discretizer: str, basis: str, trainable: bool) -> None:
    lmu = layer("dense-relu", discretizer=discretizer, basis=basis, trainable_theta=trainable)
    x = inputs()
    got = np.asarray(lmu(x))
    a_bar, _ = lmu.cell.discrete_system()
    np.testing.assert_array_equal(a_bar, legendre.discretize(6, 16.0, discretizer, basis)[0])
    np.testing.assert_allclose(got, run(lmu.cell, x)[0], atol=2e-6, rtol=1e-5)


def test_states_returned_and_given_back_continue_the_sequence() -> None:
    lmu = layer("lstm", (True, True, True), return_state=True)
    x = inputs(steps=10)
    whole, *final = lmu(x)
    _, *half = lmu(x[:, :4])
    rest, *end = lmu(x[:, 4:], initial_state=half)
    np.testing.assert_allclose(rest, whole[:, 4:], atol=1e-6)
    for one, two in zip(end, final, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)
    for got, want in zip(final, run(lmu.cell, x)[1], strict=True):
        np.testing.assert_allclose(got, want, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("trainable", [False, True])
def test_saved_and_loaded_after_training(hidden: str, trainable: bool, tmp_path: Path) -> None:
    connections = (hidden != "none", True, hidden != "none")
    options = {
        "trainable_theta": trainable,
        "use_bias": True,
        "dropout": 0.1,
        "recurrent_dropout": 0.1,
        "seed": 3,
    }
    lmu = layer(hidden, connections, return_sequences=False, kernel_regularizer="l2", **options)
    model = keras.Sequential([keras.Input((7, 4)), lmu, keras.layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=False)
    model.fit(inputs(), np.ones((3, 1)), epochs=2, verbose=0)
    assert (lmu.theta != 16.0) == trainable
    model.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(inputs()), model(inputs()))
    twin = loaded.layers[0]
    assert isinstance(twin, LMU)
    one, two = ({k: v for k, v in x.get_config().items() if k != "hidden_cell"} for x in (twin, lmu))
    assert one == two
    if hidden != "none":
        assert twin.cell.hidden_cell.get_config() == lmu.cell.hidden_cell.get_config()
    assert twin.theta == lmu.theta
    for one, two in zip(twin.cell.discrete_system(), lmu.cell.discrete_system(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_cell_in_a_plain_rnn_layer_is_the_layer() -> None:
    lmu = layer("gru", (True, True, True), use_bias=True)
    x = inputs()
    want = lmu(x)
    cell = LMUCell.from_config({**lmu.cell.get_config(), "name": "other"})
    plain = keras.layers.RNN(cell, return_sequences=True)
    plain.build(x.shape)
    plain.set_weights(lmu.get_weights())
    np.testing.assert_array_equal(plain(x), want)


def test_attributes_for_the_converter() -> None:
    cell = layer("dense-relu", (True, True, True), use_bias=True).cell
    cell.build((None, 4))
    assert cell.kernel.shape == (4 + 5, 2)
    assert cell.recurrent_kernel.shape == (12, 2)
    assert cell.bias.shape == (2,)
    assert cell.hidden_cell.kernel.shape == (12 + 4, 5)
    assert (cell.memory_d, cell.order, cell.theta, cell.discretizer) == (2, 6, 16.0, "zoh")
    assert (cell.basis, cell.use_bias) == ("legendre", True)
    assert isinstance(cell.theta, float)
