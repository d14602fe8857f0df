"""io_stream: golden's integers through streams, in every backend; FIFOs as deep as the chain needs."""

import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow import convert as convert_all
from lmu_hls.hls.fifos import DEPTH
from lmu_hls.hls.targets import TARGETS
from lmu_hls.spec import store
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change
from tests.support.small_model import small_model

STREAMED = [target.name for target in TARGETS if "io_stream" in target.io_types]


def stack(sequences: bool) -> keras.Model:
    return model(
        lmu(keras.layers.LSTMCell(3), name="first"),
        lmu("tanh", name="second", return_sequences=sequences),
        keras.layers.Dense(4, "relu", name="middle"),
        keras.layers.Dense(3, "softmax", name="head"),
    )


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("name", STREAMED)
def test_csim_equals_golden(name, sequences, tmp_path):
    """Two LMUs, relu and softmax, at every step or at the last one."""
    built = stack(sequences)
    assert_csim_equals_golden(convert(built, tmp_path, config(built), backend=name, io_type="io_stream"))


@pytest.mark.parametrize("name", ["Vitis", "Quartus", "Catapult"])
def test_resource(name, tmp_path):
    built = model(lmu(keras.layers.GRUCell(4), name="memory", discretizer="bilinear"))
    settings = config(built)
    settings["LayerName"]["memory"] |= {"Strategy": "Resource", "MemoryUpdate": "tridiagonal"}
    assert_csim_equals_golden(convert(built, tmp_path, settings, backend=name, io_type="io_stream"))


def test_a_converted_folder_and_faults_in_its_streams(tmp_path):
    convert_all(small_model("tanh", return_sequences=True), tmp_path / "out", io_type="io_stream")
    project, network = tmp_path / "out" / "hls", store.load(tmp_path / "out" / "spec.npz")
    x = random_input(network, 20)
    assert np.array_equal(compile_project(project).run(x, network), golden.predict(network, x))
    for name, old, new in (("read", "x[i] = word[i];", "x[i] = word[0];"), ("write", "= h[k];", "= h[0];")):
        folder = Path(shutil.copytree(project, tmp_path / name))
        change(folder / "firmware" / "nnet_utils" / "nnet_lmu_stream.h", old, new)
        assert not np.array_equal(compile_project(folder).run(x, network), golden.predict(network, x))


def test_fifos_have_the_places_that_a_chain_needs(tmp_path):
    """hls4ml gives each as many as there are steps. One that was made too small is refused before all writing."""
    graph = convert(stack(True), tmp_path, io_type="io_stream")
    graph.write()
    top = (tmp_path / "firmware" / "myproject.cpp").read_text()
    assert {int(depth) for depth in re.findall(r"#pragma HLS STREAM variable=\w+ depth=(\d+)", top)} == {DEPTH}
    assert "#pragma HLS DATAFLOW" in top
    graph.graph["first"].get_output_variable().pragma = ("stream", 0)
    with pytest.raises(LmuHlsError, match="layer 'first': the FIFO behind it has 0 places, with which no word"):
        graph.write()


@pytest.mark.parametrize("io_type", ["io_serial", "io_stream "])
def test_other_words_are_refused(io_type, tmp_path):
    with pytest.raises(LmuHlsError, match=rf"io_type='{io_type}' is not .* Vitis; use 'io_parallel' or 'io_stream'"):
        convert(stack(True), tmp_path, io_type=io_type)
