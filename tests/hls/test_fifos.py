"""FIFOs are as deep as the layers need: by the model, and by the C++ itself with FIFOs that fill."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.hls.dataflow import least_of
from lmu_hls.hls.fifos import DEPTH, processes_of
from tests.support.bounded_fifos import bound_fifos, set_depths
from tests.support.lmu_models import config, convert, lmu, model, random_input


def branches(steps: int = 8, more: bool = False) -> keras.Model:
    """The last step of a memory is added to every step of what it has read; ``more``: with windows and vectors, too."""
    inputs = keras.Input((steps, 3), name="x")
    one = lmu("tanh", name="one")(inputs)
    last = keras.layers.RepeatVector(steps, name="repeat")(lmu("tanh", name="two", return_sequences=False)(one))
    outputs = keras.layers.Add(name="sum")([keras.layers.Dense(4, name="side")(one), last])
    if more:
        outputs = keras.layers.Concatenate(name="beside")([outputs, one])
        flat = keras.layers.Flatten(name="flat")(outputs)
        pooled = keras.layers.Flatten(name="pooled")(keras.layers.MaxPooling1D(2, name="pool")(outputs))
        outputs = keras.layers.Dense(3, "softmax", name="head")(keras.layers.Concatenate(name="all")([flat, pooled]))
    built = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    built.set_weights([rng.uniform(-0.5, 0.5, weight.shape) for weight in built.get_weights()])
    return built


def streamed(built: keras.Model, folder: Path, **depths: int) -> Any:
    settings = config(built)
    for name, depth in depths.items():
        settings["LayerName"][name]["FifoDepth"] = depth
    return convert(built, folder, settings, io_type="io_stream")


@pytest.mark.parametrize(
    "more",
    [pytest.param(False, id="a branch"), pytest.param(True, id="windows and vectors", marks=pytest.mark.slow)],
)
def test_the_cpp_ends_with_the_least_places_and_waits_for_ever_with_one_less(more, tmp_path, monkeypatch):
    """A thread a layer, and each FIFO that holds words with the least depth of the model."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    graph = streamed(branches(more=more), tmp_path)
    graph.write()
    network = network_spec(graph)
    x = random_input(network, 5)
    expected = golden.predict(network, x)
    project, depths = bound_fifos(tmp_path)
    assert np.array_equal(project.run(x, network), expected)
    least = {name: least_of(processes_of(graph), depths, name) for name in depths}
    held = {name: depth for name, depth in least.items() if depth > 1}
    assert held, "no FIFO holds anything: this network proves nothing"
    for name, depth in held.items():
        set_depths(tmp_path, depths | {name: depth})
        assert np.array_equal(project.run(x, network), expected)
        set_depths(tmp_path, depths | {name: depth - 1})
        with pytest.raises(LmuHlsError, match=r"all layers wait"):
            project.run(x, network)


def depths_of(folder: Path) -> dict[str, int]:
    top = (folder / "firmware" / "myproject.cpp").read_text()
    return {name: int(depth) for name, depth in re.findall(r"STREAM variable=(\w+) depth=(\d+)", top)}


def test_only_one_fifo_of_a_branch_is_deep(tmp_path):
    """hls4ml gives each the whole sequence, here 40 words: what meets there needs 32 places once."""
    streamed(branches(40), tmp_path).write()
    deep = {name: depth for name, depth in depths_of(tmp_path).items() if depth != DEPTH}
    assert len(deep) == 1
    assert list(deep.values()) == [40]


def test_a_depth_of_the_user_holds_where_it_is_enough(tmp_path):
    chain = model(lmu("tanh", name="first"), lmu("tanh", name="second"))
    streamed(chain, tmp_path, first=16).write()
    assert list(depths_of(tmp_path).values()) == [16]


def test_a_depth_by_class_reaches_what_hls4ml_makes_of_the_layer(tmp_path):
    """A Dense layer on sequences becomes a convolution, of which the configuration knows nothing."""
    settings = config(branches()) | {"LayerType": {"Dense": {"FifoDepth": 24}}}
    convert(branches(), tmp_path, settings, io_type="io_stream").write()
    assert [depth for depth in depths_of(tmp_path).values() if depth > 8] == [24]


def test_depths_with_which_layers_wait_for_each_other_are_refused(tmp_path):
    """At conversion, or before writing where it was changed since; the depth that is named is enough."""
    with pytest.raises(
        LmuHlsError, match=r"layer 'side': the FIFO behind it has 1 places.* give it at least (\d+)"
    ) as e:
        streamed(branches(), tmp_path, side=1)
    least = int(str(e.value).rpartition(" ")[2])
    graph = streamed(branches(), tmp_path, side=least)
    graph.write()
    graph.graph["side"].get_output_variable().pragma = ("stream", least - 1)
    with pytest.raises(LmuHlsError, match=rf"'side': the FIFO behind it has {least - 1} places.* at least {least}"):
        graph.write()


def test_depths_that_reach_no_fifo_are_refused(tmp_path):
    chain = model(lmu("tanh", name="first"), lmu("tanh", name="second"))
    with pytest.raises(LmuHlsError, match="layer 'second': no FIFO of the project is behind it"):
        streamed(chain, tmp_path, second=4)
    settings = config(chain)
    settings["LayerName"]["first"]["FifoDepth"] = 4
    for options in ({"io_type": "io_parallel"}, {"backend": "Verilog"}):
        with pytest.raises(LmuHlsError, match="layer 'first': FifoDepth is for the FIFOs of io_type='io_stream'"):
            convert(chain, tmp_path, settings, **options)
