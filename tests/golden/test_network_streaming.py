"""Streaming: a run cut into pieces, state carried on, is the run in one piece; and it is Keras's stateful=True."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import ArgMax, Network, Softmax, chain, streaming, with_argmax, with_logits
from tests.support.lmu_models import config, convert, lmu, model
from tests.support.networks import random_cell, random_lmu, random_network, random_softmax


def random_stack(seed: int) -> Network:
    """Two LMU layers, one with a recurrent cell, a head and a softmax."""
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    kind = ("rnn", "lstm", "gru", "gru before")[seed % 4]
    first = random_lmu(rng, name="first", units=3)
    first = replace(first, hidden=random_cell(rng, kind, first.memory_d * first.order, first.n_in, 3, first.h))
    second = random_lmu(rng, name="second", x=first.h, n_in=3, return_sequences=False)
    dense = replace(network.layers[2], x=second.h)
    return chain("net", first.x, first.steps, 3, (first, second, dense, random_softmax(rng, dense.out)))


def random_steps(network: Network, batch: int, steps: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return rng.integers(network.x.min_int, network.x.max_int + 1, (batch, steps, network.n_in))


def in_pieces(network: Network, x: np.ndarray, cuts: list[int], keep: bool = True) -> dict[str, np.ndarray]:
    """Every tensor of the run, by layer and name; each piece starts from the state of the one before, or from zero."""
    states, traces = golden.zero_states(network, len(x)), []
    for piece in np.split(x, cuts, axis=1):
        traces.append(golden.run(network, piece, states=states))
        states = traces[-1].states if keep else states
    names = [(layer.name, name) for layer in traces[0].layers for name in layer.tensors]
    tensors = {f"{la}.{name}": [trace[la].tensors[name] for trace in traces] for la, name in names}
    return {key: np.concatenate(parts, axis=1) for key, parts in tensors.items()}


@pytest.mark.parametrize("seed", range(4))
def test_pieces_are_the_whole(seed):
    network = streaming(random_stack(seed))
    x, cuts = random_steps(network, 2, 60), [1, 2, 30, 59]
    whole, pieces, fresh = in_pieces(network, x, []), in_pieces(network, x, cuts), in_pieces(network, x, cuts, False)
    assert whole["softmax.out"].shape == (2, 60, 3)
    assert all(np.array_equal(pieces[key], whole[key]) for key in whole)
    assert not np.array_equal(fresh["first.mem"], whole["first.mem"]), "the state does not matter: this proves nothing"


def test_first_steps_are_a_sequence():
    """Streaming changes when outputs come, not the outputs."""
    network = random_stack(1)
    x = random_steps(network, 3, network.steps)
    assert np.array_equal(golden.run(streaming(network), x).output[:, -1], golden.run(network, x).output)


def test_state_must_fit():
    network = random_stack(0)
    x = random_steps(network, 2, 4)
    with pytest.raises(ValueError, match="2 states for a batch of 2"):
        golden.run(network, x, states=golden.zero_states(network, 3))
    with pytest.raises(ValueError, match="2 states"):
        golden.run(network, x, states=golden.zero_states(network, 2)[:1])
    with pytest.raises(ValueError, match=r"shape \(2, 0, 3\), expected \(batch, steps, 3\)"):
        golden.run(network, x[:, :0], states=golden.zero_states(network, 2))


def keras_stack(stateful: bool) -> keras.Model:
    """Two LMU layers and a softmax, for pieces of 500 steps. No memory_to_memory: random weights would let it grow."""
    cells = (keras.layers.GRUCell(3), keras.layers.Dense(4, "tanh"))
    options = {"connections": (True, False, True), "order": 4, "theta": 12.0, "stateful": stateful}
    layers = [lmu(cell, name=f"lmu{k}", **options) for k, cell in enumerate(cells)]
    layers.append(keras.layers.Dense(3, "softmax", name="head"))
    if not stateful:
        return model(*layers, steps=500)
    inputs = outputs = keras.Input(batch_shape=(1, 500, 3))
    for layer in layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


def test_ten_thousand_steps_of_keras(tmp_path):
    """24 bits, so the tables dominate: the softmax's index has steps of 2**-7, good for 2**-9 at p = 1/2."""
    plain, stateful = keras_stack(False), keras_stack(True)
    stateful.set_weights(plain.get_weights())
    network = streaming(network_spec(convert(plain, tmp_path, config(plain, default_precision="fixed<24,6>"))))
    x = quantize(np.random.default_rng(0).normal(0, 0.5, (1, 10_000, 3)), network.x)
    real = to_float(x, network.x)
    got = in_pieces(network, x, [7, 5000])["head_softmax.out"]
    kept, fresh = (
        np.concatenate([built.predict(part, verbose=0) for part in np.split(real, 20, axis=1)], axis=1)
        for built in (stateful, plain)
    )
    assert np.abs(to_float(got, network.out) - kept).max() < 0.01
    assert np.abs(kept - fresh).max() > 0.1, "the state does not matter: this proves nothing"
    assert np.array_equal(got, in_pieces(network, x, [])["head_softmax.out"])


def test_outputs():
    network = random_stack(3)
    logits = with_logits(network)
    assert [type(layer) for layer in network.layers[-1:]] == [Softmax] and logits.layers == network.layers[:-1]
    assert with_logits(logits) is logits
    answers = with_argmax(network)
    assert answers.layers[:-1] == logits.layers and isinstance(answers.layers[-1], ArgMax)
    assert (answers.out.width, answers.out.signed, answers.widths[-1]) == (3, True, 1)
    assert with_argmax(answers) is answers
    x = random_steps(network, 20, network.steps)
    expected = np.argmax(golden.run(logits, x).output, axis=-1)[:, np.newaxis]
    assert np.array_equal(golden.run(answers, x).output, expected)
    narrow = ArgMax("argmax", logits.out, replace(answers.out, width=2, integer=2))
    with pytest.raises(ValueError, match="does not hold the index 2"):
        answers.with_layers((*logits.layers, narrow))
