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
    "candidate and output gate exchanged": (
        "lstm",
        "pre_o = lmu_rounded<pre_t>(sum[3 * n + k])",
        "pre_o = lmu_rounded<pre_t>(sum[2 * n + k])",
    ),
    "forget gate forgotten": ("lstm", "next = f * cell[k]", "next = cell[k]"),
    "cell not squashed": ("lstm", "lmu_squash<CONFIG_T>(cell[k], squash_table)", "cell[k]"),
    "cell state starts at one": ("lstm", "cell[k] = 0;", "cell[k] = 1;"),
    "z and 1 - z exchanged": ("after", "mix = g;", "mix = h[k];"),
    "no recurrent bias": ("after", "lmu_begin<3 * n, CONFIG_T::hidden_recurrent_bias>", "lmu_begin<3 * n, false>"),
    "update gate resets": ("after", "next += gate[n + k] * inner[k];", "next += gate[k] * inner[k];"),
    "old h not reset": ("before", "next = gate[n + k] * h[k];", "next = h[k];"),
    "sweep backwards only": ("tridiagonal", "sum -= lam[i] * last_f[c];", ""),
    "kap of the wrong state": ("tridiagonal", "sum += kap[i] * z[c];", "sum += kap[i - 1 + (i == 0)] * z[c];"),
    "whole u in the forward sweep": ("tridiagonal", "half >>= 1;", ""),
    "z once": ("tridiagonal", "next += z[c] + z[c];", "next += z[c];"),
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
