"""The fewest bits for the demo network: types found on the training utterances, accuracy on the test utterances.

    python benchmarks/auto_precision.py [--model MODEL.keras]

Without a model the demo's is trained first, which is not counted as search. Bits are widths times elements, every
weight once and every value of one time step once. Seeds are fixed.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from rich.console import Console
from rich.table import Table

from lmu_hls import demo, golden
from lmu_hls.figures import check_targets
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.flow import Data, load_model
from lmu_hls.layers import head_of
from lmu_hls.tuning import AccuracyDrop, BitBudget, SnrDb, Tuning, tune
from lmu_hls.tuning.draft import draft

TARGETS = (AccuracyDrop(0.5), AccuracyDrop(0.5, safety=1.0), SnrDb(40.0), BitBudget(15_000))


def right(model: object, found: Tuning, data: Data) -> int:
    """Right answers of the integers with the types that were found."""
    network = draft(model).network({(t.layer, t.tensor): t.type for t in found.tensors})
    assert data.y is not None
    targets = check_targets(data.y, head_of(model), len(data.x))
    return targets.right(to_float(golden.predict(network, quantize(data.x, network.x)), network.out))


def short(kind: FixedType) -> str:
    return f"<{kind.width},{kind.integer}>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a trained demo model; default: train it")
    path = parser.parse_args().model
    data, test = demo.load_speech("train"), demo.load_speech("test")
    model = load_model(path) if path else demo.train(data, lambda what, done, total: None)
    assert test.y is not None
    real = check_targets(test.y, head_of(model), len(test.x)).right(model.predict(test.x, verbose=0))
    console = Console(width=132)
    summary = Table(title=f"Demo network, float: {real} of {len(test.x)} test utterances right")
    for heading in ("target", "bits", "start", "SNR dB", "right on test", "drop, points", "runs", "seconds"):
        summary.add_column(heading, justify="right")
    types = Table(title="Types <width, integer bits>")
    types.add_column("tensor")
    types.add_column("elements", justify="right")
    columns = []
    for target in TARGETS:
        begin = time.perf_counter()
        found = tune(model, data.x, data.y, target)
        seconds = time.perf_counter() - begin
        correct = right(model, found, test)
        measure = found.measure
        name = target.asked() + (f", safety {target.safety:g}" if isinstance(target, AccuracyDrop) else "")
        counts = (f"{measure.bits:,}", f"{found.start_bits:,}", f"{measure.snr_db:.1f}", str(correct))
        drop = 100 * (real - correct) / len(test.x)
        summary.add_row(name, *counts, f"{drop:.2f}", f"{found.evaluations:,}", f"{seconds:.1f}")
        types.add_column(name, justify="right")
        columns.append(found.tensors)
    for row in zip(*columns, strict=True):
        types.add_row(f"{row[0].layer}.{row[0].tensor}", str(row[0].elements), *(short(t.type) for t in row))
    console.print(summary)
    console.print(types)


if __name__ == "__main__":
    main()
