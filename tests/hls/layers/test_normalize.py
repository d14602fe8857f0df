"""LayerNormalization and its like: the same integers everywhere, and the function of Keras."""

from fractions import Fraction

import keras
import numpy as np
import pytest

from lmu_hls import backend, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.golden.normalize import normalize
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec.layers.normalize import Normalize
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import config, convert, lmu, model, random_input, write
from tests.support.mutants import change
from tests.support.networks import define_network, define_normalize
from tests.support.random_rtl import Case, check_icarus, expected_tensors, has_icarus

L = keras.layers


def normalized():
    """Before and after an LMU, folded and not, at every step and on a vector."""
    layers = [L.LayerNormalization(name="first"), lmu("relu", name="memory"), L.RMSNormalization(name="second")]
    layers += [lmu("tanh", name="inner", return_sequences=False), L.LayerNormalization(scale=False, name="third")]
    return model(*layers, L.Dense(5, name="head"), L.UnitNormalization(name="fourth"))


def settings_of(built):
    settings = config(built)
    settings["LayerName"]["third"]["Precision"]["result"] = "fixed<11,3,RND_INF,WRAP>"
    settings["LayerName"]["fourth"]["Precision"]["result"] = "fixed<9,1,TRN_ZERO,SAT>"
    return settings


def test_csim_golden_and_the_definition(tmp_path):
    built = normalized()
    graph = convert(built, tmp_path, settings_of(built))
    network = network_spec(graph)
    assert [layer.name for layer in network.layers if isinstance(layer, Normalize)] == [
        "first",
        "second",
        "third",
        "fourth",
    ]
    assert not [layer for layer in network.layers if layer.name.endswith("_scale")]  # each was folded
    x = random_input(network, 12)
    output = golden.run(network, x).output
    assert np.array_equal(write(graph).run(x, network), output) and len(np.unique(output)) > 8
    assert np.array_equal(define_network(network, x[0]), output[0])
    change(tmp_path / "firmware/nnet_utils/nnet_lmu_normalize.h", "rest -= tried;", "")
    assert not np.array_equal(compile_project(tmp_path).run(x, network), output)


def test_icarus_equals_golden(tmp_path):
    if not has_icarus():
        pytest.skip("Icarus is not installed")
    built = normalized()
    network = backend.design_of(convert(built, tmp_path, settings_of(built), backend="Verilog")).network
    x = random_input(network, 4)
    case = Case(network, RtlOptions(), x, expected_tensors(network, x, endless=False))
    case.write(tmp_path / "verilog")
    check_icarus(case, tmp_path / "verilog")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "io_type"), [("Vitis", "io_stream"), ("Quartus", "io_parallel"), ("Catapult", "io_stream")]
)
def test_backends(name, io_type, tmp_path):
    built = normalized()
    graph = convert(built, tmp_path, settings_of(built), backend=name, io_type=io_type)
    network = network_spec(graph)
    x = random_input(network, 12)
    assert np.array_equal(write(graph).run(x, network), golden.run(network, x).output)


def test_golden_is_the_definition():
    """Types of every kind, small variances, values that are all the same, and extremes."""
    rng = np.random.default_rng(0)
    for rounding in ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"):
        for centered, averaged in ((True, True), (False, True), (False, False)):
            n, width = int(rng.integers(1, 9)), int(rng.integers(2, 17))
            x = FixedType(width, int(rng.integers(-2, 8)))
            out = FixedType(12, 3, True, rounding, str(rng.choice(["SAT", "WRAP"])))
            layer = Normalize("n", x, n, centered, averaged, int(rng.integers(0, 9)), out)
            values = rng.integers(x.min_int, x.max_int + 1, (12, n))
            values[:4] = values[:4, :1] + rng.integers(0, 2, (4, n))
            values[0] = values[0, 0]
            values[4] = np.where(rng.random(n) < 0.5, x.min_int, x.max_int)
            values = np.clip(values, x.min_int, x.max_int)
            for row, found in zip(values, normalize(layer, values)[0], strict=True):
                reals = np.array([Fraction(int(v)) / Fraction(2) ** x.fraction for v in row], object)
                assert [int(v * 2**out.fraction) for v in define_normalize(layer, reals)] == found.tolist()


@pytest.mark.parametrize(
    "layer",
    [
        lambda: L.LayerNormalization(),
        lambda: L.LayerNormalization(epsilon=0.5, center=False),
        lambda: L.TimeDistributed(L.LayerNormalization(center=False, scale=False)),
        lambda: L.RMSNormalization(),
        lambda: L.UnitNormalization(),
    ],
)
def test_it_is_the_keras_layer(layer, tmp_path):
    built = model(lmu(None, (False, False, False), memory_d=2), L.Dense(5), layer())
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<22,6>")))
    x = np.random.default_rng(0).uniform(-2, 2, (6, network.steps, network.n_in))
    expected = np.asarray(built(x))
    error = np.abs(to_float(golden.predict(network, quantize(x, network.x)), network.out) - expected)
    assert error.max() < 1e-3 and expected.std() > 0.05


def test_refusals(tmp_path):
    for layer, words in (
        (L.LayerNormalization(axis=1, name="end"), r"last axis only, not on \[1\]; set axis=-1"),
        (L.LayerNormalization(rms_scaling=True, name="end"), "use keras.layers.RMSNormalization"),
    ):
        with pytest.raises(LmuHlsError, match=words):
            convert(model(lmu("relu"), layer), tmp_path)
    built = model(lmu(None, (False, False, False)), L.LayerNormalization(name="end"))
    with pytest.raises(
        LmuHlsError, match=r"exact sum of squares needs 6. bits, at most 62 are possible; give the layer"
    ):
        convert(built, tmp_path, config(built, default_precision="fixed<30,6>"))
