"""The same network with and without state between calls."""

import keras
import numpy as np
import pytest

from lmu_hls import LMU
from lmu_hls.errors import LmuHlsError
from lmu_hls.layers.stateful import in_order, is_stateful, predict_samples, without_state
from lmu_hls.training import quantize
from tests.support.lmu_models import lmu

STEPS, N_IN = 4, 2


def stateful(batch: int) -> keras.Model:
    inputs = keras.Input(batch_shape=(batch, STEPS, N_IN))
    h = lmu(keras.layers.GRUCell(3), name="memory", stateful=True)(inputs)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(h[:, -1]))


def test_samples_are_chunks_of_one_sequence():
    model = stateful(batch=2)
    x = np.random.default_rng(0).normal(size=(6, STEPS, N_IN)).astype(np.float32)
    separate = without_state(model)
    assert is_stateful(model) and not is_stateful(separate)
    outputs = predict_samples(model, x)
    assert np.array_equal(outputs, predict_samples(model, x))
    assert np.allclose(outputs[:1], separate.predict(x[:1], verbose=0), atol=1e-6)
    assert not np.allclose(outputs[1:], separate.predict(x[1:], verbose=0), atol=1e-3)
    # A sequence of the same layer in one call
    whole = separate.get_layer("memory")(x.reshape(1, -1, N_IN))
    assert np.allclose(outputs, model.get_layer("head")(whole[0, STEPS - 1 :: STEPS]), atol=1e-5)
    assert without_state(separate) is separate


def test_training_with_its_own_types_is_refused():
    with pytest.raises(LmuHlsError, match="is stateful, and training starts every sequence from zero"):
        quantize(stateful(batch=1), precision="fixed<16,6>")


def test_a_quantized_model_takes_its_input_by_any_name():
    model = quantize(without_state(stateful(batch=1)), precision="fixed<16,6>")
    x = np.zeros((2, STEPS, N_IN), np.float32)
    assert in_order(model, {"x": x}) == [x]


@pytest.mark.parametrize("names", [("my model (v2)", "a", "b"), ("net", "lmu 1", "größe"), ("net", "a", "_b")])
def test_layers_with_names_that_no_graph_of_tensorflow_takes(names):
    model, memory, head = names
    keras.utils.set_random_seed(0)
    x = keras.Input((4, 2))
    h = LMU(1, 2, 4, keras.layers.Dense(2, "relu"), name=memory)(x)
    built = keras.Model(x, keras.layers.Dense(2, name=head)(h), name=model)
    values = np.random.default_rng(0).uniform(-1, 1, (3, 4, 2)).astype(np.float32)
    assert np.allclose(predict_samples(built, values), np.asarray(built(values)), atol=1e-6)
    assert not built.run_eagerly
