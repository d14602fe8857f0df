"""Strategy distributed_arithmetic: the matrix of the memory as additions, which are it exactly or are refused."""

import re
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.extract import network_spec
from lmu_hls.hls import adders
from lmu_hls.hls.adders import AdderGraph, Output, Sum, adder_graph
from lmu_hls.hls.estimate import estimate_graph
from lmu_hls.hls.strategy import adders_of, schedule_of
from lmu_hls.hls.tiles import schedule
from lmu_hls.toolchain import find
from lmu_hls.verify.csim import compile_project
from lmu_hls.verify.synthesis import check_warnings, compile_layers
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change

try:
    import alkaid.cmvm
except ImportError:
    alkaid = None
needs_alkaid = pytest.mark.skipif(alkaid is None, reason="alkaid is not installed")
X = FixedType(9, 3)


def graph_of(folder, strategy="distributed_arithmetic", update="dense", **options):
    built = model(lmu("tanh", name="memory", order=4, discretizer="bilinear"), keras.layers.Dense(3, name="head"))
    settings = config(built)
    settings["LayerName"]["memory"] |= {"Strategy": strategy, "MemoryUpdate": update}
    return convert(built, folder, settings, **options)


def test_by_hand():
    """x0, x1 -> 5 x0 - x1, and -4 (x0 + x1), and 0."""
    sums = (Sum(0, 2, 0, 0, False), Sum(2, 0, 1, 0, True), Sum(0, 0, 1, 0, False))
    graph = AdderGraph(2, sums, (Output(3, 0, False), Output(4, 2, True), Output(None, 0, False)))
    assert graph.matrix().tolist() == [[5, -4, 0], [-1, -4, 0]]
    assert (graph.adders, graph.levels) == (4, 2)
    assert graph.widths((FixedType(4, 4), FixedType(3, 3))) == [4, 3, 7, 7, 5]


@needs_alkaid
@pytest.mark.parametrize("order", [1, 2, 5, 9])
def test_the_additions_are_the_matrix_in_enough_bits(order):
    rng = np.random.default_rng(order)
    matrix = rng.integers(-300, 300, (order + 1, order)) * rng.integers(0, 2, (order + 1, order))
    matrix[:, 0] <<= 5
    graph = adder_graph("here", matrix, [X] * (order + 1))
    assert np.array_equal(graph.matrix(), matrix)
    rows = np.array(graph.coefficients(), dtype=object)
    for ends in (np.where(rows > 0, X.max_int, X.min_int), np.where(rows > 0, X.min_int, X.max_int)):
        for value, width in zip((rows * ends).sum(axis=1), graph.widths([X] * (order + 1)), strict=True):
            assert -(1 << width - 1) <= value < 1 << width - 1


@needs_alkaid
@pytest.mark.parametrize("fault", ["a sign", "a shift", "another operation"])
def test_what_is_not_the_matrix_is_refused(fault, monkeypatch):
    solve = alkaid.cmvm.cmvm_solve

    def wrong(*arguments, **options):
        first, second = solve(*arguments, **options)
        ops = list(first.ops)
        place = max(k for k, op in enumerate(ops) if op.opcode in (0, 1))
        op = ops[place]
        changed = {"a sign": {"opcode": 1 - op.opcode}, "a shift": {"data": (op.data[0] + 1,)}}
        ops[place] = op._replace(**changed.get(fault, {"opcode": 7}))
        return first._replace(ops=ops), second

    matrix = np.array([[5, 7, 5], [4, 3, 5], [0, 4, -5]])
    monkeypatch.setattr(adders, "_alkaid", lambda where: wrong)
    with pytest.raises(LmuHlsError, match=r"here: the additions that alkaid gives .* are not the matrix"):
        adder_graph("here", matrix, [X] * 3)


@needs_alkaid
def test_a_level_of_additions_is_a_cycle_of_the_estimate(tmp_path):
    """In place of a product, the additions of its row, 5 of them, and with the rounding as before."""
    graph, plain = graph_of(tmp_path), graph_of(tmp_path, strategy="Latency")
    (node,) = (node for node in graph.get_layers() if node.class_name == "LMU")
    (made,), (before,) = (estimate_graph(each).layers for each in (graph, plain))
    assert made.latency_cycles - before.latency_cycles == adders_of(node).levels - (3 + 3)
    assert made.dsp < before.dsp


def test_alkaid_that_is_not_installed_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "alkaid.cmvm", None)
    with pytest.raises(LmuHlsError, match=r"'memory': Strategy 'distributed_arithmetic' needs alkaid, .* pip install"):
        graph_of(tmp_path)


@needs_alkaid
def test_what_it_is_not_for_is_refused(tmp_path):
    with pytest.raises(
        LmuHlsError, match="'memory': Strategy 'distributed_arithmetic' is for the matrix of the memory"
    ):
        graph_of(tmp_path, update="tridiagonal")
    with pytest.raises(LmuHlsError, match=r"here: .* coefficients of at most 24 bits"):
        adder_graph("here", np.array([[(1 << 25) + 1]]), [X])
    update = SimpleNamespace(
        a=SimpleNamespace(values=np.array([[(1 << 20) + 1]]), type=FixedType(22, 2)),
        b=SimpleNamespace(values=np.array([3]), type=FixedType(5, 2)),
    )
    with pytest.raises(LmuHlsError, match=r"here: .* needs sums of over 62 bits"):
        adders.memory_adders("here", update, FixedType(50, 2), FixedType(50, 2))


@needs_alkaid
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


@needs_alkaid
def test_a_changed_addition_is_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("CXXFLAGS", "-O0")
    graph = graph_of(tmp_path)
    graph.write()
    network = network_spec(graph)
    x = random_input(network)
    change(tmp_path / "firmware" / "parameters.h", "lmu_raw(mem[2])", "lmu_raw(mem[1])")
    assert not np.array_equal(compile_project(tmp_path).run(x, network), golden.predict(network, x))


@needs_alkaid
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
