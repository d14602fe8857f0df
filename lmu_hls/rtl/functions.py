"""Activation functions as parameters and table ROMs of ``lmu_activation`` and ``lmu_function``."""

from __future__ import annotations

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Rom, check_signed_type, padded
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import Activation, Table

KINDS = {"linear": 0, "relu": 1}
TABLE, CLIP = 2, 3


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
    if (table.values.type.width, table.values.type.fraction) != (to.width, to.fraction):
        raise LmuHlsError(
            f"{where}: the entries of the {activation.function} table are {table.values.type}, its result is {to}; "
            "make the table for that type"
        )
    rom = table_rom(table, file)
    index = typed(f"{prefix}INDEX", table.index)
    return {f"{prefix}FUNCTION": TABLE, **index, file_parameter: rom.file}, (rom,)


def _exact(name: str) -> int:
    """FUNCTION of one without a table: its kind, and the limits of values above it, as in lmu_function."""
    if name in KINDS:
        return KINDS[name]
    low, high = (int(bound) & 0xFF for bound in (FUNCTIONS[name].low, FUNCTIONS[name].high))
    return high << 16 | low << 8 | CLIP


def table_rom(table: Table, file: str) -> Rom:
    """The table from its lowest index up."""
    width = table.values.type.width
    return Rom(f"rom/{file}.hex", width, padded(table.values.values, width))
