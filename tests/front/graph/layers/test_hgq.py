"""Layers of HGQ2 with their own types: golden, the C++ and the Verilog give what HGQ2 itself gives, bit for bit."""

import sys

import keras
import numpy as np
import pytest

from lmu_hls import LMU, backend, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import to_float
from lmu_hls.flow import load_model
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.options import RtlOptions
from tests.support.lmu_models import config, convert, random_input, write
from tests.support.random_rtl import Case, check_icarus, expected_tensors, has_icarus

STEPS, N_IN = 6, 3


def without_hgq():
    try:
        import hgq  # noqa: F401
    except ImportError:
        return True
    return False


needs_hgq = pytest.mark.skipif(without_hgq(), reason="HGQ2 is not installed: pip install 'lmu_hls[hgq]'")


def quantized(overflow="WRAP", same=False, seed=0, path=None):
    """Layers of HGQ2 before and after an LMU, with random weights and types; ``same``: one type for all values."""
    from hgq.config import QuantizerConfigScope
    from hgq.layers import QBatchNormalization, QConv1D, QDense

    axes = {"homogeneous_axis": (0, 1, 2) if same else (0, 1), "heterogeneous_axis": None}
    with QuantizerConfigScope(place="datalane", overflow_mode=overflow, **axes):
        before = [QConv1D(4, 2, padding="causal", activation="relu", name="conv"), QBatchNormalization(name="norm")]
        before.append(QDense(3, name="dense", enable_oq=True))
    with QuantizerConfigScope(place="datalane", overflow_mode=overflow):
        after = [QDense(5, activation="relu", name="mid"), QDense(3, name="head", enable_oq=True)]
    lmu = LMU(2, 3, 8, keras.layers.Dense(4, "relu"), name="lmu")
    built = keras.Sequential([keras.Input((STEPS, N_IN), name="x"), *before, lmu, *after])
    rng = np.random.default_rng(seed)
    for weight in built.weights:
        kind = weight.path.split("/")[-1]
        if kind in ("f", "b"):
            weight.assign(rng.integers(3, 8, weight.shape))
        elif kind == "i":
            weight.assign(rng.integers(0, 4, weight.shape))
        elif "variance" in kind:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif kind in ("kernel", "bias", "moving_mean", "bn_gamma", "bn_beta"):
            weight.assign(rng.uniform(-2, 2, weight.shape))
    return built


def parts_of(built):
    """The layers before the LMU as a model, and those after it."""
    after = keras.Sequential([keras.Input((4,)), built.get_layer("mid"), built.get_layer("head")])
    return keras.Model(built.inputs, built.get_layer("dense").output), after


def reals(network, trace, name, tensor):
    layers = {node.name: (node.layer, run) for node, run in zip(network.nodes, trace.layers, strict=True)}
    layer, run = layers[name]
    return to_float(run.tensors[tensor], layer.h if tensor == "h" else layer.out)


@needs_hgq
@pytest.mark.parametrize("same", [False, True], ids=["each", "same"])
@pytest.mark.parametrize("overflow", ["WRAP", "SAT", "SAT_SYM"])
def test_golden_is_hgq(overflow, same, tmp_path):
    built = quantized(overflow, same, seed=len(overflow) + same)
    network = network_spec(convert(built, tmp_path, config(built)))
    x = random_input(network, 40)
    trace, (before, after) = golden.run(network, x), parts_of(built)
    expected = np.asarray(before(to_float(x, network.x).astype(np.float32)))
    assert np.array_equal(reals(network, trace, "dense_oq", "out"), expected) and len(np.unique(expected)) > 4
    h = reals(network, trace, "lmu", "h")[:, -1]
    expected = np.asarray(after(h.astype(np.float32)))
    assert np.array_equal(to_float(trace.output, network.out), expected) and len(np.unique(expected)) > 4


@needs_hgq
@pytest.mark.parametrize("overflow", ["WRAP", "SAT_SYM"])
def test_csim_and_icarus_are_golden(overflow, tmp_path):
    built = quantized(overflow)
    graph = convert(built, tmp_path / "vitis", config(built))
    network = network_spec(graph)
    x = random_input(network, 20)
    assert np.array_equal(write(graph).run(x, network), golden.run(network, x).output)
    if not has_icarus():
        pytest.skip("Icarus is not installed")
    network = backend.design_of(convert(built, tmp_path / "verilog", config(built), backend="Verilog")).network
    case = Case(network, RtlOptions(), x[:4], expected_tensors(network, x[:4], endless=False))
    case.write(tmp_path / "verilog")
    check_icarus(case, tmp_path / "verilog")


def branched(seed=0):
    """Two branches behind an LMU, joined in each way, and what else is a product on the last axis."""
    from hgq.config import QuantizerConfigScope
    from hgq.layers import (
        QAdd,
        QAveragePow2,
        QBatchNormDense,
        QEinsumDense,
        QEinsumDenseBatchnorm,
        QGlobalMaxPooling1D,
        QMaximum,
        QMaxPooling1D,
        QMinimum,
        QMultiply,
        QSubtract,
    )

    x = keras.Input((STEPS, N_IN), name="x")
    with QuantizerConfigScope(place="datalane", homogeneous_axis=(0, 1), heterogeneous_axis=None):
        h = LMU(2, 3, 8, keras.layers.Dense(4, "relu"), return_sequences=True, name="lmu")(x)
        first = QBatchNormDense(3, name="first")(h)
        second = QEinsumDense("...x,xy->...y", (3,), bias_axes="y", name="second")(h)
        third = QEinsumDenseBatchnorm("bsx,xy->bsy", (STEPS, 3), bias_axes="y", name="third")(h)
        joined = [QAdd()([first, second, third]), QSubtract()([first, second]), QMultiply()([second, third])]
        joined += [QMaximum()([joined[0], joined[1]]), QMinimum(enable_oq=True)([joined[1], joined[2]])]
        joined = QAveragePow2()([joined[3], joined[4], QAdd()([first, first])])
        built = keras.Model(x, QGlobalMaxPooling1D(name="largest")(QMaxPooling1D(2, name="pairs")(joined)))
    rng = np.random.default_rng(seed)
    for weight in built.weights:
        kind = weight.path.split("/")[-1]
        if kind in ("f", "b"):
            weight.assign(rng.integers(2, 6, weight.shape))
        elif kind == "i":
            weight.assign(rng.integers(0, 4, weight.shape))
        elif "variance" in kind:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif kind in ("kernel", "bias", "moving_mean", "bn_gamma", "gamma", "beta") and weight.shape:
            weight.assign(rng.uniform(-2, 2, weight.shape))
    return built


@needs_hgq
def test_branches_are_those_of_hgq(tmp_path):
    built = branched()
    graph = convert(built, tmp_path / "vitis", config(built))
    network = network_spec(graph)
    x = random_input(network, 20)
    trace = golden.run(network, x)
    after = keras.Model(built.get_layer("lmu").output, built.output)
    expected = np.asarray(after(reals(network, trace, "lmu", "h").astype(np.float32)))
    assert np.array_equal(to_float(trace.output, network.out), expected) and len(np.unique(expected)) > 4
    assert np.array_equal(write(graph).run(x, network), trace.output)


@needs_hgq
def test_a_weight_that_is_not_as_trained_is_seen(tmp_path):
    """The kernel before HGQ2 rounds it gives other values."""
    built = quantized()
    network = network_spec(convert(built, tmp_path, config(built)))
    trace = golden.run(network, random_input(network, 40))
    dense = built.get_layer("head")
    dense._kernel.assign_add(np.full(dense._kernel.shape, 0.5))
    h = reals(network, trace, "lmu", "h")[:, -1]
    assert not np.array_equal(to_float(trace.output, network.out), parts_of(built)[1](h.astype(np.float32)))


@needs_hgq
def test_what_cannot_be_exact_is_refused(tmp_path):
    from hgq.layers import QDense, QEinsumDense, QSoftmax

    def model(*layers, sequences=True):
        lmu = LMU(2, 3, 8, keras.layers.Dense(4, "relu"), return_sequences=sequences, name="lmu")
        return keras.Sequential([keras.Input((STEPS, N_IN)), lmu, *layers])

    differing = model(QDense(3, name="head"))
    steps = differing.get_layer("head").iq.quantizer
    own = next(weight for weight in steps.weights if weight.path.endswith("/f"))
    own.assign(np.arange(np.prod(own.shape)).reshape(own.shape) % 5 + 2)
    for built, words in (
        (differing, "'head_iq': its types differ from step to step.*heterogeneous_axis"),
        (model(QDense(3, activation="tanh", name="head"), sequences=False), "'head'.*activation='tanh'.*use linear"),
        (model(QSoftmax(name="end"), sequences=False), "'end'.*QSoftmax.*QDense"),
        (model(QEinsumDense("bsx,sxy->by", (3,), name="all")), "'all'.*is no product on the last axis.*QDense"),
    ):
        with pytest.raises(LmuHlsError, match=words):
            convert(built, tmp_path, config(built) if "QSoftmax" not in words else None)
    built = quantized()
    settings = config(built)
    settings["LayerName"]["head"]["Precision"]["result"] = "fixed<8,3>"
    with pytest.raises(LmuHlsError, match="'head' was trained with types of its own, and fixed<8,3"):
        convert(built, tmp_path, settings)


@needs_hgq
def test_a_file_is_read(tmp_path):
    built = quantized()
    built.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert type(again.get_layer("head")).__name__ == "QDense"


def test_a_file_without_hgq_says_what_to_install(tmp_path, monkeypatch):
    built = keras.Sequential([keras.Input((STEPS, N_IN)), LMU(2, 3, 8, None), keras.layers.Dense(2, name="hgq>QDense")])
    built.save(tmp_path / "model.keras")
    monkeypatch.setitem(sys.modules, "hgq", None)
    with pytest.raises(LmuHlsError, match=r"layers of HGQ2.*pip install 'lmu_hls\[hgq\]'"):
        load_model(tmp_path / "model.keras")
