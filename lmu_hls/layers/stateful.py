"""The same Keras network with and without state between calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.keras_weights import take_weights

if TYPE_CHECKING:
    import keras

SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")  # a name in a graph of TensorFlow


def is_stateful(model: keras.Model) -> bool:
    """Whether an RNN layer of the model keeps its state from call to call."""
    return any(getattr(layer, "stateful", False) for layer in getattr(model, "layers", ()))


def without_state(model: keras.Model) -> keras.Model:
    """The network with the same weights, in which every sequence starts from zero; the model itself where it does."""
    return _twin(model, stateful=False, batch=None) if is_stateful(model) else model


def predict_samples(model: keras.Model, x: NDArray[Any]) -> NDArray[np.float64]:
    """The outputs for samples x (N, steps, n_in) one after the other.

    Of a stateful network they are the chunks of one sequence, which starts from zero; the model's own state is left as
    it is. Of others each is a sequence.
    """
    (outputs,) = predict_all(model, [x])
    return outputs


def predict_all(model: keras.Model, inputs: list[NDArray[Any]]) -> list[NDArray[np.float64]]:
    """As :func:`predict_samples`, with an array for each input and each output, in the order of the model."""
    x = inputs if len(inputs) > 1 else inputs[0]
    if is_stateful(model):
        outputs = predict(_twin(model, stateful=True, batch=1), x, batch_size=1)
    else:
        outputs = predict(model, x)
    return output_arrays(model, outputs)


def predict(model: keras.Model, x: Any, **options: Any) -> Any:
    """What ``model.predict`` gives, without a graph where TensorFlow makes none of layers with such names."""
    import keras

    names = [model.name, *(layer.name for layer in model._flatten_layers(include_self=False))]
    if keras.backend.backend() != "tensorflow" or all(map(SCOPE.fullmatch, names)):
        return model.predict(x, verbose=0, **options)
    eager, model.run_eagerly = model.run_eagerly, True
    try:
        return model.predict(x, verbose=0, **options)
    finally:
        model.run_eagerly = eager


def output_arrays(model: keras.Model, outputs: Any) -> list[NDArray[np.float64]]:
    """What a call of the model gave, as an array for each output in the order of the model."""
    if isinstance(outputs, dict):
        outputs = [outputs[name] for name in model.output_names]
    return [np.asarray(each, np.float64) for each in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def in_order(model: keras.Model, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Arrays by the names of the model's inputs, in its order; those of a model with one input have any name."""
    if len(inputs) == 1:  # a model of other classes than Keras's, a quantized one, has no list of them
        return list(inputs.values())
    return [inputs[tensor.name] for tensor in model.inputs]


def _twin(model: keras.Model, stateful: bool, batch: int | None) -> keras.Model:
    import keras

    def copied(layer: Any) -> Any:
        config = layer.get_config()
        if hasattr(layer, "stateful"):
            config["stateful"] = stateful
        return type(layer).from_config(config)

    (entrance,) = model.inputs
    inputs = keras.Input(batch_shape=(batch, *entrance.shape[1:]), dtype=entrance.dtype)
    twin = keras.models.clone_model(model, input_tensors=inputs, clone_function=copied)
    take_weights(twin, model)
    return twin
