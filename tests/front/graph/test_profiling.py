"""hls4ml's model.profiling knows the weights of an LMU by their names."""

import importlib
import sys
import types

import keras
import numpy as np
import pytest

from tests.support.lmu_models import config, convert, lmu, model

pytest.importorskip("pandas", reason="hls4ml's profiling needs pandas")
pytest.importorskip("matplotlib", reason="hls4ml's profiling needs matplotlib").use("Agg")
MODULE = "hls4ml.model.profiling"


@pytest.fixture
def graph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # hls4ml puts a folder there, and removes it
    built = model(lmu("tanh", return_sequences=False, name="lmu"), keras.layers.Dense(3, "softmax", name="head"))
    return convert(built, tmp_path / "out", config(built))


@pytest.fixture
def without_seaborn(monkeypatch):
    """The module as it is after its import; of seaborn only its name is needed."""
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    monkeypatch.setitem(sys.modules, "seaborn", types.ModuleType("seaborn"))
    yield importlib.import_module(MODULE)
    sys.modules.pop(MODULE, None)


def test_every_weight_has_its_name(graph, without_seaborn):
    found = without_seaborn.weights_hlsmodel(graph)
    weights = [f"lmu/{name}" for name in graph.graph["lmu"].weights if not name.endswith("table")]
    assert len(weights) > 8
    assert list(dict.fromkeys(found["layer"])) == [*weights, "head"]
    mem = graph.graph["lmu"].weights["hidden_mem"].data
    assert np.array_equal(found["x"][found["layer"] == "lmu/hidden_mem"], np.abs(mem[mem != 0]))
    kinds = without_seaborn.types_hlsmodel(graph)
    assert [name.removesuffix("/w") for name in kinds["layer"]] == ["model", *weights, "head", "head/b"]


def test_it_is_changed_once(without_seaborn):
    from lmu_hls.front.graph import profiling

    before = without_seaborn.weights_hlsmodel
    profiling.change_when_imported()
    assert without_seaborn.weights_hlsmodel is before and not hasattr(before.__wrapped__, "__wrapped__")


@pytest.mark.parametrize("plot", ["boxplot", "histogram"])
def test_numerical(plot, graph):
    pytest.importorskip("seaborn", reason="hls4ml's profiling needs seaborn: pip install seaborn")
    before, after, _, _ = importlib.import_module(MODULE).numerical(hls_model=graph, plot=plot)
    assert before is not None and after is not None


def test_numerical_and_compare(tmp_path, monkeypatch):
    """hls4ml's plots of weights, activations and differences to Keras; they ask for a functional model."""
    pytest.importorskip("seaborn", reason="hls4ml's numerical needs seaborn")
    from hls4ml.model import profiling

    monkeypatch.chdir(tmp_path)
    built = model(lmu("tanh", return_sequences=False, name="lmu"), keras.layers.Dense(3, name="head"))
    built = keras.Model(built.inputs, built.outputs)
    settings = config(built)
    for layer in settings["LayerName"].values():
        layer["Trace"] = True
    graph, x = convert(built, tmp_path / "out", settings), np.random.default_rng(0).normal(size=(20, 5, 3))
    graph.compile()
    assert len(profiling.numerical(model=built, hls_model=graph, X=x)) == 4
    assert profiling.compare(built, graph, x) is not None
