"""auto_precision on small untrained networks: targets met, nothing left to gain one bit at a time, and refusals."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from lmu_hls import golden, legendre
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.precision.stability import FACTORS
from lmu_hls.spec import store
from lmu_hls.tuning import AccuracyDrop, BitBudget, SnrDb, auto_precision, exceeded, profile, tune
from lmu_hls.tuning.calibration import Observed
from lmu_hls.tuning.draft import Draft, draft
from lmu_hls.tuning.facts import vanished_coefficients
from lmu_hls.tuning.plan import make_plan, prove

keras = pytest.importorskip("keras", reason="Keras is not installed")

STEPS, N_IN, CLASSES, SAMPLES = 12, 3, 4, 60


def build(**options):
    from lmu_hls.layers import LMU

    keras.utils.set_random_seed(7)
    units = options.pop("outputs", CLASSES)
    arguments = {
        "memory_d": 2,
        "order": 4,
        "theta": 10,
        "hidden_cell": keras.layers.Dense(5, activation="tanh"),
        "basis": "orthonormal",
        "hidden_to_memory": True,
        "input_to_hidden": True,
        "use_bias": True,
        **options,
    }
    model = keras.Sequential(
        [keras.Input((STEPS, N_IN)), LMU(**arguments, name="lmu"), keras.layers.Dense(units, name="head")]
    )
    rng = np.random.default_rng(3)
    for variable in model.trainable_variables:
        variable.assign(0.6 * rng.standard_normal(variable.shape))
    return model


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(5).standard_normal((SAMPLES, STEPS, N_IN)).cumsum(axis=1)


@pytest.fixture(scope="module")
def at_30_db(model, x):
    return tune(model, x, target=SnrDb(30))


def types_of(tuning):
    return {(t.layer, t.tensor): t.type for t in tuning.tensors}


def output_snr(model, x, types):
    network = draft(model).network(types)
    exact = np.asarray(model.predict(x, verbose=0), np.float64)
    error = to_float(golden.predict(network, quantize(x, network.x)), network.out) - exact
    return 10 * np.log10(np.sum(exact**2) / np.sum(error**2))


def test_target_is_met_and_every_tensor_has_a_type(model, x, at_30_db):
    types = types_of(at_30_db)
    assert set(types) == set(draft(model).keys)
    assert {"u", "mem", "pre", "result", "encoder_x", "encoder_h", "encoder_bias", "a", "b", "hidden_mem"} <= {
        tensor for layer, tensor in types if layer == "lmu"
    }
    assert output_snr(model, x, types) == pytest.approx(at_30_db.measure.snr_db)
    assert at_30_db.measure.snr_db >= 30
    assert at_30_db.measure.bits == sum(t.elements * t.type.width for t in at_30_db.tensors) < at_30_db.start_bits


def test_no_tensor_can_lose_another_bit(model, x, at_30_db):
    types = types_of(at_30_db)
    for tensor in at_30_db.tensors:
        key, kind = (tensor.layer, tensor.tensor), tensor.type
        if kind.width > 2:
            fewer = type(kind)(kind.width - 1, kind.integer)
            assert output_snr(model, x, {**types, key: fewer}) < 30, key


def test_the_same_arguments_give_the_same_types(model, x, at_30_db):
    assert types_of(tune(model, x, target=SnrDb(30))) == types_of(at_30_db)


def test_mem_is_proven_and_nothing_overflows(at_30_db):
    mem = next(t for t in at_30_db.tensors if t.tensor == "mem")
    assert mem.observed < mem.proven
    assert mem.headroom >= 1
    assert all(t.overflows == 0 for t in at_30_db.tensors)
    assert mem.predicted_db is not None and mem.measured_db is not None


def test_conversion_with_the_configuration_gives_the_judged_network(model, x, at_30_db, tmp_path):
    """hls4ml, given the configuration, makes the very integers that the search has judged."""
    import hls4ml

    from lmu_hls.spec.extract import network_spec

    graph = hls4ml.converters.convert_from_keras_model(
        model, output_dir=str(tmp_path / "hls"), project_name="lmu", backend="Vitis", hls_config=at_30_db.config
    )
    source, types = draft(model), types_of(at_30_db)
    assert contract(network_spec(graph), tmp_path) == contract(source.network(types), tmp_path)
    mem = types["lmu", "mem"]
    other = {**types, ("lmu", "mem"): type(mem)(mem.width + 1, mem.integer)}
    assert contract(network_spec(graph), tmp_path) != contract(source.network(other), tmp_path)


def contract(network, folder):
    """The network as the bytes of its file: every integer and every type."""
    store.save(network, folder / "spec.npz")
    return (folder / "spec.npz").read_bytes()


def test_accuracy_target(model, x):
    found = tune(model, x, target=AccuracyDrop(2.0, safety=1.5), budget=400)
    assert found.reference.accuracy == 1.0  # without right answers the float model is right
    assert found.measure.sure >= 0.98
    assert found.measure.accuracy >= 0.98
    y = np.asarray(model.predict(x, verbose=0)).argmax(-1)
    assert auto_precision(model, x, y, AccuracyDrop(2.0, safety=1.5), budget=400) == found.config


def test_the_package_offers_it():
    import lmu_hls

    assert lmu_hls.auto_precision is auto_precision


def test_csim_with_the_found_types_equals_golden(model, at_30_db, tmp_path):
    """Odd types, such as those with negative integer bits, mean the same in C++."""
    from tests.lmu_models import assert_csim_equals_golden, convert

    assert any(t.type.integer <= 0 for t in at_30_db.tensors)
    assert_csim_equals_golden(convert(model, tmp_path / "hls", at_30_db.config))


def test_more_safety_costs_bits(model, x):
    bits = [tune(model, x, target=AccuracyDrop(2.0, safety=s), budget=400).measure.bits for s in (1, 8)]
    assert bits[0] < bits[1]


def test_bit_budget_is_kept_and_used(model, x, at_30_db):
    budget = at_30_db.measure.bits
    found = tune(model, x, target=BitBudget(budget))
    assert found.measure.bits <= budget
    assert found.measure.snr_db > 27  # another search, so not the same types as the one that gave the budget


def test_without_hidden_cell_and_with_memory_feedback(x):
    model = build(hidden_cell=None, hidden_to_memory=False, input_to_hidden=False, memory_to_memory=True)
    weight = next(v for v in model.trainable_variables if "recurrent_kernel" in v.path)
    weight.assign(0.05 * weight)
    found = tune(model, x, target=SnrDb(25), config={"LayerName": {"lmu": {"ReuseFactor": 4}}})
    assert found.measure.snr_db >= 25
    assert ("lmu", "encoder_mem") in types_of(found)
    assert found.config["LayerName"]["lmu"]["ReuseFactor"] == 4


CELLS = {
    "tridiagonal": {"discretizer": "bilinear"},
    "rnn": {"hidden_cell": "SimpleRNNCell"},
    "lstm": {"hidden_cell": "LSTMCell"},
    "gru": {"hidden_cell": "GRUCell"},
}


@pytest.mark.parametrize("name", CELLS)
def test_every_form_of_the_layer_is_tuned(name, x, tmp_path):
    import hls4ml

    from lmu_hls.spec.extract import network_spec

    options = dict(CELLS[name])
    if "hidden_cell" in options:
        options["hidden_cell"] = getattr(keras.layers, options["hidden_cell"])(3)
    model = build(**options, hidden_to_memory=False)
    config = {"LayerName": {"lmu": {"MemoryUpdate": "tridiagonal"}}} if name == "tridiagonal" else None
    found = tune(model, x, target=SnrDb(15), config=config, budget=60)
    assert found.measure.snr_db >= 15
    types = types_of(found)
    tensors = {tensor for layer, tensor in types if layer == "lmu"}
    assert {"tridiagonal": "sweep", "rnn": "hidden_h", "lstm": "squashed", "gru": "inner"}[name] in tensors
    if name == "tridiagonal":
        sweep = next(t for t in found.tensors if t.tensor == "sweep")
        assert 0 < sweep.observed < sweep.proven and sweep.safe
    graph = hls4ml.converters.convert_from_keras_model(
        model, output_dir=str(tmp_path / "hls"), project_name="lmu", backend="Vitis", hls_config=found.config
    )
    assert contract(network_spec(graph), tmp_path) == contract(draft(model, config).network(types), tmp_path)


def test_what_data_exceed_is_told(model, x, at_30_db):
    network = draft(model).network(types_of(at_30_db))
    calm, wild = quantize(x, network.x), quantize(np.clip(20 * x, -1e3, 1e3), network.x)
    slack = {key: 1.1 * peak for key, peak in at_30_db.peaks.items()}  # rounding may add a little
    assert exceeded(slack, network, calm, golden.run(network, calm)) == ()
    found = exceeded(slack, network, wild, golden.run(network, wild))
    assert any(e.layer == "lmu" and e.tensor == "u" and e.seen > e.calibrated for e in found)
    assert any(e.overflows for e in found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, :, :2], r"float64 of shape \(60, 12, 2\); give numbers of shape \(samples, 12, 3\)"),
        (lambda x: x[0], r"shape \(12, 3\)"),
        (lambda x: x[:0], r"shape \(0, 12, 3\)"),
        (lambda x: np.where(np.arange(60)[:, None, None] == 7, np.nan, x), r"NaN or infinity \(first in sample 7\)"),
        (lambda x: 0 * x, "zero throughout"),
        (lambda x: 1e6 * x, "goes beyond 8192 on the calibration data"),
    ],
)
def test_bad_data_is_refused(model, x, change, message):
    with pytest.raises(LmuHlsError, match=message):
        tune(model, change(x))


def test_bad_arguments_are_refused(model, x):
    with pytest.raises(LmuHlsError, match=r"answers are int64 of shape \(3,\)"):
        tune(model, x, np.array([1, 2, 3]))
    with pytest.raises(ValueError, match=r"headroom=0\.5"):
        tune(model, x, headroom=0.5)
    for make in (lambda: AccuracyDrop(-1), lambda: AccuracyDrop(1, safety=0), lambda: SnrDb(0), lambda: BitBudget(0)):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(LmuHlsError, match="names layer 'lnu', but the model has only: "):
        tune(model, x, config={"LayerName": {"lnu": {"ReuseFactor": 2}}})
    with pytest.raises(LmuHlsError, match="has one output"):
        tune(build(outputs=1), x)


def test_targets_out_of_reach_say_the_best(model, x):
    with pytest.raises(LmuHlsError, match=r"SNR of 120 dB at the output is out of reach; the best found is \d+\.\d dB"):
        tune(model, x, target=SnrDb(120))
    with pytest.raises(LmuHlsError, match=r"at most 100 bits is out of reach; the best found is [\d,]+ bits"):
        tune(model, x, target=BitBudget(100))


def test_weights_that_round_to_zero_are_named(x):
    model = build()
    kernel = next(v for v in model.trainable_variables if v.path.endswith("head/kernel"))
    kernel.assign(1e-9 * kernel)
    with pytest.raises(LmuHlsError, match="layer 'head': all of 'weight' rounds to zero with 20 fraction bits"):
        tune(model, x)


def test_coefficients_that_become_zero_are_listed(model, at_30_db):
    source, types = draft(model), types_of(at_30_db)
    assert at_30_db.vanished == vanished_coefficients(source, types)
    coarse = {**types, ("lmu", "b"): FixedType(3, 1)}
    lost = [f"lmu.b[{i}]" for i in np.flatnonzero(np.abs(source.weights["lmu", "b"]) < 1 / 8)]
    assert lost and [name for name in vanished_coefficients(source, coarse) if name.startswith("lmu.b")] == lost


def test_profile_describes_the_types_of_a_configuration(model, x, at_30_db):
    same = {(t.layer, t.tensor): t for t in profile(model, x, at_30_db.config)}
    assert all(same[t.layer, t.tensor] == t for t in at_30_db.tensors)
    narrow = {
        "LayerName": {
            "lmu": {"Precision": {"u": "fixed<6,1,RND_CONV,SAT>"}},
            draft(model).nodes[0].name: {"Precision": {"result": "fixed<8,1>"}},
        }
    }
    found = {(t.layer, t.tensor): t for t in profile(model, x, narrow)}
    u = found["lmu", "u"]
    assert u.type == FixedType(6, 1)
    assert u.overflows > 0 and u.headroom < 1 and not u.safe
    assert found["head", "result"].type.width == 16
    entrance = next(t for t in found.values() if t.layer not in ("lmu", "head"))
    assert entrance.overflows == np.count_nonzero(np.abs(x) > 1)
    assert found["head", "result"].measured_db < same["head", "result"].measured_db


def test_what_is_proven_holds_for_the_worst_input(model, at_30_db):
    u = next(t for t in at_30_db.tensors if t.tensor == "u")
    network = draft(model).network(types_of(at_30_db))
    rng = np.random.default_rng(0)
    wild = rng.choice([network.x.min_int, network.x.max_int], (200, STEPS, N_IN))
    trace = golden.run(network, wild)
    peak = np.abs(trace["lmu"].tensors["u"]).max() * u.type.lsb
    assert peak <= u.proven
    assert trace["lmu"].overflows["mem"] == 0
    assert next(t for t in at_30_db.tensors if t.tensor == "mem").safe


def test_sweep_bits_of_a_tridiagonal_memory_are_proven():
    factors = legendre.tridiagonal_factors(8, 20.0)
    weights = {("lmu", name): getattr(factors, name) for name in FACTORS}
    source = Draft((), "lmu", (("lmu", "u"), ("lmu", "mem"), ("lmu", "sweep"), *weights), weights, {})
    observed = {("lmu", "u"): Observed(1, 0.7, 0.1), ("lmu", "mem"): Observed(8, 0.3, 0.1)}
    plan = make_plan(source, observed, 1.25)
    assert plan.integers["lmu", "mem"] == 0
    proven = prove(plan, plan.types(dict.fromkeys(source.keys, 12)))
    assert proven.type_of(("lmu", "u"), 12) == FixedType(13, 1)
    assert proven.integers["lmu", "mem"] == proven.integers["lmu", "sweep"] == 2
