"""Types that are learned: what is predicted, what a bit costs, and what comes out."""

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.precision import memory_range
from lmu_hls.spec.lengths import counting
from lmu_hls.training import learned
from lmu_hls.training import model as quantized
from lmu_hls.training.model import types_of
from lmu_hls.tuning.calibration import Samples, calibrate
from lmu_hls.tuning.draft import draft
from lmu_hls.tuning.plan import make_plan, memory_of
from tests.support.lmu_models import convert, lmu, model

X = np.random.default_rng(3).normal(size=(24, 5, 3)).astype(np.float32)
Y = np.random.default_rng(4).normal(size=(24, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def start():
    built = model(lmu("relu", (False, False, True), name="memory", return_sequences=False), keras.layers.Dense(2))
    return lmu_hls.quantize(built, weights=5, activations=8, calibration=X)


def trained(start, price, epochs=12):
    keras.utils.set_random_seed(0)
    twin = keras.models.clone_model(start.float_model)
    twin.set_weights(start.float_model.get_weights())
    learning = lmu_hls.learn_types(lmu_hls.QuantizedModel(twin, start.own_config), price)
    learning.compile(keras.optimizers.Adam(0.02), "mse")
    learning.fit(X, Y, epochs=epochs, batch_size=8, verbose=0)
    return learning


def value_type():
    start = FixedType(8, 3)
    bits = (start.integer, start.fraction)
    return learned.LearnedType(start, *(keras.Variable(float(n) / learned.SPEED) for n in bits))


def test_an_assignment_is_that_of_its_type_and_each_gradient_has_its_sign():
    import tensorflow as tf

    values = np.random.default_rng(0).normal(size=500) * 3
    kind = value_type()
    assert kind.type == kind.start
    assert np.array_equal(kind.assign(values), to_float(quantize(values, kind.start), kind.start))
    with tf.GradientTape(persistent=True) as tape:
        inside = tf.reduce_mean((kind.assign(np.clip(values, -3, 3)) - np.clip(values, -3, 3)) ** 2)
        beyond = tf.reduce_mean((kind.assign(values * 4) - values * 4) ** 2)
    integer, fraction = (kind._integer.value, kind._fraction.value)
    assert tape.gradient(inside, fraction) < 0  # more bits, less error
    assert tape.gradient(beyond, integer) < 0 and abs(tape.gradient(inside, integer)) < 1e-9


def test_at_the_start_it_predicts_and_costs_what_the_quantized_model_does(start):
    learning = lmu_hls.learn_types(start, 0.1)
    assert np.array_equal(learning.predict(X, verbose=0), start.predict(X, verbose=0))
    source = draft(start.float_model, start.own_config)
    types = types_of(start.own_config, source.keys)
    plan = make_plan(source, calibrate(source, Samples(X.astype(np.float64)))[0], 1.0)
    bits = sum(plan.elements[key] * kind.width for key, kind in types.items())
    assert learned.bits_of(start) == bits == round(1000 * float(learning.kbit()))
    fixed = set(types) - set(learning.learned)
    assert fixed == {("memory", name) for name in ("mem", "a", "b")}
    learning(X)
    assert not learning.losses
    learning(X, training=True)
    assert abs(float(learning.losses[0]) - 0.1 * bits / 1000) < 1e-6


def test_a_price_takes_bits_away_and_the_result_is_a_model_of_the_contract(start, tmp_path):
    learning = trained(start, price=10.0)
    assert float(learning.kbit()) < 0.7 * learned.bits_of(start) / 1000
    made = learning.settled(X)
    types = types_of(made.own_config, learning._source.keys)
    assert all(types[key] == each.type for key, each in learning.learned.items())
    source = draft(made.float_model, made.own_config)
    u = types["memory", "u"]
    bound = memory_range(memory_of(source, "memory", types), u.max_abs * u.lsb)
    assert types["memory", "mem"].integer == bound.mem.integer_bits  # still proven
    assert learned.bits_of(made) < learned.bits_of(start)
    network = network_spec(convert(made, tmp_path / "out", None))
    expected = to_float(golden.predict(network, quantize(X.astype(np.float64), network.x)), network.out)
    assert np.array_equal(made.predict(X, verbose=0), expected)


def test_it_is_saved_and_a_teacher_leaves_the_price(start, tmp_path):
    learning = trained(start, price=1.0, epochs=1)
    learning.save(tmp_path / "learning.keras")
    loaded = keras.models.load_model(tmp_path / "learning.keras")
    assert loaded.price == 1.0 and float(loaded.kbit()) == float(learning.kbit())
    assert np.array_equal(loaded.predict(X, verbose=0), learning.predict(X, verbose=0))
    distilled = lmu_hls.distill(learning, start, temperature=None, share=0.25)
    distilled.compile("sgd", "mse")
    output = distilled(X, training=True)
    taught = np.mean((start.predict(X, verbose=0) - np.asarray(output)) ** 2)
    expected = 0.75 * np.mean((Y - np.asarray(output)) ** 2) + 0.25 * taught + float(learning.kbit())
    assert abs(float(distilled.compute_loss(X, Y, output)) - expected) < 1e-5 * expected


LENGTHS, FILL = np.array([5, 1, 3, 2] * 6), -9.0
BETWEEN = {
    "average of any length": [keras.layers.GlobalAveragePooling1D],
    "average": [keras.layers.GlobalAveragePooling1D],
    "averages of windows": [lambda: keras.layers.AveragePooling1D(2), keras.layers.Flatten],
    "the largest of windows": [lambda: keras.layers.MaxPooling1D(2), keras.layers.Flatten],
}


def values(tensor):
    return keras.ops.convert_to_numpy(tensor)


def finer(between, folder, monkeypatch):
    """What is predicted with two or three fraction bits more of everything that is learned, and golden's output."""
    any_length = between == "average of any length"
    masking = [keras.layers.Masking(FILL)] if any_length else []
    layers = [make() for make in BETWEEN[between]]
    built = model(*masking, lmu("relu", (False, False, True)), *layers, keras.layers.Dense(2))
    x, lengths = (np.array(X), LENGTHS) if any_length else (X, None)
    if any_length:
        x[~counting(LENGTHS, x.shape[1])] = FILL
    start = lmu_hls.quantize(built, weights=5, activations=8, calibration=X)
    learning = lmu_hls.learn_types(start, 1.0)
    assert np.array_equal(values(learning(x)), values(start(x)))
    rng = np.random.default_rng(5)
    for each in learning.learned.values():
        each._fraction.assign((each.start.fraction + rng.integers(2, 4)) / learned.SPEED)
    monkeypatch.setattr(learned, "memory_types", lambda source, types, calibration: types)
    network = network_spec(convert(learning.settled(X), folder, None))
    integers = quantize(np.where(x == FILL, 0, x).astype(np.float64), network.x)
    expected = to_float(golden.predict(network, integers, lengths=lengths), network.out)
    assert len(np.unique(expected)) > 8 and not np.array_equal(values(start(x)), expected)
    return values(learning(x)), expected


@pytest.mark.parametrize("between", BETWEEN)
def test_types_are_learned_through_what_has_a_fixed_type_or_that_of_its_input(between, tmp_path, monkeypatch):
    assert np.array_equal(*finer(between, tmp_path, monkeypatch))


def test_seeded_fault_a_layer_that_keeps_the_first_type_of_its_input_is_seen(tmp_path, monkeypatch):
    by_tensor = "lmu_hls.training.model._by_tensor"
    told = quantized._by_tensor
    monkeypatch.setattr(by_tensor, lambda *given: {k: v for k, v in told(*given).items() if "flatten" not in k[0]})
    assert not np.array_equal(*finer("the largest of windows", tmp_path, monkeypatch))


def test_memory_bits_that_would_move_the_output_stay(start, monkeypatch):
    source = draft(start.float_model, start.own_config)
    types = types_of(start.own_config, source.keys)
    few = learned.memory_types(source, types, X)
    monkeypatch.setattr(learned, "MOVED", 0.0)
    assert learned.memory_types(source, types, X)["memory", "mem"].width >= few["memory", "mem"].width
    monkeypatch.setattr(learned, "MOVED", 1e9)
    assert learned.memory_types(source, types, X)["memory", "mem"].width < few["memory", "mem"].width


def test_what_cannot_be_is_refused(start):
    with pytest.raises(LmuHlsError, match=r"price=-1 is not possible; give the loss that 1,000 bits cost"):
        lmu_hls.learn_types(start, -1)
    truncating = lmu_hls.quantize(
        start.float_model, precision={"LayerName": {"memory": {"Precision": {"u": "fixed<10,4>"}}}}
    )
    with pytest.raises(LmuHlsError, match=r"has the type fixed<10,4,TRN,WRAP>, and types are learned with RND_CONV"):
        lmu_hls.learn_types(truncating, 0.1)
