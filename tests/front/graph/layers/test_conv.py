"""Convolutions over steps: Keras's numbers, by golden and the generated C++."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import Dense, Elementwise, Select
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu, model

L = keras.layers
TYPE = "fixed<20,6>"
FORMS = {
    "valid": lambda: L.Conv1D(3, 2, activation="relu", name="conv"),
    "same, strides": lambda: L.Conv1D(3, 4, 2, "same", use_bias=False, name="conv"),
    "same, even": lambda: L.Conv1D(3, 2, padding="same", name="conv"),
    "causal, dilation": lambda: L.Conv1D(2, 2, padding="causal", dilation_rate=2, activation="tanh", name="conv"),
    "valid, dilation": lambda: L.Conv1D(3, 2, dilation_rate=3, name="conv"),
    "causal, strides": lambda: L.Conv1D(2, 3, 2, padding="causal", name="conv"),
    "groups": lambda: L.Conv1D(6, 2, groups=3, name="conv"),
    "one step": lambda: L.Conv1D(3, 1, name="conv"),
    "depthwise": lambda: L.DepthwiseConv1D(3, padding="same", depth_multiplier=2, name="conv"),
    "separable": lambda: L.SeparableConv1D(3, 2, padding="same", depth_multiplier=2, name="conv"),
    "depthwise, strides": lambda: L.DepthwiseConv1D(2, 2, activation="relu", name="conv"),
}


def assert_near_keras(network, built, bound=0.02):
    x = np.random.default_rng(1).uniform(-1, 1, (20, STEPS, N_IN)).astype(np.float32)
    y = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    real = built.predict(x, verbose=0)
    assert y.shape == real.shape and np.abs(y - real).max() < bound and np.unique(y).size > 4


@pytest.mark.parametrize("form", FORMS)
def test_golden_is_near_keras(form, tmp_path):
    """Before an LMU and, with its four values a step, after one."""
    built = model(FORMS[form](), lmu("relu", (False, False, True), name="memory"))
    network = network_spec(convert(built, tmp_path, config(built, default_precision=TYPE)))
    assert_near_keras(network, built)
    if form == "groups":
        return
    behind = model(lmu("relu", (False, False, True), name="memory"), FORMS[form]())
    behind = network_spec(convert(behind, tmp_path, config(behind, default_precision=TYPE)))
    assert any(isinstance(layer, Select) for layer in behind.layers) == (form != "one step")


def test_csim_and_a_normalization_that_is_folded(tmp_path):
    """Conv1D, a batch normalization inside it, an LMU, pooling, and a sigmoid at the end."""
    built = model(
        L.Conv1D(3, 3, padding="causal", dilation_rate=2, name="conv"),
        L.BatchNormalization(name="norm"),
        L.ReLU(name="relu"),
        lmu("tanh", (False, False, False), name="memory"),
        L.GlobalAveragePooling1D(name="pool"),
        L.Dense(2, "sigmoid", name="head"),
    )
    norm = built.get_layer("norm")
    norm.moving_variance.assign(0.3 + keras.ops.square(norm.moving_variance))
    network = assert_csim_equals_golden(convert(built, tmp_path, config(built, default_precision=TYPE)))
    assert_near_keras(network, built)
    assert [layer.name for layer in network.layers][:3] == ["conv_window", "conv", "relu"]
    assert network.layers[0].window.dilation == 2 and network.layers[1].kernel.shape == (3 * N_IN, 3)
    assert isinstance(network.layers[1], Dense) and isinstance(network.layers[2], Elementwise)
