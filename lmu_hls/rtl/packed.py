"""Parameters of the Verilog that are more than a number: types, as the header of ``lmu_round_sat`` says, and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType

WORDS_A_LINE, WORDS_INDENT = 5, " " * 12


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


class Words(int):
    """A parameter of many ``words`` of ``width`` bits, the first one lowest."""

    words: tuple[int, ...]
    width: int

    def __new__(cls, words: Sequence[int], width: int) -> Words:
        made = super().__new__(cls, sum(word << k * width for k, word in enumerate(words)))
        made.words, made.width = tuple(words), width
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Words, (self.words, self.width)

    @property
    def text(self) -> str:
        """One hexadecimal literal: an integer of this size has no decimal text in Python."""
        return f"{self.width * len(self.words)}'h{self:x}"

    @property
    def verilog(self) -> str:
        """The words side by side, a few in a line."""
        digits = -(-self.width // 4)
        texts = [f"{self.width}'h{word:0{digits}x}" for word in reversed(self.words)]
        lines = [", ".join(texts[k : k + WORDS_A_LINE]) for k in range(0, len(texts), WORDS_A_LINE)]
        return "{" + f",\n{WORDS_INDENT}".join(lines) + "}"

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def typed(prefix: str, fixed_type: FixedType) -> dict[str, int]:
    """Parameter <prefix>_TYPE."""
    return {f"{prefix}_TYPE": TypeWord(fixed_type)}


def plain(parameters: Mapping[str, int | str]) -> dict[str, int | str]:
    """Parameters for a record: types are the numbers that they are, words one literal."""

    def told(value: int | str) -> int | str:
        if isinstance(value, Words):
            return value.text
        return value if isinstance(value, str) else int(value)

    return {name: told(value) for name, value in parameters.items()}
