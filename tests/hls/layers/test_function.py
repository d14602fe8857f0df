"""Activations by table as layers: the same integers everywhere, the function of Keras within a bound."""

import keras
import numpy as np
import pytest

from lmu_hls import backend, golden
from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.flow.data import head_of
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Elementwise, with_argmax, with_logits
from lmu_hls.spec.layers.scale import Scale
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change
from tests.support.random_rtl import Case, check_icarus, expected_tensors, has_icarus


def every_function():
    """Before and after an LMU, as the activation of a Dense layer and as a layer, at every step."""
    layers = [keras.layers.Dense(3, "softsign", name="first"), lmu("hard_tanh", name="memory")]
    layers += [keras.layers.Dense(3, "tanh", name="second"), keras.layers.Activation("hard_sigmoid", name="third")]
    layers += [keras.layers.Dense(3, "relu6", name="fourth"), lmu("silu", name="inner")]
    layers += [keras.layers.Dense(3, "selu", name="fifth"), keras.layers.ELU(0.4, name="sixth")]
    return model(*layers, keras.layers.TimeDistributed(keras.layers.Dense(4, "sigmoid"), name="head"))


def settings_of(built):
    """A small table, its range and a type of its own for one of them."""
    settings = config(built)
    settings["LayerName"]["second_tanh"] |= {"TableSize": 64, "TableRange": 2}
    settings["LayerName"]["second_tanh"]["Precision"] |= {"result": "fixed<9,2,RND,WRAP>"}
    for name in ("inner", "head_sigmoid"):
        settings["LayerName"][name] |= {"TableSize": 64, "TableInterpolation": "linear"}
    return settings


@pytest.mark.parametrize(
    ("name", "io_type"),
    [
        ("Vitis", "io_parallel"),
        pytest.param("Vitis", "io_stream", marks=pytest.mark.slow),
        pytest.param("Quartus", "io_parallel", marks=pytest.mark.slow),
        pytest.param("Catapult", "io_stream", marks=pytest.mark.slow),
    ],
)
def test_csim_equals_golden(name, io_type, tmp_path):
    built = every_function()
    network = assert_csim_equals_golden(convert(built, tmp_path, settings_of(built), backend=name, io_type=io_type))
    functions = [layer.activation.function for layer in network.layers if isinstance(layer, Elementwise)]
    assert functions == ["softsign", "tanh", "hard_sigmoid", "relu6", "elu", "elu", "sigmoid"]
    second = network.layers[4]
    assert [layer.name for layer in network.layers if isinstance(layer, Scale)] == ["fifth_selu_scale"]
    assert (second.activation.table.index, second.out) == (FixedType(6, 2), FixedType(9, 2, True, "RND", "WRAP"))
    assert network.out == FixedType(16, 1) and head_of(network).sigmoid


def test_icarus_equals_golden(tmp_path):
    if not has_icarus():
        pytest.skip("Icarus is not installed")
    built = every_function()
    network = backend.design_of(convert(built, tmp_path, settings_of(built), backend="Verilog")).network
    x = random_input(network, 4)
    case = Case(network, RtlOptions(), x, expected_tensors(network, x, endless=False))
    case.write(tmp_path / "verilog")
    check_icarus(case, tmp_path / "verilog")


def test_a_wrong_entry_or_row_is_caught(tmp_path):
    """The comparison of csim with golden fails for a table that is read from the wrong end."""
    graph = convert(model(lmu("relu", name="memory"), keras.layers.Activation("tanh", name="end")), tmp_path)
    graph.write()
    change(tmp_path / "firmware/nnet_utils/nnet_lmu_function.h", " ^ (1u << (index_w - 1))", "")
    network = network_spec(graph)
    x = random_input(network, 8)
    assert not np.array_equal(compile_project(tmp_path).run(x, network), golden.run(network, x).output)


@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if each.by_table and not each.composed])
def test_the_function_within_half_a_step_of_the_index(name, tmp_path):
    """|table - f| is half a step of the index times the slope, half an LSB of the result, and what lies beyond."""
    network = network_spec(convert(model(lmu("relu"), keras.layers.Activation(name, name="end")), tmp_path))
    end, function = network.layers[-1], FUNCTIONS[name]
    trace = golden.run(network, random_input(network))
    x = to_float(trace.layers[0].tensors["h"], end.x)
    index, reach = end.activation.table.index, function.reach
    if function.whole:  # between two entries the function is no line: |f''| < 1
        real = np.clip(function.real(x), end.out.min_int * end.out.lsb, end.out.max_int * end.out.lsb)
        error = np.abs(to_float(trace.output, end.out) - real)
        assert np.all(error <= end.activation.table.entry_index.lsb**2 / 8 + end.out.lsb)
        return
    if function.end is None:  # it is limited by the type of the result
        real, most = (
            np.minimum(function.real(x + part * index.lsb), end.out.max_int * end.out.lsb) for part in (0, 0.5)
        )
        error = np.abs(to_float(trace.output, end.out) - real)
        assert np.all(error <= most * index.lsb / 2 + end.out.lsb)
        return
    beyond = np.abs(function.tabulated(x) - function.tabulated(np.clip(x, -reach, reach - index.lsb)))
    error = np.abs(to_float(trace.output, end.out) - function.real(x))
    assert np.all(error <= index.lsb / 2 + end.out.lsb + beyond)


def test_a_table_without_end_that_ends_too_early(tmp_path):
    built = model(lmu("relu"), keras.layers.Activation("exponential", name="end"))
    settings = config(built)
    settings["LayerName"]["end"]["Precision"]["result"] = "fixed<20,14>"
    with pytest.raises(LmuHlsError, match=r"'end': the table of exponential ends with 29.*larger TableRange"):
        convert(built, tmp_path, settings)
    settings["LayerName"]["end"]["TableRange"] = 16
    assert network_spec(convert(built, tmp_path, settings)).layers[-1].out.integer == 14


@pytest.mark.parametrize(
    ("bits", "said"), [(26, "a word of its table needs"), (56, "outside 1..62; give its result fewer")]
)
def test_slopes_of_more_bits_than_there_are(bits, said, tmp_path):
    """The slopes of a steep function have nearly as many bits as its largest entry."""
    built = model(lmu("exponential", name="memory"))
    settings = config(built)
    settings["LayerName"]["memory"] |= {"TableSize": 32, "TableInterpolation": "linear"}
    settings["LayerName"]["memory"]["Precision"] |= {"result": f"fixed<{bits},6>"}
    with pytest.raises(LmuHlsError, match=f"'memory'.*{said}"):
        convert(built, tmp_path, settings)


def test_closeness_to_keras(tmp_path):
    built = every_function()
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<20,6>")))
    x = np.random.default_rng(0).uniform(-1, 1, (8, network.steps, network.n_in))
    made = to_float(golden.predict(network, quantize(x, network.x)), network.out)
    expected = np.asarray(built(x))
    assert np.abs(made - expected).max() < 0.01 and expected.std() > 0.05


def test_logits_of_a_sigmoid(tmp_path):
    network = network_spec(convert(every_function(), tmp_path))
    assert with_logits(network).layers[-1] is network.layers[-2]
    assert with_argmax(network).layers[-2] is network.layers[-2]
