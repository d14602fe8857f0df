"""Live models of keras-lmu through hls4ml's own functions and through ours."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import flow, golden
from lmu_hls.fixed import quantize, to_float

keras_lmu = pytest.importorskip("keras_lmu", reason="keras-lmu is an optional peer of this test: pip install keras-lmu")
hls4ml = pytest.importorskip("hls4ml")
lmu_hls.register()  # for an environment in which the package is not installed


def dense(units=5, activation="tanh"):
    return keras.layers.Dense(units, activation=activation)


LAYERS = {
    "LMU": lambda: keras_lmu.LMU(
        2, 4, 6, dense(), hidden_to_memory=True, memory_to_memory=True, input_to_hidden=True, use_bias=True
    ),
    "LMUFeedforward": lambda: keras_lmu.LMUFeedforward(2, 4, 6, dense(activation="relu")),
    "trained theta": lambda: keras_lmu.LMU(2, 4, 6, dense(), trainable_theta=True),
    "no hidden cell": lambda: keras_lmu.LMU(2, 4, 6, None, hidden_to_memory=False),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_contract_follows_the_model(kind, tmp_path):
    from lmu_hls.front.extract import network_spec

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5, 3)), LAYERS[kind](), keras.layers.Dense(3, name="head")])
    graph = hls4ml.converters.convert_from_keras_model(
        model, output_dir=str(tmp_path / "hls"), backend="Vitis", io_type="io_parallel"
    )
    network = network_spec(graph)
    x = np.random.default_rng(0).normal(size=(20, 5, 3))
    ours = to_float(golden.predict(network, quantize(x, network.x)), network.out)
    # 10 fraction bits in every tensor, five steps and two layers: 16 LSBs.
    assert np.abs(ours - model.predict(x, verbose=0)).max() < 16 * network.out.lsb
    flow.convert(model, tmp_path / "out")
    assert flow.OutputFolder(tmp_path / "out").spec.is_file()
