"""Operators between layers, such as ``h[:, -1]``: which of them become layers, and the model that has these instead.

hls4ml reads a model layer by layer and does not see an operator on tensors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.keras_weights import take_weights

if TYPE_CHECKING:
    import keras


def layer_of(operator: Any, node: Any) -> Any:
    """The layer that does the same as an operator called by ``node``; None where there is none."""
    kind = type(operator)
    if kind.__module__.partition(".")[0] != "keras":
        return None  # a class of the user's own, whatever its name says
    make = LAYERS.get(kind.__name__, _activation if kind.__name__.lower() in ACTIVATIONS else None)
    return None if make is None else make(operator, node)


def with_layers(model: keras.Model) -> keras.Model:
    """``model`` where it has no operators; else a copy of it, with the same weights, that has layers in their places.

    Raises LmuHlsError for operators that no layer stands for.
    """
    import keras

    found = {operator: node for operator, node in operators(model)}
    if not found:
        return model
    layers = {operator: layer_of(operator, node) for operator, node in found.items()}
    if None in layers.values():
        raise LmuHlsError(f"model {model.name!r} has operators that cannot be converted")

    def copy(operation: Any) -> Any:
        return layers.get(operation) or type(operation).from_config(operation.get_config())

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if operation not in layers.values():
            return operation(*args, **kwargs)
        read = _tensors(args)
        return operation(read[0] if len(read) == 1 else read)

    made = keras.models.clone_model(model, clone_function=copy, call_function=call)
    take_weights(made, model)
    return made


def operators(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """The operators of a Keras model that are no layers, each with the node that calls it."""
    import keras

    graph = getattr(model, "_functional", None) or model
    for level in getattr(graph, "_nodes_by_depth", {}).values():
        for node in level:
            if not isinstance(node.operation, keras.layers.Layer):
                yield node.operation, node


def _slice(operator: Any, node: Any) -> Any:
    """x[:, step] and x[:, start:stop:step] of a sequence, also from behind; x[..., start:stop:step] of features."""
    from lmu_hls.layers.steps import Features, Steps

    x, key = node.arguments.args
    key = tuple(key) if isinstance(key, tuple | list) else (key,)  # a list in a model that was saved
    whole = slice(None)
    if key[0] is Ellipsis:
        key = (*[whole] * (len(x.shape) - len(key) + 1), *key[1:])
    if len(key) == len(x.shape) and isinstance(key[-1], slice) and all(item == whole for item in key[:-1]):
        kept = key[-1]
        some = len(range(x.shape[-1])[kept])
        return Features(kept.start, kept.stop, kept.step, name=operator.name) if some else None
    if len(x.shape) != 3 or x.shape[1] is None or len(key) < 2 or any(item != whole for item in (key[0], *key[2:])):
        return None
    steps, name = key[1], operator.name
    if isinstance(steps, int):
        return Steps(steps, None if steps == -1 else steps + 1, vector=True, name=name)
    if not isinstance(steps, slice) or not len(range(x.shape[1])[steps]):
        return None
    return Steps(steps.start, steps.stop, steps.step or 1, name=name)


def _merge(operator: Any, node: Any) -> Any:
    """x + y and the like of two tensors of one shape, and tensors side by side on the last axis."""
    import keras

    kind, read = type(operator).__name__, _tensors(node.arguments.args)
    if kind == "Concatenate":
        return keras.layers.Concatenate(axis=operator.axis, name=operator.name)
    if len(read) == 1:
        return _rescaling(operator, node)
    if len(read) != 2 or tuple(read[0].shape) != tuple(read[1].shape):
        return None
    return getattr(keras.layers, kind)(name=operator.name)


def _rescaling(operator: Any, node: Any) -> Any:
    """x * 2, x / 4, -x, x + 1, 1 - x and the like: a tensor and a number, or one for each value of a step, in either
    order."""
    import keras

    arguments = node.arguments.args
    numbers = [item for item in arguments if not isinstance(item, keras.KerasTensor)]
    first = isinstance(arguments[0], keras.KerasTensor)
    if len(_tensors(arguments)) != 1 or len(numbers) != len(arguments) - 1:
        return None
    factors = RESCALINGS.get((type(operator).__name__, first))
    values = [_numbers(item, int(_tensors(arguments)[0].shape[-1])) for item in numbers]
    if factors is None or any(value is None or not np.all(value) for value in values):
        return None
    parts = (np.asarray(part).tolist() for part in factors(*values))
    return keras.layers.Rescaling(*parts, name=operator.name)


def _numbers(item: Any, width: int) -> Any:
    """A number, or an array with one for each value of a step; None for all else."""
    if isinstance(item, bool | str) or item is None:
        return None
    import keras

    try:
        array = np.asarray(keras.ops.convert_to_numpy(item) if keras.ops.is_tensor(item) else item, np.float64)
    except (TypeError, ValueError):
        return None
    if array.size != 1 and (array.size != width or array.shape[-1] != width):
        return None
    return array.item() if array.size == 1 else array.ravel()


def _over_steps(operator: Any, node: Any) -> Any:
    """keras.ops.mean and keras.ops.max of a sequence over its steps."""
    import keras

    (x,) = _tensors(node.arguments.args)[:1] or (None,)
    if (
        x is None
        or len(x.shape) != 3
        or _axes(operator) not in ([1], [-2])
        or getattr(operator, "initial", None) is not None
    ):
        return None
    kind = {"Mean": "GlobalAveragePooling1D", "Max": "GlobalMaxPooling1D"}[type(operator).__name__]
    return getattr(keras.layers, kind)(keepdims=bool(operator.keepdims), name=operator.name)


def _activation(operator: Any, node: Any) -> Any:
    """A function of keras.ops or keras.activations, with the arguments that the activation or its layer has."""
    import keras

    kind = type(operator).__name__.lower()
    name = ACTIVATIONS[kind]
    if len(_tensors(node.arguments.args)) != 1 or node.arguments.kwargs:
        return None
    usual = inspect.signature(keras.activations.get(name)).parameters
    config = operator.get_config()
    given = {key: value for key, value in config.items() if key != "name" and value != usual[key].default}
    if not given:
        return keras.layers.Activation(name, name=operator.name)
    layer = WITH_ARGUMENTS.get(kind)
    if layer == "Softmax" and config["axis"] != len(node.input_tensors[0].shape) - 1:
        return None
    return layer and getattr(keras.layers, layer)(**given, name=operator.name)


def _flip(operator: Any, node: Any) -> Any:
    """keras.ops.flip of a sequence over its steps."""
    from lmu_hls.layers.steps import Steps

    (x,) = _tensors(node.arguments.args)
    known = len(x.shape) == 3 and x.shape[1] is not None
    return Steps(None, None, -1, name=operator.name) if known and _axes(operator) in ([1], [-2]) else None


def _shape(operator: Any, node: Any) -> Any:
    """Another form of each sample: the axis of the steps comes to a vector, goes, or both are put together."""
    import keras

    (x, *others) = _tensors(node.arguments.args)
    kind, last = type(operator).__name__, len(x.shape) - 1
    if kind == "ExpandDims" and len(x.shape) == 2 and operator.axis in (1, -2):
        return keras.layers.RepeatVector(1, name=operator.name)
    if kind == "Squeeze" and x.shape[1:-1] == (1,) and _axes(operator) in ([1], [-2], [None]):
        return keras.layers.Flatten(name=operator.name)
    shape = tuple(operator.newshape) if kind == "Reshape" else ()
    values = x.shape[1:]
    if others or not shape or last not in (1, 2) or None in values or shape[0] not in (-1, None):
        return None
    inner = shape[1:]
    fits = all(isinstance(size, int) and size > 0 for size in inner) and np.prod(inner) == np.prod(values)
    return keras.layers.Reshape(inner, name=operator.name) if inner and fits else None


def _axes(operator: Any) -> list[Any]:
    return list(operator.axis) if isinstance(operator.axis, list | tuple) else [operator.axis]


def _tensors(args: Any) -> list[Any]:
    """The symbolic tensors among the arguments of a call, in order."""
    import keras

    return [item for item in keras.tree.flatten(args) if isinstance(item, keras.KerasTensor)]


# Factor and offset by the class of the operator, and whether the tensor stands before the number
RESCALINGS: dict[tuple[str, bool], Callable[..., tuple[Any, Any]]] = {
    ("Multiply", True): lambda number: (number, 0.0),
    ("Multiply", False): lambda number: (number, 0.0),
    ("TrueDivide", True): lambda number: (1 / number, 0.0),
    ("Divide", True): lambda number: (1 / number, 0.0),
    ("Add", True): lambda number: (1.0, number),
    ("Add", False): lambda number: (1.0, number),
    ("Subtract", True): lambda number: (1.0, -number),
    ("Subtract", False): lambda number: (-1.0, number),
    ("Negative", True): lambda: (-1.0, 0.0),
}
# By the class of the operator, in small letters
ACTIVATIONS = {"exp": "exponential", **{name.replace("_", ""): name for name in (*FUNCTIONS, "softmax")}}
WITH_ARGUMENTS = {
    "relu": "ReLU",
    "leakyrelu": "LeakyReLU",
    "elu": "ELU",
    "softmax": "Softmax",
}  # classes of keras.layers
# By Keras's class of the operator
LAYERS: dict[str, Callable[[Any, Any], Any]] = {
    "GetItem": _slice,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Concatenate"), _merge),
    **dict.fromkeys(("TrueDivide", "Divide", "Negative"), _rescaling),
    **dict.fromkeys(("Mean", "Max"), _over_steps),
    **dict.fromkeys(("ExpandDims", "Squeeze", "Reshape"), _shape),
    "Flip": _flip,
}
