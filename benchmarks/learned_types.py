"""Accuracy over bits on the network of the demo: types that are learned, uniform widths, and types by search.

    python -m benchmarks.learned_types [--model MODEL.keras] [--output curve.json] [--seeds 1 2 3]

Each point is a training on the 270 training utterances; the 370 test utterances are looked at once, when it is over.
Bits are widths times elements, every weight once and every value of one time step once. Learned: prices of a kbit in
units of the loss, from 4-bit weights and 7-bit values. Uniform: weights of w bits and values of w + 3. Search: what
`--precision auto` finds, trained on. All are trained for as many epochs, and learn from the float model, too.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import lmu_hls
from lmu_hls import demo
from lmu_hls.flow import Data, load_model
from lmu_hls.training.learned import bits_of

PRICES = (0.005, 0.01, 0.02, 0.04, 0.08)
WIDTHS = (2, 3, 4, 5)
EPOCHS = 60  # of types with weights, and again of weights alone
RATES = 5e-3, 2e-3
BATCH = 30


@dataclass(frozen=True, slots=True)
class Point:
    """``right`` of ``total`` test utterances with ``bits``; ``setting`` is the price or the width."""

    method: str
    setting: float
    seed: int
    bits: int
    right: int
    total: int


def curve(model: keras.Model, data: Data, test: Data, seeds: list[int]) -> Iterator[Point]:
    """Points of all three methods, one after the other."""
    for seed in seeds:
        for price in PRICES:
            yield _point("learned", price, seed, learned(model, data, price, seed), test)
        for width in WIDTHS:
            yield _point("uniform", width, seed, uniform(model, data, width, seed), test)
        yield _point("search", 0, seed, searched(model, data, seed), test)


def learned(model: keras.Model, data: Data, price: float, seed: int, epochs: int = EPOCHS) -> Any:
    """Types that are learned at ``price``, then the weights alone."""
    keras.utils.set_random_seed(seed)
    start = lmu_hls.quantize(model, weights=4, activations=7, calibration=data.x)
    learning = lmu_hls.learn_types(start, price)
    _fit(learning, model, data, RATES[0], epochs)
    settled = learning.settled(data.x)
    _fit(settled, model, data, RATES[1], epochs)
    return settled


def uniform(model: keras.Model, data: Data, width: int, seed: int, epochs: int = EPOCHS) -> Any:
    """Weights of ``width`` bits and values of three more."""
    keras.utils.set_random_seed(seed)
    made = lmu_hls.quantize(model, weights=width, activations=width + 3, calibration=data.x)
    for rate in RATES:
        _fit(made, model, data, rate, epochs)
    return made


def searched(model: keras.Model, data: Data, seed: int, epochs: int = EPOCHS) -> Any:
    """The types of ``--precision auto``."""
    keras.utils.set_random_seed(seed)
    made = lmu_hls.quantize(model, calibration=data.x, y=data.y)
    for rate in RATES:
        _fit(made, model, data, rate, epochs)
    return made


def _fit(student: Any, teacher: keras.Model, data: Data, rate: float, epochs: int) -> None:
    steps = epochs * -(-len(data.x) // BATCH)
    distilled = lmu_hls.distill(student, teacher)
    distilled.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    distilled.fit(data.x, data.y, batch_size=BATCH, epochs=epochs, verbose=0)


def _point(method: str, setting: float, seed: int, model: Any, test: Data) -> Point:
    logits = model.predict(test.x, batch_size=len(test.x), verbose=0)
    right = int(np.count_nonzero(np.argmax(logits, axis=-1) == test.y))
    return Point(method, setting, seed, bits_of(model), right, len(test.x))


def main() -> None:
    """Print each point as it comes, and write them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a trained demo model; default: train it")
    parser.add_argument("--output", type=Path, default=Path("learned_types.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    data, test = demo.load_speech("train"), demo.load_speech("test")
    model = load_model(arguments.model) if arguments.model else demo.train(data, lambda what, done, total: None)
    points = []
    for point in curve(model, data, test, arguments.seeds):
        points.append(asdict(point))
        share = 100 * point.right / point.total
        print(f"| {point.method} | {point.setting:g} | {point.seed} | {point.bits:,} | {share:.2f} % |", flush=True)
        arguments.output.write_text(json.dumps(points, indent=1) + "\n")


if __name__ == "__main__":
    main()
