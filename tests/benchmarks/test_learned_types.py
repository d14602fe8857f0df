"""The benchmark of learned types trains, counts and reports a point."""

import numpy as np

import lmu_hls
from benchmarks import learned_types
from lmu_hls.configurations import SMALL
from lmu_hls.flow import Data

RNG = np.random.default_rng(0)
DATA = Data(RNG.normal(size=(12, SMALL.steps, SMALL.n_in)), RNG.integers(0, 2, 12))


def test_a_point_has_the_bits_and_the_right_answers_of_a_model():
    model = lmu_hls.quantize(SMALL.keras_model(), weights=4, activations=7, calibration=DATA.x)
    answers = model.predict(DATA.x, verbose=0).argmax(-1)
    right = int((answers == DATA.y).sum())
    point = learned_types._point("uniform", 4, 1, model, DATA)
    assert (point.right, point.total) == (right, 12) and 200 < point.bits < 600


def test_what_is_learned_is_cheaper():
    model = SMALL.keras_model()
    few = learned_types.learned(model, DATA, price=50.0, seed=1, epochs=6)
    uniform = learned_types.uniform(model, DATA, width=4, seed=1, epochs=1)
    points = [learned_types._point("x", 0, 1, made, DATA) for made in (few, uniform)]
    assert points[0].bits < points[1].bits
