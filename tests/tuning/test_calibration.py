"""What is called proven holds on every run of the integers, and what is predicted is what is measured; else a word."""

import keras
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.layers import LMU
from lmu_hls.precision.feedback import Hidden
from lmu_hls.report.precision import ASSUMED, precision_notes
from lmu_hls.tuning import profile
from lmu_hls.tuning.calibration import REFERENCE, calibrate, check_data, observe
from lmu_hls.tuning.draft import configured_types, draft

TOLERANCE_DB = 6.0  # of a prediction for a steady state, on sequences of a few steps
CELLS = ("none", "linear", "relu", "tanh", "sigmoid")


def random_model(rng, activation):
    """A small network with weights of any scale, and types that may be too narrow for it."""
    keras.utils.set_random_seed(int(rng.integers(1 << 30)))
    cell = None if activation == "none" else keras.layers.Dense(int(rng.integers(1, 4)), activation)
    discretizer = str(rng.choice(["zoh", "bilinear"]))
    options = {
        "hidden_to_memory": cell is not None and bool(rng.random() < 0.6),
        "memory_to_memory": bool(rng.random() < 0.4),
        "input_to_hidden": cell is not None,
        "use_bias": bool(rng.random() < 0.5),
        "discretizer": discretizer,
    }
    sizes = int(rng.integers(1, 3)), int(rng.integers(1, 5)), float(rng.uniform(3, 15))
    shape = int(rng.integers(6, 24)), 2
    model = keras.Sequential([keras.Input(shape), LMU(*sizes, cell, name="lmu", **options), keras.layers.Dense(2)])
    for variable in model.trainable_variables:
        variable.assign(variable * rng.uniform(0.2, 3) + (rng.random() < 0.3) * 0.3 * rng.normal(size=variable.shape))
    config = {"Model": {"Precision": f"fixed<{rng.integers(5, 20)},{rng.integers(1, 5)}>"}}
    if discretizer == "bilinear" and rng.random() < 0.5:
        config["LayerType"] = {"LMU": {"MemoryUpdate": "tridiagonal"}}
    return model, config


def check(seed, activation):
    rng = np.random.default_rng(seed)
    model, config = random_model(rng, activation)
    source = draft(model, config)
    x = rng.normal(size=(20, source.steps, 2)).cumsum(axis=1) * 10 ** rng.uniform(-2, 1)
    try:
        network = source.network(configured_types(model, source, config))
        facts = {(fact.layer, fact.tensor): fact for fact in profile(model, x, config)}
    except LmuHlsError:  # a memory that these types make unstable
        assume(False)
        return
    wild = rng.choice([network.x.min_int, network.x.max_int], (40, source.steps, 2))
    for integers in (quantize(x, network.x), wild):
        for key, seen in observe(network, golden.run(network, integers)).items():
            bound = facts[key].proven
            assert bound is None or seen.peak <= bound * (1 + 1e-9), (key, seen.peak, bound)
    for fact in facts.values():
        beyond = fact.proven is not None and fact.observed > fact.proven
        assert beyond == ("is proven for values that fit" in fact.note)
    mem = facts["lmu", "mem"]
    if mem.predicted_db is not None:
        assert mem.overflows == facts["lmu", "u"].overflows == 0
        assert abs(mem.predicted_db - mem.measured_db) <= TOLERANCE_DB


@settings(max_examples=15, deadline=None, derandomize=True)
@example(seed=1, activation="linear")  # tridiagonal: the sweep of the reference needs its bits, too
@example(seed=17, activation="none")  # tridiagonal: the sweep saturates, and neither u nor mem does
@given(seed=st.integers(0, 2**32 - 1), activation=st.sampled_from(CELLS))
def test_bounds_hold_and_predictions_are_near(seed, activation):
    check(seed, activation)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), activation=st.sampled_from(CELLS))
def test_bounds_hold_at_length(seed, activation):
    check(seed, activation)


@pytest.fixture(scope="module")
def plain():
    keras.utils.set_random_seed(0)
    cell = keras.layers.Dense(3, "relu")
    layers = [keras.Input((12, 2)), LMU(2, 3, 8, cell, name="lmu"), keras.layers.Dense(2, name="head")]
    return keras.Sequential(layers)


def test_data_beyond_the_input_type_are_said(plain):
    """Observed is without saturation, Proven for what the types hold: not two numbers side by side without a word."""
    x = 300 * np.random.default_rng(0).normal(size=(8, 12, 2))
    facts = profile(plain, x, {"Model": {"Precision": "fixed<16,6>"}})
    u = next(fact for fact in facts if fact.tensor == "u")
    assert u.observed > u.proven and u.predicted_db is None
    assert "values of the input do not fit its type" in u.note
    mem = next(fact for fact in facts if fact.tensor == "mem")
    assert mem.overflows or mem.predicted_db is None or "values of u do not fit" in mem.note
    assert any(line.startswith("lmu u: without saturation the data reach") for line in precision_notes(facts))
    assert "Proven: for every input that fits" in ASSUMED


@pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-4])
def test_small_signals_are_measured_as_well_as_large_ones(plain, scale):
    """The run that SNRs are measured against has its bits where the values are."""
    x = scale * np.random.default_rng(1).normal(size=(16, 12, 2))
    integer = {1.0: 6, 1e-2: 0, 1e-4: -6}[scale]
    mem = next(
        fact for fact in profile(plain, x, {"Model": {"Precision": f"fixed<16,{integer}>"}}) if fact.tensor == "mem"
    )
    assert mem.predicted_db == pytest.approx(mem.measured_db, abs=TOLERANCE_DB) and mem.measured_db > 35


def test_the_outputs_of_a_calibration_are_in_its_type(plain):
    """The output as the tensors: what is learned is judged by it."""
    x = np.random.default_rng(1).normal(size=(4, 12, 2)).astype(np.float32)
    source = draft(plain)
    _, trace = calibrate(source, check_data(source, x))
    assert np.allclose(to_float(trace.output, REFERENCE), plain.predict(x, verbose=0), atol=1e-3)


def test_an_activation_that_nothing_is_known_of_is_refused():
    """It would be taken for the identity, and its range be false."""
    kernel = np.ones((1, 1))
    for name in ("linear", "relu", "tanh", "sigmoid"):
        assert Hidden(kernel, activation=name).activation == name
    for name in ("hard_shrink", "log_softmax", ""):
        with pytest.raises(ValueError, match="has no known bound"):
            Hidden(kernel, activation=name)
