"""Parameters <X>_TYPE from their four fields, illegal ones too, and faults of a type that is passed on."""

from __future__ import annotations

RND_CONV, SAT = 6, 1


def word(width: int, fraction: int, rounding: int = RND_CONV, overflow: int = SAT) -> int:
    """32'hOR_FFFF_WW, as in the header of lmu_round_sat."""
    return overflow << 28 | rounding << 24 | (fraction & 0xFFFF) << 8 | width


def with_rounding(parameter: str, name: str, rounding: int) -> tuple[str, str]:
    """A fault: the connection of ``parameter`` to the type ``name`` gets another rounding mode."""
    return f".{parameter}({name})", f".{parameter}({name} & 32'hf0ff_ffff | {rounding << 24})"


def with_overflow(parameter: str, name: str, overflow: int) -> tuple[str, str]:
    """A fault: the connection of ``parameter`` to the type ``name`` gets another overflow mode."""
    return f".{parameter}({name})", f".{parameter}({name} & 32'h0fff_ffff | {overflow << 28})"
