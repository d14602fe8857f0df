"""Strategy Resource and Latency: who gets which, what is refused, and both compute what golden computes."""

import keras
import numpy as np
import pytest

from lmu_hls import cli, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.hls import strategy
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import assert_csim_equals_golden, convert, lmu, model, random_input
from tests.support.mutants import change
from tests.support.small_model import small_model

CELLS = {
    "dense": lambda: keras.layers.Dense(4, "tanh"),
    "rnn": lambda: keras.layers.SimpleRNNCell(4),
    "lstm": lambda: keras.layers.LSTMCell(4),
    "after": lambda: keras.layers.GRUCell(4),
    "before": lambda: keras.layers.GRUCell(4, reset_after=False),
    "none": lambda: None,
}


def graph_of(folder, reuse: int, asked: str = "Latency", update: str = "dense", cells=tuple(CELLS), n_in=3, **options):
    """A stack of one LMU for each of ``cells``."""
    layers = [lmu(CELLS[cell](), name=f"l_{cell}", discretizer="bilinear", **options) for cell in cells]
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": reuse, "Strategy": asked}}
    settings["LayerName"] = {layer.name: {"MemoryUpdate": update} for layer in layers}
    return convert(model(*layers, n_in=n_in), folder, settings)


@pytest.fixture
def small_is_large(monkeypatch):
    """Every layer is beyond what is unrolled, so that it gets Resource by default, whatever the ReuseFactor."""
    monkeypatch.setattr(strategy, "UNROLLED", 1)


@pytest.mark.filterwarnings("ignore:.*multiplications a step are unrolled")
@pytest.mark.parametrize(("update", "reuse"), [("dense", 3), ("tridiagonal", 7), ("tridiagonal", 2), ("dense", 24)])
def test_resource_equals_golden_for_every_cell(update, reuse, small_is_large, tmp_path):
    """Tiles that do not divide the matrices are among them."""
    assert_csim_equals_golden(graph_of(tmp_path, reuse, update=update))
    assert (tmp_path / "firmware" / "parameters.h").read_text().count("nnet::lmu_resource strategy") == len(CELLS)


def test_resource_at_a_possible_reuse_factor_equals_golden(tmp_path):
    graph = graph_of(tmp_path, 4, "Resource", cells=("dense",), order=4, n_in=4)
    assert_csim_equals_golden(graph)
    text = (tmp_path / "firmware" / "parameters.h").read_text()
    assert "lmu_tile<2, 4, 8> hidden_mem_tile" in text and "n_hidden_mem = 32;" in text


def test_a_reuse_factor_that_is_not_possible_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(LmuHlsError, match=r"'l_dense': ReuseFactor=6 is not possible .* the nearest .* is 8"):
        graph_of(tmp_path, 6, "Resource", cells=("dense",), order=4, n_in=4)


def test_large_layers_get_resource_unless_they_ask_for_latency(small_is_large, tmp_path):
    with pytest.warns(UserWarning, match=r"'l_dense': \d+ multiplications a step are unrolled"):
        graph = graph_of(tmp_path, 2, cells=("dense",))
    (node,) = [node for node in graph.get_layers() if node.class_name == "LMU"]
    assert strategy.strategy_of(node) == "resource"
    layer = lmu(CELLS["dense"](), name="l_dense")
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 2}, "LayerName": {"l_dense": {}}}
    settings["LayerName"]["l_dense"]["Strategy"] = "Latency"
    with pytest.warns(UserWarning, match=r"use .* and Strategy 'Resource'"):
        graph = convert(model(layer), tmp_path, settings)
    (node,) = [node for node in graph.get_layers() if node.class_name == "LMU"]
    assert strategy.strategy_of(node) == "latency"


def test_small_layers_stay_with_latency(tmp_path):
    (node, *_) = [node for node in graph_of(tmp_path, 1).get_layers() if node.class_name == "LMU"]
    assert strategy.strategy_of(node) == "latency"
    settled = strategy.schedule_of(node)
    assert settled is strategy.schedule_of(node)
    node.set_attr("reuse_factor", 2)
    assert strategy.schedule_of(node).multipliers == -(-settled.multiplications // 2)


@pytest.mark.filterwarnings("ignore:.*multiplications a step are unrolled")
def test_csim_adds_the_integers_of_what_is_synthesised(small_is_large, tmp_path):
    """csim takes the statement that HLS tools read in place of its own: the outputs are golden's, too."""
    graph = graph_of(tmp_path, 3, cells=("lstm",))
    graph.write()
    change(
        tmp_path / "firmware" / "nnet_utils" / "nnet_lmu_numbers.h", "#ifdef __SYNTHESIS__\n    sum", "#if 1\n    sum"
    )
    network = network_spec(graph)
    x = random_input(network, 60)
    assert np.array_equal(compile_project(tmp_path).run(x, network), golden.predict(network, x))


def test_the_command_prints_the_warning(small_is_large, tmp_path, capsys):
    small_model().save(tmp_path / "small.keras")
    with pytest.raises(SystemExit) as stop:
        cli.main(["convert", str(tmp_path / "small.keras"), str(tmp_path / "out"), "--precision", "fixed<12,4>"])
    assert stop.value.code in (0, None)
    said = " ".join(capsys.readouterr().err.split())
    assert "Warning: layer 'lmu': " in said and "multiplications a step are unrolled" in said
