"""What the front end knows of a kind of layer stands in one file, found because it is there."""

from pathlib import Path

from hls4ml.model.layers import layer_map

from lmu_hls.front.graph import layers
from lmu_hls.front.keras_model import supported


def test_every_file_has_a_reader():
    files = {path.stem for path in Path(layers.__file__).parent.glob("*.py")} - {"__init__", "base"}
    assert {type(reader).__module__.rpartition(".")[2] for reader in layers.readers()} == files


def test_no_two_readers_are_for_the_same_node():
    for names in ("settled", "extracted", "keras", "handled"):
        kinds = [kind for reader in layers.readers() for kind in getattr(reader, names)]
        assert len(kinds) == len(set(kinds)), names


def test_what_readers_say_reaches_hls4ml_and_the_check_of_models():
    assert {"LMU", "LMUSoftmax"} <= set(layer_map)
    assert {"InputLayer", "Dense", "Dropout", "Activation", "ReLU", "Softmax"} <= supported()
