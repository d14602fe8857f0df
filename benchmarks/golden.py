"""Speed of golden against hls4ml's compiled C simulation, on the same network and the same samples, in one run.

    python benchmarks/golden.py

Both give the same integers (checked). The figures are samples per second and their ratio.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import time
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hls4ml
import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import lmu_hls
from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec


@dataclass(frozen=True, slots=True)
class Case:
    """One network, and how many samples each of the two computes."""

    steps: int
    order: int
    memory_d: int
    units: int
    features: int
    csim_samples: int
    golden_samples: int


CASES = (Case(20, 12, 2, 40, 12, 2000, 20000), Case(784, 32, 1, 64, 1, 30, 2000))


def convert(case: Case, folder: str) -> hls4ml.model.ModelGraph:
    """An untrained network of that size, compiled by hls4ml."""
    keras.utils.set_random_seed(0)
    cell = keras.layers.Dense(case.units, activation="relu")
    layer = lmu_hls.LMU(case.memory_d, case.order, float(case.steps), cell, input_to_hidden=True, basis="orthonormal")
    model = keras.Sequential([keras.Input((case.steps, case.features)), layer, keras.layers.Dense(10)])
    with contextlib.redirect_stdout(io.StringIO()):
        graph = hls4ml.converters.convert_from_keras_model(
            model, output_dir=folder, backend="Vitis", io_type="io_parallel"
        )
        graph.compile()
    return graph


def measure(case: Case) -> tuple[float, float]:
    """Samples per second of csim and of golden."""
    with tempfile.TemporaryDirectory() as folder:
        graph = convert(case, folder)
        network = network_spec(graph)
        rng = np.random.default_rng(0)
        x = quantize(rng.normal(size=(case.golden_samples, case.steps, case.features)), network.x)
        golden.predict(network, x[:8])
        start = time.perf_counter()
        reference = golden.predict(network, x)
        fast = len(x) / (time.perf_counter() - start)
        part = np.ascontiguousarray(to_float(x[: case.csim_samples], network.x))
        start = time.perf_counter()
        simulated = np.asarray(graph.predict(part))
        slow = len(part) / (time.perf_counter() - start)
        if not np.array_equal(simulated.reshape(len(part), -1), to_float(reference[: len(part)], network.out)):
            raise SystemExit("csim and golden differ")
        return slow, fast


def main() -> None:
    """Print the table."""
    table = Table("steps", "order x memory_d", "units", "csim, samples/s", "golden, samples/s", "ratio")
    for case in CASES:
        slow, fast = measure(case)
        size = f"{case.order} x {case.memory_d}"
        table.add_row(str(case.steps), size, str(case.units), f"{slow:,.0f}", f"{fast:,.0f}", f"{fast / slow:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
