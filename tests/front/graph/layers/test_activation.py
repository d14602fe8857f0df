"""Layers without work at inference leave no trace: the contract is that of the model without them."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.activations import PASSING
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec.equality import same
from tests.support.lmu_models import config, convert, lmu, model

ARGUMENTS = {"ActivityRegularization": (), "Identity": ()}
SOURCES = ("firmware/parameters.h", "firmware/defines.h", "firmware/myproject.cpp")


def passing(name):
    return getattr(keras.layers, name)(*ARGUMENTS.get(name, (0.4,)))


def around(layer):
    return keras.layers.TimeDistributed(layer, name=layer.name)


def written(built, folder):
    """The network, and the C++ that is written for it."""
    graph = convert(built, folder, config(built))
    graph.write()
    return network_spec(graph), {name: (folder / name).read_text() for name in SOURCES}


def network_of(built, folder):
    return network_spec(convert(built, folder, config(built)))


def dense(units, activation=None, name="mid"):
    return keras.layers.Dense(units, activation, name=name)


@pytest.mark.parametrize("name", [*PASSING, "Activation"])
def test_a_passing_layer_leaves_no_trace(name, tmp_path):
    make = passing if name != "Activation" else lambda _: keras.layers.Activation("linear")
    plain = network_of(model(lmu("relu", name="lmu"), dense(3, "relu")), tmp_path)
    built = model(make(name), lmu("relu", name="lmu"), make(name), dense(3, "relu"), make(name))
    network = network_of(built, tmp_path)
    assert same(network.layers, plain.layers) and network.x == plain.x
    assert close(built, network)


INSIDE = {
    "Dense": lambda: dense(3),
    "Dense with relu": lambda: dense(3, "relu"),
    "Dense with softmax": lambda: dense(3, "softmax"),
    "Softmax": lambda: keras.layers.Softmax(name="mid"),
    "ReLU": lambda: keras.layers.ReLU(name="mid"),
    "Activation": lambda: keras.layers.Activation("relu", name="mid"),
    "BatchNormalization": lambda: keras.layers.BatchNormalization(name="mid"),
    "Dropout": lambda: keras.layers.Dropout(0.4, name="mid"),
    "Identity": lambda: keras.layers.Identity(name="mid"),
}


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("inside", INSIDE)
def test_time_distributed_is_the_layer_inside(inside, before, tmp_path):
    make = INSIDE[inside]
    layers = (
        [lambda one: lmu("relu", name="lmu"), lambda one: one]
        if not before
        else [lambda one: one, lambda one: lmu("relu", name="lmu")]
    )
    built, plain = (model(*(place(one) for place in layers)) for one in (around(make()), make()))
    for variable in (v for one in (built, plain) for v in one.weights if "variance" in v.name):
        variable.assign(abs(variable) + 0.2)
    network, sources = written(built, tmp_path / "around")
    expected, expected_sources = written(plain, tmp_path / "plain")
    assert same(network.layers, expected.layers) and sources == expected_sources
    assert close(built, network)


def close(built, network) -> bool:
    """Whether golden is Keras but for the rounding of 16 bits: an activation or a weight left out is far more."""
    x = np.random.default_rng(0).uniform(-1, 1, (8, network.steps, network.n_in))
    expected = np.asarray(built(x))
    assert expected.std() > 0.05
    got = to_float(golden.predict(network, quantize(x, network.x)), network.out)
    return float(np.abs(got - expected.reshape(got.shape)).max()) < 0.03


def test_a_layer_that_is_left_out_is_seen(tmp_path):
    """The comparison with Keras fails where a layer that does work is taken for one that does none."""
    built = model(lmu("relu", name="lmu"), keras.layers.TimeDistributed(dense(4, "relu")))
    without = convert(model(lmu("relu", name="lmu")), tmp_path)
    assert not close(built, network_spec(without))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (lambda: around(keras.layers.GroupNormalization(1, name="odd")), "TimeDistributed around GroupNormalization"),
        (lambda: around(keras.layers.BatchNormalization(axis=1, name="odd")), "last axis only, not on 1; set axis=-1"),
    ],
)
def test_what_acts_otherwise_is_refused(layer, words, tmp_path):
    with pytest.raises(LmuHlsError, match="layer 'odd'") as error:
        convert(model(lmu("relu", name="lmu"), layer()), tmp_path)
    assert words in str(error.value)
