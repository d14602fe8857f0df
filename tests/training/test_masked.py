"""Quantized training of a model with Masking: golden with the same lengths, and losses of the steps that count."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import LMU, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec.lengths import counting
from lmu_hls.training.behind import Behind
from lmu_hls.training.masked import Counted
from tests.support.lmu_models import convert

STEPS, FILL = 5, -9.0
LENGTHS = np.array([5, 1, 3, 2])


def small(sequences, average=False):
    keras.utils.set_random_seed(0)
    x = keras.Input((STEPS, 2))
    h = LMU(2, 3, 5, keras.layers.Dense(3), return_sequences=True, name="lmu")(keras.layers.Masking(FILL)(x))
    h = keras.layers.SimpleRNN(3, activation="relu", return_sequences=sequences or average, name="rnn")(h)
    h = keras.layers.GlobalAveragePooling1D()(h) if average else h
    return keras.Model(x, keras.layers.Dense(2, name="head")(h), name="small")


def data():
    x = np.random.default_rng(0).uniform(-1, 1, (len(LENGTHS), STEPS, 2)).astype(np.float32)
    x[~counting(LENGTHS, STEPS)] = FILL
    return x


def golden_of(quantized, x, folder):
    network = network_spec(convert(quantized, folder, None))
    integers = quantize(np.where(x == FILL, 0.25, x).astype(np.float64), network.x)
    return to_float(golden.predict(network, integers, lengths=LENGTHS), network.out)


def test_a_model_with_an_output_a_step(tmp_path):
    quantized, x = lmu_hls.quantize(small(True), precision="fixed<16,4>"), data()
    outputs = quantized(x)
    assert np.array_equal(keras.ops.convert_to_numpy(outputs), golden_of(quantized, x, tmp_path))
    teacher, counts = small(True), counting(LENGTHS, STEPS)
    taught, made = keras.ops.convert_to_numpy(teacher(x)), keras.ops.convert_to_numpy(outputs)
    distilled = lmu_hls.distill(quantized, teacher, None, share=1.0)
    distilled.compile("adam", "mse")
    loss = float(distilled.compute_loss(x, made, outputs))
    assert np.isclose(loss, np.mean((made - taught)[counts] ** 2), rtol=1e-4)
    quantized.compile("adam", "mse")
    loss = float(quantized.compute_loss(x, np.zeros_like(made), outputs))
    assert np.isclose(loss, np.mean(made[counts] ** 2), rtol=1e-4)
    with pytest.raises(LmuHlsError, match="has Masking, and what a layer gives does not tell the lengths"):
        Behind(quantized, "lmu")


def test_it_trains(tmp_path):
    """In the graphs that Keras makes of a step."""
    quantized, x = lmu_hls.quantize(small(True), precision="fixed<16,4>"), data()
    distilled = lmu_hls.distill(quantized, small(True), None)
    distilled.compile("adam", "mse")
    distilled.fit(x, np.zeros((len(x), STEPS, 2)), epochs=1, verbose=0, callbacks=[lmu_hls.prune(0.25)])
    expected = golden_of(quantized, x, tmp_path)
    assert np.array_equal(quantized.predict(x, verbose=0), expected)
    quantized.compile("adam", "mse")
    loss = quantized.evaluate(x, np.zeros_like(expected), verbose=0)
    assert np.isclose(loss, np.mean(expected[counting(LENGTHS, STEPS)] ** 2), rtol=1e-4)


@pytest.mark.parametrize("fault", [False, True], ids=["as it is", "padding counts"])
def test_a_model_of_the_last_step(fault, tmp_path, monkeypatch):
    if fault:
        monkeypatch.setattr("lmu_hls.training.model.mask_value_of", lambda model: 1e9)
    quantized, x = lmu_hls.quantize(small(False), precision="fixed<16,4>"), data()
    same = np.array_equal(keras.ops.convert_to_numpy(quantized(x)), golden_of(quantized, x, tmp_path))
    assert same != fault


@pytest.mark.parametrize("result", ["fixed<16,4>", "fixed<12,3>", "fixed<20,4>"])
def test_an_average_of_the_steps_that_count(result, tmp_path):
    """The exact quotient, of a type with fewer with more fraction bits than the sum."""
    model = small(False, average=True)
    config = {
        "Model": {"Precision": "fixed<16,4>"},
        "LayerName": {model.layers[-2].name: {"Precision": {"result": result}}},
    }
    quantized, x = lmu_hls.quantize(model, precision=config), data()
    expected = golden_of(quantized, x, tmp_path)
    assert np.array_equal(keras.ops.convert_to_numpy(quantized(x)), expected)
    quantized.compile("adam", "mse")
    before = [np.array(weight) for weight in quantized.trainable_variables]
    quantized.fit(x, np.ones_like(expected), epochs=1, verbose=0)
    assert all(np.any(old != np.array(new)) for old, new in zip(before, quantized.trainable_variables, strict=True))


def test_steps_that_do_not_count_are_no_part_of_an_average(monkeypatch, tmp_path):
    quantized, x = lmu_hls.quantize(small(False, average=True), precision="fixed<16,4>"), data()
    monkeypatch.setattr(Counted, "only", lambda self, values: values)
    assert not np.array_equal(keras.ops.convert_to_numpy(quantized(x)), golden_of(quantized, x, tmp_path))


def test_learned_types(tmp_path):
    x = np.random.default_rng(1).uniform(-1, 1, (8, STEPS, 2))
    quantized = lmu_hls.quantize(small(False), 8, 8, calibration=x)
    learned = lmu_hls.learn_types(quantized, 0.01)
    assert np.array_equal(keras.ops.convert_to_numpy(learned(data())), golden_of(quantized, data(), tmp_path))


def test_types_are_chosen_without_masked_steps():
    """Whatever their value is, also that of float32 in float64."""
    chosen = []
    for fill in (-0.1, FILL):
        keras.utils.set_random_seed(0)
        x = data().astype(np.float64)
        x[x == FILL] = np.float32(fill)
        ends = keras.Input((STEPS, 2))
        memory = LMU(2, 3, 5, keras.layers.Dense(3), name="lmu")
        masked = keras.Model(ends, memory(keras.layers.Masking(fill)(ends)))
        chosen.append(lmu_hls.quantize(masked, 8, 8, calibration=x).own_config["LayerName"]["lmu"])
    assert chosen[0] == chosen[1]


def test_steps_that_do_not_count_anywhere():
    """As Keras: masked steps between others leave the state as it is, and a sequence without steps the start."""
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3, 1)
    x[0, 1], x[1] = FILL, FILL
    counted = Counted(keras.ops.convert_to_tensor(x), FILL)
    front = keras.ops.convert_to_numpy(counted.front(x))
    assert front[0, :, 0].tolist() == [0, 2, 2]
    assert keras.ops.convert_to_numpy(counted.back(front))[0, :, 0].tolist() == [0, 0, 2]
    assert keras.ops.convert_to_numpy(counted.last(front))[:, 0].tolist() == [2, 0]


def test_a_model_without_a_number_of_steps():
    x = keras.Input((None, 2))
    opened = keras.Model(x, LMU(2, 3, 5, keras.layers.Dense(3))(x))
    with pytest.raises(LmuHlsError, match=r"put keras.layers.Masking behind keras.Input\(\(steps, 2\)\)"):
        lmu_hls.quantize(opened, precision="fixed<16,4>")
