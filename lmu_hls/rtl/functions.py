"""Activation functions as parameters and table ROMs of ``lmu_activation`` and ``lmu_function``."""

from __future__ import annotations

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Rom, check_signed_type, padded
from lmu_hls.rtl.cycles import ROUND
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import GUARD, Activation, Table

KINDS = {"linear": 0, "relu": 1}
TABLE, CLIP, SUM, RELU_SUM = 2, 3, 4, 5


def function_parameters(
    where: str, activation: Activation, to: FixedType, file: str, prefix: str = "", file_parameter: str = "TABLE_FILE"
) -> tuple[dict[str, int | str], tuple[Rom, ...]]:
    """Parameters <prefix>FUNCTION and, for a table, <prefix>INDEX_TYPE and rom/<file>.hex; and the table's ROM.

    ``to`` is the type that the result is assigned to; a table's entries must be of it. Raises LmuHlsError when they
    are not, and for an unsigned type.
    """
    check_signed_type(where, "its result", to)
    table = activation.table
    if table is None:
        return {f"{prefix}FUNCTION": _exact(activation.function)}, ()
    check_signed_type(where, "the index of its table", table.index)
    entry = table.values.type
    right = entry.fraction == to.fraction + GUARD if activation.summed else same_bits(entry, to)
    if not right:
        raise LmuHlsError(
            f"{where}: the entries of the {activation.function} table are {table.values.type}, its result is {to}; "
            "make the table for that type"
        )
    rom = table_rom(table, file)
    index = typed(f"{prefix}INDEX", table.index)
    kind = _summed(table, activation.adds_relu) if activation.summed else TABLE
    return {f"{prefix}FUNCTION": kind, **index, file_parameter: rom.file}, (rom,)


def same_bits(one: FixedType, other: FixedType) -> bool:
    return (one.width, one.fraction) == (other.width, other.fraction)


def one_table(one: Activation, to: FixedType, other: Activation, other_to: FixedType) -> bool:
    """Whether a table and its ``lmu_function`` serve both: the words are compared, not the names of the functions."""
    if one.table is None or other.table is None or one.summed != other.summed:
        return False
    if one.summed and _summed(one.table, one.adds_relu) != _summed(other.table, other.adds_relu):
        return False
    if one.table.index != other.table.index or to != other_to:
        return False
    return bool(np.array_equal(one.table.words.values, other.table.words.values))


def latency(activation: Activation) -> int:
    """Cycles of ``lmu_activation``."""
    return 4 if activation.summed else ROUND


def cell_latency(activation: Activation) -> int:
    """Cycles of ``lmu_function`` in the cells, where a table has two registers."""
    return 3 if activation.summed else 1 if activation.table is None else 2


def multipliers(*activations: Activation) -> int:
    """Those that multiply a slope."""
    return sum(each.table is not None and each.table.slopes is not None for each in activations)


def _summed(table: Table, adds_relu: bool) -> int:
    """FUNCTION of entries that are summed: the kind, and above it bits of an entry, of a slope, and between entries."""
    slope = 0 if table.slopes is None else table.slopes.type.width
    return table.rest << 24 | slope << 16 | table.values.type.width << 8 | (RELU_SUM if adds_relu else SUM)


def _exact(name: str) -> int:
    """FUNCTION of one without a table: its kind, and the limits of values above it, as in lmu_function."""
    if name in KINDS:
        return KINDS[name]
    low, high = (int(bound) & 0xFF for bound in (FUNCTIONS[name].low, FUNCTIONS[name].high))
    return high << 16 | low << 8 | CLIP


def table_rom(table: Table, file: str) -> Rom:
    """The table from its lowest index up."""
    words = table.words
    return Rom(f"rom/{file}.hex", words.type.width, padded(words.values, words.type.width))
