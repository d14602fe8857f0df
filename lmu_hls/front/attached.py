"""Layers of Keras whose activation is a layer, as in ``Dense(8, activation=LeakyReLU(0.1))``: read as both, one behind
the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lmu_hls.keras_weights import take_weights

BEHIND = "_activation"  # of the name of the second one


def has_layer(layer: Any) -> bool:
    """Whether the activation of a layer of Keras, or of one inside TimeDistributed, is a layer of Keras."""
    import keras

    inner = _inside(layer)
    function = getattr(inner, "activation", None)
    plain = all(type(each) is getattr(keras.layers, type(each).__name__, None) for each in (inner, function))
    return plain and isinstance(function, keras.layers.Layer) and not hasattr(inner, "cell")


def with_layer_behind(layer: Any, name: str) -> Callable[[Any], Any]:
    """What does the same as such a layer: the layer without activation, called ``name``, and its activation."""
    import keras

    function = _inside(layer).activation
    if type(layer) is keras.layers.Activation:
        return _copied(function, name)
    config = {**layer.get_config(), "name": name}
    (config if _inside(layer) is layer else config["layer"]["config"])["activation"] = "linear"
    own = type(layer).from_config(config)
    kept = {id(weight) for weight in function.weights}
    values = [keras.ops.convert_to_numpy(weight) for weight in layer.weights if id(weight) not in kept]
    second = _copied(function, f"{name}{BEHIND}")

    def call(x: Any) -> Any:
        y = own(x)
        own.set_weights(values)
        return second(y)

    return call


def as_layer(function: Any, name: str) -> Any:
    """An activation, which may be a layer, as a layer with that name; it has no weights yet."""
    import keras

    if isinstance(function, keras.layers.Layer):
        return type(function).from_config({**function.get_config(), "name": name})
    return keras.layers.Activation(function, name=name)


def with_weights(layer: Any, source: Any) -> Callable[[Any], Any]:
    """A new layer, which has the weights of ``source`` once it is called, and by that built."""

    def call(x: Any) -> Any:
        y = layer(x)
        take_weights(layer, source)
        return y

    return call


def _inside(layer: Any) -> Any:
    import keras

    return layer.layer if type(layer) is keras.layers.TimeDistributed else layer


def _copied(function: Any, name: str) -> Callable[[Any], Any]:
    """A copy of a layer, which may have a layer as activation in its turn."""
    if has_layer(function):
        return with_layer_behind(function, name)
    made = as_layer(function, name)
    return with_weights(made, function) if function.built else made  # built when the layer first computes numbers
