"""Models inside models, and recurrent layers that are read as others: the flat model with the same layers.

hls4ml reads the layers of the outermost model only, and a layer of the contract has one cell and goes forwards.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lmu_hls.front.attached import has_layer, with_layer_behind
from lmu_hls.front.recurrent import is_replaced, parts_of, without_options
from lmu_hls.keras_weights import take_weights

if TYPE_CHECKING:
    import keras

RESERVED = "input"  # hls4ml takes no layer of this name


def flat(model: keras.Model) -> keras.Model:
    """``model`` where no layer of it is a model, is a recurrent one that is replaced, has a layer as activation, or the
    name that hls4ml keeps for itself; else a copy.

    LSTM, GRU and SimpleRNN layers become ours. Stacked cells become a layer each, with ``_1``, ``_2`` and so on behind
    the name; the directions of a layer in both get ``_forward`` and ``_backward``, an activation that is a layer
    ``_activation``, and a layer called ``input`` a number. Other names stay; of layers with the same name, those of
    inner models get the names of their models in front. A model inside that is no graph of layers, or is called with a
    mask or in training mode, stays as it is. A Reshape of a vector at the end is left out: it gives the same values.
    """
    if graph_of(model) is None:
        return model
    changed = any(path or _split(operation) or operation.name == RESERVED for operation, path in _calls(model))
    if changed or RESERVED in _input_names(model):
        model = model_of(*_Copy(model).ends(), model.name)
    return _up_to_vectors(model)


def _up_to_vectors(model: Any) -> Any:
    """The model without Reshape layers that give a vector, which no layer reads, another form."""
    import keras

    graph = graph_of(model)
    read = {id(tensor) for node in calls_of(model) for tensor in node.input_tensors}

    def before(tensor: Any) -> Any:
        operation, number, _ = tensor._keras_history
        if type(operation) is not keras.layers.Reshape or id(tensor) in read:
            return tensor
        (source,) = operation._inbound_nodes[number].input_tensors
        return source if len(source.shape) == 2 else tensor

    outputs = keras.tree.map_structure(before, graph.output)
    same = all(map(operator.is_, keras.tree.flatten(outputs), keras.tree.flatten(graph.output)))
    return model if same else model_of(model.inputs, outputs, model.name)


def model_of(inputs: list[Any], outputs: Any, name: str) -> Any:
    """The Keras model between tensors; one with one input takes an array, and Keras warns of no list."""
    import keras

    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=name)


class _Copy:
    """A model that is built again without models in it; a layer that is called twice is called twice again."""

    def __init__(self, model: Any) -> None:
        self.model = model
        called = {id(operation): operation.name for operation, _ in _calls(model)}
        inputs = _input_names(model)
        self.owners = Counter([*called.values(), *inputs])
        self.taken = {*inputs, RESERVED}
        self.layers: dict[int, Any] = {}  # by the id of the layer that each is a copy of

    def ends(self) -> tuple[list[Any], Any]:
        """The inputs and the outputs of the copy."""
        inputs = [self.input(layer) for layer in _inputs(self.model)]
        return inputs, self.through(self.model, inputs, ())

    def input(self, layer: Any) -> Any:
        name = self.name(layer, ()) if layer.name == RESERVED else layer.name
        return type(layer).from_config({**layer.get_config(), "name": name}).output

    def through(self, model: Any, inputs: Any, path: tuple[str, ...]) -> Any:
        """What a model makes of tensors; ``path`` has the names of the models that it is in, and its own."""

        def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
            if (inner := _opened(operation, kwargs)) is not None:
                return self.through(inner, _input_of(args, kwargs), (*path, operation.name))
            return self.copy(operation, path, args, kwargs)

        return graph_of(model)._run_through_graph(inputs, call_fn=call)

    def copy(self, operation: Any, path: tuple[str, ...], args: Any, kwargs: Any) -> Any:
        """What the copy of a layer, or a copy of an operator for this call, makes of tensors."""
        import keras

        copied = self.layers.get(id(operation))
        if copied is not None:
            return copied(*args, **kwargs)
        if (split := _split(operation)) is not None:
            parts = split(operation, self.name(operation, path))
            self.layers[id(operation)] = lambda *args, **kwargs: parts(_input_of(args, kwargs))
            return self.layers[id(operation)](*args, **kwargs)
        copied = type(operation).from_config({**operation.get_config(), "name": self.name(operation, path)})
        outputs = copied(*args, **kwargs)
        if isinstance(operation, keras.layers.Layer):
            self.layers[id(operation)] = copied
            take_weights(copied, operation)
        return outputs

    def name(self, operation: Any, path: tuple[str, ...]) -> str:
        first = operation.name if self.owners[operation.name] == 1 else "_".join((*path, operation.name))
        name, number = first, 1
        while name in self.taken or (number > 1 and name in self.owners):
            number += 1
            name = f"{first}_{number}"
        self.taken.add(name)
        return name


def copy_ends(model: Any, call: Callable[..., Any], steps: int | None) -> tuple[list[Any], Any]:
    """New inputs of ``steps`` steps, and what ``call`` makes of them in the place of each call in the model."""
    inputs = []
    for layer in _inputs(model):
        first, _, *others = layer.output.shape
        config = {**layer.get_config(), "batch_shape": (first, steps, *others)}
        inputs.append(type(layer).from_config(config).output)
    return inputs, graph_of(model)._run_through_graph(inputs, call_fn=call)


def graph_of(model: Any) -> Any:
    """The graph of layers of a Sequential or functional model; None for what has none."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") and hasattr(graph, "_run_through_graph") else None


def calls_of(model: Any) -> Iterator[Any]:
    """The calls of layers and operators in the graph of a model, without its inputs."""
    for level in graph_of(model)._nodes_by_depth.values():
        yield from (node for node in level if not node.is_input)


def _inputs(model: Any) -> list[Any]:
    return [tensor._keras_history.operation for tensor in model.inputs]


def _input_names(model: Any) -> list[str]:
    return [layer.name for layer in _inputs(model)]


def _split(layer: Any) -> Callable[[Any, str], Callable[[Any], Any]] | None:
    """What makes several layers of one; None for a layer that stays as it is."""
    return parts_of if is_replaced(layer) else with_layer_behind if has_layer(layer) else None


def _opened(operation: Any, kwargs: Any) -> Any:
    """The model whose layers can be called in place of a call, None for a call of a layer.

    That is the model called, or one inside TimeDistributed all of whose layers treat every step alike.
    """
    import keras

    if not without_options(kwargs):
        return None
    if type(operation) is keras.layers.TimeDistributed:
        inside = operation.layer
        return inside if graph_of(inside) is not None and _pointwise(inside) else None
    return operation if graph_of(operation) is not None else None


def _pointwise(model: Any) -> bool:
    """Whether a model has nothing but layers of keras.layers that treat every step alike, one behind the other."""
    import keras

    from lmu_hls.front.keras_model import pointwise  # late: it takes the readers, which import hls4ml

    layers = [operation for operation, _ in _calls(model)]
    return (
        all(type(layer) is getattr(keras.layers, type(layer).__name__, None) for layer in layers)
        and {type(layer).__name__ for layer in layers} <= pointwise()
    )


def _input_of(args: Any, kwargs: Any) -> Any:
    return args[0] if args else kwargs.get("inputs", kwargs.get("sequences"))


def _calls(model: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """What a model calls, once for each call: layers and operators, each with the names of the models it is in."""
    for node in calls_of(model):
        if (inner := _opened(node.operation, node.arguments.kwargs)) is not None:
            yield from _calls(inner, (*path, node.operation.name))
        else:
            yield node.operation, path
