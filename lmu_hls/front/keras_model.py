"""What of a Keras model can be converted, said before anything is: by layer, with what to use instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lmu_hls.activations import PASSING
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.alternatives import OPERATOR, OPERATORS, instead_of
from lmu_hls.front.operators import layer_of
from lmu_hls.front.own_types import has_own_types
from lmu_hls.front.recurrent import CELLS
from lmu_hls.naming import printable

if TYPE_CHECKING:
    import keras


def supported() -> frozenset[str]:
    """The classes of keras.layers that can be converted, beside the LMU."""
    from lmu_hls.front.graph.layers import readers  # late: it takes hls4ml, which takes long to import

    return frozenset(name for reader in readers() for name in reader.keras)


def _is_known(layer: Any) -> bool:
    """Whether a layer is exactly of a class that can be converted: Keras's, or of another package that has a reader."""
    import keras

    from lmu_hls.front.graph.layers import readers

    kind = type(layer)
    packages = {reader.package for reader in readers() if kind.__name__ in reader.keras}
    own = kind is getattr(keras.layers, kind.__name__, None)
    return own if packages == {"keras"} else kind.__module__.partition(".")[0] in packages


def _of_package(package: str) -> tuple[str, ...]:
    """The classes of another package than Keras that can be converted."""
    from lmu_hls.front.graph.layers import readers

    return tuple(name for reader in readers() if reader.package == package for name in reader.keras)


def pointwise() -> frozenset[str]:
    """Those of :func:`supported` that treat every step alike."""
    from lmu_hls.front.graph.layers import readers

    return frozenset(name for reader in readers() for name in reader.pointwise)


def windowed() -> frozenset[str]:
    """Those of :func:`supported` that read several steps at once."""
    from lmu_hls.front.graph.layers import readers

    return frozenset(name for reader in readers() if reader.windowed for name in reader.keras)


def holds_lmu(model: keras.Model) -> bool:
    """Whether an LMU, ours or keras-lmu's, is anywhere in a Keras model. False for all that is no Keras model."""
    return hasattr(model, "_flatten_layers") and any(map(_is_lmu, model._flatten_layers()))


def check_model(model: keras.Model) -> None:
    """LmuHlsError, naming layer and remedy, for what the conversion would not understand.

    That is: names that no file can hold, or that hls4ml takes for something else; no LMU, or one inside another layer;
    models that are no graph of layers; operators between layers; masks; other layers; an input without a fixed length.
    Options of the layers are the handlers' own matter.
    """
    layers = list(_layers(model))
    for what, named in (("model", model), *(("layer", layer) for layer in layers)):
        _check_name(what, named.name)
    for layer in layers:
        _check_return_state(layer)
        if not is_lmu_layer(layer) and not _is_steps(layer):
            _check_layer(layer)
    if not any(map(is_lmu_layer, layers)):
        raise LmuHlsError(
            f"model {model.name!r} has no LMU layer, and no LSTM, GRU or SimpleRNN; build it with lmu_hls.LMU, or use "
            "hls4ml itself"
        )
    nodes = _nodes(model)
    for layer in layers:
        _check_masks(layer, nodes)
        _check_state(layer, nodes)
    _check_operators(model, nodes)
    _check_outputs(model)
    _check_inputs([tuple(tensor.shape) for tensor in model.inputs])


def _check_inputs(shapes: list[tuple[int | None, ...]]) -> None:
    for shape in shapes:
        if len(shape) == 3 and None not in shape[1:]:
            continue
        features = shape[-1] if len(shape) == 3 and shape[-1] is not None else "features"
        open_ends = (
            ", or say how many a sequence may have at most: --steps N, Model: Steps in the configuration, or the "
            "argument steps"
        )
        raise LmuHlsError(
            f"the model's input has shape {shape}; a fixed number of time steps is needed: build the model on "
            f"keras.Input((steps, {features})), with the number of steps that the hardware shall take"
            f"{open_ends if len(shape) == 3 else ''}"
        )
    if len({steps for _, steps, _ in shapes}) > 1:
        words = " and ".join(map(str, shapes))
        raise LmuHlsError(
            f"all inputs of a model need the same number of steps, but their shapes are {words}; cut or pad the "
            "data to one length"
        )


def _check_name(what: str, name: str) -> None:
    """LmuHlsError for a name that cannot be made safe. hls4ml takes names of layers for format strings of Python."""
    wrong = sorted(set(name) & set("{}\0" if what == "layer" else "\0")) if printable(name) else ["half a character"]
    if wrong:
        raise LmuHlsError(f"{what} {name!r}: a name with {wrong[0]!r} cannot be converted; rename the {what}")


def _layers(model: keras.Model) -> list[Any]:
    """The layers, of a model whose graph is known. LmuHlsError for one that is a class of its own, or not built."""
    import keras

    if not isinstance(model, keras.Model):
        raise LmuHlsError(f"a {type(model).__name__} is no Keras model; give a keras.Model")
    if has_own_types(model):
        raise LmuHlsError(
            f"model {model.name!r} was trained with types of its own, and can only be converted as it is; give its "
            "float_model for other types or another form"
        )
    if isinstance(model, keras.Sequential) and not model.built:
        raise LmuHlsError(f"model {model.name!r} is not built; let it begin with keras.Input((steps, features))")
    if not isinstance(model, keras.Sequential) and not hasattr(model, "_nodes_by_depth"):
        raise LmuHlsError(
            f"model {model.name!r} is of the class {type(model).__name__}, whose layers are connected in its own code; "
            "build it with keras.Sequential or keras.Model(inputs, outputs)"
        )
    return list(model.layers)


def _check_layer(layer: Any) -> None:
    name = type(layer).__name__
    if any(map(_is_lmu, layer._flatten_layers(include_self=False))):
        remedy = "use the layer inside it alone" if name in supported() else _instead_of(layer)
        raise LmuHlsError(f"layer {layer.name!r}: an LMU inside {name} is not supported yet; {remedy}")
    if name in CELLS or not _is_known(layer):
        raise LmuHlsError(
            f"layer {layer.name!r}: {name} layers are not supported in a model with an LMU; {_instead_of(layer)}"
        )
    _check_function(layer)
    if name == "TimeDistributed":
        _check_inside(layer)
    if name == "Softmax":
        rank = len(layer._inbound_nodes[0].outputs[0].shape)
        if layer.axis not in (-1, rank - 1):
            raise LmuHlsError(
                f"layer {layer.name!r}: softmax is supported on the last axis only, not on {layer.axis}, since steps "
                "come one by one; set axis=-1, which weighs features, or take GlobalAveragePooling1D of the steps"
            )


def _check_function(layer: Any) -> None:
    """hls4ml goes by the name of an activation: LmuHlsError for a function of the user's own with a name of Keras's."""
    function = getattr(getattr(layer, "layer", layer), "activation", None)  # of the layer inside TimeDistributed
    if function is None or type(function).__module__.partition(".")[0] == "keras":  # a layer as activation
        return
    home = str(getattr(function, "__module__", None)).partition(".")[0]
    if home not in ("keras", "tensorflow", "jax", "torch"):
        raise LmuHlsError(
            f"layer {layer.name!r}: its activation {getattr(function, '__name__', function)!r} is a function of your "
            "own, which may compute anything; give the name of one of keras.activations"
        )


def _check_inside(layer: Any) -> None:
    """What TimeDistributed is around must treat every step alike, with its weights on the last axis."""
    import keras

    inside = layer.layer
    name = type(inside).__name__
    if name not in pointwise() or type(inside) is not getattr(keras.layers, name):
        raise LmuHlsError(
            f"layer {layer.name!r}: TimeDistributed around {name} is not supported; put one of "
            f"{', '.join(sorted(pointwise()))} into it"
        )
    if getattr(inside, "axis", -1) not in (-1, [-1]):
        raise LmuHlsError(
            f"layer {layer.name!r}: {name} is supported on the last axis only, not on {inside.axis}; set axis=-1"
        )


def _instead_of(layer: Any) -> str:
    """The remedy for a layer; a class of the user's own goes by its nearest ancestor among Keras's."""
    import keras

    kind = type(layer)
    if isinstance(layer, keras.Model):
        return instead_of("Sequential")
    if kind.__name__ in CELLS:  # else it would have been replaced
        return "call it with its input only, without a mask, states and training=True"
    package = kind.__module__.partition(".")[0]
    if package == "keras":
        return instead_of(kind.__name__)
    if package != "lmu_hls" and (others := _of_package(package)):
        return f"use a layer of keras.layers, or {', '.join(others)} of {package}"
    for ancestor in kind.__mro__:
        if ancestor.__name__ in supported() and ancestor is getattr(keras.layers, ancestor.__name__):
            return f"a class of your own may compute anything: use keras.layers.{ancestor.__name__} itself"
    return "a class of your own may compute anything: use LMU and Dense layers"


def _is_lmu(layer: Any) -> bool:
    """Whether a layer is an LMU or its cell, ours or keras-lmu's, or a cell of Keras that our layer goes through."""
    from lmu_hls.layers import LMUCell, Recurrent

    return isinstance(layer, LMUCell | Recurrent) or is_foreign(layer)


def _is_steps(layer: Any) -> bool:
    """Whether a layer is ours that hands steps or features on, as :mod:`lmu_hls.front.operators` has it."""
    from lmu_hls.layers.steps import Features, Steps

    return type(layer) in (Features, Steps)


def is_foreign(layer: Any) -> bool:
    """Whether a layer or cell is one of keras-lmu."""
    return type(layer).__module__.partition(".")[0] == "keras_lmu"


def is_lmu_layer(layer: Any) -> bool:
    """Whether a layer of a model is an LMU over a sequence, or our layer of another cell."""
    return _is_lmu(layer) or _is_lmu(getattr(layer, "cell", None))


def beside_lmu(in_tensors: Iterable[Any], out_tensors: Iterable[Any]) -> bool:
    """Whether an LMU is connected, by any way, with the layer that makes ``out_tensors`` of ``in_tensors``.

    A layer may be called in other models, too: the way goes from call to call.
    """
    waiting = [_call(tensor) for tensor in (*in_tensors, *out_tensors)]
    seen = {id(call) for call in waiting}
    while waiting:
        call = waiting.pop()
        if is_lmu_layer(call.operation):
            return True
        for other in _beside(call):
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
    return False


def _call(tensor: Any) -> Any:
    """The call of a layer that makes a symbolic tensor."""
    operation, number, _ = tensor._keras_history
    return operation._inbound_nodes[number]


def _beside(call: Any) -> Iterator[Any]:
    """The calls whose results a call reads, and those that read its results."""
    yield from map(_call, call.input_tensors)
    results = {id(tensor) for tensor in call.output_tensors}
    for other in call.operation._outbound_nodes:
        if any(id(tensor) in results for tensor in other.input_tensors):
            yield other


def _nodes(model: keras.Model) -> set[Any]:
    """The calls that belong to ``model``: a layer may be in other models too."""
    graph = getattr(model, "_functional", None) or model
    return {node for level in graph._nodes_by_depth.values() for node in level}


def _check_masks(layer: Any, nodes: set[Any]) -> None:
    for node in layer._inbound_nodes:
        if node in nodes and node.arguments.kwargs.get("mask") is not None:
            raise LmuHlsError(
                f"layer {layer.name!r} is called with a mask of its own; put keras.layers.Masking behind the input, "
                "whose mask layers hand on, and call it with its input only"
            )


def _check_state(layer: Any, nodes: set[Any]) -> None:
    calls = [node for node in layer._inbound_nodes if node in nodes] if is_lmu_layer(layer) else []
    if any(len(node.input_tensors) != 1 for node in calls):
        raise LmuHlsError(f"layer {layer.name!r}: initial_state is not supported; call the layer with its input only")


def _check_return_state(layer: Any) -> None:
    if getattr(layer, "return_state", False):
        raise LmuHlsError(
            f"layer {layer.name!r}: return_state=True is not supported: the state stays inside of the hardware, and no "
            "stream carries it; set return_state=False, and take h from the last step, or keep the state from call to "
            "call with stateful=True"
        )


def _check_operators(model: keras.Model, nodes: set[Any]) -> None:
    """LmuHlsError for the first operator on tensors, which is no layer: hls4ml does not see it."""
    import keras

    calls = [node for node in nodes if not isinstance(node.operation, keras.layers.Layer)]
    operators = [node.operation for node in calls if layer_of(node.operation, node) is None]
    if not operators:
        return
    operator = min(operators, key=lambda one: one.name)
    kind = type(operator).__name__
    read = " and ".join(repr(name) for name in _sources(operator)) or "the input"
    raise LmuHlsError(
        f"model {model.name!r}: between its layers stands the operator {operator.name!r} ({kind}, after {read}); some "
        f"operators are read as layers (h + x, x * 2, h[:, -1], keras.ops.mean over the steps), but not this one; "
        f"{OPERATORS.get(kind, OPERATOR)}"
    )


def _check_outputs(model: keras.Model) -> None:
    """LmuHlsError for an output that is an input, or that is given twice, behind layers that change nothing."""
    import keras

    found: dict[int, int] = {}
    for number, tensor in enumerate(model.outputs, start=1):
        source = tensor
        while type(source._keras_history.operation).__name__ in PASSING:
            (source,) = _call(source).input_tensors
        name = source._keras_history.operation.name
        remedy = f"leave output {number} out: keras.Model(inputs, outputs) with the others"
        if isinstance(source._keras_history.operation, keras.layers.InputLayer):
            raise LmuHlsError(f"output {number} of model {model.name!r} is its input {name!r} as it is; {remedy}")
        first = found.setdefault(id(source), number)
        if first != number:
            raise LmuHlsError(
                f"outputs {first} and {number} of model {model.name!r} are the same, that of layer {name!r}; {remedy}"
            )


def _sources(operator: Any) -> Iterator[str]:
    """The names of what an operator reads."""
    for tensor in operator._inbound_nodes[0].input_tensors:
        yield tensor._keras_history.operation.name
