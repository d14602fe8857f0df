"""The LMU beside LSTM and GRU on the same data, through the same engine and the same models of resources.

    python -m benchmarks.against_recurrent [--keywords MFCC.npz] [--seeds 1] [--output rows.json]

On the network of the demo (Japanese Vowels), or on keywords: the file that examples.keyword_spotting keeps in its
folder data. Each row is a trained float network, converted with fixed<16,6>: accuracy of float and of the integers on
the test, with which nothing was chosen; weights and biases; products of a step; cycles a step and multipliers of the
Verilog, asked for the same number of cycles; look-up tables, flip-flops, DSP and block RAM on ECP5 by estimate; and
the arithmetic of a step: products and sums at 22 nm by the operation model, without memories and registers, which a
simulation counts.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from lmu_hls import demo, flow, golden
from lmu_hls.configurations import DEMO, KEYWORD_SIZES, Configuration
from lmu_hls.energy.operations import operations
from lmu_hls.energy.published import PAPER, addition_pj, multiplication_pj, scale
from lmu_hls.fixed import quantize
from lmu_hls.flow.convert import design_of_model
from lmu_hls.spec import Network
from lmu_hls.synth.estimate import estimate

PRECISION = "fixed<16,6>"
TARGET = "ecp5-85k"
RESOURCES = ("LUT", "FF", "DSP", "DP16KD")


@dataclass(frozen=True, slots=True)
class Task:
    """Data of a task, the LMU for it, the units of the LSTM and GRU beside it, and how all are trained."""

    network: Configuration
    train: flow.Data
    test: flow.Data
    units: tuple[int, ...]
    batch: int
    epochs: int
    cycles: int  # a step, that are asked for


@dataclass(frozen=True, slots=True)
class Row:
    """One network; accuracies are shares, energy is nJ a step."""

    name: str
    seed: int
    weights: int
    float_accuracy: float
    fixed_accuracy: float
    products: int
    cycles: int
    multipliers: int
    resources: dict[str, int]
    arithmetic_nj: float

    def __str__(self) -> str:
        figures = (
            f"{self.weights:,}",
            f"{100 * self.float_accuracy:.2f} %",
            f"{100 * self.fixed_accuracy:.2f} %",
            f"{self.products:,}",
            f"{self.cycles} x {self.multipliers}",
            *(f"{self.resources[name]:,}" for name in RESOURCES),
            f"{self.arithmetic_nj:.3f}",
        )
        return f"| {self.name} | {self.seed} | {' | '.join(figures)} |"


def vowels() -> Task:
    """The data of the demo."""
    return Task(DEMO, demo.load_speech("train"), demo.load_speech("test"), (8, 16, 24), batch=30, epochs=60, cycles=96)


def keywords(path: Path) -> Task:
    """The clips that examples.keyword_spotting keeps; the LMU in the size of the smallest network of the paper."""
    network = KEYWORD_SIZES["lmu4"]
    with np.load(path, allow_pickle=False) as kept:
        train, test = (
            flow.Data(kept[f"x_{split}"][..., : network.n_in].astype(np.float64), kept[f"y_{split}"])
            for split in ("train", "test")
        )
    return Task(network, train, test, (32, 48), batch=100, epochs=12, cycles=4096)


def models(task: Task) -> Iterator[tuple[str, Callable[[], keras.Model]]]:
    """The networks by name."""
    yield "LMU", lambda: task.network.keras_model(dropout=0.1, head_dropout=0.2)
    for layer in (keras.layers.LSTM, keras.layers.GRU):
        for units in task.units:
            yield f"{layer.__name__} {units}", lambda layer=layer, units=units: recurrent(task.network, layer, units)


def recurrent(network: Configuration, layer: Any, units: int) -> keras.Model:
    """An LSTM or GRU in place of the LMU."""
    layers = [keras.Input((network.steps, network.n_in)), layer(units, dropout=0.1), keras.layers.Dropout(0.2)]
    return keras.Sequential([*layers, keras.layers.Dense(network.classes, name="logits")])


def row(task: Task, name: str, make: Callable[[], keras.Model], seed: int) -> Row:
    """Train the network, and see what it takes."""
    keras.utils.set_random_seed(seed)
    model = make()
    steps = task.epochs * -(-len(task.train.x) // task.batch)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(task.train.x, task.train.y, batch_size=task.batch, epochs=task.epochs, verbose=0)
    made = design_of_model(model, None, PRECISION, task.cycles)
    found = estimate(made.plan, [TARGET])
    network = made.plan.network
    integers = golden.predict(network, quantize(task.test.x, network.x))
    counts = {figure.resource: figure.count for figure in found.targets[0].figures}
    products, energy = arithmetic(network)
    return Row(
        name,
        seed,
        model.count_params(),
        _accuracy(model.predict(task.test.x, batch_size=500, verbose=0), task.test),
        _accuracy(integers, task.test),
        round(products),
        found.step_cycles,
        found.multipliers,
        {resource: counts[resource] for resource in RESOURCES},
        energy,
    )


def arithmetic(network: Network) -> tuple[float, float]:
    """Products of a step, and nJ of its products and sums, on average over a sequence."""
    asked = operations(network)
    energy = sum(count * multiplication_pj(*widths) for widths, count in asked.products.items())
    energy += sum(count * addition_pj(width) for width, count in asked.sums.items())
    return asked.products.total() / network.steps, energy * scale(PAPER.node_nm) / 1000 / network.steps


def _accuracy(outputs: Any, data: flow.Data) -> float:
    return float(np.mean(np.argmax(np.reshape(outputs, (len(data.x), -1)), axis=-1) == data.y))


def main() -> None:
    """Print each row as it comes, and write them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keywords", type=Path, help="mfcc-*.npz of examples.keyword_spotting; default: the demo")
    parser.add_argument("--output", type=Path, default=Path("against_recurrent.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    task, rows = keywords(arguments.keywords) if arguments.keywords else vowels(), []
    for name, make in models(task):
        for seed in arguments.seeds:
            rows.append(row(task, name, make, seed))
            print(rows[-1], flush=True)
            arguments.output.write_text(json.dumps([asdict(each) for each in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
