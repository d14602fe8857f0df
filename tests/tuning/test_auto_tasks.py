"""The search for types with every kind of task: regression, one output, an answer a step."""

import keras
import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import check_targets, error_figures
from lmu_hls.layers import LMU, head_of
from lmu_hls.tuning import AccuracyDrop, SnrDb, tune
from lmu_hls.tuning.search import Search
from tests.support.tuning_networks import build


def outputs(model, x):
    return np.asarray(model.predict(x, verbose=0), np.float64)


def test_a_regression_has_errors_in_place_of_accuracy_and_a_target_of_its_own(x):
    model = build(outputs=2)
    y = outputs(model, x) + 0.1
    found = tune(model, x, y, budget=60)
    assert found.target == SnrDb(40) and found.measure.snr_db >= 40
    assert found.reference.error == error_figures(y, outputs(model, x))
    assert found.reference.error.rmse == pytest.approx(0.1)
    assert found.measure.error.rmse == pytest.approx(0.1, rel=0.2)
    assert found.measure.error != found.reference.error
    with pytest.raises(LmuHlsError, match=r"y is float, so this is a regression.*--target-snr-db"):
        tune(model, x, y, AccuracyDrop())


def test_one_output_is_judged_by_its_sign(x):
    model = build(outputs=1)
    real = outputs(model, x)[:, 0]
    model.layers[-1].bias.assign_sub([np.median(real)])  # both classes in equal parts
    y = (outputs(model, x)[:, 0] > 0).astype(int)
    assert 20 <= y.sum() <= 40
    found = tune(model, x, y, AccuracyDrop(2.0, safety=1.0), budget=60)
    assert found.reference.accuracy == 1.0 and found.measure.accuracy >= 0.98
    assert tune(model, x, 1 - y, AccuracyDrop(2.0, safety=1.0), budget=20).reference.accuracy == 0.0
    assert tune(model, x, budget=20).target == SnrDb(40)  # without y nothing says that it has classes


def test_every_step_of_a_sequence_is_an_answer(x):
    model = build(return_sequences=True)
    answers = outputs(model, x).argmax(-1)
    y = answers.copy()
    y[:6] = (y[:6] + 1) % 4  # a tenth is wrong
    found = tune(model, x, y, AccuracyDrop(2.0, safety=1.0), budget=60)
    assert head_of(model).shape == (12, 4)
    assert found.reference.accuracy == pytest.approx(0.9)
    assert found.measure.accuracy == pytest.approx(0.9, abs=0.02)
    with pytest.raises(LmuHlsError, match=r"returns all its 12 steps.*\(samples, 12\)"):
        tune(model, x, y[:, 0])


def test_a_safety_that_no_types_give_does_not_make_a_drop_unreachable(model, x, monkeypatch):
    """Where the float model is undecided, an error seven times as large always changes answers: the search goes on
    with less safety, and says which. Before, "0.5 points is out of reach; the best found is a drop of 0.00 points"."""
    reach, limit = Search.reach, 2

    def with_little_safety(search, start):
        found = reach(search, start)
        return found if search.target.safety < limit else None

    monkeypatch.setattr(Search, "reach", with_little_safety)
    found = tune(model, x, target=AccuracyDrop(2.0), budget=60)
    assert found.target == AccuracyDrop(2.0, safety=1.75)
    assert found.measure.accuracy >= 0.98
    words = found.target.reached(found.measure, found.reference)
    assert "a drop of 0" in words and "with errors 1.75 times as large" in words
    limit = 0
    with pytest.raises(LmuHlsError, match=r"out of reach; the best found is a drop of .* % of the answers changed"):
        tune(model, x, target=AccuracyDrop(2.0), budget=60)


@pytest.mark.parametrize(
    ("hidden", "sigmoid"),
    [
        (lambda: keras.layers.Dense(1, activation="sigmoid"), True),
        (lambda: keras.layers.SimpleRNNCell(1, activation="sigmoid"), True),
        (lambda: keras.layers.Dense(1), False),
        (lambda: keras.layers.LSTMCell(1), False),
    ],
)
@pytest.mark.parametrize("steps", [False, True])
def test_the_contract_and_the_model_have_the_same_head(hidden, sigmoid, steps):
    from lmu_hls.flow.data import head_of as head_of_network
    from lmu_hls.tuning.calibration import wide_types
    from lmu_hls.tuning.draft import draft

    lmu = LMU(2, 3, 5, hidden(), return_sequences=steps)
    model = keras.Sequential([keras.Input((5, 2)), lmu])
    source = draft(model)
    head = head_of(model)
    assert head_of_network(source.network(wide_types(source))) == head
    assert head.shape == ((5, 1) if steps else (1,)) and head.sigmoid == sigmoid
    y = np.ones((3, 5) if steps else 3, int)
    assert check_targets(y, head, 3).right(np.full((3, *head.shape), 0.25)) == (0 if sigmoid else y.size)
