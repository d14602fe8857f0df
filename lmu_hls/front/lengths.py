"""Sequences of any length: models on ``Input((None, features))``, and Masking of the steps behind a sequence.

Both become a model on the most steps that a sequence may have, in whose graph a further input says how many of them
count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.front.flat import calls_of, copy_ends, flat, graph_of, model_of
from lmu_hls.front.node import COUNT, reads_ahead, reads_count
from lmu_hls.front.recurrent import CELLS
from lmu_hls.keras_weights import take_weights
from lmu_hls.spec.lengths import check_fill, counting, held

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float64]
STEPS, MASK_VALUE = "Steps", "MaskValue"  # keys of Model in the configuration
_MARK = "lmu_hls_lengths"  # the attribute of a Keras model that was made here
_HELD = ("GlobalMaxPooling1D", "GetItem", "Max", "Steps")  # they read the last step, also where it does not count
_AVERAGES = ("GlobalAveragePooling1D", "Mean")
ONE_INPUT = "VivadoAccelerator"
_SLICES = "use a recurrent layer with return_sequences=False"


@dataclass(frozen=True, slots=True)
class Lengths:
    """A sequence has 1 to ``steps`` steps; those behind it have ``mask_value`` throughout, None: they are not told."""

    steps: int
    mask_value: float | None = None


def lengths_of(model: Any) -> Lengths | None:
    """What is known of the lengths of a model that :func:`with_lengths` made; None for one of one length."""
    known: Lengths | None = getattr(model, _MARK, None)
    return known


def marked(model: keras.Model, lengths: Lengths | None) -> keras.Model:
    """The model, which is known from now on to have sequences of these lengths."""
    if lengths is not None:
        setattr(model, _MARK, lengths)
    return model


def length_keys(model: keras.Model) -> dict[str, Any]:
    """What the configuration of a model says of its lengths, below Model."""
    known = lengths_of(model)
    if known is None:
        return {}
    return {STEPS: known.steps, **({} if known.mask_value is None else {MASK_VALUE: known.mask_value})}


def asked_steps(config: Any) -> int | None:
    """The number of steps in hls4ml's configuration, also below HLSConfig."""
    config = config.get("HLSConfig", config) if isinstance(config, Mapping) else {}
    section = config.get("Model") if isinstance(config, Mapping) else None
    return section.get(STEPS) if isinstance(section, Mapping) else None


def check_mask_value(model: keras.Model, config: Any) -> None:
    """LmuHlsError for a MaskValue that is not the one of the model's Masking layer, which alone says it."""
    section = config.get("Model") if isinstance(config, Mapping) else None
    wanted = section.get(MASK_VALUE) if isinstance(section, Mapping) else None
    known = length_keys(model).get(MASK_VALUE)
    if wanted is not None and wanted != known:
        has = "there is none" if known is None else f"it has {known:g}"
        raise LmuHlsError(
            f"Model: {MASK_VALUE}={wanted} is said by the Masking layer behind the input, and {has}; leave it out"
        )


def with_lengths(model: keras.Model, steps: int | None = None) -> keras.Model:
    """The flat model of one length that is meant where sequences have 1 to ``steps`` steps; else ``model``.

    A model with Masking has the steps of its input, where that has some. LmuHlsError, naming the layer, for masks and
    layers with which that would not be the same.
    """
    known = lengths_of(model)
    if known is not None or graph_of(model) is None:
        _check_same(steps, known)
        return model
    open_ends = any(len(tensor.shape) == 3 and tensor.shape[1] is None for tensor in model.inputs)
    model = flat(model)
    masking = _masking(model)
    if not (masking or steps is not None):
        return model
    fixed = next((tensor.shape[1] for tensor in model.inputs if len(tensor.shape) == 3), None)
    if open_ends and steps is None:
        return model  # check_model says what is needed
    if not open_ends:
        _check_same(steps, Lengths(int(fixed or 0)))
    _check(model, masking)
    if not masking:
        _check_open(model if open_ends else _opened(model))
    made = Lengths(int(steps or fixed or 0), float(masking[0].mask_value) if masking else None)
    return marked(flat(_copy(model, made.steps, masking)), made)


def _check_same(steps: int | None, known: Lengths | None) -> None:
    if known is not None and steps is not None and steps != known.steps:
        raise LmuHlsError(
            f"Model: {STEPS}={steps} is not the number of steps of the model's input, {known.steps}; leave it out, or "
            "build the model on keras.Input((None, features))"
        )


def _check(model: keras.Model, masking: list[Any]) -> None:
    """LmuHlsError for models of which the number of steps is no matter of sequences that have as many of them."""
    if len(model.inputs) > 1 and masking:
        raise LmuHlsError(
            f"model {model.name!r} has {len(model.inputs)} inputs, and a mask is for models with one; put the features "
            "side by side, or build the model on keras.Input((None, features)), without Masking"
        )
    shapes = {tuple(tensor.shape)[1:-1] for tensor in model.inputs}
    if len(shapes) > 1:
        raise LmuHlsError(
            f"model {model.name!r} has inputs of different kinds, and with sequences of any length all of them have as "
            "many steps; build each on keras.Input((None, features))"
        )
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            raise LmuHlsError(
                f"layer {layer.name!r} has stateful=True, and chunks have a fixed number of steps; set stateful=False, "
                "or build the model on a fixed number of steps, without Masking"
            )


def _opened(model: keras.Model) -> keras.Model:
    """As :func:`open_model`. LmuHlsError, with Keras's words, for a model that has no such form."""
    try:
        return open_model(model)
    except (TypeError, ValueError) as error:
        raise LmuHlsError(
            f"model {model.name!r} does not take sequences of any length: {error}; leave {STEPS} out, or change the "
            "layer that needs a fixed number of steps"
        ) from error


def _check_open(model: keras.Model) -> None:
    """LmuHlsError for a layer that makes so many steps of sequences of any number, as Reshape does."""
    for node in calls_of(model):
        read, (given, *_) = node.input_tensors, node.outputs
        anything = any(len(tensor.shape) == 3 and tensor.shape[1] is None for tensor in read)
        if anything and len(given.shape) == 3 and given.shape[1] not in (None, 1):
            raise LmuHlsError(
                f"layer {node.operation.name!r} makes {given.shape[1]} steps of sequences of any length; leave the "
                "layer out, let it keep their number, as Reshape with -1 does, or build the model on "
                "keras.Input((steps, features))"
            )


def _masking(model: keras.Model) -> list[Any]:
    """The Masking layers of a flat model. LmuHlsError for several, and for one that does not read the input."""
    import keras

    found = [layer for layer in model.layers if type(layer) is keras.layers.Masking]
    inputs = [id(tensor) for tensor in model.inputs]
    for layer in found:
        check_fill(layer.mask_value, f"layer {layer.name!r}: mask_value")
        reads = [tensor for node in layer._inbound_nodes for tensor in node.input_tensors]
        if len(found) > 1 or any(id(tensor) not in inputs for tensor in reads):
            raise LmuHlsError(
                f"layer {layer.name!r}: Masking is supported once, of the model's input, so that the steps that count "
                "are known from the data; put it behind keras.Input"
            )
    return found


def open_model(model: keras.Model) -> keras.Model:
    """The same model on sequences of any number of steps."""
    open_ends = all(tensor.shape[1] is None for tensor in model.inputs)
    return model if open_ends else _copy(model, None, [])


def _copy(model: keras.Model, steps: int | None, masking: list[Any]) -> keras.Model:
    """The model on ``steps`` steps, without ``masking`` and the masks that come from it."""
    import keras

    layers: dict[int, Any] = {}

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if operation in masking:
            return args[0]
        if masking:
            kwargs.pop("mask", None)
        copied = layers.get(id(operation))
        if copied is None:
            copied = type(operation).from_config(operation.get_config())
        outputs = copied(*args, **kwargs)
        if isinstance(operation, keras.layers.Layer) and id(operation) not in layers:
            layers[id(operation)] = copied
            take_weights(copied, operation)
        return outputs

    if masking:
        _check_masked(model, masking[0])
    return model_of(*copy_ends(model, call, steps), model.name)


def _check_mask(operation: Any, mask: Any, masking: Any) -> None:
    """LmuHlsError for a recurrent layer without a mask, and for a mask that does not come from the Masking layer."""
    if _recurrent(operation) and mask is None:
        raise LmuHlsError(
            f"layer {operation.name!r}: the mask does not reach it, so that it would count steps that other layers "
            "leave out; call it with the mask, or put layers between that hand it on"
        )
    if mask is not None and not _from_masking(mask, masking):
        raise LmuHlsError(
            f"layer {operation.name!r} is called with a mask that is not that of the Masking layer; call it with its "
            "input only"
        )


def _from_masking(mask: Any, masking: Any) -> bool:
    """Whether masks are those of the Masking layer, or operators on them, as merges make.

    Such a mask is any(x != mask_value) of the input; in a model from a file it is a tensor of its own.
    """
    import keras

    waiting = list(keras.tree.flatten(mask))
    while waiting:
        tensor = waiting.pop()
        if tensor is None:
            continue
        operation = tensor._keras_history.operation
        node = operation._inbound_nodes[tensor._keras_history.node_index]
        if isinstance(operation, keras.layers.Layer):
            return False
        if type(operation).__name__ == "NotEqual":
            x, value = node.arguments.args
            if x is not masking.input or value != masking.mask_value:
                return False
        else:
            waiting += node.input_tensors
    return True


def _check_masked(model: keras.Model, masking: Any) -> None:
    """LmuHlsError for layers that would read steps that do not count otherwise than Keras does."""
    for node in calls_of(model):
        operation, kind = node.operation, type(node.operation).__name__
        _check_mask(operation, node.arguments.kwargs.get("mask"), masking)
        if _recurrent(operation) and getattr(operation, "zero_output_for_mask", False):
            raise LmuHlsError(
                f"layer {operation.name!r} has zero_output_for_mask=True, and its output stays as it was behind a "
                "sequence; set it to False"
            )
        if kind == "Softmax" and len(node.outputs[0].shape) == 3:
            raise LmuHlsError(
                f"layer {operation.name!r}: Keras takes the mask of the steps for one of the classes here; use "
                "Activation('softmax')"
            )
        if kind in _AVERAGES and node.arguments.kwargs.get("mask") is None:
            raise LmuHlsError(
                f"layer {operation.name!r}: the mask does not reach it, so that Keras takes the average of all steps, "
                "those that do not count too; use GlobalAveragePooling1D behind layers that hand the mask on"
            )
        if kind in _HELD and any(map(_unheld, node.input_tensors)):
            raise LmuHlsError(
                f"layer {operation.name!r}: {kind} reads steps that do not count, and nothing before it makes them its "
                f"last one, as a recurrent layer does that no window of steps follows; {_SLICES}"
            )


def _unheld(tensor: Any) -> bool:
    """Whether a tensor has values of masked steps other than those of the last one that counts: no recurrent layer
    makes them these, or there is a window behind it, which reads some of them beside others."""
    from lmu_hls.front.keras_model import windowed  # late: it takes the readers, which import hls4ml

    history = tensor._keras_history
    if _recurrent(history.operation):
        return False
    if type(history.operation).__name__ in windowed():
        return True
    read = history.operation._inbound_nodes[history.node_index].input_tensors
    return not read or any(map(_unheld, read))


def _recurrent(operation: Any) -> bool:
    from lmu_hls.layers import LMU, Recurrent

    known = isinstance(operation, LMU | Recurrent)
    return known or type(operation).__name__ in (*CELLS, "RNN", "Bidirectional")


def check_backend(name: str) -> None:
    """LmuHlsError for a backend of hls4ml whose projects have one input, and so none for the number of steps."""
    if name == ONE_INPUT:
        raise LmuHlsError(
            f"{name} takes one input, and sequences of any length have a second one, how many steps count; use "
            "backend='Vivado' or 'Vitis', or build the model on keras.Input((steps, features)) without Masking"
        )


def check_test_data(path: str, values: int) -> None:
    """LmuHlsError for data of a C++ test bench in which a sample has ``values``, and so none for how many steps count.

    A file that cannot be read is hls4ml's matter.
    """
    try:
        data = np.load(path) if str(path).endswith(".npy") else np.loadtxt(path, ndmin=2)
    except (OSError, ValueError):
        return
    if np.atleast_1d(data)[:1].size == values:
        raise LmuHlsError(
            f"input_data_tb {path} has {values} values a sample, and sequences of any length have one more, how many "
            "steps count; save np.hstack([x.reshape(len(x), -1), lengths[:, None]])"
        )


def add_count(parsed: Any, lengths: Lengths) -> Any:
    """hls4ml's description of a model of :func:`with_lengths`, with the input that says how many steps count.

    Recurrent layers, averages and causal windows read it, behind what they read else.
    """
    layers, inputs, *others = parsed
    taken, name = {layer["name"] for layer in layers}, "sequence_steps"
    while name in taken:
        name += "_"
    part = {
        "name": name,
        "class_name": "InputLayer",
        "input_shape": [1],
        COUNT: True,
        "input_keras_tensor_names": [],
        "output_keras_tensor_names": [name],
        "inputs": [],
    }
    place = max(k for k, layer in enumerate(layers) if layer["class_name"] == "InputLayer") + 1
    if lengths.mask_value is not None:  # Keras reads masked steps in windows
        layers = [{**layer, "open": False} if reads_ahead(layer) else layer for layer in layers]
    read = [{**layer, "inputs": [*layer["inputs"], name]} if reads_count(layer) else layer for layer in layers]
    return ([*read[:place], part, *read[place:]], [*inputs, name], *others)


def predict_lengths(model: keras.Model, x: Floats | Sequence[Floats], lengths: Ints) -> list[Floats]:
    """The outputs for sequences x (N, T, n_in), of which the first ``lengths`` (N,) steps count, one for each output.

    Of several inputs x has such an array for each.

    A model of T steps with Masking gets them filled up with its value; any other each length by itself, and behind the
    outputs of its steps the last one stands again.
    """
    import keras

    from lmu_hls.layers.stateful import output_arrays, predict_all

    masking = [layer for layer in model.layers if type(layer) is keras.layers.Masking]
    given = [x] if isinstance(x, np.ndarray) else list(x)
    if masking and model.inputs[0].shape[1] is not None:
        filled = np.where(counting(lengths, given[0].shape[1])[..., np.newaxis], given[0], masking[0].mask_value)
        return predict_all(model, [filled])
    opened = open_model(model)
    most = [int(steps[0]) for steps in output_lengths(opened, np.array([given[0].shape[1]]))]
    order, parts = [], []
    for length in np.unique(lengths):  # eager: each length would be another program
        group = np.flatnonzero(lengths == length)
        some = [values[group, :length].astype(np.float32) for values in given]
        values = output_arrays(opened, opened(some if len(some) > 1 else some[0], training=False))
        every = [len(tensor.shape) == 3 for tensor in opened.outputs]
        counts = [np.full(len(y), y.shape[1]) for y in values]
        ends = zip(values, counts, most, every, strict=True)
        parts.append([held(y, given, steps) if each else y for y, given, steps, each in ends])
        order.append(group)
    back = np.argsort(np.concatenate(order))
    return [np.concatenate(same)[back] for same in zip(*parts, strict=True)]


def output_lengths(model: keras.Model, lengths: Ints) -> list[Ints]:
    """How many steps each output has of sequences with so many ``lengths`` (N,), by Keras; a vector is one."""
    found, places = np.unique(lengths, return_inverse=True)
    ends = [[(1, int(steps), end.shape[2]) for end in model.inputs] for steps in found]
    opened = open_model(model)
    shapes = [_shapes(opened.compute_output_shape(each if len(each) > 1 else each[0])) for each in ends]
    return [
        np.array([shape[1] if len(shape) == 3 else 1 for shape in same])[places] for same in zip(*shapes, strict=True)
    ]


def _shapes(shapes: Any) -> list[tuple[int, ...]]:
    return [shapes] if isinstance(shapes, tuple) and not isinstance(shapes[0], tuple) else list(shapes)
