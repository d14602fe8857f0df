"""The integer contract of an hls4ml model: what every tensor's type and every weight's integers are.

Only attributes are read, so that nothing of hls4ml is imported here: the names are those of the IR layers ``LMU`` and
``LMUSoftmax`` and of hls4ml's own ``Input``, ``Dense``, ``Conv1D``, ``PointwiseConv1D`` and ``Activation``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.spec import (
    HIDDEN_CELLS,
    LMU,
    Activation,
    Dense,
    DenseUpdate,
    Elementwise,
    HiddenCell,
    Layer,
    Network,
    Softmax,
    Table,
    TridiagonalUpdate,
    Weight,
    table_index_type,
)
from lmu_hls.spec.tables import make_activation, make_exp

# A hidden cell's fields with a function: the attribute of the Keras cell, and the table in C++.
FUNCTION_FIELDS = {
    "activation": ("activation", "table"),
    "gate_activation": ("recurrent_activation", "gate_table"),
    "cell_activation": ("activation", "squash_table"),
}
MAX_WEIGHT_WIDTH = 53  # weights travel as float64, which holds every integer of this many bits


def fixed_type(precision: Any, where: str) -> FixedType:
    """The :class:`FixedType` of an hls4ml precision (fixed or integer), exactly as it is written.

    ``where`` names the tensor in the LmuHlsError that is raised for floats and for types the contract cannot hold.
    """
    wanted = ("width", "integer", "signed", "rounding_mode", "saturation_mode", "saturation_bits")
    if hasattr(precision, "exponent") or not all(hasattr(precision, name) for name in wanted):
        raise LmuHlsError(
            f"{where} has the type {precision}, which is not fixed-point; write for example 'fixed<16,6>'"
        )
    if precision.saturation_bits:
        raise LmuHlsError(f"{where} has the type {precision} with saturation bits; leave out the fifth field")
    rounding, overflow = str(precision.rounding_mode), str(precision.saturation_mode)
    if precision.width == 1 and precision.signed and overflow == "SAT_SYM":
        raise LmuHlsError(f"{where} has the type {precision}, and one signed bit has no symmetric range; use more bits")
    try:
        return FixedType(int(precision.width), int(precision.integer), bool(precision.signed), rounding, overflow)
    except ValueError as error:
        raise LmuHlsError(f"{where} has the type {precision}: {error}; choose another type") from None


def network_spec(model: Any) -> Network:
    """The :class:`Network` of a converted hls4ml ``ModelGraph``.

    Raises LmuHlsError for a layer that the contract does not know, and for a weight that is not on its grid.
    """
    nodes = list(model.get_layers())
    steps, n_in = nodes[0].get_output_variable().shape
    layers = tuple(_layer(node) for node in nodes[1:])
    x = _type(nodes[0], "result")
    return Network(name=model.config.get_project_name(), x=x, steps=steps, n_in=n_in, layers=layers)


def _layer(node: Any) -> Layer:
    readers: dict[str, Callable[[Any], Layer]] = {
        "LMU": lmu_layer,
        "Dense": _dense,
        "Conv1D": _dense,
        "PointwiseConv1D": _dense,
        "Activation": _elementwise,
        "LMUSoftmax": _softmax,
    }
    if node.class_name not in readers:
        raise LmuHlsError(
            f"layer {node.name!r} is a {node.class_name}, which the contract does not know; "
            f"use LMU and Dense layers with linear, relu or softmax activations"
        )
    return readers[node.class_name](node)


def lmu_layer(node: Any) -> LMU:
    """The layer of an LMU node whose types, but for the accumulators, are settled."""
    return LMU(
        name=node.name,
        steps=node.get_attr("n_timesteps"),
        x=_input_type(node),
        encoder_x=_weight(node, "encoder_x", (node.get_attr("n_in"), node.get_attr("memory_d"))),
        encoder_h=_optional(node, "encoder_h"),
        encoder_mem=_optional(node, "encoder_mem"),
        encoder_bias=_optional(node, "encoder_bias"),
        u=_type(node, "u"),
        update=_update(node),
        mem=_type(node, "mem"),
        hidden=_hidden(node),
        h=_type(node, "result"),
        return_sequences=node.get_attr("return_sequences"),
        reuse_factor=node.get_attr("reuse_factor"),
        theta=node.get_attr("theta"),
        discretizer=node.get_attr("discretizer"),
        basis=node.get_attr("basis"),
    )


def _update(node: Any) -> DenseUpdate | TridiagonalUpdate:
    if node.get_attr("memory_update") == "dense":
        return DenseUpdate(a=_weight(node, "a"), b=_weight(node, "b"))
    lam, gam, kap, bet = (_weight(node, name) for name in ("lam", "gam", "kap", "bet"))
    return TridiagonalUpdate(lam, gam, kap, bet, sweep=_type(node, "sweep"))


def _hidden(node: Any) -> HiddenCell | None:
    cell = HIDDEN_CELLS.get(node.get_attr("hidden_cell"))
    if cell is None:
        return None
    contents: dict[str, Any] = {
        name: (_weight if needed else _optional)(node, hidden_weight(name)) for name, needed in cell.weights().items()
    }
    activations = cell_activations(node)
    contents |= {name: activations[FUNCTION_FIELDS[name][1]] for name in cell.outputs}
    contents |= {name: _type(node, name) for name in cell.tensors()}
    contents |= {name: node.get_attr(name) for name in cell.options()}
    return cell(**contents)


def hidden_weight(field: str) -> str:
    """The name that the weight ``field`` of a hidden cell has in the graph."""
    return f"hidden_{field.removeprefix('kernel_')}"


def cell_activations(node: Any) -> dict[str, Activation]:
    """The activations of an LMU node's hidden cell, by the tables' names in C++: the same entries for every reader.

    All tables of one function have one index type; reach is the table_range of the layer, or that of the function.
    """
    activations = {}
    cell = HIDDEN_CELLS.get(node.get_attr("hidden_cell"))
    for field, tensor in cell.outputs.items() if cell is not None else ():
        keras_name, table = FUNCTION_FIELDS[field]
        function = node.get_attr(f"hidden_{keras_name}")
        to = _type(node, "result" if tensor == "h" else tensor)
        activations[table] = make_activation(function, table_index(node, function), to)
    return activations


def table_index(node: Any, function: str) -> FixedType | None:
    """The index type of an LMU node's tables of ``function``, None where it has no table.

    Raises LmuHlsError for an impossible TableSize or TableRange.
    """
    own = FUNCTIONS[function].reach
    if own is None:
        return None
    try:
        return table_index_type(node.get_attr("table_size"), node.get_attr("table_range") or own)
    except ValueError as error:
        raise LmuHlsError(f"layer {node.name!r}: {error}; set TableSize and TableRange so") from None


def _dense(node: Any) -> Dense:
    convolution = node.class_name != "Dense"  # hls4ml makes a Dense layer on sequences a convolution of width 1
    if convolution and node.get_attr("filt_width") != 1:
        raise LmuHlsError(f"layer {node.name!r} is a convolution, which the contract does not know; remove it")
    sizes = ("n_chan", "n_filt") if convolution else ("n_in", "n_out")
    shape = tuple(int(node.get_attr(size)) for size in sizes)
    # The data attributes, not the weight variables: hls4ml reorders the latter for Strategy Resource.
    bias = node.get_attr("bias_data")
    return Dense(
        name=node.name,
        x=_input_type(node),
        kernel=_integers(node, "weight", np.reshape(node.get_attr("weight_data"), shape)),
        bias=None if bias is None else _integers(node, "bias", bias),
        out=_type(node, "result"),
        reuse_factor=node.model.config.get_reuse_factor(node),
    )


def _softmax(node: Any) -> Softmax:
    x = _input_type(node)
    return Softmax(node.name, x, exp_table(node, x), _type(node, "result"))


def exp_table(node: Any, x: FixedType) -> Table:
    """The table of an LMUSoftmax node: the same entries for every reader. LmuHlsError for an impossible one.

    It depends on ``x``, the type of the node's input. Its index truncates: see :class:`lmu_hls.spec.Softmax`.
    """
    try:
        index = table_index_type(node.get_attr("table_size"), node.get_attr("table_range"), signed=False)
    except ValueError as error:
        raise LmuHlsError(f"layer {node.name!r}: {error}; set TableSize and TableRange so") from None
    # An attribute and not one of the tensors' types: a search for types must leave the table as it is.
    exp = fixed_type(node.get_attr("exp_t").precision, f"layer {node.name!r}: 'exp'")
    return make_exp(index.with_modes("TRN"), exp, x)


def _elementwise(node: Any) -> Elementwise:
    function = node.get_attr("activation")
    if function not in ("linear", "relu"):
        raise LmuHlsError(f"layer {node.name!r}: the contract knows linear and relu here, not {function!r}; remove it")
    return Elementwise(node.name, _input_type(node), Activation(function), _type(node, "result"))


def _optional(node: Any, name: str) -> Weight | None:
    return _weight(node, name) if name in node.weights else None


def _weight(node: Any, name: str, shape: tuple[int, ...] | None = None) -> Weight:
    data = node.weights[name].data
    return _integers(node, name, data if shape is None else np.reshape(data, shape))


def _integers(node: Any, name: str, data: ArrayLike) -> Weight:
    type_ = _type(node, name)
    values = quantize(data, type_)
    if not np.array_equal(to_float(values, type_), np.asarray(data, np.float64)):
        raise LmuHlsError(
            f"layer {node.name!r}: weight {name!r} is not on the grid of its type {type_}; "
            "convert the Keras model again instead of changing weights or types afterwards"
        )
    return Weight(values, type_)


def _type(node: Any, name: str) -> FixedType:
    return fixed_type(node.types[f"{name}_t"].precision, f"layer {node.name!r}: {name!r}")


def _input_type(node: Any) -> FixedType:
    return fixed_type(node.get_input_variable().type.precision, f"layer {node.name!r}: its input")
