"""What zeros save in the Verilog: the keyword spotting network, pruned in blocks, against itself with all its weights.

    python -m benchmarks.sparsity [SHARE]

Random weights, of which the weakest blocks are zero (default: 90 %); the cycles are those of the plans, which the tests
measure. A second table has a GRU, whose zeros are there without pruning.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import lmu_hls
from benchmarks.rtl import convert
from lmu_hls.configurations import KEYWORD
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import Network

LANES = (1, 2, 4, 5, 10, 20)  # of the hidden cell, which has 84,000 of the 88,152 weights
UNITS = 16  # of the GRU


def keywords(share: float, lanes: int) -> keras.Model:
    """The network with random weights, that share of its blocks zero."""
    keras.utils.set_random_seed(0)
    model = KEYWORD.keras_model()
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x, y = np.zeros((1, *model.input_shape[1:])), np.zeros((1, *model.output_shape[1:]))
    model.fit(x, y, verbose=0, callbacks=[lmu_hls.prune(share, lanes=lanes)])
    return model


def gru() -> keras.Model:
    """A memory of 4 x 5 states and a GRU that reads them and the input."""
    layer = lmu_hls.LMU(4, 5, 20.0, keras.layers.GRUCell(UNITS), input_to_hidden=True, name="lmu")
    return keras.Sequential([keras.Input((20, 4)), layer], name="gru")


def rows(table: Table, network: Network, lanes: int, names: tuple[str, ...]) -> None:
    """The parts ``names`` of all layers with these lanes, where they can have them."""
    for layer in network.layers:
        for part in stage_of(layer).parts:
            if part.name in names and lanes in part.choices:
                plan = part.with_lanes(lanes)
                before = plan.all_cycles or plan.cycles
                share = f"{100 * plan.cycles / before:.1f} %"
                table.add_row(f"{layer.name}, {part.name}", str(lanes), f"{before:,}", f"{plan.cycles:,}", share)


def main(share: float) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        for title, models, names in (
            (f"keyword spotting, {100 * share:g} % zeros", {k: keywords(share, k) for k in LANES}, ("hidden", "dense")),
            (f"GRU, {UNITS} units", dict.fromkeys((1, 2, 4, 8, 16), gru()), ("hidden",)),
        ):
            table = Table("part", "multipliers", "cycles a step", "zeros left out", "share", title=title)
            for lanes, model in models.items():
                rows(table, network_spec(convert(model, Path(folder))), lanes, names)
            Console(width=100).print(table)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.9)
