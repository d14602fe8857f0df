"""Faults seeded into the C++ of the recurrent cells and of the tridiagonal update are seen by csim."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.front.extract import network_spec
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import convert, lmu, model, random_input
from tests.support.mutants import change

NETS = {
    "lstm": lambda: keras.layers.LSTMCell(3),
    "after": lambda: keras.layers.GRUCell(3),
    "before": lambda: keras.layers.GRUCell(3, reset_after=False),
    "tridiagonal": lambda: None,
}
# net, what the header says (once), and what the mutant says
MUTANTS = {
    "candidate and output gate exchanged": ("lstm", "(pre[3 * n + k], gate_table)", "(pre[2 * n + k], gate_table)"),
    "forget gate forgotten": ("lstm", "sum = f * cell[k]", "sum = cell[k]"),
    "cell not squashed": ("lstm", "lmu_activation_of<squashed_t, CONFIG_T>(cell[k], squash_table)", "cell[k]"),
    "cell state starts at one": ("lstm", "cell[k] = 0;", "cell[k] = 1;"),
    "z and 1 - z exchanged": ("after", "mix = g;", "mix = h[k];"),
    "no recurrent bias inside the reset": ("after", "sum += hidden_recurrent_bias[2 * n + k];", "sum += 0;"),
    "update gate resets": ("after", "sum += gate[n + k] * inner[k];", "sum += gate[k] * inner[k];"),
    "old h not reset": ("before", "sum = gate[n + k] * h[k];", "sum = h[k];"),
    "sweep backwards only": ("tridiagonal", "sum -= lam[i] * f[i - 1];", ""),
    "kap of the wrong state": ("tridiagonal", "sum += kap[i] * z;", "sum += kap[i - 1 + (i == 0)] * z;"),
    "whole u in the forward sweep": ("tridiagonal", "half >>= 1;", ""),
    "z once": ("tridiagonal", "next += z + z;", "next += z;"),
}


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """Each net written once: the folder and the network."""
    written = {}
    for name, cell in NETS.items():
        folder = tmp_path_factory.mktemp(name) / "project"
        layer = lmu(cell(), (False, False, False), name="memory", order=4, discretizer="bilinear")
        settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 1}}
        settings["LayerName"] = {"memory": {"MemoryUpdate": "tridiagonal" if name == "tridiagonal" else "dense"}}
        graph = convert(model(layer), folder, settings)
        graph.write()
        written[name] = folder, network_spec(graph)
    return written


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_changed_header_is_caught(mutant, projects, tmp_path):
    net, old, new = MUTANTS[mutant]
    source, network = projects[net]
    folder = Path(shutil.copytree(source, tmp_path / "copy"))
    headers = [path for path in (folder / "firmware" / "nnet_utils").glob("nnet_lmu*.h") if old in path.read_text()]
    (header,) = headers
    change(header, old, new)
    x = random_input(network, 60)
    assert not np.array_equal(compile_project(folder).run(x, network), golden.predict(network, x))
