"""Equal to the reference is one statement, close to the model another: what the second says, of which cause."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.figures import check_targets, closeness
from lmu_hls.fixed import quantize, to_float
from lmu_hls.flow import random_data
from lmu_hls.flow.data import head_of
from lmu_hls.flow.fidelity import WARN_DB, measure_fidelity
from lmu_hls.layers import LMU
from lmu_hls.records import Overrun
from lmu_hls.tuning.draft import configured_types, draft
from tests.support.small_model import small_model

SILENT = ("SNR of 0.0 dB", "every input becomes zero", "scale the data up", "outputs in fixed point are zero")
X = np.random.default_rng(0).normal(size=(40, 5, 2))


@pytest.fixture(scope="module")
def model():
    return small_model(head=2)


@pytest.fixture(scope="module")
def source(model):
    return draft(model)


@pytest.fixture
def measured(model, source):
    """The fidelity of the model with one type for every tensor on x, and both outputs."""

    def run(x, precision="fixed<16,6>", y=None, **options):
        types = configured_types(model, source, {"Model": {"Precision": precision}})
        network = source.network(types)
        output, real = golden.predict(network, quantize(x, network.x)), np.asarray(model.predict(x, verbose=0))
        targets = None if y is None else check_targets(y, head_of(network), len(x))
        return (
            measure_fidelity(network, x, real, output, targets=targets, **options),
            real,
            to_float(output, network.out),
        )

    return run


def test_types_that_fit_are_close(measured):
    found, real, fixed = measured(X)
    signal, noise = np.var(real) + np.mean(real) ** 2, np.mean((real - fixed) ** 2)
    assert found.closeness.snr_db == pytest.approx(10 * np.log10(signal / noise)) and found.closeness.snr_db > 40
    assert found.closeness.worst == np.abs(real - fixed).max()
    assert (found.verdict, found.doubts, found.min_snr_db) == ("close", (), None)


def test_a_bound_of_the_user_stands_in_place_of_the_default(measured):
    ratio = measured(X)[0].closeness.snr_db
    assert measured(X, min_snr_db=ratio - 1)[0].verdict == "close"
    failed = measured(X, min_snr_db=ratio + 1)[0]
    assert failed.failed and failed.verdict == "failed" and f"below {ratio + 1:g} dB" in failed.doubts[0]
    coarse = measured(X, "fixed<6,4>")[0]
    assert coarse.closeness.snr_db < WARN_DB and coarse.verdict == "doubtful"
    assert measured(X, "fixed<6,4>", min_snr_db=1)[0].verdict == "close"


@pytest.mark.parametrize(
    ("x", "precision", "parts"),
    [
        (1e-9 * X, "fixed<16,6>", SILENT),
        (127 + 60 * X, "fixed<16,6>", ("inputs are clipped: fixed<16,6> holds 31.999 at most", "scale the data")),
        (0.002 * X, "fixed<16,6>", ("the input type fixed<16,6> leaves", "scale the data up")),
        (X, "fixed<6,4>", ("the output type fixed<6,4> alone leaves", "more fraction bits")),
        (X, "fixed<8,1>", ("are clipped", "float outputs do not fit the output type fixed<8,1>", "more integer bits")),
    ],
)
def test_the_cause_is_named_with_its_remedy(measured, x, precision, parts):
    found = measured(x, precision)[0]
    assert found.verdict == "doubtful"
    for part in (*parts, "--precision auto"):
        assert any(part in doubt for doubt in found.doubts), (part, found.doubts)


def test_silence_is_noticed_where_the_outputs_are_all_bias():
    model = small_model(head=2)
    model.layers[-1].bias.assign([0.5, 0.25])
    source = draft(model)
    network, x = source.network(configured_types(model, source, None)), 1e-9 * X
    output = golden.predict(network, quantize(x, network.x))
    found = measure_fidelity(network, x, np.asarray(model.predict(x, verbose=0)), output)
    assert found.closeness.snr_db > WARN_DB
    assert found.verdict == "doubtful" and "every input becomes zero" in found.doubts[0]


def test_points_of_accuracy_that_are_lost_are_a_doubt(measured):
    raw = 100 * X
    _, real, fixed = measured(raw)
    y = real.argmax(-1)
    lost = 100 * np.mean(fixed.argmax(-1) != y)
    assert lost > 1
    doubts = measured(raw, y=y, min_snr_db=0.1)[0].doubts
    assert doubts[0] == f"{lost:.2f} points of accuracy are lost" and "are clipped" in doubts[1]
    assert measured(raw, y=real + 0.1)[0].doubts[0].startswith("the SNR")  # a regression has no points


def test_overflows_inside_are_named(measured):
    inside = [Overrun("lmu", name, count, 40.0, None) for name, count in (("u", 3), ("mem", 9), ("h", 1), ("pre", 5))]
    doubts = measured(X, "fixed<6,4>", overruns=[Overrun("input", "x", 7, 9.0, None), *inside])[0].doubts
    named = [doubt for doubt in doubts if "overflow" in doubt]
    assert len(named) == 1 and named[0].startswith("9 values of mem in layer lmu overflow, and 3 other tensors;")


def test_a_delay_line_in_eight_bits_is_doubtful():
    """Ten steps of delay by least squares on the memory. Before, fixed<8,4> "passed" without a word."""
    keras.utils.set_random_seed(0)
    memory = LMU(1, 6, 20, None, return_sequences=True, name="lmu")
    model = keras.Sequential([keras.Input((60, 1)), memory, keras.layers.Dense(1, use_bias=False, name="head")])
    x = np.sin(np.cumsum(np.random.default_rng(0).uniform(0.05, 0.3, (20, 60, 1)), axis=1))
    delayed = np.concatenate([np.zeros((20, 10, 1)), x[:, :-10]], axis=1)
    mem = np.asarray(keras.Model(model.inputs, memory.output).predict(x, verbose=0)).reshape(-1, 6)
    model.layers[-1].kernel.assign(np.linalg.lstsq(mem, delayed.reshape(-1, 1), rcond=None)[0])
    real, source = np.asarray(model.predict(x, verbose=0)), draft(model)
    assert np.sqrt(np.mean((real - delayed) ** 2)) < 0.1
    verdicts = {}
    for precision in ("fixed<8,4>", "fixed<16,6>"):
        network = source.network(configured_types(model, source, {"Model": {"Precision": precision}}))
        output = golden.predict(network, quantize(x, network.x))
        targets = check_targets(delayed, head_of(network), len(x))
        found = measure_fidelity(network, x, real, output, targets=targets)
        verdicts[precision] = found.verdict
        assert len(found.closeness.place) == 3
    assert verdicts == {"fixed<8,4>": "doubtful", "fixed<16,6>": "close"}


def test_random_data_say_so(source, model):
    network = source.network(configured_types(model, source, {"Model": {"Precision": "fixed<5,4>"}}))
    data = random_data(network, 8)
    real = np.asarray(model.predict(data.x, verbose=0))
    output = golden.predict(network, quantize(data.x, network.x))
    found = measure_fidelity(network, data.x, real, output, drawn=data.drawn)
    assert found.closeness.snr_db < WARN_DB and "the data are random" in found.doubts[-1]
    assert found.verdict == "not judged"  # they reach what no real data do
    assert measure_fidelity(network, data.x, real, output, drawn=True, min_snr_db=20).verdict == "failed"
    assert measure_fidelity(network, data.x, real, output, drawn=True, min_snr_db=0.1).verdict == "close"


def test_a_float_model_without_numbers_has_words(source, model, measured):
    network = source.network(configured_types(model, source, None))
    output = golden.predict(network, quantize(X, network.x))
    for value, words in ((np.nan, "NaN or infinity"), (0.0, "zero throughout")):
        found = measure_fidelity(network, X, np.full((40, 2), value), output)
        assert found.verdict == "doubtful" and words in found.doubts[0]


def test_outputs_that_would_broadcast_are_refused(source, model):
    network = source.network(configured_types(model, source, None))
    output = golden.predict(network, quantize(X, network.x))
    with pytest.raises(ValueError, match="shape"):
        measure_fidelity(network, X, np.zeros((40, 1)), output)


def test_the_tests_see_a_comparison_of_golden_with_itself(measured, monkeypatch):
    from lmu_hls.flow import fidelity

    monkeypatch.setattr(fidelity, "closeness", lambda real, fixed: closeness(fixed, fixed))
    with pytest.raises(AssertionError):
        test_types_that_fit_are_close(measured)
