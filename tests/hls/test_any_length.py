"""The C++ of networks that take sequences of any length: golden's integers in every backend and io_type."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize
from lmu_hls.front.extract import network_spec
from lmu_hls.front.lengths import ONE_INPUT
from lmu_hls.hls.targets import TARGETS
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import N_IN, STEPS, convert, lmu
from tests.support.mutants import change

CASES = [(target.name, io_type) for target in TARGETS if target.name != ONE_INPUT for io_type in target.io_types]


def model(last):
    """An LMU and a GRU that read the number of steps, and what keeps the last one."""
    keras.utils.set_random_seed(0)
    x = keras.Input((None, N_IN), name="x")
    front = {"causal": {"padding": "causal"}, "windows": {"padding": "same", "strides": 2}}
    h = keras.layers.Conv1D(2, 4, **front[last])(x) if last in front else x
    h = keras.layers.Dense(3)(lmu("relu")(h))
    if last == "windows":
        h = keras.layers.MaxPooling1D(2, 1, "same")(keras.layers.AveragePooling1D(3, 1, "same")(h))
    if last == "both":
        h = keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True))(h)
    h = keras.layers.GRU(3, return_sequences=last != "layer", go_backwards=last == "both", name="gru")(h)
    ends = {"pool": keras.layers.GlobalMaxPooling1D, "average": keras.layers.GlobalAveragePooling1D}
    if last == "windows":
        h = keras.layers.ZeroPadding1D((1, 2))(keras.layers.MaxPooling1D(2, 2, "same")(h))
    if last == "causal":
        h = keras.layers.Conv1D(3, 2, padding="causal", dilation_rate=2, name="behind")(h)
    return keras.Model(x, ends[last]()(h) if last in ends else h, name="net")


def settings():
    return {"Model": {"Precision": "fixed<14,5>", "ReuseFactor": 1, "Steps": STEPS}}


def test_a_backend_of_one_input_is_refused(tmp_path):
    with pytest.raises(LmuHlsError, match=r"VivadoAccelerator takes one input.*backend='Vivado'"):
        convert(model("layer"), tmp_path, settings(), backend=ONE_INPUT)


@pytest.mark.parametrize("backend, io_type", CASES)
def test_equals_golden(backend, io_type, tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    kinds = ("layer", "windows", "both", "pool", "average", "causal", "every step")
    last = kinds[CASES.index((backend, io_type)) % len(kinds)]
    graph = convert(model(last), tmp_path, settings(), backend=backend, io_type=io_type)
    graph.write()
    network = network_spec(graph)
    rng = np.random.default_rng(0)
    x, lengths = quantize(rng.uniform(-4, 4, (5, STEPS, N_IN)), network.x), np.array([STEPS, 1, 3, 2, 4])
    expected = golden.predict(network, x, lengths=lengths)
    assert np.array_equal(compile_project(tmp_path).run(x, network, lengths=lengths), expected)
    whole = golden.predict(network, x)
    assert np.array_equal(compile_project(tmp_path).run(x, network), whole) and not np.array_equal(whole, expected)


FAULTS = {  # of the windows of a sequence that is shorter than it may be
    "steps behind it are read": (
        "return step >= 0 && step < length;",
        "return step >= 0 && step < int(CONFIG_T::steps);",
    ),
    "the first window": ("first = needed > 0 ? -(needed / 2) : 0;", "first = 0;"),
    "the last step": ("first = length - 1;", "first = CONFIG_T::first;"),
    "how many steps come": ("return n; }", "return n > 2 ? n - 1 : n; }"),
}


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_windows_and_their_faults(fault, tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    graph = convert(model("both" if fault == "the last step" else "windows"), tmp_path, settings())
    graph.write()
    if fault is not None:
        change(tmp_path / "firmware/nnet_utils/nnet_lmu_select.h", *FAULTS[fault])
    network = network_spec(graph)
    x = quantize(np.random.default_rng(0).uniform(-4, 4, (5, STEPS, N_IN)), network.x)
    lengths = np.array([STEPS, 1, 3, 2, 4])
    same = np.array_equal(
        compile_project(tmp_path).run(x, network, lengths=lengths), golden.predict(network, x, lengths=lengths)
    )
    assert same == (fault is None)


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_two_inputs(io_type, tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    ends = [keras.Input((None, N_IN), name=name) for name in ("left", "right")]
    both = keras.layers.Concatenate()([ends[0], keras.layers.MaxPooling1D(2, 1, "same")(ends[1])])
    graph = convert(keras.Model(ends, lmu(return_sequences=False)(both)), tmp_path, settings(), io_type=io_type)
    graph.write()
    network, lengths = network_spec(graph), np.array([STEPS, 1, 3, 2, 4])
    rng = np.random.default_rng(0)
    x = {item.name: quantize(rng.uniform(-4, 4, (5, STEPS, N_IN)), item.type) for item in network.inputs}
    expected = golden.predict_all(network, x, lengths=lengths)
    found = compile_project(tmp_path).run_all(x, network, lengths=lengths)
    assert all(np.array_equal(found[name], values) for name, values in expected.items())
