"""Figures of every task against formulas written another way, and labels that cannot be."""

from fractions import Fraction
from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import (
    BINARY,
    CLASSES,
    REGRESSION,
    Head,
    check_inputs,
    check_targets,
    closeness,
    error_figures,
    snr_db,
)

quick = settings(max_examples=60, deadline=None)
heads = st.builds(
    lambda steps, width, sigmoid: Head((*steps, width), sigmoid),
    st.sampled_from([(), (1,), (4,), (7,)]),
    st.integers(1, 5),
    st.booleans(),
)


@st.composite
def outputs(draw, head=heads):
    """A head, and outputs (N, [T,] K) with few different values, so that ties happen."""
    head = draw(head)
    shape = (draw(st.integers(1, 5)), *head.shape)
    seed = draw(st.integers(0, 2**32 - 1))
    return head, np.random.default_rng(seed).integers(-4, 5, shape) / draw(st.sampled_from([1, 8, 3.7]))


def said(head, row):
    """The answer of one output vector, by the definition."""
    if head.width == 1:
        return 1 if row[0] > (0.5 if head.sigmoid else 0) else 0
    return list(row).index(max(row))


@quick
@given(outputs(), st.integers(0, 2**32 - 1))
def test_right_answers_are_counted_one_by_one(case, seed):
    head, values = case
    count = max(2, head.width)
    y = np.random.default_rng(seed).integers(0, count, values.shape[:-1])
    rows = values.reshape(-1, head.width)
    right = sum(said(head, row) == label for row, label in zip(rows, y.ravel(), strict=True))
    given_as = [y, y[..., np.newaxis], y.astype(np.uint8)]
    if head.width > 1:
        given_as += [y.astype(np.float32), np.eye(count)[y], np.eye(count, dtype=int)[y], np.eye(count, dtype=bool)[y]]
    elif head.sigmoid:
        given_as += [y.astype(np.float32), y[..., np.newaxis].astype(float)]
    if count == 2:
        given_as.append(y.astype(bool))
    for labels in given_as:
        targets = check_targets(labels, head, len(values))
        assert targets.task == (BINARY if head.width == 1 else CLASSES)
        assert (targets.right(values), targets.values.size) == (right, y.size)


@quick
@given(outputs(st.builds(lambda s, k: Head((*s, k)), st.sampled_from([(), (1,), (4,)]), st.integers(1, 3))), st.data())
def test_errors_are_those_of_exact_fractions(case, data):
    head, values = case
    seed = data.draw(st.integers(0, 2**32 - 1))
    y = np.random.default_rng(seed).integers(-9, 10, values.shape) / 4
    if head.width > 1:
        y[..., 0] += 0.125  # so that no draw is one-hot
    forms = [y, y[..., 0]] if head.width == 1 else [y]
    for form in forms:
        targets = check_targets(form, head, len(values))
        assert targets.task == REGRESSION
        found = targets.error(values)
        exact = [[Fraction(v) for v in row] for row in y.reshape(-1, head.width)]
        made = [[Fraction(v) for v in row] for row in values.reshape(-1, head.width)]
        count = len(exact) * head.width
        residual = sum((a - b) ** 2 for p, q in zip(exact, made, strict=True) for a, b in zip(p, q, strict=True))
        spread = sum(sum(a * a for a in column) - sum(column) ** 2 / len(column) for column in zip(*exact, strict=True))
        assert found.rmse == pytest.approx(sqrt(residual / count), rel=1e-12, abs=1e-300)
        if spread == 0:
            assert found.nrmse is None and found.r2 is None and "y is constant" in str(found)
        else:
            assert found.nrmse == pytest.approx(sqrt(residual / spread), rel=1e-9)
            assert found.r2 == pytest.approx(float(1 - residual / spread), rel=1e-9, abs=1e-9)


def test_r2_of_a_straight_line_is_the_squared_correlation():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 50))
    line = np.polyval(np.polyfit(x, y, 1), x)
    found = error_figures(y[:, np.newaxis], line[:, np.newaxis])
    assert found.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert found.nrmse == pytest.approx(found.rmse / np.std(y))


@quick
@given(outputs(), st.integers(0, 2**32 - 1), st.integers(-900, 900))
def test_closeness_is_that_of_exact_fractions_at_every_scale(case, seed, scale):
    _, fixed = case
    real = fixed + np.random.default_rng(seed).integers(-2, 3, fixed.shape) / 16
    found = closeness(np.ldexp(real, scale), np.ldexp(fixed, scale))
    exact, made = ([Fraction(v) for v in values.ravel()] for values in (real, fixed))
    signal, noise = sum(a * a for a in exact), sum((a - b) ** 2 for a, b in zip(exact, made, strict=True))
    if noise == 0:
        assert found.snr_db == inf and str(found) == f"all {real.size} values equal"
    elif signal == 0:
        assert found.snr_db == -inf and "zero throughout" in str(found)
    else:
        assert found.snr_db == pytest.approx(10 * np.log10(float(signal / noise)), abs=1e-9)
    worst = max(abs(a - b) for a, b in zip(exact, made, strict=True))
    assert found.worst == pytest.approx(np.ldexp(float(worst), scale))
    assert abs(real[found.place] - fixed[found.place]) == pytest.approx(float(worst))
    assert (found.real, found.fixed) == (np.ldexp(real, scale)[found.place], np.ldexp(fixed, scale)[found.place])


def test_closeness_says_where():
    real = np.zeros((3, 4, 2))
    real[1, 2, 0] = 1.5
    found = closeness(real, np.zeros((3, 4, 2)))
    assert found.place == (1, 2, 0) and found.snr_db == 0
    assert str(found) == "SNR 0.0 dB; largest difference 1.5: 0 for 1.5 in sample 1, step 2, output 0"
    assert closeness(real[:, 2], np.zeros((3, 2))).where == "sample 1, output 0"


def test_values_that_are_no_numbers_have_words():
    real = np.array([[1.0, np.nan], [np.inf, 2.0]])
    found = closeness(real, np.array([[1.0, 0.0], [0.0, 1.5]]))
    assert found.lost == 2 and found.snr_db == -inf and found.worst == 0.5
    assert str(found).startswith("2 of 4 float values are NaN or infinite")
    with pytest.raises(LmuHlsError, match="NaN or infinite"):
        error_figures(np.zeros((2, 2)), real)
    for wrong in (closeness, error_figures):
        with pytest.raises(ValueError, match="shape"):
            wrong(np.zeros((3, 1)), np.zeros((3, 3)))  # which would broadcast


def test_extreme_values_stay_finite():
    y = np.array([[1.7e308], [-1.7e308], [1.0]])
    found = error_figures(y, 0.5 * y)
    assert found.nrmse == pytest.approx(0.5) and found.r2 == pytest.approx(0.75)
    tiny = error_figures(np.array([[0.0], [5e-324]]), np.array([[1e38], [0.0]]))
    assert tiny.nrmse is None
    assert snr_db([1e-320], [1e300]) == pytest.approx(-12400, abs=10)


SEQUENCE, ONE, THREE, SIGMOID = Head((4, 3)), Head((1,)), Head((3,)), Head((1,), sigmoid=True)


@pytest.mark.parametrize(
    ("head", "y", "parts"),
    [
        (Head((2,)), [0, 1, 7, 1], ("holds 0 to 7", "2 classes, 0 to 1", "7 at (2,)")),
        (Head((2,)), [0, 1, -1, 1], ("holds -1 to 1", "(y > 0).astype(int)")),
        (THREE, [0, 1, -1, 1], ("holds -1 to 1", "3 classes, 0 to 2", "-1 at (2,)")),
        (THREE, [1, 2, 3, 1], ("labels start at 0; subtract 1",)),
        (ONE, [1, 2, 2, 1], ("labels start at 0; subtract 1",)),
        (ONE, [0, 5, 2, 1], ("one output", "y.astype(float) for a regression")),
        (SIGMOID, [0.0, 0.5, 2.0, 1.0], None),
        (THREE, [0.0, 0.5, 2.0, 1.0], ("0.5 at (1,)", "is no class", "as integers", "(samples, 3)")),
        (THREE, ["a", "b", "c", "a"], ("holds text", "np.unique")),
        (THREE, np.array(["a", 1, None, 2.0], object), ("holds Python objects",)),
        (THREE, [0j, 1, 2, 1], ("holds complex numbers",)),
        (THREE, [0, np.nan, 1, 2], ("NaN or infinity", "(1,)")),
        (THREE, [0, 1, 2], ("shape (3,), but x has 4 samples", "one class for each sample")),
        (THREE, [[0, 1], [2, 1], [0, 0], [1, 1]], ("shape (4, 2)", "shape (samples,)", "one-hot (samples, 3)")),
        (THREE, np.ones((4, 3), int), ("not one-hot", "np.argmax(y, axis=-1)", "y.astype(float)")),
        (THREE, 1, ("shape ()",)),
        (SEQUENCE, [0, 1, 2, 1], ("returns all its 4 steps", "class for each step", "(samples, 4)", "(samples, 4, 3)")),
        (SEQUENCE, np.zeros((4, 1), int), ("returns all its 4 steps",)),
        (SEQUENCE, np.zeros((1, 4), int), ("but x has 4 samples",)),
        (Head((4, 1)), [0.5, 1, 2, 1], ("returns all its 4 steps", "(samples, 4, 1)")),
    ],
)
def test_labels_that_cannot_be_are_refused_with_the_remedy(head, y, parts):
    if parts is None:
        assert check_targets(y, head, 4).task == REGRESSION
        return
    with pytest.raises(LmuHlsError) as refused:
        check_targets(y, head, 4, "d.npz: y")
    for part in ("d.npz: y", *parts):
        assert part in str(refused.value), str(refused.value)


@quick
@given(st.integers(1, 5), st.integers(1, 4), st.lists(st.integers(1, 5), max_size=3), st.integers(0, 2**32 - 1))
def test_nothing_is_ever_broadcast(samples, width, shape, seed):
    """Whatever the shape of y: one right answer for each answer of the network, or a refusal."""
    for head in (Head((width,)), Head((3, width))):
        y = np.random.default_rng(seed).random((samples, *shape))
        answers = (samples, *head.steps)
        try:
            targets = check_targets(y, head, samples)
        except LmuHlsError:
            assert y.shape not in (answers, (samples, *head.shape)) or width > 1
        else:
            assert y.size == samples * np.prod(head.shape)
            assert targets.values.shape == (samples, *head.shape)


def test_answers_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match="expected"):
        Head((3,)).answers(np.zeros((4, 2, 3)))


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (Head((3,)), "3 classes, the largest output is the answer, one answer a sample"),
        (Head((4, 1), True), "two classes, class 1 where the output is above 0.5, one answer a step"),
    ],
)
def test_targets_say_what_is_judged(head, text):
    assert str(check_targets(np.zeros((2, *head.steps), int), head, 2)) == text


def test_a_regression_on_zeros_and_ones_says_how_to_get_classes():
    assert str(check_targets([0.0, 1.0, 1.0], ONE, 3)) == (
        "regression, because y is float, 1 a sample; y holds only 0 and 1: for classes give integers"
    )
    assert str(check_targets(np.full((3, 4, 3), 0.5), SEQUENCE, 3)) == "regression, because y is float, 4 x 3 a sample"


def test_inputs_are_checked():
    assert check_inputs(np.ones((2, 5, 3), np.uint8), (5, 3)).dtype == np.float64
    assert check_inputs(np.ones((2, 5, 3)), (None, 3)).shape == (2, 5, 3)
    for bad in (np.ones((0, 5, 3)), np.ones((2, 5, 4)), np.ones((5, 3)), np.full((2, 5, 3), "a"), np.ones(1, object)):
        with pytest.raises(LmuHlsError, match=r"give numbers of shape \(samples, 5, 3\)"):
            check_inputs(bad, (5, 3))


def test_the_tests_see_a_judge_that_takes_the_largest_of_one_output(monkeypatch):
    monkeypatch.setattr(Head, "answers", lambda self, values: np.asarray(values).argmax(axis=-1))
    with pytest.raises(AssertionError):
        test_right_answers_are_counted_one_by_one()


def test_the_tests_see_a_judge_that_broadcasts(monkeypatch):
    import lmu_hls.figures as figures

    def careless(y, head, samples, name="y"):
        values = np.asarray(y)
        return (
            figures.Targets(
                REGRESSION,
                np.broadcast_to(values.reshape(values.shape[:1] + (1,) * len(head.shape)), (samples, *head.shape)),
                head,
            )
            if values.ndim < 2
            else real(y, head, samples, name)
        )

    real = figures.check_targets
    monkeypatch.setitem(globals(), "check_targets", careless)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_nothing_is_ever_broadcast()


def test_inputs_that_keras_cannot_hold_are_refused():
    with pytest.raises(LmuHlsError, match=r"holds -1\.7e\+308 in sample 1, which is beyond float32"):
        check_inputs(np.array([[[1.0]], [[-1.7e308]]]), (1, 1))
