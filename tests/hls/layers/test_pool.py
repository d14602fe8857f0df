"""Pooling on the HLS road: from Keras, and the generated C++ against golden."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import Pool
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change

STEPS = 7
FREE = (False, False, False)


def pooled(*layers):
    return model(*layers, keras.layers.Dense(2, name="head"), steps=STEPS)


def windows():
    """Before and after an LMU, overlapping and padded ones, vectors and sequences of one step."""
    return pooled(
        keras.layers.MaxPooling1D(2, strides=1, padding="same", name="before"),
        lmu("tanh", FREE, name="memory"),
        keras.layers.AveragePooling1D(3, strides=2, name="thirds"),
        keras.layers.AveragePooling1D(4, strides=1, padding="same", name="edges"),
        keras.layers.GlobalMaxPooling1D(keepdims=True, name="largest"),
        keras.layers.GlobalAveragePooling1D(name="mean"),
    )


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_csim_is_golden_and_near_keras(io_type, tmp_path):
    built = windows()
    settings = config(built, default_precision="fixed<20,6>")
    settings["LayerName"]["mean"]["Precision"]["result"] = "fixed<14,3,RND,SAT>"
    network = assert_csim_equals_golden(convert(built, tmp_path, settings, io_type=io_type))
    thirds, edges = network.layers[2:4]
    assert isinstance(thirds, Pool) and thirds.reciprocal.type == FixedType(20, 0)
    assert thirds.reciprocal.values.tolist() == [round(2**20 / 3)]
    assert edges.reciprocal.type == FixedType(20, 1)
    assert edges.reciprocals.values.tolist() == [round(2**19 / steps) for steps in (3, 3, 2)]
    x = np.random.default_rng(1).uniform(-1, 1, (30, STEPS, 3)).astype(np.float32)
    y = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    assert np.abs(y - built.predict(x, verbose=0)).max() < 0.01


@pytest.mark.parametrize(
    "fault", [("x > largest", "x < largest"), ("unsigned p = 0; p", "unsigned p = 1; p"), ("place--;", ";")]
)
def test_a_wrong_pool_is_seen(fault, tmp_path):
    graph = convert(windows(), tmp_path, config(windows()))
    graph.write()
    change(tmp_path / "firmware/nnet_utils/nnet_lmu_pool.h", *fault)
    network = network_spec(graph)
    x = random_input(network)
    assert not np.array_equal(compile_project(tmp_path).run(x, network), golden.run(network, x).output)


def test_refusals(tmp_path):
    first = keras.layers.GlobalMaxPooling1D(data_format="channels_first", name="pool")
    with pytest.raises(LmuHlsError, match="layer 'pool': pooling is over steps only"):
        convert(pooled(lmu(name="memory"), first), tmp_path)
    built = pooled(lmu(name="memory"), keras.layers.GlobalMaxPooling1D(name="pool"))
    settings = config(built)
    settings["LayerName"]["pool"]["Precision"]["result"] = "fixed<8,2>"
    with pytest.raises(LmuHlsError, match="layer 'pool' gives the largest values as they are"):
        convert(built, tmp_path, settings)
