"""Models inside models: the flat copy has the same layers and numbers, and gives the contract of the flat model."""

import keras
import numpy as np
import pytest

from lmu_hls import LMUCell
from lmu_hls.front.extract import network_spec
from lmu_hls.front.flat import flat
from lmu_hls.front.keras_model import check_model
from lmu_hls.front.operators import with_layers
from lmu_hls.spec.equality import same
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu

INPUT = (STEPS, N_IN)


def data():
    return np.random.default_rng(0).uniform(-1, 1, (4, *INPUT)).astype(np.float32)


def parts():
    keras.utils.set_random_seed(0)
    return lmu("tanh", name="memory"), keras.layers.Dense(4, name="between"), keras.layers.Dense(2, name="head")


def plain():
    return keras.Sequential([keras.Input(INPUT, name="x"), *parts()], name="net")


def sequential():
    memory, between, head = parts()
    inner = keras.Sequential([keras.Input(INPUT), memory, between], name="inner")
    return keras.Sequential([keras.Input(INPUT, name="x"), inner, head], name="net")


def deep():
    """A functional model in a Sequential one in a functional one."""
    memory, between, head = parts()
    y = keras.Input(INPUT)
    innermost = keras.Model(y, memory(y), name="innermost")
    inner = keras.Sequential([keras.Input(INPUT), innermost, between], name="inner")
    x = keras.Input(INPUT, name="x")
    return keras.Model(x, head(inner(x)), name="net")


def encoder():
    return keras.Sequential([keras.Input(INPUT), lmu("tanh", name="memory"), keras.layers.Dense(4, name="between")])


def reused():
    """An inner model that is called twice, with layers named as those around it, and operators."""
    inner = encoder()
    x = keras.Input(INPUT, name="x")
    h = keras.layers.Dense(N_IN, name="between")(inner(x))
    return keras.Model(x, keras.layers.Dense(2, name="head")((inner(h) + inner(x))[:, -1]))


def distributed():
    """A model for each step."""
    memory, between, head = parts()
    inner = keras.Sequential([between, head], name="inner")
    return keras.Sequential([keras.Input(INPUT, name="x"), memory, keras.layers.TimeDistributed(inner)])


@pytest.mark.parametrize("build", [sequential, deep, distributed])
def test_the_contract_is_that_of_the_flat_model(build, tmp_path):
    """Bit by bit; settings go by the names of the layers, in hls4ml's own functions."""
    network = {}
    for name, model in {"plain": plain(), "nested": build()}.items():
        settings = config(model)
        assert list(settings["LayerName"]) == list(config(plain())["LayerName"])
        settings["LayerName"]["memory"]["Precision"]["mem"] = "fixed<18,4,RND_CONV,SAT>"
        network[name] = network_spec(convert(model, tmp_path / name, settings))
    assert same(network["nested"], network["plain"])


def test_models_and_layers_that_are_called_twice():
    built = reused()
    changed = flat(built)
    check_model(changed)
    names = [layer.name for layer in changed.layers]
    inner = built.layers[1].name
    assert sorted(names) == sorted(["x", "memory", "between", f"{inner}_between", "head"])
    assert np.array_equal(changed(data()), built(data()))
    assert flat(changed) is changed


@pytest.mark.parametrize("sequences", [True, False])
def test_stacked_cells(sequences):
    """A layer for each cell, with the weights of the cell."""
    keras.utils.set_random_seed(0)
    cells = [LMUCell(1, 2, 5, keras.layers.Dense(3, "tanh"), hidden_to_memory=True), LMUCell(2, 3, 7, None)]
    stack = keras.layers.RNN(cells, return_sequences=sequences, name="stack")
    built = keras.Sequential([keras.Input(INPUT, name="x"), stack, keras.layers.Dense(2, name="head")])
    changed = flat(built)
    check_model(changed)
    assert [layer.name for layer in changed.layers] == ["x", "stack_1", "stack_2", "head"]
    assert np.array_equal(changed(data()), built(data()))
    assert flat(changed) is changed


def test_operators_of_an_inner_model_that_is_called_twice():
    y = keras.Input(INPUT)
    inner = keras.Model(y, lmu("tanh", name="memory")(y + y), name="inner")
    x = keras.Input(INPUT, name="x")
    built = keras.Model(x, keras.layers.Add(name="sum")([inner(x), inner(x)]))
    changed = with_layers(flat(built))
    assert np.array_equal(changed(data()), built(data()))


def test_what_normalization_has_learned_arrives():
    """It computes with numbers that it makes of its weights."""
    norm = keras.layers.Normalization(name="norm")
    norm.adapt(3 * data() + 1)
    inner = keras.Sequential([keras.Input(INPUT), norm, lmu("tanh")])
    x = keras.Input(INPUT)
    built = keras.Model(x, inner(x)[:, -1])
    for changed in (flat(built), with_layers(flat(built))):
        assert np.array_equal(changed(data()), built(data()))


@pytest.mark.parametrize("name", ["x", "memory", "head"])
def test_a_layer_may_be_called_input(name, tmp_path):
    """hls4ml keeps this name for itself."""
    x = keras.Input(INPUT, name="input" if name == "x" else "x")
    h = lmu("tanh", name="input" if name == "memory" else "input_2")(x)
    built = keras.Model(x, keras.layers.Dense(2, name="input" if name == "head" else "head")(h), name="net")
    changed = flat(built)
    check_model(changed)
    names = [layer.name for layer in changed.layers]
    assert "input" not in names and len(set(names)) == 3
    assert np.array_equal(changed(data()), built(data()))
    assert flat(changed) is changed
    assert len(network_spec(convert(built, tmp_path, config(built))).nodes) == 2


@pytest.mark.parametrize("several", [False, True])
def test_a_vector_that_gets_another_form_at_the_end(several):
    """The values are the same; the last Reshape of a vector is left out, wherever it stands."""
    keras.utils.set_random_seed(0)
    form = keras.layers.Reshape((3, 2), name="form")
    decoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, name="all"), form], name="decoder")
    x = keras.Input(INPUT, name="x")
    h = lmu("tanh", name="memory")(x)
    made = decoder(keras.layers.Dense(4, name="code")(h[:, -1]))
    ends = {"made": made, "steps": keras.layers.Reshape((-1, 8), name="pairs")(h[:, 1:])} if several else made
    built = keras.Model(x, ends)
    changed = flat(built)
    assert "form" not in [layer.name for layer in changed.layers]
    values, expected = changed(data()), built(data())
    for one, other in zip(keras.tree.flatten(values), keras.tree.flatten(expected), strict=True):
        assert np.array_equal(np.reshape(one, np.shape(other)), other)
    assert flat(changed) is changed and tuple(changed.outputs[0].shape) == (None, 6)
    read = keras.Model(x, keras.layers.ReLU()(made))
    assert "form" in [layer.name for layer in flat(read).layers]


def test_other_models_are_left_alone():
    for built in (plain(), keras.Sequential([lmu()]), flat(sequential())):
        assert flat(built) is built
