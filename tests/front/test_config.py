"""Conversion: configuration by name, by type and for the model; registration; what the project looks like."""

import copy
import os
import subprocess
import sys
from functools import reduce
from pathlib import Path

import keras
import numpy as np
import pytest
from hls4ml.model.flow import get_flow

import lmu_hls
from lmu_hls import LMUCell
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.graph.layer import TENSORS, WEIGHTS
from tests.support.lmu_models import STEPS, assert_csim_equals_golden, config, convert, lmu, model, random_input

ROOT = Path(__file__).parents[2]
FREE = (False, False, False)


def two_layers() -> keras.Model:
    return model(
        lmu("tanh", name="one"), lmu("relu", return_sequences=False, name="two"), keras.layers.Dense(3, name="head")
    )


def test_the_printed_config_shows_every_key():
    by_name = config(two_layers())["LayerName"]["one"]
    assert by_name["Precision"] == dict.fromkeys(("result", *TENSORS, *WEIGHTS), "auto")
    assert {key: by_name[key] for key in ("ReuseFactor", "TableSize", "TableRange", "MemoryUpdate")} == {
        "ReuseFactor": 1,
        "TableSize": 2048,
        "TableRange": 0,
        "MemoryUpdate": "dense",
    }
    assert config(two_layers(), "type")["LayerType"]["LMU"] == by_name


@pytest.mark.parametrize("granularity", ["name", "type", "model", None])
def test_automatic_types(granularity, tmp_path):
    """W and I of the default precision with RND_CONV,SAT; weights of the same width on their own integer bits."""
    built = two_layers()
    settings = None if granularity is None else config(built, granularity, default_precision="fixed<18,5>")
    network = network_spec(convert(built, tmp_path, settings))
    default = FixedType(16, 6) if granularity is None else FixedType(18, 5)
    one, two, head = network.layers
    tensors = [network.x, one.u, one.mem, one.hidden.pre, one.h, two.u, two.mem, two.hidden.pre, two.h, head.out]
    assert tensors == [default] * len(tensors)
    for weight in (one.encoder_x, one.encoder_h, one.update.a, one.update.b, one.hidden.bias, head.kernel, head.bias):
        assert (weight.type.width, weight.type.rounding, weight.type.overflow) == (default.width, "RND_CONV", "SAT")
        largest = np.abs(to_float(weight.values, weight.type)).max()
        assert 2.0 ** (weight.type.integer - 2) <= largest <= 2.0 ** (weight.type.integer - 1)


def test_explicit_types_by_name_and_by_type(tmp_path):
    """The name wins over the type; both are kept exactly as written, TRN and WRAP included."""
    built = two_layers()
    settings = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
        "LayerType": {
            "LMU": {"Precision": {"mem": "fixed<14,3,RND>", "a": "fixed<13,2>"}, "ReuseFactor": 4},
            "InputLayer": {"Precision": {"result": "ufixed<9,1>"}},
        },
        "LayerName": {
            "two": {"Precision": {"mem": "fixed<15,5>", "result": "fixed<12,4,RND_CONV,SAT_SYM>"}, "ReuseFactor": 7},
            "head": {"Precision": {"weight": "fixed<6,1>"}},
        },
    }
    graph = convert(built, tmp_path, settings)
    network = assert_csim_equals_golden(graph)
    one, two, head = network.layers
    assert str(network.x) == "ufixed<9,1,TRN,WRAP>"
    assert (str(one.mem), str(one.update.a.type)) == ("fixed<14,3,RND,WRAP>", "fixed<13,2,TRN,WRAP>")
    assert (str(two.mem), str(two.h)) == ("fixed<15,5,TRN,WRAP>", "fixed<12,4,RND_CONV,SAT_SYM>")
    assert two.update.a.type == one.update.a.type
    assert str(head.kernel.type) == "fixed<6,1,TRN,WRAP>"
    assert (one.reuse_factor, two.reuse_factor) == (4, 7)
    parameters = (tmp_path / "firmware" / "parameters.h").read_text()
    assert (
        "static const unsigned reuse_factor = 4;\n    static const unsigned multiplier_limit = DIV_ROUNDUP(86,"
        in parameters
    )
    assert "static const unsigned reuse_factor = 7;" in parameters


def test_one_type_for_a_whole_layer(tmp_path):
    built = model(lmu("relu", FREE, name="one"))
    settings = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
        "LayerName": {"one": {"Precision": "fixed<12,3>"}},
    }
    one = network_spec(convert(built, tmp_path, settings)).layers[0]
    assert {one.u, one.mem, one.h, one.hidden.pre, one.encoder_x.type, one.update.a.type} == {
        FixedType.parse("fixed<12,3>")
    }


def test_names_that_are_no_identifiers(tmp_path):
    inputs = keras.Input((STEPS, 3), name="in-put")
    outputs = keras.layers.Dense(6, name="1st-head")(lmu("tanh", name="lmu-1", return_sequences=False)(inputs))
    graph = convert(keras.Model(inputs, keras.layers.ReLU(name="re-lu")(outputs)), tmp_path, backend="Vivado")
    assert_csim_equals_golden(graph)
    assert "#pragma HLS DATAFLOW" in (tmp_path / "firmware" / "myproject.cpp").read_text()


def test_rnn_around_an_lmu_cell_without_kernel(tmp_path):
    """kernel_initializer=None: an identity, in a type that holds it exactly; x and h share the channels."""
    cell = LMUCell(7, 2, 8, keras.layers.Dense(4, "tanh"), hidden_to_memory=True, kernel_initializer=None)
    network = assert_csim_equals_golden(convert(model(keras.layers.RNN(cell)), tmp_path))
    one = network.layers[0]
    identity = np.concatenate([one.encoder_x.values, one.encoder_h.values])
    assert np.array_equal(identity, np.eye(7)) and one.encoder_x.type == FixedType(2, 2)


def test_golden_follows_keras(tmp_path):
    """24 bits are near enough to float32: the bound is about 5 LSB of the tanh table's index, 2**-8."""
    built = two_layers()
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<24,6>")))
    x = random_input(network) // 16
    difference = to_float(lmu_hls.golden.predict(network, x), network.out) - built.predict(
        to_float(x, network.x), verbose=0
    )
    assert np.abs(difference).max() < 0.02


def test_namespace_and_weights_in_headers(tmp_path):
    graph = convert(two_layers(), tmp_path, namespace="my_space", write_weights_txt=False)
    assert_csim_equals_golden(graph)


def test_dropout_leaves_no_trace(tmp_path):
    built = model(keras.layers.Dropout(0.5), lmu("relu"), keras.layers.Dropout(0.5))
    assert [node.class_name for node in convert(built, tmp_path).get_layers()] == ["Input", "LMU"]


def test_a_model_without_an_lmu_is_left_alone(tmp_path):
    built = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(2, "softmax")])
    graph = convert(built, tmp_path, config(built, "model"))
    assert {
        str(named.precision)
        for node in graph.get_layers()
        for named in node.types.values()
        if node.class_name == "Dense"
    } == {
        "fixed<16,6,TRN,WRAP,0>",
        "uint<1>",
    }
    assert graph.config.pipeline_style == "pipeline"


def test_register_twice_registers_once():
    before = list(get_flow("convert").optimizers)
    lmu_hls.register()
    assert get_flow("convert").optimizers == before and before.count("lmu_settle_types") == 1


def test_import_hls4ml_is_enough():
    """Through hls4ml's plugin loader, with the function that the entry point names, and without loading Keras."""
    entry = '[project.entry-points."hls4ml.backends"]\nlmu_hls = "lmu_hls.plugin:register"\n'
    assert entry in (ROOT / "pyproject.toml").read_text()
    code = (
        "import sys, hls4ml; from hls4ml.model.layers import layer_map; assert 'LMU' in layer_map; "
        "from hls4ml.converters.keras_v3 import layer_handlers as h; assert 'lmu_hls.layers.lmu.LMU' in h; "
        "assert 'keras' not in sys.modules"
    )
    env = {**os.environ, "HLS4ML_BACKEND_PLUGINS": "lmu_hls.plugin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and "WARNING: failed" not in done.stdout, done.stdout + done.stderr


def test_the_handler_is_registered_for_the_layer_that_exists():
    from hls4ml.converters.keras_v3 import layer_handlers

    assert f"{lmu_hls.LMU.__module__}.{lmu_hls.LMU.__name__}" in layer_handlers
    assert f"{keras.layers.RNN.__module__}.RNN" in layer_handlers


CHANGES = {
    "TableSize": 512, "TableRange": 2, "TableInterpolation": "linear", "MemoryUpdate": "tridiagonal", "ReuseFactor": 4,
    "MemoryUpdateRtl": True, "BramFactor": 7,
}  # fmt: skip
BY_OTHERS = ("Trace", "TraceOutput")  # of hls4ml's trace(), whose test is that of its functions
REFUSED = ("the layer has no", "has no effect", "does not hold the exact sum", "is not possible")


def settings_of(config):
    """Every setting of a configuration: the keys that lead to it, and another value."""
    sections = [("Model",), *(("LayerName", name) for name in config["LayerName"])]
    for section in sections:
        own = config["Model"] if section == ("Model",) else config["LayerName"][section[1]]
        for key in own:
            if key == "Precision":
                yield from ((*section, key, tensor) for tensor in own[key])
            elif key not in BY_OTHERS:
                yield (*section, key)


def files(graph):
    graph.write()
    firmware = Path(graph.config.get_output_dir()) / "firmware"
    return {path.relative_to(firmware): path.read_bytes() for path in firmware.rglob("*") if path.is_file()}


@pytest.mark.parametrize("draw", range(8))
def test_every_printed_setting_changes_the_project_or_is_refused(draw, tmp_path):
    """Every setting in turn, of which a draw has an eighth; a factor of the model only where no layer has its own."""
    built = model(
        lmu("tanh", name="one", discretizer="bilinear", memory_d=1, order=2), keras.layers.Dense(2, "relu", name="head")
    )
    printed = config(built)
    for layer in printed["LayerName"].values():
        layer.pop("ReuseFactor", None)
    printed["LayerName"]["one"]["ReuseFactor"] = 1
    before = files(convert(built, tmp_path / "out", copy.deepcopy(printed)))
    for place in list(settings_of(printed))[draw::8]:
        changed = copy.deepcopy(printed)
        section = reduce(dict.__getitem__, place[:-1], changed)
        other = {"Strategy": "Resource"} | CHANGES
        section[place[-1]] = "fixed<9,3,RND,SAT>" if "Precision" in place else other[place[-1]]
        try:
            after = files(convert(built, tmp_path / "out", changed))
        except LmuHlsError as error:
            assert any(text in str(error) for text in REFUSED), (place, error)
        else:
            assert after != before, f"{place} has no effect"
