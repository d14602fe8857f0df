"""Layers that Keras quantized convert with the weights that they compute with, or are refused by name."""

import keras
import numpy as np
import pytest

from lmu_hls import LMU, flow, golden, rebase, rediscretize
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.weights import KERNELS, layer_weight
from lmu_hls.tuning.draft import draft
from tests.support.lmu_models import assert_csim_equals_golden, config, convert

STEPS, N_IN = 5, 3
PLACES = {"head": ["head"], "cell": ["cell"], "before": ["before"], "all": ["before", "cell", "head"]}


def network(quantized=(), mode=None, seed=0):
    """Dense, LMU with a Dense cell, Dense; the layers named in ``quantized`` in Keras's ``mode``."""
    keras.utils.set_random_seed(seed)
    layers = {
        "before": keras.layers.Dense(3, name="before"),
        "cell": keras.layers.Dense(5, "relu", bias_initializer="random_normal", name="cell"),
        "head": keras.layers.Dense(3, bias_initializer="random_normal", name="head"),
    }
    lmu = LMU(2, 3, 4, layers["cell"], input_to_hidden=True, name="lmu")
    model = keras.Sequential([keras.Input((STEPS, N_IN), name="x"), layers["before"], lmu, layers["head"]])
    for name in quantized:
        layers[name].quantize(mode, config=None)
    return model, layers


def float_twin(layers):
    """The same network of float layers that hold the weights of ``layers``."""
    model, twins = network()
    for name, layer in layers.items():
        twins[name].set_weights([layer_weight(layer, "kernel"), layer_weight(layer, "bias")])
    return model, twins


def contract(model, folder, precision="fixed<24,8>"):
    return network_spec(convert(model, folder, config(model, default_precision=precision)))


def weights(spec):
    before, lmu, head = spec.layers
    return [before.kernel, before.bias, lmu.hidden.kernel_mem, lmu.hidden.kernel_x, lmu.hidden.bias, head.kernel]


@pytest.mark.parametrize("mode", sorted(KERNELS))
def test_the_contract_is_that_of_the_float_twin(mode, tmp_path):
    """Integer for integer, with every weight of the quantized network in float32."""
    quantized, layers = network(PLACES["all"], mode)
    twin, _ = float_twin(layers)
    one, two = contract(quantized, tmp_path / "a"), contract(twin, tmp_path / "b")
    for ours, theirs in zip(weights(one), weights(two), strict=True):
        assert ours.type == theirs.type
        assert np.abs(ours.values - theirs.values).max() <= 1  # the twin's weights are rounded to float32 on the way
    assert np.abs(to_float(one.layers[2].kernel.values, one.layers[2].kernel.type)).max() < 2


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_golden_follows_the_quantized_model(mode, place, tmp_path):
    """Within what Keras's own rounding of a layer's input to eight bits can change, and the types of golden."""
    model, layers = network(PLACES[place], mode)
    x = np.random.default_rng(0).normal(size=(50, STEPS, N_IN)).astype(np.float32)
    spec = contract(model, tmp_path)
    ours = to_float(golden.predict(spec, quantize(x, spec.x)), spec.out)
    twin, _ = float_twin(layers)
    exact = twin.predict(x, verbose=0)
    assert np.abs(ours - exact).max() < 64 * spec.out.lsb
    assert (
        np.abs(ours - model.predict(x, verbose=0)).max() <= input_rounding(twin, PLACES[place], mode, x) + 64 * 2**-16
    )


def input_rounding(twin, quantized, mode, x):
    """A bound of the change of the outputs of ``twin``, in exact arithmetic, when inputs are rounded to 1/127 of their
    largest value, half of it at most, on the last axis. Int4 layers of Keras round no input.

    An error e of a layer's inputs changes its outputs by at most e sum|w|, and relu by no more; the memory is linear,
    so an error of its input changes mem by at most the L1 norm of its impulse response.
    """
    if mode == "int4":
        return 0.0
    before, lmu, head = twin.get_layer("before"), twin.get_layer("lmu"), twin.get_layer("head")
    seen = {
        "before": x,
        "cell": memory_and_input(lmu, before(x).numpy()),
        "head": keras.Model(twin.inputs, lmu.output).predict(x, verbose=0),
    }
    own = {name: 0.5 / 127 * np.abs(values).max() * (name in quantized) for name, values in seen.items()}
    error = own["before"] * gain(before.kernel)
    a, b = (np.asarray(m, np.float64) for m in lmu.cell.discrete_system())
    impulse = sum(np.abs(np.linalg.matrix_power(a, k) @ np.ravel(b)) for k in range(STEPS))
    error = max(error, error * gain(lmu.cell.kernel) * impulse.max()) + own["cell"]
    error = error * gain(lmu.cell.hidden_cell.kernel) + own["head"]
    return 1.05 * error * gain(head.kernel)  # 5 % for the products of two errors


def gain(kernel):
    return np.abs(np.asarray(kernel)).sum(axis=0).max()


def memory_and_input(lmu, inputs):
    memory = LMU(2, 3, 4, None)
    memory.build(inputs.shape)
    memory.cell.kernel.assign(lmu.cell.kernel)
    steps = [memory(inputs[:, :n]).numpy() for n in range(1, STEPS + 1)]
    return np.concatenate([np.stack(steps, axis=1), inputs], axis=-1)


def test_csim_equals_golden(tmp_path):
    model, _ = network(PLACES["all"], "int8")
    assert_csim_equals_golden(convert(model, tmp_path, config(model)), samples=8)


def test_weights_on_a_power_of_two_scale_lose_nothing(tmp_path):
    model, layers = network(["head"], "int8")
    head = layers["head"]
    head.kernel_scale.assign(np.full(3, 64.0))
    kernel = contract(model, tmp_path, "fixed<9,3>").layers[-1].kernel
    assert np.array_equal(to_float(kernel.values, kernel.type), np.asarray(head._kernel) / 64.0)


def test_int4_with_blocks():
    """Asymmetric: a scale and a zero for every block of inputs."""
    from keras.quantizers import Int4QuantizationConfig

    layer = keras.layers.Dense(3, use_bias=False)
    layer.build((None, 10))
    float_kernel = np.array(layer.kernel)
    layer.quantize("int4", config=Int4QuantizationConfig(block_size=4))
    x = np.eye(10, dtype=np.float32)
    assert np.abs(layer_weight(layer, "kernel") - layer(x).numpy()).max() < 1e-6
    assert np.abs(layer_weight(layer, "kernel") - float_kernel).max() < np.abs(float_kernel).max() / 7


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
def test_lora(mode):
    layer = keras.layers.Dense(3, use_bias=False)
    layer.build((None, 4))
    if mode:
        layer.quantize(mode)
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.ones((2, 3)))
    identity = np.eye(4, dtype=np.float32)  # its entries are values of eight bits
    assert np.abs(layer_weight(layer, "kernel") - layer(identity).numpy()).max() < 1e-5


def test_float8():
    """The kernel is rounded to float8 on its trained scale, and the bias to bfloat16."""
    layer = keras.layers.Dense(3, bias_initializer="random_normal")
    layer.build((None, 4))
    layer.quantize("float8")
    layer.kernel_scale.assign(0.01)
    zero, identity = layer(np.zeros((1, 4), np.float32)).numpy(), layer(np.eye(4, dtype=np.float32)).numpy()
    assert np.array_equal(layer_weight(layer, "bias"), zero[0])
    assert np.abs(layer_weight(layer, "kernel") - (identity - zero)).max() < 1e-6
    assert np.abs(layer_weight(layer, "kernel") - np.asarray(layer._kernel)).max() > 1e-3


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16", "float16", "float64"])
def test_dtype_policies(policy):
    layer = keras.layers.Dense(3, dtype=policy)
    layer.build((None, 4))
    stored = keras.ops.convert_to_numpy(layer.kernel).astype(np.float64)
    assert np.array_equal(layer_weight(layer, "kernel"), stored)


@pytest.mark.parametrize("mode", ["gptq", "awq", "int2"])
def test_other_modes_are_refused_by_name(mode, monkeypatch, tmp_path):
    model, _ = network()
    monkeypatch.setattr(keras.layers.Dense, "quantization_mode", property(lambda layer: mode))
    with pytest.raises(LmuHlsError, match=f"quantization mode '{mode}' is not supported.*before quantize"):
        convert(model, tmp_path)


def test_integers_without_a_mode_are_refused():
    layer = keras.layers.Dense(3, name="head")
    layer.build((None, 4))
    object.__setattr__(layer, "table", keras.Variable(np.zeros((4, 3), np.int8), dtype="int8", trainable=False))
    with pytest.raises(LmuHlsError, match=r"'head': weight 'table' holds int8.*float dtype"):
        layer_weight(layer, "table")


def test_a_saved_model_and_the_search_for_types(tmp_path):
    """What the search quantizes is what the conversion reads."""
    model, layers = network(PLACES["all"], "int8")
    model.save(tmp_path / "m.keras")
    loaded = flow.load_model(tmp_path / "m.keras")
    source = draft(loaded)
    assert np.array_equal(source.weights["head", "weight"], layer_weight(layers["head"], "kernel"))
    mem = source.weights["lmu", "hidden_mem"]
    assert np.array_equal(mem, layer_weight(layers["cell"], "kernel")[: len(mem)])


def test_changes_of_a_quantized_network():
    """Another discretizer keeps the weights; another basis would have to change stored integers and is refused."""
    model, layers = network(["cell", "head"], "int8")
    x = np.zeros((2, STEPS, N_IN), np.float32)
    changed, _ = rediscretize(model, "bilinear", x)
    kept = layer_weight(changed.get_layer("lmu").cell.hidden_cell, "kernel")
    assert np.array_equal(kept, layer_weight(layers["cell"], "kernel"))
    with pytest.raises(ValueError, match=r"'cell' of quantization mode 'int8'.*rebase the model, then quantize"):
        rebase(model, "orthonormal")


def test_logits_of_a_quantized_head():
    model, _ = network()
    body = keras.Model(model.inputs, model.layers[-1].input)
    head = keras.layers.Dense(3, "softmax", name="head")
    whole = keras.Sequential([*body.layers, head])
    head.quantize("int8")
    trimmed = flow.up_to_logits(whole).layers[-1]
    assert np.array_equal(layer_weight(trimmed, "kernel"), layer_weight(head, "kernel"))
