"""Recurrent layers that stand for several: the flat model computes what Keras computes, and so does golden."""

import hls4ml
import keras
import numpy as np
import pytest

from lmu_hls import LMUCell, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.flat import flat
from lmu_hls.front.keras_model import check_model
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu, model


def data(samples=4):
    return np.random.default_rng(1).uniform(-1, 1, (samples, STEPS, N_IN)).astype(np.float32)


def stack(**options):
    cells = [LMUCell(1, 2, 5, keras.layers.Dense(3, "tanh"), hidden_to_memory=True), LMUCell(2, 3, 7, None)]
    return keras.layers.RNN(cells, **options)


def both(layer, **options):
    return keras.layers.Bidirectional(layer, name="both", **options)


OPEN = (False, True, True)  # h is not fed back


def behind(activation):
    """A function that no hidden cell has, and that nothing but the output reads."""
    cell = LMUCell(1, 2, 5, keras.layers.Dense(3, activation), input_to_hidden=True)
    return keras.layers.RNN([cell, LMUCell(2, 3, 7, None)], return_sequences=True, name="memory")


LAYERS = {
    "leaky": lambda: lmu("leaky_relu", OPEN),
    "a layer as function": lambda: behind(keras.layers.ReLU(max_value=0.5, negative_slope=0.25)),
    "selu": lambda: lmu("selu", OPEN, return_sequences=False),
    "stack": lambda: stack(return_sequences=True, name="stack"),
    "backwards": lambda: lmu("tanh", go_backwards=True, name="memory"),
    "stack backwards": lambda: stack(go_backwards=True, name="stack"),
    "concat": lambda: both(lmu("tanh")),
    "sum": lambda: both(lmu("tanh", return_sequences=False), merge_mode="sum"),
    "mul": lambda: both(stack(return_sequences=True), merge_mode="mul"),
    "ave": lambda: both(lmu("tanh", go_backwards=True), backward_layer=lmu(keras.layers.GRUCell(4)), merge_mode="ave"),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_the_flat_model_computes_the_same(kind):
    built = model(LAYERS[kind](), keras.layers.Dense(2, name="head"))
    changed = flat(built)
    check_model(changed)
    np.testing.assert_allclose(changed(data()), built(data()), atol=1e-6)
    assert flat(changed) is changed


def test_the_flat_model_can_be_saved(tmp_path):
    """As convert saves it: a process that has lmu_hls reads it."""
    changed = flat(model(both(keras.layers.LSTM(3, return_sequences=True)), LAYERS["backwards"]()))
    changed.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(loaded(data()), changed(data())) and flat(loaded) is loaded


def test_two_outputs_of_two_calls():
    """merge_mode None gives both directions; a layer that is called twice becomes the same layers twice."""
    x = keras.Input((STEPS, 4), name="x")
    layer = both(lmu("tanh"), merge_mode=None)
    one, two = layer(x)
    built = keras.Model(x, [*layer(one), two])
    changed = flat(built)
    values = np.random.default_rng(1).uniform(-1, 1, (4, STEPS, 4)).astype(np.float32)
    for ours, theirs in zip(changed(values), built(values), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert [layer.name for layer in changed.layers].count("both_forward") == 1


@pytest.mark.parametrize(
    "kind, io_type",
    [("concat", "io_parallel"), ("sum", "io_stream"), ("stack backwards", "io_parallel"), ("leaky", "io_stream")],
)
def test_csim_is_golden_and_near_keras(kind, io_type, tmp_path):
    built = model(LAYERS[kind](), keras.layers.Dense(2, name="head"))
    settings = config(built, default_precision="fixed<20,6>")
    network = assert_csim_equals_golden(convert(built, tmp_path, settings, io_type=io_type), samples=10)
    y = to_float(golden.run(network, quantize(data(), network.x)).output, network.out)
    assert np.abs(y - built.predict(data(), verbose=0)).max() < 0.01


@pytest.mark.parametrize("layer", [lambda: keras.layers.LSTM(3, "selu"), lambda: both(keras.layers.GRU(2))])
def test_without_an_lmu_they_are_ours_in_the_verilog_only(layer, tmp_path):
    built = model(layer(), keras.layers.Dense(2, name="head"))
    settings = hls4ml.utils.config_from_keras_model(built, "name", "Verilog", default_precision="fixed<20,6>")
    network = network_spec(convert(built, tmp_path, settings, backend="Verilog"))
    y = to_float(golden.run(network, quantize(data(), network.x)).output, network.out)
    assert network.recurrent and np.abs(y - built.predict(data(), verbose=0)).max() < 0.01


def test_without_an_lmu_hls4ml_reads_its_own_layers(tmp_path):
    graph = convert(model(keras.layers.LSTM(3), keras.layers.Dense(2)), tmp_path)
    assert [node.class_name for node in graph.get_layers()][1] == "LSTM"


def test_settings_go_by_the_names_of_the_directions(tmp_path):
    built = model(LAYERS["concat"]())
    settings = config(built)
    names = {"x", "both_forward", "both_backward_reversed", "both_backward", "both_turned", "both"}
    assert set(settings["LayerName"]) == names
    settings["LayerName"]["both_backward"]["Precision"]["mem"] = "fixed<18,4,RND_CONV,SAT>"
    network = network_spec(convert(built, tmp_path, settings))
    assert {lmu.name: lmu.mem.width for lmu in network.lmus} == {"both_forward": 16, "both_backward": 18}


def test_states_that_come_out_are_refused(tmp_path):
    x = keras.Input((STEPS, N_IN))
    y, *_ = both(lmu("tanh", return_state=True))(x)
    with pytest.raises(LmuHlsError, match=r"layer 'both': return_state=True .*set return_state=False"):
        convert(keras.Model(x, y), tmp_path)


@pytest.mark.parametrize(
    "activation, connections",
    [
        ("hard_shrink", (True, True, True)),
        (keras.layers.ReLU(0.5), (True, True, True)),
        (keras.layers.PReLU(), OPEN),
        (np.abs, OPEN),
    ],
    ids=["fed back", "limited", "with weights", "of the user"],
)
def test_functions_that_stay_in_the_cell_are_refused(activation, connections, tmp_path):
    built = model(lmu(keras.layers.Dense(4, activation), connections))
    with pytest.raises(LmuHlsError, match=r"activation .* of the hidden cell is not supported; use .* behind this one"):
        convert(built, tmp_path)
