"""The functions of an LMU's hidden cell, and what its weights are called in hls4ml's graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.reading import Reading
from lmu_hls.spec import HIDDEN_CELLS, Activation, HiddenCell, make_activation, table_index_type

# A hidden cell's fields with a function: the attribute of the Keras cell, and the table in C++.
FUNCTION_FIELDS = {
    "activation": ("activation", "table"),
    "gate_activation": ("recurrent_activation", "gate_table"),
    "cell_activation": ("activation", "squash_table"),
}

NEAREST = "nearest"
INTERPOLATIONS = (NEAREST, "linear")  # TableInterpolation: the nearest entry, or the line through its neighbours


def hidden_weight(field: str, memory: bool = True) -> str:
    """The name that the weight ``field`` of a hidden cell has in the graph.

    Without a ``memory`` the cell reads x in place of mem.
    """
    return f"hidden_{'x' if field == 'kernel_mem' and not memory else field.removeprefix('kernel_')}"


def hidden_fields(cell: type[HiddenCell], memory: bool = True) -> dict[str, bool]:
    """The fields of a cell's weights, and whether each must be there; without a ``memory`` x is read by kernel_mem."""
    return {field: needed for field, needed in cell.weights().items() if memory or field != "kernel_x"}


def known_function(function: Any) -> str | None:
    """The name of a function of keras.activations that a hidden cell can have; None for any other."""
    import keras

    return next((word for word in FUNCTIONS if function is keras.activations.get(word)), None)


def cell_activations(reading: Reading) -> dict[str, Activation]:
    """The activations of an LMU node's hidden cell, by the tables' names in C++: the same entries for every reader.

    All tables of one function have one index type, but for those of the whole type of an argument; reach is the
    table_range of the layer, or that of the function.
    """
    activations: dict[str, Activation] = {}
    cell = HIDDEN_CELLS.get(reading.attribute("hidden_cell"))
    if cell is None:
        return activations
    for field, tensor in cell.outputs.items():
        keras_name, table = FUNCTION_FIELDS[field]
        function, alpha = (reading.attribute(name) for name in function_attributes(keras_name))
        source, to = partial(reading.type, cell.argument(field)), reading.type("result" if tensor == "h" else tensor)
        activations[table] = activation_of(reading, function, source, to, float(alpha or 1.0))
    return activations


def function_attributes(keras_name: str) -> tuple[str, str]:
    """The attributes of a node with a hidden cell for a function of the Keras cell: its name and its alpha."""
    return f"hidden_{keras_name}", f"hidden_{keras_name}_alpha"


def activation_of(
    reading: Reading, function: str, source: Callable[[], FixedType], to: FixedType, alpha: float = 1.0
) -> Activation:
    """A function of a node with its table, for arguments of the type ``source`` and results of the type ``to``: the
    same for every reader. The argument's type is asked for only where the table depends on it.

    LmuHlsError for a table of a function without limit that ends before ``to`` does.
    """
    known, index = FUNCTIONS[function], table_index(reading, function, source)
    if index is not None and known.end is None and not known.whole:
        last = float(known.tabulated(np.array((index.max_int - 1) * index.lsb)))
        if last < to.max_int * to.lsb:
            raise LmuHlsError(
                f"layer {reading.name!r}: the table of {function} ends with {last:.4g}, and values of {to} go on; give "
                "it a larger TableRange, or its result fewer integer bits"
            )
    try:
        return make_activation(function, index, to, is_interpolated(reading), alpha)
    except ValueError as error:  # entries or slopes of more bits than a type has
        raise LmuHlsError(
            f"layer {reading.name!r}: the table of {function} for {to}: {error}; give its result fewer fraction bits"
        ) from error


def is_interpolated(reading: Reading) -> bool:
    """Whether the layer's tables have slopes between their entries. LmuHlsError for an unknown TableInterpolation."""
    value = str(reading.attribute("table_interpolation") or NEAREST).lower()
    if value not in INTERPOLATIONS:
        raise LmuHlsError(
            f"layer {reading.name!r}: TableInterpolation {value!r} is not possible; give {' or '.join(INTERPOLATIONS)}"
        )
    return value != NEAREST


def table_index(reading: Reading, function: str, source: Callable[[], FixedType]) -> FixedType | None:
    """The index type of a node's tables of ``function`` of values of the type ``source``, None where it has no table.

    Raises LmuHlsError for an impossible TableSize or TableRange.
    """
    known, index = FUNCTIONS[function], reading.table_index
    if not known.by_table:
        return None
    if index is None:
        reach = reading.attribute("table_range") or known.reach or 1
        try:
            index = table_index_type(reading.attribute("table_size"), reach)
        except ValueError as error:
            raise LmuHlsError(f"layer {reading.name!r}: {error}; set TableSize and TableRange so") from None
    return whole_index(index.width, source()) if known.whole else index


def whole_index(bits: int, source: FixedType) -> FixedType:
    """The index type of a table of 2**bits entries for every value of the type ``source``."""
    return FixedType(bits, source.integer + (not source.signed)).with_modes()


def hidden_cell(reading: Reading, memory: bool = True) -> HiddenCell | None:
    """The hidden cell of a node in the contract; None where it has none."""
    cell = HIDDEN_CELLS.get(reading.attribute("hidden_cell"))
    if cell is None:
        return None
    read = {True: reading.weight, False: reading.optional}
    contents: dict[str, Any] = dict.fromkeys(cell.weights())
    for name, needed in hidden_fields(cell, memory).items():
        contents[name] = read[needed](hidden_weight(name, memory))
    activations = cell_activations(reading)
    contents |= {name: activations[FUNCTION_FIELDS[name][1]] for name in cell.outputs}
    contents |= {name: reading.type(name) for name in cell.tensors()}
    contents |= {name: reading.attribute(name) for name in cell.options()}
    return cell(**contents)
