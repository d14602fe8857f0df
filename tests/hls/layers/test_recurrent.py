"""LSTM, GRU and SimpleRNN layers on the HLS road: from Keras, and the generated C++ against golden."""

import keras
import numpy as np
import pytest

from lmu_hls import LMU, Recurrent, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.flat import flat
from lmu_hls.hls.estimate import estimate_graph
from lmu_hls.tuning.draft import draft
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change

CELLS = {
    "lstm": lambda: keras.layers.LSTMCell(4),
    "gru": lambda: keras.layers.GRUCell(3, recurrent_activation="hard_sigmoid"),
    "gru before": lambda: keras.layers.GRUCell(3, reset_after=False),
    "rnn": lambda: keras.layers.SimpleRNNCell(3, "relu", use_bias=False),
}


def near_keras(network, built):
    x = np.random.default_rng(1).uniform(-1, 1, (20, STEPS, N_IN)).astype(np.float32)
    y = to_float(golden.run(network, quantize(x, network.x)).output, network.out)
    return np.abs(y - built.predict(x, verbose=0)).max() < 0.02


@pytest.mark.parametrize(
    "kind, options",
    [
        ("lstm", {}),
        ("gru", {"io_type": "io_stream"}),
        ("gru before", {"backend": "Quartus"}),
        ("rnn", {"backend": "Catapult", "io_type": "io_stream"}),
        ("gru", {"strategy": "Resource"}),
        ("gru before", {"strategy": "Resource"}),
    ],
)
def test_csim_is_golden_and_near_keras(kind, options, tmp_path):
    """Behind an input that is scaled, which is folded; a Dense layer reads every step."""
    strategy = options.pop("strategy", "Latency")
    layers = [Recurrent(CELLS[kind](), return_sequences=True, name="cell"), keras.layers.Dense(2, name="head")]
    built = model(keras.layers.Rescaling(0.5, offset=0.25, name="scaled"), *layers)
    settings = config(built, default_precision="fixed<20,6>")
    settings["LayerName"]["cell"] |= {"Strategy": strategy, "ReuseFactor": 3}
    graph = convert(built, tmp_path, settings, **options)
    network = assert_csim_equals_golden(graph, samples=10)
    assert [type(layer).__name__ for layer in network.layers] == ["Recurrent", "Dense"]
    assert near_keras(network, built)
    estimate = estimate_graph(graph)
    assert estimate is None or [layer.name for layer in estimate.layers] == ["cell"]


def mixed():
    """Keras's own layers around an LMU, which hls4ml's functions then read as ours."""
    layers = [keras.layers.LSTM(4, return_sequences=True, name="before"), lmu("tanh", name="memory")]
    return model(*layers, keras.layers.GRU(3, name="after"))


def test_layers_of_keras_beside_an_lmu(tmp_path):
    built = mixed()
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<20,6>")))
    assert near_keras(network, built)
    assert [layer.name for layer in network.recurrent] == ["before", "memory", "after"] and len(network.lmus) == 1


def test_keys_of_an_lmu_are_refused_and_those_of_the_cell_arrive(tmp_path):
    built = flat(model(keras.layers.LSTM(4, name="cell")))
    settings = config(built)
    own = settings["LayerName"]["cell"]["Precision"]
    assert set(own) == {"result", "hidden_x", "hidden_h", "hidden_bias", "hidden_recurrent_bias", "inner"} | {
        *("pre", "gate", "candidate", "cell", "squashed")
    }
    own["cell"] = "fixed<18,5,RND,SAT>"
    (layer,) = network_spec(convert(built, tmp_path, settings)).recurrent
    assert layer.hidden.cell.width == 18
    own["mem"] = "fixed<18,5>"
    with pytest.raises(LmuHlsError, match="LayerName: 'cell': Precision has the unknown key 'mem'"):
        convert(built, tmp_path, settings)


def test_a_model_without_an_lmu_is_read_by_who_is_asked(tmp_path):
    """hls4ml's functions read LSTM as hls4ml does; flat(), which lmu-hls begins with, makes it ours."""
    built = model(keras.layers.LSTM(4, name="cell"))
    theirs = convert(built, tmp_path / "theirs")
    assert [node.class_name for node in theirs.get_layers()][1] == "LSTM"
    assert ("cell", "hidden_x") in draft(built).weights, "the search for types reads it as ours"
    ours = convert(flat(built), tmp_path / "ours")
    assert [node.class_name for node in ours.get_layers()][1] == "LMURecurrent"
    assert flat(flat(built)) is not built and not any(isinstance(layer, LMU) for layer in flat(built).layers)


def test_a_wrong_operand_is_seen(tmp_path):
    built = model(Recurrent(CELLS["lstm"](), name="cell"))
    graph = convert(built, tmp_path, config(built))
    graph.write()
    change(tmp_path / "firmware/nnet_utils/nnet_lmu.h", "mem[i] = x[i];", "mem[i] = x[0];")
    network = network_spec(graph)
    x = random_input(network, 4)
    assert not np.array_equal(compile_project(tmp_path).run(x, network), golden.run(network, x).output)
