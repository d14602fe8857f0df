"""Networks as people build them, from Keras to the generated C++ and the Verilog, every integer golden's."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.backend.design import design
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.options import RtlOptions
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu, write
from tests.support.make_sim import make
from tests.support.random_rtl import check_icarus, has_icarus, make_case

L = keras.layers


def residual_stack():
    """LMU, batch normalization and the way around them, twice; the last step's classes."""
    x = keras.Input((STEPS, N_IN), name="x")
    h = L.Dense(4, name="first")(x)
    for block in ("one", "two"):
        inside = L.BatchNormalization(name=f"norm_{block}")(lmu("relu", (False, False, True), name=block)(h))
        h = L.Add(name=f"add_{block}")([inside, h])
    model = keras.Model(x, L.Dense(3, "softmax", name="head")(h[:, -1]))
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.moving_variance.assign([0.5, 1.5, 0.8, 1.1])
    return model


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
def test_a_residual_stack(tmp_path):
    model = residual_stack()
    settings = config(model, default_precision="fixed<18,6>")
    network = assert_csim_equals_golden(convert(model, tmp_path / "hls", settings))
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == ["Dense", "LMU", "Scale", "Merge", "LMU", "Scale", "Merge", "Select", "Dense", "Softmax"]
    x = np.random.default_rng(1).uniform(-1, 1, (20, STEPS, N_IN)).astype(np.float32)
    fixed = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    assert np.abs(fixed - model.predict(x, verbose=0)).max() < 0.02
    made = make_case(network, RtlOptions(), np.random.default_rng(0), 2000)
    made.write(tmp_path)
    check_icarus(made, tmp_path)


def anomalies(x):
    """Beats of a heart: a convolution, an LMU, the mean of all steps, and how likely it is that something is wrong."""
    h = L.Conv1D(3, 3, padding="same", activation="relu", name="conv")(x)
    h = L.MaxPooling1D(2, name="pool")(h)
    h = L.GlobalAveragePooling1D(name="mean")(lmu("tanh", (False, False, True), name="memory")(h))
    return L.Dense(1, "sigmoid", name="head")(h)


def former(x):
    """An LMUFormer block without attention: a convolution over few steps, an LMU, a feed-forward part, ways around."""
    h = L.Conv1D(4, 3, padding="causal", name="patch")(x)
    inside = L.BatchNormalization(name="norm")(lmu("relu", (False, False, False), name="memory")(h))
    h = L.Add(name="around")([h, inside])
    wide = L.Dense(6, "gelu", name="wide")(h)
    h = L.Add(name="again")([h, L.Dense(4, name="narrow")(wide)])
    return L.Dense(3, "softmax", name="head")(L.GlobalMaxPooling1D(name="largest")(h))


def regression(x):
    """Each step of a sequence from the steps around it, in both directions."""
    h = L.DepthwiseConv1D(3, padding="same", name="smooth")(x)
    h = L.Bidirectional(lmu(None, (False, False, False), name="memory"), name="both")(h)
    return L.TimeDistributed(L.Dense(2, name="line"), name="lines")(L.Dense(3, "tanh", name="hidden")(h))


def classifier(x):
    """Yes or no for a sequence: normalized values, an LMU with a GRU cell, its last h."""
    h = L.BatchNormalization(name="norm")(x)
    h = lmu(L.GRUCell(3), (False, False, True), return_sequences=False, name="memory")(h)
    return L.Dense(1, "sigmoid", name="head")(L.Dropout(0.3, name="drop")(h))


FORMS = {"anomalies": anomalies, "former": former, "regression": regression, "classifier": classifier}


def converted(form, tmp_path):
    """The model of a form, and its graph."""
    keras.utils.set_random_seed(3)
    x = keras.Input((6, N_IN), name="x")
    model = keras.Model(x, FORMS[form](x), name=form)
    return model, convert(model, tmp_path / "hls", config(model, default_precision="fixed<20,6>"))


@pytest.mark.parametrize("form", FORMS)
def test_csim_of_a_form(form, tmp_path):
    assert_csim_equals_golden(converted(form, tmp_path)[1])


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
@pytest.mark.parametrize("form", FORMS)
def test_a_form(form, tmp_path):
    """Golden near Keras, and the Verilog golden's in every integer and cycle."""
    model, graph = converted(form, tmp_path)
    network = network_spec(graph)
    values = np.random.default_rng(1).uniform(-1, 1, (20, 6, N_IN)).astype(np.float32)
    fixed = to_float(golden.run(network, quantize(values, network.x)).output, network.out)
    real = np.asarray(model(values))
    assert fixed.shape == real.shape and np.abs(fixed - real).max() < 0.01 and np.unique(fixed).size > 4
    made = make_case(network, RtlOptions(), np.random.default_rng(0), 2000)
    made.write(tmp_path)
    check_icarus(made, tmp_path)


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
def test_a_fusion_of_two_inputs(tmp_path):
    """Motion and sound, an answer for each step and one for all: the written project runs its vectors."""
    keras.utils.set_random_seed(5)
    motion, sound = keras.Input((6, 2), name="motion"), keras.Input((6, 1), name="sound")
    parts = [L.Dense(2, "relu", name="left")(motion), L.Conv1D(2, 3, padding="same", name="conv")(sound)]
    h = lmu("relu", (False, False, True), name="memory")(L.Concatenate(name="fused")(parts))
    ends = [L.Dense(2, name="trace")(h), L.Dense(1, "sigmoid", name="alarm")(h[:, -1])]
    model = keras.Model([motion, sound], ends, name="fusion")
    graph = convert(model, tmp_path / "hls", config(model, default_precision="fixed<18,6>"))
    network = network_spec(graph)
    rng = np.random.default_rng(7)
    x = {item.name: quantize(rng.uniform(-1, 1, (9, 6, item.width)), item.type) for item in network.inputs}
    outputs, trace = write(graph).run_all(x, network), golden.run_samples(network, x)
    assert all(np.array_equal(outputs[name], values) for name, values in trace.outputs.items())
    made = design(network, RtlOptions(), 8)
    made.write(tmp_path / "verilog")
    done = make(tmp_path / "verilog")
    assert done.returncode == 0 and done.stdout.count("PASS") == 2, done.stdout + done.stderr
