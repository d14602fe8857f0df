"""hls4ml's backend VivadoAccelerator: the same C++ behind an AXI wrapper, with its driver and block design."""

import keras
import pytest

from lmu_hls.errors import LmuHlsError
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model

NAME = "VivadoAccelerator"


@pytest.mark.parametrize("softmax", [False, True])
def test_csim_equals_golden_through_the_wrapper(softmax, tmp_path):
    built = model(
        lmu(keras.layers.GRUCell(4), name="memory", return_sequences=False),
        keras.layers.Dense(3, "softmax" if softmax else None, name="head"),
    )
    assert_csim_equals_golden(convert(built, tmp_path, backend=NAME))
    assert {"axi_stream_driver.py", "design.tcl"} <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "firmware" / "myproject_axi.cpp").is_file()


def test_more_bits_than_its_floats_hold_are_refused(tmp_path):
    built = model(lmu(name="memory"), keras.layers.Dense(3, name="head"))
    settings = config(built)
    settings["LayerName"]["head"]["Precision"]["result"] = "fixed<25,8,RND_CONV,SAT>"
    graph = convert(built, tmp_path, settings, backend=NAME)
    with pytest.raises(LmuHlsError, match=r"the output has the type fixed<25,8.* at most 24 bits"):
        graph.write()
