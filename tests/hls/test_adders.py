"""Strategy distributed_arithmetic: the matrix of the memory as additions, which are it exactly or are refused."""

import re

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.extract import network_spec
from lmu_hls.hls.adders import memory_adders
from lmu_hls.hls.estimate import estimate_graph
from lmu_hls.hls.strategy import adders_of, schedule_of
from lmu_hls.hls.tiles import schedule
from lmu_hls.spec import DenseUpdate, Weight
from lmu_hls.toolchain import find
from lmu_hls.verify.csim import compile_project
from lmu_hls.verify.synthesis import check_warnings, compile_layers
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change


def graph_of(folder, strategy="distributed_arithmetic", update="dense", **options):
    built = model(lmu("tanh", name="memory", order=4, discretizer="bilinear"), keras.layers.Dense(3, name="head"))
    settings = config(built)
    settings["LayerName"]["memory"] |= {"Strategy": strategy, "MemoryUpdate": update}
    return convert(built, folder, settings, **options)


def test_a_level_of_additions_is_a_cycle_of_the_estimate(tmp_path):
    """In place of a product, the additions of its row, 5 of them, and with the rounding as before."""
    graph, plain = graph_of(tmp_path), graph_of(tmp_path, strategy="Latency")
    (node,) = (node for node in graph.get_layers() if node.class_name == "LMU")
    (made,), (before,) = (estimate_graph(each).layers for each in (graph, plain))
    assert made.latency_cycles - before.latency_cycles == adders_of(node).levels - (3 + 3)
    assert made.dsp < before.dsp


def test_what_it_is_not_for_is_refused(tmp_path):
    with pytest.raises(
        LmuHlsError, match="'memory': Strategy 'distributed_arithmetic' is for the matrix of the memory"
    ):
        graph_of(tmp_path, update="tridiagonal")
    update = DenseUpdate(Weight(np.array([[(1 << 20) + 1]]), FixedType(22, 2)), Weight(np.array([3]), FixedType(5, 2)))
    with pytest.raises(LmuHlsError, match=r"here: .* needs sums of over 62 bits"):
        memory_adders("here", update, FixedType(50, 2), FixedType(50, 2))


@pytest.mark.parametrize(
    ("backend", "io_type"),
    [
        ("Vitis", "io_parallel"),
        ("Quartus", "io_stream"),
        pytest.param("Catapult", "io_parallel", marks=pytest.mark.slow),
    ],
)
def test_csim_equals_golden(backend, io_type, tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    graph = graph_of(tmp_path, backend=backend, io_type=io_type)
    assert_csim_equals_golden(graph)
    (node,) = (node for node in graph.get_layers() if node.class_name == "LMU")
    text = (tmp_path / "firmware" / "parameters.h").read_text()
    assert len(re.findall(r" = nnet::lmu_shifted<[^;]* [+-] nnet", text)) == len(adders_of(node).sums)


def test_a_changed_addition_is_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    graph = graph_of(tmp_path)
    graph.write()
    network = network_spec(graph)
    x = random_input(network)
    change(tmp_path / "firmware" / "parameters.h", "lmu_raw(mem[2])", "lmu_raw(mem[1])")
    assert not np.array_equal(compile_project(tmp_path).run(x, network), golden.predict(network, x))


@pytest.mark.skipif(not find("clang").found, reason="clang is not installed")
def test_the_memory_has_no_multiplication(tmp_path):
    """In what clang makes of it for synthesis are those of the other matrices, and no call; and no warning."""
    graph = graph_of(tmp_path)
    graph.write()
    (node,) = (node for node in graph.get_layers() if node.class_name == "LMU")
    (found,) = compile_layers(tmp_path).values()
    (figures,) = estimate_graph(graph).layers
    layer = network_spec(graph).lmus[0]
    without = schedule(layer, "latency").multiplications - layer.memory_d * layer.order * (layer.order + 1)
    assert (found.multiplications, found.calls) == (schedule_of(node).multiplications, ()) == (without, ())
    assert (figures.multipliers, figures.strategy) == (without, "distributed_arithmetic")
    check_warnings(tmp_path)
