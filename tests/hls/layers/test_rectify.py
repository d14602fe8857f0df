"""ReLU with arguments, LeakyReLU and PReLU: the same integers everywhere, and the function of Keras."""

import keras
import numpy as np
import pytest

from lmu_hls import backend, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.keras_model import check_model
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec.layers.rectify import Rectify
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import config, convert, lmu, model, random_input, write
from tests.support.mutants import change
from tests.support.networks import define_network
from tests.support.random_rtl import Case, check_icarus, expected_tensors, has_icarus

ReLU = keras.layers.ReLU


def rectifiers(**options):
    """Before and after an LMU, as a layer and as the activation of a Dense layer."""
    layers = [keras.layers.PReLU(shared_axes=[1], name="first"), lmu("relu", name="memory", return_sequences=False)]
    layers += [ReLU(max_value=1.5, negative_slope=0.3, threshold=0.2, name="second")]
    return model(*layers, keras.layers.Dense(4, "leaky_relu", name="third"), keras.layers.LeakyReLU(0.6, name="head"))


def settings_of(built, **options):
    """Types of every kind for one of them."""
    settings = config(built, **options)
    settings["LayerName"]["second"]["Precision"] |= {"slope": "fixed<7,2,RND>", "threshold": "fixed<5,0,RND>"}
    settings["LayerName"]["second"]["Precision"] |= {"result": "fixed<9,3,RND,SAT>", "most": "fixed<9,3>"}
    return settings


def test_csim_golden_and_the_definition(tmp_path):
    built = rectifiers()
    graph = convert(built, tmp_path, settings_of(built))
    network = network_spec(graph)
    assert [type(layer) for layer in network.layers].count(Rectify) == 4
    x = random_input(network, 6)
    output = golden.run(network, x).output
    assert np.array_equal(write(graph).run(x, network), output) and len(np.unique(output)) > 8
    for k in range(2):
        assert np.array_equal(define_network(network, x[k]), output[k])
    change(tmp_path / "firmware/nnet_utils/nnet_lmu_rectify.h", "difference -= threshold[0];", "")
    assert not np.array_equal(compile_project(tmp_path).run(x, network), output)


def test_icarus_equals_golden(tmp_path):
    if not has_icarus():
        pytest.skip("Icarus is not installed")
    built = rectifiers()
    network = backend.design_of(convert(built, tmp_path, settings_of(built), backend="Verilog")).network
    x = random_input(network, 4)
    case = Case(network, RtlOptions(), x, expected_tensors(network, x, endless=False))
    case.write(tmp_path / "verilog")
    check_icarus(case, tmp_path / "verilog")


@pytest.mark.parametrize(
    "layer",
    [
        lambda: ReLU(6),
        lambda: ReLU(negative_slope=0.25),
        lambda: ReLU(threshold=0.5),
        lambda: ReLU(1.0, 0.1, 0.25),
        lambda: keras.layers.LeakyReLU(),
        lambda: keras.layers.PReLU(shared_axes=[1]),
        lambda: keras.layers.PReLU(shared_axes=[1, 2]),
        lambda: keras.layers.TimeDistributed(ReLU(max_value=0.7)),
        lambda: keras.layers.Activation("leaky_relu"),
    ],
)
def test_it_is_the_keras_layer(layer, tmp_path):
    built = model(lmu(None, (False, False, False), memory_d=2), keras.layers.Dense(3), layer())
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<22,6>")))
    x = np.random.default_rng(0).uniform(-2, 2, (6, network.steps, network.n_in))
    expected = np.asarray(built(x))
    assert np.abs(to_float(golden.predict(network, quantize(x, network.x)), network.out) - expected).max() < 1e-3
    assert expected.std() > 0.05


def test_refusals(tmp_path):
    for layer, words in (
        (keras.layers.PReLU(name="end"), "give it shared_axes=\\[1\\]"),
        (ReLU(max_value=0.5, threshold=1.0, name="end"), "a max_value above it"),
    ):
        built = model(lmu("relu"), layer)
        check_model(built)
        with pytest.raises(LmuHlsError, match=words):
            convert(built, tmp_path)
