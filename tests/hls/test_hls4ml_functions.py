"""What hls4ml offers for a converted model works with an LMU in it; models without one are not touched by lmu_hls."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import hls4ml
import keras
import numpy as np
import pytest
from hls4ml.utils.serialization import deserialize_model

from lmu_hls import golden
from lmu_hls.fixed import to_float
from lmu_hls.front.extract import network_spec
from tests.support.lmu_models import config, convert, lmu, model, random_input

ROOT = Path(__file__).parents[2]
SAMPLES = 5
OTHERS = {  # models of other users, and a backend each of which hls4ml converts them for
    "dense": ("Vitis", "Dense(3, 'relu'), layers.Dense(2, 'softmax')", (4,)),
    "normalized": ("Quartus", "Dense(3), layers.BatchNormalization(), layers.ReLU()", (4,)),
    "conv": ("Vivado", "Conv1D(2, 3, activation='relu'), layers.Flatten(), layers.Dense(2)", (6, 2)),
    "lstm": ("Vivado", "LSTM(3), layers.Dense(2, 'tanh')", (6, 2)),
    "streamed": ("Catapult", "Dense(3, 'relu'), layers.Dense(2)", (4,)),
}
WRITE = """
import sys
if sys.argv[1] == "without":
    from importlib import metadata
    found = metadata.entry_points
    class None_:
        def select(self, **kinds): return ()
    metadata.entry_points = lambda **kinds: found(**kinds) if kinds else None_()
else:
    import lmu_hls; lmu_hls.register()
import hls4ml, keras
from keras import layers
from hls4ml.model.layers import layer_map
assert ("LMU" in layer_map) == (sys.argv[1] == "with")
for line in sys.stdin.read().splitlines():
    name, backend, text, shape = eval(line)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input(shape), *eval(f"[layers.{text}]")], name=name)
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend=backend)
    io = "io_stream" if name == "streamed" else "io_parallel"
    hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, backend=backend, output_dir=f"{sys.argv[2]}/{name}", io_type=io
    ).write()
"""
STAMPED = ("build_lib.sh", "hls4ml_config.yml", "keras_model.keras")  # a random stamp, the folder, the time


@pytest.mark.parametrize("backend", ["Vitis", "Quartus", "Catapult"])
def test_trace_and_a_saved_graph(backend, tmp_path):
    """The trace has golden's integers of every layer; a graph that was saved and loaded is the same network."""
    built = model(lmu("tanh", name="memory"), keras.layers.Dense(3, "relu", name="head"))
    settings = config(built)
    for layer in settings["LayerName"].values():
        layer["Trace"] = True
    graph = convert(built, tmp_path / "made", settings, backend=backend)
    network = network_spec(graph)
    integers = random_input(network, SAMPLES)
    x, expected = to_float(integers, network.x), golden.run(network, integers)
    y, traced = graph.trace(x)
    assert traced.keys() == {"memory", "head", "head_relu"}
    for layer in network.layers:
        *_, out = expected[layer.name].tensors.values()
        assert np.array_equal(traced[layer.name], to_float(out, layer.out)), layer.name
    assert np.array_equal(y.reshape(-1), to_float(expected.output, network.layers[-1].out).reshape(-1))
    graph.save(str(tmp_path / "saved.fml"))
    again = deserialize_model(str(tmp_path / "saved.fml"), str(tmp_path / "again"))
    assert str(network_spec(again)) == str(network)
    again.write()
    for name in ("firmware/parameters.h", "firmware/defines.h"):
        assert Path(again.config.get_output_dir(), name).read_bytes() == (tmp_path / "made" / name).read_bytes()


def test_plot_model(tmp_path):
    pytest.importorskip("pydot", reason="hls4ml's plot_model needs pydot: pip install pydot")
    graph = convert(model(lmu("tanh", name="memory")), tmp_path / "out")
    hls4ml.utils.plot_model(graph, to_file=str(tmp_path / "plot.png"), show_shapes=True, show_precision=True)
    assert (tmp_path / "plot.png").stat().st_size > 1000


def written(how: str, folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the projects that hls4ml writes with or without lmu_hls."""
    lines = "\n".join(repr((name, *about)) for name, about in OTHERS.items())
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", WRITE, how, str(folder)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in STAMPED]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes().replace(str(folder).encode(), b"")).hexdigest()
        for path in files
        if not path.name.endswith(".tar.gz")
    }


def test_projects_without_an_lmu_are_the_same_bytes(tmp_path):
    """Written by hls4ml alone, and beside lmu_hls; what differs would be seen."""
    alone, beside = written("without", tmp_path / "alone"), written("with", tmp_path / "beside")
    assert beside == alone
    assert len(alone) > 500 and all(f"{name}/firmware/parameters.h" in alone for name in OTHERS)


def test_our_headers_are_in_our_projects_only(tmp_path):
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    for built, ours in ((model(lmu()), True), (plain, False)):
        folder = tmp_path / str(ours)
        convert(built, folder, config(built)).write()
        assert bool([*(folder / "firmware" / "nnet_utils").glob("nnet_lmu*")]) == ours
