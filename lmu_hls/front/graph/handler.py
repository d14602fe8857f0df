"""Keras v3 handlers: from a recurrent layer of a Keras model to the attributes of the IR layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler, registry

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.cell import CELL_OPTIONS
from lmu_hls.front.graph.layers import LayerReader, readers
from lmu_hls.front.hidden import FUNCTION_FIELDS, function_attributes, hidden_weight, known_function
from lmu_hls.front.keras_model import beside_lmu, is_foreign
from lmu_hls.front.weights import layer_weight
from lmu_hls.keras_weights import take_weights
from lmu_hls.spec import HIDDEN_CELLS, HiddenCell


class LMUHandler(KerasV3LayerHandler):
    """Handles ``lmu_hls.LMU``, and ``keras.layers.RNN`` around an ``LMUCell``.

    Keras's RNN is one class for every cell. For a foreign cell None is returned, on which hls4ml goes on as if there
    were no handler.
    """

    handles = ("lmu_hls.layers.lmu.LMU", "keras.src.layers.rnn.rnn.RNN")

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        from lmu_hls.layers import LMUCell  # Keras is loaded by now, but not when hls4ml is imported

        if is_foreign(layer.cell):
            layer = own_layer(layer, in_tensors)
        if not isinstance(layer.cell, LMUCell):
            return None
        return super().__call__(layer, in_tensors, out_tensors)

    def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        """All attributes as plain Python values, all weights in float64 and in the layout of the contract."""
        _check_length(layer, in_tensors)
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
            "stateful": bool(layer.stateful),
            "a_data": np.asarray(a_bar, np.float64),
            "b_data": np.asarray(b_bar, np.float64),
        }
        return ({**self.default_config, **attributes, **_encoder(layer), **_hidden(layer)},)


class RecurrentHandler(KerasV3LayerHandler):
    """Handles ``lmu_hls.Recurrent``: a cell of keras.layers that reads the sequence itself."""

    handles = ("lmu_hls.layers.recurrent.Recurrent",)

    def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        _check_length(layer, in_tensors)
        n_in = int(in_tensors[0].shape[2])
        attributes = {
            "class_name": "LMURecurrent",
            "n_in": n_in,
            "n_timesteps": int(in_tensors[0].shape[1]),
            "return_sequences": bool(layer.return_sequences),
            "stateful": bool(layer.stateful),
            **_cell(layer, layer.cell, n_in, 0, memory=False),
        }
        return ({**self.default_config, **attributes},)


def own_layer(layer: Any, in_tensors: Any) -> Any:
    """Our layer with the weights of a layer of keras-lmu.

    It is made from a copy, since a layer that is put into a second model would remember that.
    """
    import keras

    from lmu_hls.layers import convert_keras_lmu

    copy = type(layer).from_config(layer.get_config())
    model = keras.Sequential([keras.Input(batch_shape=tuple(in_tensors[0].shape)), copy])
    take_weights(copy, layer)
    return convert_keras_lmu(model).layers[-1]


class NeighbourHandler:
    """hls4ml's own handler of a layer before or after an LMU, with our numbers.

    A node may become one of ours, as a softmax does; the weights are those that the layer computes with,
    also where Keras stores integers and a scale. ``original`` is None where hls4ml has no handler.
    """

    def __init__(self, original: Any, reader: LayerReader) -> None:
        self.original, self.reader = original, reader

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> Any:
        if not beside_lmu(in_tensors, out_tensors):
            return self.original and self.original(layer, in_tensors, out_tensors)
        parts = self.reader.parts(layer, in_tensors, out_tensors) or self._original(layer, in_tensors, out_tensors)
        if parts is None:
            return None
        for reader in readers():
            parts = tuple(dict(made) for part in parts for made in reader.split(part))
            for part in parts:
                part["class_name"] = reader.node_class(part)
        return parts

    def _original(self, layer: Any, in_tensors: Any, out_tensors: Any) -> Any:
        """hls4ml's nodes, with the weights that the layer computes with."""
        weights = {"weight_data": layer_weight(layer, "kernel"), "bias_data": layer_weight(layer, "bias")}
        parts = self.original(layer, in_tensors, out_tensors)
        for part in parts or ():
            part.update({key: weights[key] for key in weights.keys() & part.keys()})
        return parts


def wrap_handlers() -> None:
    """Put :class:`NeighbourHandler` before hls4ml's own handlers; once."""
    for reader in readers():
        for name in reader.handled:
            if not isinstance(registry.get(name), NeighbourHandler):
                registry[name] = NeighbourHandler(registry.get(name), reader)


def _check_length(layer: Any, in_tensors: Any) -> None:
    """LmuHlsError for a sequence without a fixed length."""
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
    if kernel is not None:
        _check_shape(layer, "kernel", kernel, (n_in, int(cell.memory_d)))
    if kernel is None:
        kernel = np.eye(n_in)
    n_in -= _units(cell)
    return {
        "identity_encoder": identity,
        "encoder_x_data": kernel[:n_in],
        "encoder_h_data": kernel[n_in:] if cell.hidden_to_memory else None,
        "encoder_mem_data": layer_weight(cell, "recurrent_kernel"),
        "encoder_bias_data": layer_weight(cell, "bias"),
    }


def _hidden(layer: Any) -> dict[str, Any]:
    """The hidden cell of an LMU; the kernel is split into the rows that read mem and x."""
    cell, hidden = layer.cell, layer.cell.hidden_cell
    n_mem = int(cell.memory_d * cell.order)
    if hidden is None:
        return {
            "hidden_cell": "none",
            **_functions(layer, None, {}),
            **dict.fromkeys(CELL_OPTIONS, False),
            "units": n_mem,
        }
    return _cell(layer, hidden, n_mem, int(cell._encoder_width) - _units(cell) if cell.input_to_hidden else 0)


def _cell(layer: Any, hidden: Any, n_mem: int, n_x: int, memory: bool = True) -> dict[str, Any]:
    """A hidden cell: its kind and functions, and its weights; ``n_mem`` and ``n_x`` rows of its kernel read mem and x.

    Without a ``memory`` x stands in the place of mem.
    """
    spec = _contract_cell(layer, hidden)
    kernel = layer_weight(hidden, "kernel")
    assert kernel is not None
    _check_shape(layer, "kernel of the hidden cell", kernel, (n_mem + n_x, spec.gates * int(hidden.units)))
    bias = layer_weight(hidden, "bias") if hidden.use_bias else None
    recurrent_bias = None
    if bias is not None and bias.ndim == 2:  # two rows: one is added to the product with h alone
        bias, recurrent_bias = bias
    weights = {
        "kernel_mem": kernel[:n_mem],
        "kernel_x": kernel[n_mem:] if n_x else None,
        "kernel_h": layer_weight(hidden, "recurrent_kernel"),
        "bias": bias,
        "recurrent_bias": recurrent_bias,
    }
    kept = {hidden_weight(field, memory): values for field, values in weights.items() if memory or field != "kernel_x"}
    return {
        "hidden_cell": spec.kind,
        **_functions(layer, hidden, spec.outputs),
        **dict.fromkeys(CELL_OPTIONS, False),
        **{name: bool(getattr(hidden, name)) for name in spec.options()},
        "units": int(hidden.units),
        **{f"{name}_data": values for name, values in kept.items()},
    }


def _contract_cell(layer: Any, hidden: Any) -> type[HiddenCell]:
    """The cell of the contract for the Keras cell of ``layer``: exactly a class of keras.layers, no subclass."""
    import keras

    cells = {name: cell for cell in HIDDEN_CELLS.values() for name in cell.keras}
    for name, cell in cells.items():
        if type(hidden) is getattr(keras.layers, name):
            return cell
    raise LmuHlsError(
        f"layer {layer.name!r}: hidden_cell {type(hidden).__name__} is not supported; use hidden_cell=None, or "
        f"one of {', '.join(sorted(cells))} of keras.layers"
    )


def _units(cell: Any) -> int:
    """The columns of the encoder's input that are h."""
    return int(cell.output_size) if cell.hidden_to_memory else 0


def _check_shape(layer: Any, what: str, values: Any, shape: tuple[int, ...]) -> None:
    """A file whose configuration was changed may load with weights of another network."""
    if values.shape != shape:
        raise LmuHlsError(
            f"layer {layer.name!r}: the {what} has the shape {values.shape}, but memory_d, order, units and input need "
            f"{shape}; the file was changed after training: save the model again"
        )


def _functions(layer: Any, hidden: Any, fields: Iterable[str]) -> dict[str, str | float]:
    """What a node says of the functions of a hidden cell; linear where it has none."""
    used = {FUNCTION_FIELDS[field][0] for field in fields}
    made: dict[str, str | float] = {}
    for name, _ in FUNCTION_FIELDS.values():
        found = _activation(layer, hidden, name) if name in used else ("linear", 1.0)
        made |= zip(function_attributes(name), found, strict=True)
    return made


def _activation(layer: Any, hidden: Any, name: str) -> tuple[str, float]:
    """An activation of the hidden cell, and its alpha; LmuHlsError for one that the contract does not know."""
    function = getattr(hidden, name)
    known = known_function(function)
    found = (
        (known, 1.0) if known is not None else next(filter(None, (each.function(function) for each in readers())), None)
    )
    if found is None:
        raise LmuHlsError(
            f"layer {layer.name!r}: {name} {getattr(function, '__name__', function)!r} of the hidden cell is not "
            f"supported; use {', '.join(FUNCTIONS)}, or the function as a layer behind this one"
        )
    return found
