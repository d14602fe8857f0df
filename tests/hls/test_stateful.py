"""State that stays from call to call in the C++: chunks are the sequence, samples of a batch never meet."""

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import config, convert, lmu, model, random_input
from tests.support.mutants import change

CELLS = {"rnn": keras.layers.SimpleRNNCell, "lstm": keras.layers.LSTMCell, "gru": keras.layers.GRUCell}


def stack(cell: str, batch: int = 1, steps: int = 3) -> keras.Model:
    """Two stateful LMU layers, of which the second gives the last step of each chunk, and a head."""
    inputs = outputs = keras.Input(batch_shape=(batch, steps, 2))
    first = lmu(CELLS[cell](3), name="first", stateful=True, discretizer="bilinear")
    second = lmu("tanh", name="second", stateful=True, return_sequences=False, connections=(True, False, True))
    for layer in (first, second, keras.layers.Dense(2, name="head")):
        outputs = layer(outputs)
    built = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    built.set_weights([rng.uniform(-0.5, 0.5, weight.shape) for weight in built.get_weights()])
    return built


def converted(folder: Path, cell: str, update: str = "dense", **options: Any) -> Any:
    built = stack(cell)
    settings = config(built)
    settings["LayerName"]["first"]["MemoryUpdate"] = update
    return convert(built, folder, settings, **options)


@pytest.mark.parametrize(
    ("cell", "update", "options"),
    [
        ("lstm", "tridiagonal", {"io_type": "io_stream"}),
        ("rnn", "dense", {"io_type": "io_parallel"}),
        ("gru", "dense", {"io_type": "io_stream", "backend": "Catapult"}),
        ("gru", "tridiagonal", {"io_type": "io_parallel", "backend": "Quartus"}),
    ],
)
def test_csim_keeps_the_state(cell, update, options, tmp_path, monkeypatch):
    """The samples are chunks of one sequence for our csim; a state that is not kept, or not reset, is seen."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    graph = converted(tmp_path / "whole", cell, update, **options)
    graph.write()
    network = network_spec(graph)
    x = random_input(network, 12)
    expected, separate = golden.predict_samples(network, x), golden.predict(network, x)
    assert not np.array_equal(expected, separate), "the state does not matter: this proves nothing"
    project = compile_project(tmp_path / "whole")
    assert np.array_equal(project.run(x, network), expected)
    assert np.array_equal(project.run(x, network), expected)
    if cell != "lstm":
        return
    folder = Path(shutil.copytree(tmp_path / "whole", tmp_path / "fault"))
    header = folder / "firmware/nnet_utils/nnet_lmu_stream.h"
    change(header, "static typename CONFIG_T::cell_t", "typename CONFIG_T::cell_t")
    assert not np.array_equal(compile_project(folder).run(x, network), expected)


def test_predict_and_stream(tmp_path):
    """hls4ml's own library: predict begins every sample at zero, stream goes on; two models share nothing."""
    first, second = (converted(tmp_path / name, "gru") for name in ("one", "two"))
    for graph in (first, second):
        graph.compile()
    network = network_spec(first)
    x = to_float(random_input(network, 8), network.x)
    expected = to_float(golden.predict_samples(network, quantize(x, network.x)), network.out)
    assert np.array_equal(first.predict(x), lmu_hls.reference(first, x))
    begin = lmu_hls.stream(first, x[:3])
    assert np.array_equal(first.predict(x), lmu_hls.reference(first, x))
    assert np.array_equal(lmu_hls.stream(second, x), expected)
    end = [lmu_hls.stream(first, chunk) for chunk in x[3:]]
    assert np.array_equal(np.concatenate([begin, end]), expected)
    assert not np.array_equal(lmu_hls.stream(first, x), expected)
    lmu_hls.reset_states(first)
    assert np.array_equal(lmu_hls.stream(first, x), expected)


def test_refused(tmp_path):
    with pytest.raises(LmuHlsError, match="the model has no compiled C"):
        lmu_hls.stream(converted(tmp_path, "rnn"), np.zeros((1, 3, 2)))
    plain = convert(model(lmu(None, (False, False, False), name="plain")), tmp_path)
    with pytest.raises(LmuHlsError, match="the model is not stateful; build its LMU layers with stateful=True"):
        lmu_hls.reset_states(plain)
    built = stack("rnn")
    settings = config(built)
    settings["LayerName"]["first"]["MemoryUpdateRtl"] = True
    with pytest.raises(LmuHlsError, match="'first': MemoryUpdateRtl starts every call from zero"):
        convert(built, tmp_path / "rtl", settings).write()
