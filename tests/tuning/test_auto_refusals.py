"""Unusable data and arguments, and targets out of reach: each one clear message."""

import keras
import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.tuning import AccuracyDrop, BitBudget, SnrDb, tune
from tests.support.lmu_models import lmu
from tests.support.tuning_networks import build


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
    with pytest.raises(LmuHlsError, match=r"y of the calibration data is int64 of shape \(3,\)"):
        tune(model, x, np.array([1, 2, 3]))
    with pytest.raises(ValueError, match=r"headroom=0\.5"):
        tune(model, x, headroom=0.5)
    for make in (lambda: AccuracyDrop(-1), lambda: AccuracyDrop(1, safety=0), lambda: SnrDb(0), lambda: BitBudget(0)):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(LmuHlsError, match="LayerName: the model has no layer 'lnu'; did you mean 'lmu'"):
        tune(model, x, config={"LayerName": {"lnu": {"ReuseFactor": 2}}})
    with pytest.raises(LmuHlsError, match=r"one output and there is no y.*--target-snr-db"):
        tune(build(outputs=1), x, target=AccuracyDrop())


def test_several_inputs_and_outputs_are_refused():
    ends = [keras.Input((12, 2), name=name) for name in ("left", "right")]
    h = lmu("relu", (False, False, True), name="lmu")(keras.layers.Concatenate(name="both")(ends))
    head = keras.layers.Dense(2, name="head")(h)
    for outputs, said in (
        (head, "the model has 2 inputs, and types"),
        ([h, head], "the model has 2 outputs, and types"),
    ):
        with pytest.raises(LmuHlsError, match=said):
            tune(keras.Model(ends, outputs), np.ones((4, 12, 2)))


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
