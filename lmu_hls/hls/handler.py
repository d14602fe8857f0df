"""Keras v3 handlers: from an LMU layer of a Keras model to the attributes of the IR layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler, registry

from lmu_hls.errors import LmuHlsError
from lmu_hls.hls.weights import layer_weight
from lmu_hls.spec.weight import ACTIVATIONS

BIDIRECTIONAL = "keras.src.layers.rnn.bidirectional.Bidirectional"
NEIGHBOURS = (  # layers that hls4ml's own handlers take apart into at most a layer and a softmax
    "keras.src.layers.core.dense.Dense",
    "keras.src.layers.activations.activation.Activation",
    "keras.src.layers.activations.softmax.Softmax",
)


class LMUHandler(KerasV3LayerHandler):
    """Handles ``lmu_hls.LMU``, and ``keras.layers.RNN`` around an ``LMUCell``.

    Keras's RNN is one class for every cell. For a foreign cell None is returned, on which hls4ml goes on as if there
    were no handler.
    """

    handles = ("lmu_hls.layers.lmu.LMU", "keras.src.layers.rnn.rnn.RNN")

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        from lmu_hls.layers import LMUCell  # Keras is loaded by now, but not when hls4ml is imported

        if not isinstance(layer.cell, LMUCell):
            return None
        return super().__call__(layer, in_tensors, out_tensors)

    def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        """All attributes as plain Python values, all weights in float64 and in the layout of the contract."""
        _refuse_options(layer, in_tensors, out_tensors)
        cell = layer.cell
        a_bar, b_bar = cell.discrete_system()
        attributes = {
            "class_name": "LMU",
            "n_in": int(in_tensors[0].shape[2]),
            "n_timesteps": int(in_tensors[0].shape[1]),
            "memory_d": int(cell.memory_d),
            "order": int(cell.order),
            "theta": float(cell.theta),
            "discretizer": str(cell.discretizer),
            "basis": str(cell.basis),
            "hidden_to_memory": bool(cell.hidden_to_memory),
            "memory_to_memory": bool(cell.memory_to_memory),
            "input_to_hidden": bool(cell.input_to_hidden),
            "return_sequences": bool(layer.return_sequences),
            "a_data": np.asarray(a_bar, np.float64),
            "b_data": np.asarray(b_bar, np.float64),
        }
        return ({**self.default_config, **attributes, **_encoder(layer), **_hidden(layer)},)


class MaskHandler(KerasV3LayerHandler):
    """Names the remedy where steps are masked before an LMU; without an LMU it is hls4ml's own matter."""

    handles = ("keras.src.layers.core.masking.Masking", "keras.src.layers.core.embedding.Embedding")

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> None:
        if _leads_to_lmu(layer):
            raise LmuHlsError(
                f"layer {layer.name!r}: {type(layer).__name__} before an LMU is not supported, nor are masked steps; "
                "train without it, on sequences of one length"
            )


class BidirectionalHandler:
    """Names the layer and the remedy for an LMU inside Bidirectional; anything else is hls4ml's own matter."""

    def __init__(self, original: Any) -> None:
        self.original = original

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> Any:
        from lmu_hls.layers import LMUCell

        if isinstance(getattr(layer.forward_layer, "cell", None), LMUCell):
            raise LmuHlsError(
                f"layer {layer.name!r}: Bidirectional around an LMU is not supported yet; use the LMU alone"
            )
        return self.original(layer, in_tensors, out_tensors)


class NeighbourHandler:
    """hls4ml's own handler of a layer before or after an LMU, with our numbers.

    A softmax after an LMU becomes the IR layer LMUSoftmax; the weights are those that the layer computes with, also
    where Keras stores integers and a scale.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> Any:
        after = any(map(_comes_from_lmu, in_tensors))
        if not after and not _leads_to_lmu(layer):
            return self.original(layer, in_tensors, out_tensors)
        weights = {"weight_data": layer_weight(layer, "kernel"), "bias_data": layer_weight(layer, "bias")}
        parts = self.original(layer, in_tensors, out_tensors)
        if parts is None:
            return None
        for part in parts:
            part.update({key: weights[key] for key in weights.keys() & part.keys()})
        if not after:
            return parts
        return tuple(
            {**part, "class_name": "LMUSoftmax"} if part["class_name"] == "Softmax" else part for part in parts
        )


def wrap_handlers() -> None:
    """Put :class:`BidirectionalHandler` and :class:`NeighbourHandler` before hls4ml's own handlers; once."""
    for wrapper, names in ((BidirectionalHandler, (BIDIRECTIONAL,)), (NeighbourHandler, NEIGHBOURS)):
        for name in names:
            if not isinstance(registry[name], wrapper):
                registry[name] = wrapper(registry[name])


def _comes_from_lmu(tensor: Any) -> bool:
    """Whether an LMU is upstream of a symbolic tensor, in the model that the tensor belongs to."""
    from lmu_hls.layers import LMUCell

    history = tensor._keras_history
    if isinstance(getattr(history.operation, "cell", None), LMUCell):
        return True
    return any(map(_comes_from_lmu, history.operation._inbound_nodes[history.node_index].input_tensors))


def _leads_to_lmu(layer: Any) -> bool:
    from lmu_hls.layers import LMUCell

    follow = [node.operation for node in layer._outbound_nodes]
    return any(isinstance(getattr(op, "cell", None), LMUCell) or _leads_to_lmu(op) for op in follow)


def _refuse_options(layer: Any, in_tensors: Any, out_tensors: Any) -> None:
    """LmuHlsError for options of the recurrent layer that the hardware does not do."""
    remedies = {
        "stateful": "hardware starts every sequence from zero; set stateful=False",
        "go_backwards": "set go_backwards=False and reverse the sequences in the data",
        "return_state": "set return_state=False; with return_sequences=True every output is returned",
    }
    for option, remedy in remedies.items():
        if getattr(layer, option, False):
            raise LmuHlsError(f"layer {layer.name!r}: {option}=True is not supported: {remedy}")
    if len(in_tensors) != 1 or len(out_tensors) != 1:
        raise LmuHlsError(f"layer {layer.name!r}: initial_state is not supported; call the layer with its input only")
    if in_tensors[0].shape[1] is None:
        raise LmuHlsError(
            f"layer {layer.name!r}: the number of time steps is not fixed; build the model on "
            f"keras.Input((steps, {in_tensors[0].shape[2]})) with the number of steps that the hardware shall take"
        )


def _encoder(layer: Any) -> dict[str, Any]:
    """The rows of the kernel that read x and h; an identity where the layer has no kernel."""
    cell, n_in = layer.cell, int(layer.cell._encoder_width)
    kernel = layer_weight(cell, "kernel")
    identity = kernel is None
    if kernel is None:
        kernel = np.eye(n_in)
    if cell.hidden_to_memory:
        n_in -= int(cell.output_size)
    return {
        "identity_encoder": identity,
        "encoder_x_data": kernel[:n_in],
        "encoder_h_data": kernel[n_in:] if cell.hidden_to_memory else None,
        "encoder_mem_data": layer_weight(cell, "recurrent_kernel"),
        "encoder_bias_data": layer_weight(cell, "bias"),
    }


def _hidden(layer: Any) -> dict[str, Any]:
    """The hidden cell: its kind and functions, and its weights, the kernel split into the rows that read mem and x."""
    import keras

    cell, hidden = layer.cell, layer.cell.hidden_cell
    n_mem = int(cell.memory_d * cell.order)
    attributes = {
        "hidden_cell": "none",
        "hidden_activation": "linear",
        "hidden_recurrent_activation": "linear",
        "reset_after": False,
        "units": n_mem,
    }
    if hidden is None:
        return attributes
    names = {"Dense": "dense", "SimpleRNNCell": "rnn", "LSTMCell": "lstm", "GRUCell": "gru"}
    kind = next((name for cls, name in names.items() if type(hidden) is getattr(keras.layers, cls)), None)
    if kind is None:
        raise LmuHlsError(
            f"layer {layer.name!r}: hidden_cell {type(hidden).__name__} is not supported; use hidden_cell=None, or "
            f"one of {', '.join(names)} of keras.layers"
        )
    for name in ("activation", "recurrent_activation"):
        if hasattr(hidden, name):
            attributes[f"hidden_{name}"] = _activation(layer, name)
    kernel = layer_weight(hidden, "kernel")
    assert kernel is not None
    bias = layer_weight(hidden, "bias") if hidden.use_bias else None
    recurrent_bias = None
    if bias is not None and bias.ndim == 2:  # a GRU cell with reset_after
        bias, recurrent_bias = bias
    return {
        **attributes,
        "hidden_cell": kind,
        "reset_after": bool(getattr(hidden, "reset_after", False)),
        "units": int(hidden.units),
        "hidden_mem_data": kernel[:n_mem],
        "hidden_x_data": kernel[n_mem:] if cell.input_to_hidden else None,
        "hidden_h_data": None if kind == "dense" else layer_weight(hidden, "recurrent_kernel"),
        "hidden_bias_data": bias,
        "hidden_recurrent_bias_data": recurrent_bias,
    }


def _activation(layer: Any, name: str) -> str:
    """The name of an activation of the hidden cell; LmuHlsError for one that the contract does not know."""
    import keras

    function = getattr(layer.cell.hidden_cell, name)
    known = [word for word in ACTIVATIONS if function is keras.activations.get(word)]
    if not known:
        raise LmuHlsError(
            f"layer {layer.name!r}: {name} {getattr(function, '__name__', function)!r} of the hidden cell is not "
            f"supported; use {', '.join(ACTIVATIONS)}"
        )
    return known[0]
