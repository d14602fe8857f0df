"""Slices and flattened sequences on the HLS road: from Keras, and the generated C++ against golden."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.spec import Select
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu, model
from tests.support.mutants import change

FREE = (False, False, False)


def slices(steps=STEPS):
    """Steps cut out, then the last one alone."""
    x = keras.Input((steps, N_IN), name="x")
    h = lmu("tanh", FREE, name="memory")(x[:, 1:])
    h = keras.layers.Dense(3, name="middle")(h[:, :-1:2])
    return keras.Model(x, keras.layers.Dense(2, name="head")(h[:, -1, :]))


def flat():
    x = keras.Input((STEPS, N_IN), name="x")
    h = keras.layers.Flatten(name="flat")(lmu("tanh", FREE, name="memory")(x))
    return keras.Model(x, keras.layers.Dense(2, name="head")(h))


def shaped():
    """Every other layer that only moves steps."""
    x = keras.Input((STEPS, N_IN), name="x")
    h = keras.layers.ZeroPadding1D((2, 1), name="pad")(x)
    h = keras.layers.Permute((1, 2), name="same")(lmu("tanh", FREE, name="memory")(h))
    h = keras.layers.Cropping1D((1, 3), name="crop")(h)
    h = keras.layers.Reshape((2, -1), name="pairs")(h)
    h = keras.layers.Reshape((-1,), name="same_vector")(keras.layers.Reshape((-1,), name="flat")(h))
    h = keras.layers.Flatten(name="back")(keras.layers.Reshape((1, -1), name="one_step")(h))
    h = keras.layers.RepeatVector(3, name="again")(h)
    return keras.Model(x, keras.layers.Dense(2, name="head")(h))


def assert_like_keras(network, model):
    x = np.random.default_rng(1).uniform(-1, 1, (30, STEPS, N_IN)).astype(np.float32)
    y = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    assert np.abs(y - model.predict(x, verbose=0)).max() < 0.01


@pytest.mark.parametrize(
    "io_type, build", [("io_parallel", slices), ("io_stream", slices), ("io_parallel", flat), ("io_stream", shaped)]
)
def test_csim_is_golden_and_near_keras(io_type, build, tmp_path):
    model = build()
    settings = config(model, default_precision="fixed<20,6>")
    network = assert_csim_equals_golden(convert(model, tmp_path, settings, io_type=io_type))
    assert_like_keras(network, model)
    selected = [layer for layer in network.layers if isinstance(layer, Select)]
    assert len(selected) == {slices: 3, flat: 1, shaped: 9}[build]


def test_a_wrong_step_is_seen(tmp_path):
    graph = convert(flat(), tmp_path, config(flat(), default_precision="fixed<20,6>"))
    graph.write()
    right, wrong = "window * CONFIG_T::stride + int(p * CONFIG_T::dilation)", "window + int(p) / 2"
    change(tmp_path / "firmware/nnet_utils/nnet_lmu_select.h", right, wrong)
    with pytest.raises(AssertionError):
        assert_compiled_equals_golden(graph, tmp_path)


def assert_compiled_equals_golden(graph, folder):
    from lmu_hls.front.extract import network_spec
    from lmu_hls.verify.csim import compile_project
    from tests.support.lmu_models import random_input

    network = network_spec(graph)
    x = random_input(network)
    assert np.array_equal(compile_project(folder).run(x, network), golden.run(network, x).output)


@pytest.mark.parametrize(
    "layer, message",
    [
        (keras.layers.Permute((2, 1), name="other"), "steps and values cannot change places"),
        (
            keras.Sequential(
                [keras.layers.Flatten(), keras.layers.Reshape((10, 2), name="other"), keras.layers.ReLU()]
            ),
            r"reads one vector, of which no steps can be made, .*; RepeatVector\(steps\)",
        ),
        (keras.layers.Reshape((2 * STEPS, 2), name="other"), r"of \(5, 4\) only whole steps .* not \(10, 2\)"),
    ],
)
def test_what_moves_values_between_steps_is_refused(layer, message, tmp_path):
    with pytest.raises(LmuHlsError, match=f"layer 'other'.*{message}"):
        convert(model(lmu("tanh", FREE, name="memory"), layer), tmp_path)


def test_a_type_of_its_own_is_refused(tmp_path):
    settings = config(flat())
    settings["LayerName"]["flat"]["Precision"]["result"] = "fixed<8,2>"
    with pytest.raises(LmuHlsError, match="layer 'flat' hands its values on as they are"):
        convert(flat(), tmp_path, settings)
