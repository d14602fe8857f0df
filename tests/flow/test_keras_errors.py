"""What cannot be converted: one message that names the cause, the place and the remedy, by every way in.

The tables are (what is given, parts of the message).
"""

import io
import sys
import types
import zipfile

import h5py
import hls4ml
import keras
import numpy as np
import pytest
from keras import ops

from lmu_hls import LMU, LMUCell, flow
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.alternatives import INSTEAD
from lmu_hls.front.keras_model import check_model, supported
from tests.support.small_model import small_model

INPUT = (5, 2)


def message(call) -> str:
    with pytest.raises(LmuHlsError) as error:
        call()
    return str(error.value)


def chain(*layers):
    return keras.Sequential([keras.Input(INPUT), *layers], name="net")


def lmu(name="lmu", **options):
    return LMU(1, 2, 5, options.pop("hidden_cell", None), name=name, **options)


def functional(build):
    """A model of what ``build`` makes of the outputs of an LMU, all steps, and the input."""
    x = keras.Input(INPUT, name="x")
    return keras.Model(x, build(lmu(return_sequences=True)(x), x), name="net")


def masked():
    x = keras.Input(INPUT)
    return keras.Model(x, lmu()(x, mask=ops.any(x > 0, axis=-1)))


def in_training():
    x = keras.Input(INPUT)
    inner = keras.Sequential([keras.Input(INPUT), keras.layers.Dropout(0.5), lmu()], name="inner")
    return keras.Model(x, inner(x, training=True))


def masked_inside():
    x = keras.Input(INPUT)
    y = keras.Input(INPUT)
    inner = keras.Model(y, lmu()(y), name="inner")
    return keras.Model(x, inner(x, mask=ops.any(x > 0, axis=-1)))


def two_models():
    """An operator that belongs to another model with the same layers does not matter."""
    x = keras.Input(INPUT)
    h = lmu(return_sequences=True)(x)
    keras.Model(x, h * 2)
    return keras.Model(x, h)


class Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.lmu = lmu()

    def call(self, x):
        return self.lmu(x)


class OwnCell(keras.layers.LSTMCell):
    """It may compute anything."""


class OwnDense(keras.layers.Dense):
    pass


MODELS = {
    "add": (
        lambda: functional(lambda h, x: h + h[:, :1]),
        ("'add", "after 'lmu'", "the same shape: RepeatVector(steps)"),
    ),
    "scale": (lambda: functional(lambda h, x: h * 0), ("'multiply", "after 'lmu'", "weights of a Dense layer")),
    "slice": (lambda: functional(lambda h, x: h[..., -1]), ("'get_item", "with all samples")),
    "mean": (lambda: functional(lambda h, x: ops.mean(h, axis=-1)), ("'mean", "return_sequences=False")),
    "function": (lambda: functional(lambda h, x: ops.softmax(h, 1)), ("'softmax", "on the last axis: axis=-1")),
    "mask": (masked, ("layer 'lmu'", "with a mask", "Masking behind the input")),
    "model of the user's own inside": (
        lambda: chain(keras.layers.Rescaling(1.0), Own()),
        ("layer 'own'", "an LMU inside Own", "Sequential or functional"),
    ),
    "model inside with a mask": (masked_inside, ("layer 'inner'", "an LMU inside Functional", "without mask")),
    "model inside in training mode": (
        in_training,
        ("layer 'inner'", "an LMU inside Sequential", "not in training mode"),
    ),
    "stack of cells": (
        lambda: chain(keras.layers.RNN([LMUCell(1, 2, 5, None), OwnCell(2)], name="stack")),
        ("layer 'stack'", "an LMU inside RNN", "give it LSTMCell"),
    ),
    "time distributed": (
        lambda: keras.Sequential(
            [keras.Input((3, 5, 2)), keras.layers.TimeDistributed(lmu(), name="outer"), keras.layers.Dense(2)]
        ),
        ("layer 'outer'", "an LMU inside TimeDistributed", "use the layer inside it alone"),
    ),
    "bidirectional": (
        lambda: functional(lambda h, x: keras.layers.Bidirectional(lmu(return_state=True), name="both")(x)[0]),
        ("layer 'both'", "return_state=True is not supported", "stateful=True"),
    ),
    "softmax axes": (
        lambda: chain(lmu(return_sequences=True), keras.layers.Softmax(axis=(1, 2), name="soft")),
        ("layer 'soft'", "last axis only", "axis=-1"),
    ),
    "LSTM in training mode": (
        lambda: functional(lambda h, x: keras.layers.LSTM(3, name="last")(h, training=True)),
        ("layer 'last'", "LSTM layers are not supported", "call it with its input only"),
    ),
    "GRU after": (
        lambda: functional(lambda h, x: keras.layers.GRU(3, name="last")(h, mask=ops.any(h > 0, axis=-1))),
        ("layer 'last'", "GRU layers are not supported", "call it with its input only"),
    ),
    "RNN of another cell": (
        lambda: chain(lmu(return_sequences=True), keras.layers.RNN(OwnCell(2), name="last")),
        ("layer 'last'", "RNN", "give it LSTMCell"),
    ),
    "log_softmax before": (
        lambda: chain(keras.layers.Dense(2, "log_softmax", name="first"), lmu()),
        ("layer 'first_log_softmax'", "activation 'log_softmax' is not supported", "use linear, relu, relu6"),
    ),
    "own function": (
        lambda: chain(lmu(), keras.layers.Dense(2, lambda x: x * 2, name="last")),
        ("layer 'last'", "'<lambda>' is a function of your own", "keras.activations"),
    ),
    "own class": (
        lambda: chain(lmu(), OwnDense(2, name="mine")),
        ("layer 'mine'", "OwnDense", "use keras.layers.Dense itself"),
    ),
    "an output twice": (
        lambda: functional(lambda h, x: [h, keras.layers.Dropout(0.1, name="off")(h)]),
        ("outputs 1 and 2 of model 'net' are the same, that of layer 'lmu'", "leave output 2 out"),
    ),
    "an input as output": (
        lambda: functional(lambda h, x: [h, keras.layers.Dropout(0.1, name="off")(x)]),
        ("output 2 of model 'net' is its input 'x' as it is", "leave output 2 out"),
    ),
    "softmax over the steps": (
        lambda: functional(lambda h, x: keras.layers.Softmax(axis=1, name="weigh")(h)),
        ("layer 'weigh'", "on the last axis only, not on 1, since steps come one by one", "GlobalAveragePooling1D"),
    ),
    "vector of time": (
        lambda: keras.Sequential([keras.Input((5,)), keras.layers.Reshape((5, 1)), lmu()]),
        ("(None, 5)", "build the model on keras.Input((steps, features))", "shall take"),
    ),
    "length": (
        lambda: keras.Sequential([keras.Input((None, 2)), lmu()]),
        ("(None, None, 2)", "fixed number of time steps", "keras.Input((steps, 2))"),
    ),
}
# Layers of keras.layers that stand for the lines of the table of alternatives
LAYERS = {
    "GroupNormalization": ((1,), "use BatchNormalization or LayerNormalization, or train"),
    "Conv1DTranspose": ((3, 1), "larger memory_d or order"),
    "UpSampling1D": ((), "apply it to the data"),
}


@pytest.mark.parametrize("case", MODELS)
def test_models(case):
    """The same words from lmu-hls and from hls4ml's own functions."""
    build, parts = MODELS[case]
    model = build()
    said = message(lambda: hls4ml.converters.convert_from_keras_model(model, backend="Vitis", output_dir="/nowhere"))
    for part in parts:
        assert part in said
    if case != "log_softmax before":  # known only when the graph is made
        assert message(lambda: check_model(model)) == said
        assert message(lambda: hls4ml.utils.config_from_keras_model(model)) == said


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    arguments, part = LAYERS[name]
    model = chain(lmu(return_sequences=True), getattr(keras.layers, name)(*arguments, name="other"))
    said = message(lambda: check_model(model))
    assert f"layer 'other': {name} layers are not supported in a model with an LMU" in said and part in said


def test_the_table_of_alternatives():
    """Its names are Keras's, and none of them is a layer that converts."""
    missing = [name for name in INSTEAD if name not in (*dir(keras.layers), "Sequential", "AdaptiveMaxPooling1D")]
    assert not missing
    assert not set(INSTEAD) & supported()


def test_models_that_are_no_graph():
    own = Own()
    own(np.zeros((1, *INPUT), np.float32))
    assert "model 'own' is of the class Own" in message(lambda: check_model(own))
    unbuilt = keras.Sequential([lmu()], name="unbuilt")
    assert "let it begin with keras.Input((steps, features))" in message(lambda: check_model(unbuilt))
    assert "give a keras.Model" in message(lambda: check_model("m.keras"))
    plain = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)], name="plain")
    assert "model 'plain' has no LMU layer, and no LSTM, GRU or SimpleRNN; build it with lmu_hls.LMU" in message(
        lambda: check_model(plain)
    )


def test_operators_of_another_model(tmp_path):
    check_model(two_models())


def test_models_without_an_lmu_are_left_to_hls4ml():
    x = keras.Input((3,))
    with pytest.raises(ValueError, match="Circular dependency"):
        hls4ml.utils.config_from_keras_model(keras.Model(x, x * 2))


def test_hls4ml_functions_can_be_replaced(monkeypatch):
    """As every attribute of a module: hls4ml's tests and other packages may do so."""
    monkeypatch.setattr(hls4ml.converters, "convert_from_keras_model", lambda model: "other")
    assert hls4ml.converters.convert_from_keras_model(small_model()) == "other"


# -------------------------------------------------------------------------------------------------- files


@pytest.fixture
def changed(saved, tmp_path):
    """The saved model with one member of its archive changed."""

    def make(change=None, name="config.json", weights=None):
        with zipfile.ZipFile(saved) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        if weights is not None:
            buffer = io.BytesIO(members["model.weights.h5"])
            with h5py.File(buffer, "a") as file:
                weights(file)
            members["model.weights.h5"] = buffer.getvalue()
        elif change is None:
            del members[name]
        else:
            members[name] = change(members[name])
        path = tmp_path / "changed.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    return make


def swap(old: bytes, new: bytes):
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new)

    return change


def other_kernel(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = np.zeros((7, 3), np.float32)


FILES = {
    "cut weights": ((lambda b: b[:300], "model.weights.h5"), ("the file is damaged", "save the model again")),
    "no configuration": ((None,), ("the file is damaged", "config.json", "save the model again")),
    "no JSON": ((lambda b: b"{",), ("the file is damaged", "save the model again")),
    "units": ((swap(b'"units": 3', b'"units": "many"'),), ("layer 'head'", "units", "many")),
    "discretizer": ((swap(b'"discretizer": "zoh"', b'"discretizer": "zohh"'),), ("'zohh'", "zoh, bilinear, euler")),
    "theta": ((swap(b'"theta": 6', b'"theta": -6'),), ("theta=-6.0", "positive")),
    "unknown class": (
        (lambda b: b.replace(b'"LMU"', b'"LMX"').replace(b"lmu_hls>LMU", b"lmu_hls>LMX"),),
        ("it holds 'LMX'", "layers of Keras and of lmu_hls only"),
    ),
    "more outputs": (
        (swap(b'"units": 3', b'"units": 5'),),
        ("layer 'head'", "weight head/kernel has the shape (4, 3) in the file, but its layer needs (4, 5)"),
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_changed_files(case, changed):
    arguments, parts = FILES[case]
    path = changed(*arguments)
    said = message(lambda: flow.load_model(path))
    assert said.startswith(f"{path} cannot be read as a Keras model: ")
    for part in parts:
        assert part in said
    assert "\n" not in said and len(said) < 500


def test_a_weight_of_another_shape(changed):
    path = changed(weights=other_kernel)
    said = message(lambda: flow.load_model(path))
    assert "layer 'head': weight head/kernel has the shape (7, 3) in the file, but its layer needs (4, 3)" in said


def test_a_configuration_of_another_network(changed, tmp_path):
    """Keras builds the hidden cell for the width in its own record, and loads what does not fit the memory."""
    model = flow.load_model(changed(swap(b'"order": 4', b'"order": 5')))
    said = message(lambda: flow.convert(model, tmp_path / "out"))
    assert "layer 'lmu': the kernel of the hidden cell has the shape (10, 4)" in said
    assert "need (12, 4)" in said and "save the model again" in said


def empty(path):
    path.write_bytes(b"")


def folder(path):
    path.mkdir()


PATHS = {
    "empty": ("m.keras", empty, ("is empty", "model.save")),
    "truncated": ("m.keras", lambda path: path.write_bytes(b"PK\3\4" + bytes(100)), ("its 104 bytes are no complete",)),
    "folder": ("m.keras", folder, ("is a folder, not a .keras file", "model.save")),
    "h5": ("m.h5", lambda path: path.write_bytes(b"x"), ("is damaged or is no HDF5 file", "model.save")),
    "h5 without a model": ("m.h5", lambda path: h5py.File(path, "w").close(), ("no model", "model.save")),
    "weights": ("m.weights.h5", lambda path: path.write_bytes(b"x"), ("weights only", "--weights m.weights.h5")),
    "other": ("m.zip", lambda path: path.write_bytes(b"x"), ("is not a .keras file", "model.save")),
    "absent": ("m.keras", lambda path: None, ("does not exist", "give that path")),
}


@pytest.mark.parametrize("case", PATHS)
def test_paths(case, tmp_path):
    name, make, parts = PATHS[case]
    path = tmp_path / name
    make(path)
    said = message(lambda: flow.load_model(path))
    assert str(path) in said
    for part in parts:
        assert part in said


def test_a_folder_that_holds_the_model(saved, tmp_path):
    said = message(lambda: flow.load_model(saved.parent))
    assert "is a folder" in said and saved.name in said


# ---------------------------------------------------------------------------------------------- keras-lmu


@pytest.fixture
def stand_in(monkeypatch):
    """A module of keras-lmu's name, whose cell computes as ours does and has keras-lmu's configuration."""
    module = types.ModuleType("keras_lmu")
    ours = (*vars(LMUCell)["get_config"](LMUCell(1, 2, 5, None)),)

    @keras.saving.register_keras_serializable(package="keras-lmu", name="LMUCell")
    class Cell(LMUCell):
        def get_config(self):
            config = super().get_config()
            config.pop("basis")
            return config

    assert "basis" in ours
    Cell.__name__, Cell.__module__ = "LMUCell", "keras_lmu.layers"
    module.LMUCell = Cell
    monkeypatch.setitem(sys.modules, "keras_lmu", module)
    return module


def test_a_live_cell_of_keras_lmu(stand_in, tmp_path):
    """keras.layers.RNN around it goes through hls4ml's functions as the saved file does."""
    from lmu_hls.front.extract import network_spec

    keras.utils.set_random_seed(0)
    cell = stand_in.LMUCell(2, 3, 5, keras.layers.Dense(3, "relu"), input_to_hidden=True, hidden_to_memory=True)
    model = chain(keras.layers.RNN(cell, name="live"), keras.layers.Dense(2, name="head"))
    spec = network_spec(
        hls4ml.converters.convert_from_keras_model(model, backend="Vitis", output_dir=str(tmp_path / "a"))
    )
    model.save(tmp_path / "m.keras")
    loaded = flow.load_model(tmp_path / "m.keras")
    assert type(loaded.layers[0].cell) is LMUCell
    same = network_spec(
        hls4ml.converters.convert_from_keras_model(loaded, backend="Vitis", output_dir=str(tmp_path / "b"))
    )
    for one, two in zip(spec.layers, same.layers, strict=True):
        assert one.name == two.name
    assert np.array_equal(spec.layers[0].encoder_x.values, same.layers[0].encoder_x.values)
    assert np.array_equal(spec.layers[0].hidden.kernel_mem.values, same.layers[0].hidden.kernel_mem.values)
