"""Quantized Keras models: predict is golden, csim and Verilog; they train, are saved, and bring their types."""

from pathlib import Path

import hls4ml
import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import flow, golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import store
from lmu_hls.training import model as training_model
from lmu_hls.training import places
from tests.support.lmu_models import convert, lmu, model, write
from tests.support.random_keras import _model, converted_without_absent

LSTM = keras.layers.LSTMCell


def data(samples=24, steps=5, n_in=3):
    return np.random.default_rng(1).normal(size=(samples, steps, n_in)).astype(np.float32)


def small(hidden="relu", connections=(False, False, True), **options):
    return model(lmu(hidden, connections, name="memory", return_sequences=False, **options), keras.layers.Dense(2))


def integers_of(quantized, x, folder):
    """The contract of the converted model, and golden's output for x as real numbers."""
    network = network_spec(convert(quantized, folder, None))
    output = golden.predict(network, lmu_hls.fixed.quantize(x.astype(np.float64), network.x))
    return network, to_float(output, network.out)


def assert_is_golden(quantized, x, folder):
    network, expected = integers_of(quantized, x, folder)
    assert np.array_equal(quantized.predict(x, verbose=0), expected)
    return network


@pytest.mark.parametrize("seed", [2, 4, 11])
def test_random_models_with_types_of_a_configuration(seed, tmp_path):
    built, settings = random_model(seed)
    quantized = lmu_hls.quantize(built, precision=settings)
    x = data(8, *built.input_shape[1:])
    _, expected = integers_of(quantized, x, tmp_path)
    assert np.array_equal(keras.ops.convert_to_numpy(quantized(x)), expected)


def test_layers_around_the_lmu(tmp_path):
    layers = [keras.layers.Rescaling(0.5, 0.25), keras.layers.Dense(3, "relu6"), lmu("silu", name="memory")]
    layers += [keras.layers.MaxPooling1D(2), keras.layers.ReLU(2.0, 0.25, 0.125), keras.layers.Dense(4, "elu")]
    layers += [keras.layers.GlobalAveragePooling1D(), keras.layers.LeakyReLU(0.25)]
    settings = {"Model": {"Precision": "fixed<11,4>"}, "LayerName": {"memory": {"TableInterpolation": "linear"}}}
    quantized = lmu_hls.quantize(model(*layers), precision=settings)
    x = data(8)
    assert_is_golden(quantized, x, tmp_path)
    quantized.compile("adam", "mse")
    quantized.fit(x, np.zeros((8, 4)), epochs=1, verbose=0)
    assert_is_golden(quantized, x, tmp_path)
    with pytest.raises(LmuHlsError, match="PReLU cannot be trained on a grid"):
        lmu_hls.quantize(model(lmu(), keras.layers.PReLU(shared_axes=[1])), precision="fixed<16,6>")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 60))
def test_more_random_models(seed, tmp_path):
    test_random_models_with_types_of_a_configuration(seed, tmp_path)


def random_model(seed):
    """The first draw that can be converted, and its configuration; batch normalizations are layers of their own."""
    for attempt in range(20):
        built, settings = _model(np.random.default_rng([seed, attempt]), seed)
        for name, layer in settings["LayerName"].items():
            if name.startswith("norm"):
                layer["Fold"] = False
        try:
            converted_without_absent(built, Path("unused"), settings)
        except LmuHlsError:
            continue
        return built, settings
    raise AssertionError


def test_trains_is_saved_and_brings_its_types(tmp_path):
    x, y = data(64), np.arange(64) % 2
    source = small()
    before = [w.copy() for w in source.get_weights()]
    quantized = lmu_hls.quantize(source, weights=4, activations=7, calibration=x)
    quantized.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = quantized.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert all(np.array_equal(a, b) for a, b in zip(before, source.get_weights(), strict=True)), "the given one is kept"
    network = assert_is_golden(quantized, x, tmp_path)
    kinds = {key: tensor.type.width for key, tensor in network.tensors.items()}
    assert {kinds["memory", name] for name in ("u", "pre", "h")} == {7} and network.lmus[0].encoder_x.type.width == 4
    quantized.save(tmp_path / "quantized.keras")
    loaded = keras.models.load_model(tmp_path / "quantized.keras")
    assert loaded.own_config == quantized.own_config
    assert np.array_equal(loaded.predict(x, verbose=0), quantized.predict(x, verbose=0))
    loaded.fit(x, y, epochs=1, verbose=0)  # and goes on


def test_a_training_is_not_resumed_with_other_types(tmp_path):
    x, y = data(8), np.arange(8) % 2
    built = model(lmu(name="memory", return_sequences=False), keras.layers.Dense(2, name="logits"))
    own = {"Model": {"Precision": "fixed<11,4>"}, "LayerName": {"logits": {"Precision": {"result": "fixed<9,4>"}}}}
    first, other = lmu_hls.quantize(built, precision="fixed<11,4>"), lmu_hls.quantize(built, precision=own)
    path = tmp_path / "first.weights.h5"
    first.save_weights(path)
    expected = other.predict(x, verbose=0)
    other.load_weights(path)
    message = r"other types \(logits: Precision: result is fixed<11,4.*, here fixed<9,4.*; load them into a model with"
    other.compile("adam", "mse")
    for use in (lambda: other.fit(x, y, verbose=0), lambda: other.predict(x, verbose=0), lambda: other.own_config):
        with pytest.raises(LmuHlsError, match=message):
            use()
    with pytest.raises(LmuHlsError, match=message):
        flow.convert(other, tmp_path / "out")
    again = lmu_hls.quantize(built, precision=own)
    again.save_weights(path)
    other.load_weights(path)
    assert np.array_equal(other.predict(x, verbose=0), expected)


@pytest.mark.parametrize("hidden", ["tanh", LSTM(3)], ids=["dense", "lstm"])
def test_gradients_reach_every_weight(hidden):
    x = data()
    quantized = lmu_hls.quantize(small(hidden, (True, True, True)), precision="fixed<12,4>")
    quantized.compile(keras.optimizers.SGD(0.1), "mse")
    before = [w.copy() for w in quantized.get_weights()]
    quantized.fit(x, np.ones((len(x), 2)), epochs=1, verbose=0)
    for old, new, variable in zip(before, quantized.get_weights(), quantized.weights, strict=True):
        assert not np.array_equal(old, new), variable.path


def test_gradients_are_nearly_those_of_the_float_model():
    tf = pytest.importorskip("tensorflow")
    x, source = data(), small("tanh", (False, False, True))
    quantized = lmu_hls.quantize(source, precision="fixed<24,6>")
    found = []
    for each in (source, quantized.float_model, quantized):
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(keras.ops.square(keras.ops.cast(each(x), "float64")))
        found.append(tape.gradient(loss, each.trainable_variables))
    for exact, _, straight in zip(*found, strict=True):
        assert np.allclose(exact, straight, atol=2e-2 * np.abs(exact).max())


def test_dropout_acts_in_training_only():
    layers = [lmu("relu", (False, False, True), dropout=0.5, name="memory"), keras.layers.Dropout(0.5)]
    quantized = lmu_hls.quantize(model(*layers, keras.layers.Dense(2, name="head")), precision="fixed<12,4>")
    x = data()
    assert np.array_equal(quantized(x), quantized(x)) and not np.array_equal(quantized(x, training=True), quantized(x))
    between = training_model.dropouts_before({"memory", "head"}, quantized.float_model)
    assert [layer.rate for layer in between["head"]] == [0.5] and between["memory"] == []


def test_types_by_search(tmp_path):
    x = data(16)
    assert_is_golden(lmu_hls.quantize(small(), calibration=x, target=lmu_hls.tuning.SnrDb(20.0)), x, tmp_path)


def test_types_come_without_a_configuration_and_others_are_refused(tmp_path):
    quantized = lmu_hls.quantize(small(), precision="fixed<11,4>")
    config = hls4ml.utils.config_from_keras_model(quantized, granularity="name", backend="Vitis")
    assert config["LayerName"]["memory"]["Precision"]["u"].startswith("fixed<11,4")
    network_spec(convert(quantized, tmp_path, config))
    config["LayerName"]["memory"]["Precision"]["u"] = "fixed<9,4>"
    with pytest.raises(LmuHlsError, match=r"types of its own, and layer 'memory': Precision: u=fixed<9,4>"):
        convert(quantized, tmp_path, config)
    with pytest.raises(LmuHlsError, match="types of its own"):
        flow.convert(quantized, tmp_path / "out", precision="fixed<16,6>")


def test_csim_is_what_keras_predicts(tmp_path):
    x = data()
    quantized = lmu_hls.quantize(small("tanh", (True, True, True)), weights=4, activations=7, calibration=x)
    graph = convert(quantized, tmp_path, None)
    network, expected = integers_of(quantized, x, tmp_path)
    integers = write(graph).run(lmu_hls.fixed.quantize(x.astype(np.float64), network.x), network)
    assert np.array_equal(to_float(integers, network.out), expected)
    assert np.array_equal(quantized.predict(x, verbose=0), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give calibration"),
        ({"weights": 4, "calibration": data()}, "go together"),
        ({"weights": 4, "activations": 7, "precision": "fixed<8,3>"}, "all say types"),
        ({"weights": 1, "activations": 7, "calibration": data()}, "weights=1 is not possible"),
        ({"weights": 4, "activations": 7, "calibration": data()[:, :2]}, "calibration data"),
        ({"precision": {"LayerName": {"memory": {"Precision": {"v": "fixed<8,3>"}}}}}, "unknown key 'v'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(LmuHlsError, match=message):
        lmu_hls.quantize(small(), **arguments)


def test_refuses_what_is_quantized_already_and_weights_made_of_several():
    quantized = lmu_hls.quantize(small(), precision="fixed<11,4>")
    with pytest.raises(LmuHlsError, match="is quantized already"):
        lmu_hls.quantize(quantized, precision="fixed<9,4>")
    norm = keras.layers.BatchNormalization()
    folded = model(lmu("relu", (False, False, True)), keras.layers.Dense(3), norm)
    norm.moving_variance.assign(np.ones(3))
    source = places.draft(folded)
    with pytest.raises(LmuHlsError, match="made of several weights"):
        places.network_and_weights(folded, source, dict.fromkeys(source.keys, FixedType(8, 4)))


def test_seeded_fault_another_place_of_a_weight_is_seen(tmp_path, monkeypatch):
    found = places._found

    def rolled(*arguments):
        pair = found(*arguments)
        return pair and (pair[0], np.roll(pair[1], 1))

    monkeypatch.setattr(places, "_found", rolled)
    with pytest.raises(AssertionError):
        assert_is_golden(lmu_hls.quantize(small(), precision="fixed<12,4>"), data(), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", ["relu", LSTM(3)], ids=["dense", "lstm"])
def test_verilog_is_what_keras_predicts(hidden, tmp_path):
    """`convert` and `verify`: all equal, and no distance to the Keras model."""
    x = data(6)
    quantized = lmu_hls.quantize(small(hidden, (True, True, True)), weights=5, activations=8, calibration=x)
    flow.convert(quantized, tmp_path / "out")
    np.savez(tmp_path / "x.npz", x=x)
    folder = flow.OutputFolder(tmp_path / "out")
    found = flow.verify(folder, flow.load_data(tmp_path / "x.npz", store.load(folder.spec)), simulators=["icarus"])
    assert found.passed and found.references[0].fidelity.closeness.snr_db == np.inf


def test_what_normalization_has_learned_arrives():
    """In a model inside the model, too, which is quantized flat."""
    x = np.random.default_rng(0).uniform(3, 9, (20, 5, 2)).astype(np.float32)
    norm = keras.layers.Normalization()
    norm.adapt(x)
    inner = keras.Sequential([keras.Input((5, 2)), norm, lmu_hls.LMU(2, 3, 5, None)])
    net = keras.Sequential([keras.Input((5, 2)), inner, keras.layers.Dense(2)])
    quantized = lmu_hls.quantize(net, precision="fixed<24,8>")
    assert np.abs(np.asarray(quantized(x)) - np.asarray(net(x))).max() < 2.0**-8
