"""A type as one number: what every parameter <X>_TYPE of the Verilog is, as the header of ``lmu_round_sat`` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType


class TypeWord(int):
    """32'hOR_FFFF_WW: overflow and rounding mode, fraction bits (16 bits, signed) and bits of ``type``."""

    type: FixedType

    def __new__(cls, fixed_type: FixedType) -> TypeWord:
        """Raises ValueError for fraction bits that 16 bits do not hold."""
        if not -(1 << 15) <= fixed_type.fraction < 1 << 15:
            raise ValueError(
                f"{fixed_type} has {fixed_type.fraction} fraction bits, the Verilog's types hold -32768 to 32767"
            )
        modes = OVERFLOWS.index(fixed_type.overflow) << 4 | ROUNDINGS.index(fixed_type.rounding)
        word = super().__new__(cls, modes << 24 | (fixed_type.fraction & 0xFFFF) << 8 | fixed_type.width)
        word.type = fixed_type
        return word

    def __reduce__(self) -> tuple[Any, ...]:
        return TypeWord, (self.type,)

    @property
    def verilog(self) -> str:
        """The literal with the type beside it."""
        return f"32'h{self >> 24:02x}_{self >> 8 & 0xFFFF:04x}_{self & 0xFF:02x} /* {self.type} */"


def typed(prefix: str, fixed_type: FixedType) -> dict[str, int]:
    """Parameter <prefix>_TYPE."""
    return {f"{prefix}_TYPE": TypeWord(fixed_type)}


def plain(parameters: Mapping[str, int | str]) -> dict[str, int | str]:
    """Parameters for a record: types are the numbers that they are."""
    return {name: value if isinstance(value, str) else int(value) for name, value in parameters.items()}
