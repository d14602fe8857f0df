"""Operators between layers: which become layers, in a copy of the model; the model itself stays as it is."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import network_spec
from lmu_hls.front.keras_model import check_model
from lmu_hls.front.operators import with_layers
from lmu_hls.layers.steps import Steps
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu, random_input


def model(operator):
    x = keras.Input((STEPS, N_IN), name="x")
    return keras.Model(x, keras.layers.Dense(2, name="head")(operator(lmu("tanh", name="memory")(x))))


@pytest.mark.parametrize(
    "operator",
    [
        lambda h: h[:, -1],
        lambda h: h[:, 2, :],
        lambda h: h[:, 1:-1],
        lambda h: h[:, ::2],
        lambda h: h[:, -2],
        lambda h: h[:, -2::-2],
    ],
)
def test_slices_of_steps(operator):
    built = model(operator)
    check_model(built)
    layers = [layer.name for layer in built.layers]
    changed = with_layers(built)
    assert [type(layer) for layer in changed.layers].count(Steps) == 1
    assert [layer.name for layer in built.layers] == layers and len(built.layers[1]._inbound_nodes) == 1
    x = np.random.default_rng(0).uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32)
    assert np.array_equal(changed.predict(x, verbose=0), built.predict(x, verbose=0))
    assert with_layers(changed) is changed


@pytest.mark.parametrize(
    "operator",
    [
        lambda h: h * 2,
        lambda h: 0.5 * h,
        lambda h: 1 - h / 4,
        lambda h: -h + 1.5,
        lambda h: h - 0.25,
        lambda h: h * (0.5 + np.arange(4, dtype="float32")) - np.array([[0.1, 0.2, 0.3, 0.4]], "float32"),
        lambda h: keras.ops.mean(h, axis=1),
        lambda h: keras.ops.max(h, axis=-2, keepdims=True),
        keras.ops.relu,
        lambda h: keras.ops.softplus(keras.ops.exp(h)),
    ],
)
def test_numbers_steps_and_functions(operator, tmp_path):
    model(operator).save(tmp_path / "m.keras")
    built = keras.models.load_model(tmp_path / "m.keras")
    check_model(built)
    x = np.random.default_rng(0).uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32)
    expected = built.predict(x, verbose=0)
    assert np.allclose(with_layers(built).predict(x, verbose=0), expected, atol=1e-6) and expected.std() > 0.01


@pytest.mark.parametrize(
    "operator",
    [
        lambda h: h * np.ones((STEPS, 1), "float32"),
        lambda h: 1 / (h + 3),
        lambda h: h * 0,
        lambda h: keras.ops.mean(h),
        lambda h: keras.ops.maximum(h, 1),
    ],
)
def test_other_operators_are_refused(operator):
    x = keras.Input((STEPS, N_IN), name="x")
    with pytest.raises(LmuHlsError, match=r"the operator '"):
        check_model(keras.Model(x, operator(lmu("tanh", name="memory")(x))))


def test_functions_called_on_tensors():
    """Each of keras.activations that Keras calls on a tensor of a model, and those whose layer has arguments."""
    x = keras.Input((STEPS, N_IN), name="x")
    h = lmu("tanh", name="memory")(x)
    called = {name: getattr(keras.activations, name) for name in (*FUNCTIONS, "softmax") if name != "linear"}
    rng = np.random.default_rng(3)
    for number, (slope, top) in enumerate(rng.uniform(0.1, 2, (3, 2)).round(2)):
        called |= {
            f"relu{number}": lambda h, top=top: keras.activations.relu(h, max_value=top),
            f"leaky{number}": lambda h, slope=slope: keras.ops.leaky_relu(h, negative_slope=slope),
            f"elu{number}": lambda h, slope=slope: keras.activations.elu(h, alpha=slope),
        }
    made = {}
    for name, function in called.items():
        try:
            made[name] = function(h)
        except ValueError:  # Keras calls it on values only
            assert name in ("mish", "hard_silu", "hard_tanh")
    built = keras.Model(x, made)
    check_model(built)
    values = np.random.default_rng(0).uniform(-9, 9, (4, STEPS, N_IN)).astype(np.float32)
    expected, found = built.predict(values, verbose=0), with_layers(built).predict(values, verbose=0)
    assert len(made) > 25 and all(np.allclose(found[name], expected[name], atol=1e-6) for name in made)


def test_functions_with_other_arguments_are_refused():
    with pytest.raises(LmuHlsError, match=r"approximates by default: use keras\.ops\.gelu\(h, approximate=False\)"):
        check_model(model(keras.ops.gelu))
    with pytest.raises(LmuHlsError, match="the operator 'celu"):
        check_model(model(lambda h: keras.ops.celu(h, alpha=0.5)))


def test_an_operator_of_ones_own_is_not_taken_for_that_of_its_name():
    class Relu(keras.Operation):
        def call(self, x):
            return x * x

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    with pytest.raises(LmuHlsError, match=r"\(Relu, after 'memory'\)"):
        check_model(model(lambda h: Relu()(h)))


@pytest.mark.parametrize(
    "operator",
    [
        lambda h: keras.ops.flip(h, axis=1),
        lambda h: keras.ops.flip(h, axis=[-2]),
        lambda h: keras.ops.expand_dims(h[:, 2], 1),
        lambda h: keras.ops.expand_dims(h[:, 2], axis=-2),
        lambda h: keras.ops.squeeze(h[:, -1:], axis=1),
        lambda h: keras.ops.squeeze(keras.ops.max(h, axis=1, keepdims=True)),
        lambda h: keras.ops.reshape(h, (-1, 4 * STEPS)),
        lambda h: keras.ops.reshape(h[:, 1:5], (-1, 2, 8)),
        lambda h: keras.ops.reshape(h[:, 0], (-1, 1, 4)),
    ],
)
def test_forms(operator):
    built = model(operator)
    check_model(built)
    x = np.random.default_rng(0).uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32)
    assert np.array_equal(with_layers(built).predict(x, verbose=0), built.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("operator", "remedy"),
    [
        (lambda h: keras.ops.flip(h, axis=2), r"h\[:, ::-1\]"),
        (lambda h: keras.ops.flip(h), r"h\[:, ::-1\]"),
        (lambda h: keras.ops.expand_dims(h, -1)[..., 0], "RepeatVector"),
        (lambda h: keras.ops.transpose(h, (0, 2, 1)), "whole steps can be put together"),
        (lambda h: keras.ops.reshape(h, (-1, STEPS)), "whole steps can be put together"),  # 4 times as many samples
        (lambda h: h + np.ones((STEPS, 1), "float32"), "one number for each feature"),
        (lambda h: keras.ops.matmul(h, np.ones((4, 2), "float32")), "use Dense"),
        (lambda h: keras.ops.split(h, 2, axis=-1)[0], r"h\[\.\.\., :2\]"),
        (lambda h: keras.ops.log_softmax(h), "the logits"),
    ],
)
def test_what_to_use_instead_of_an_operator(operator, remedy):
    with pytest.raises(LmuHlsError, match=rf"the operator '.*{remedy}"):
        check_model(model(operator))


def two(merge):
    x = keras.Input((STEPS, N_IN), name="x")
    h = lmu("tanh", name="memory")(x)
    return keras.Model(x, keras.layers.Dense(2, name="head")(merge(h, lmu("tanh", name="second")(h))))


@pytest.mark.parametrize(
    "merge",
    [
        lambda h, g: h + g,
        lambda h, g: g - h,
        lambda h, g: h * g * g,
        keras.ops.maximum,
        keras.ops.minimum,
        lambda h, g: keras.ops.concatenate([g, h], axis=-1),
    ],
)
def test_operators_on_two_tensors(merge):
    built = two(merge)
    check_model(built)
    changed = with_layers(built)
    x = np.random.default_rng(0).uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32)
    assert np.array_equal(changed.predict(x, verbose=0), built.predict(x, verbose=0))
    assert with_layers(changed) is changed


@pytest.mark.parametrize(
    "operator",
    [lambda h: h[:, 5:], lambda h: h[:2, :], lambda h: h[:, -1, 1:], lambda h: h[..., -1], lambda h: h[..., 4:]],
)
def test_other_slices_are_refused(operator):
    with pytest.raises(LmuHlsError, match=r"the operator 'get_item.*slices of steps can be: h\[:, -1\]"):
        check_model(model(operator))


@pytest.mark.parametrize("operator", [lambda h: h[..., 1:3], lambda h: h[:, :, ::-2], lambda h: h[:, :, -1:]])
def test_slices_of_features(operator, tmp_path):
    """The values of the input as they are, behind a memory and before one."""
    x = keras.Input((STEPS, N_IN), name="x")
    behind = lmu("tanh", name="behind")(operator(x))
    keras.Model(x, behind[:, -1][:, 1:]).save(tmp_path / "m.keras")
    built = keras.models.load_model(tmp_path / "m.keras")
    check_model(built)
    values = np.random.default_rng(0).uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32)
    expected = built.predict(values, verbose=0)
    assert np.array_equal(with_layers(built).predict(values, verbose=0), expected) and expected.shape == (4, 3)
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<16,4>")))
    integers = random_input(network, 9)
    trace, first = golden.run(network, integers), network.nodes[0]
    assert first.layer.out == network.x
    assert np.array_equal(trace[first.name].tensors["out"], operator(integers))


def test_a_model_from_a_file(tmp_path):
    """Keras writes the key of a slice as a list."""
    built = model(lambda h: h[:, -1])
    built.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    check_model(loaded)
    x = np.random.default_rng(0).uniform(-1, 1, (4, STEPS, N_IN)).astype(np.float32)
    assert np.array_equal(with_layers(loaded).predict(x, verbose=0), built.predict(x, verbose=0))


def test_a_layer_that_was_put_for_an_operator_can_be_saved():
    layer = Steps(1, None, 2, name="s")
    again = Steps.from_config(layer.get_config())
    x = np.arange(10.0).reshape(1, 5, 2)
    assert np.array_equal(again(x), x[:, 1::2]) and again.name == "s"
