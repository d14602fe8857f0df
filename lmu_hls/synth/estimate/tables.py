"""What the contents of a ROM take when it becomes logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class RomLogic:
    """``width`` bits that are not the same in all words, of them ``columns`` unlike one another; ``tables4`` and
    ``tables6`` truth tables of four and six inputs, all unlike, and ``joins4`` and ``joins6`` choices between them."""

    width: int
    columns: int
    tables4: int
    joins4: int
    tables6: int
    joins6: int


def rom_logic(words: Sequence[int], width: int) -> RomLogic:
    """Of a ROM with these words of ``width`` bits."""
    size = -(-width // 8)
    raw = np.frombuffer(b"".join(word.to_bytes(size, "little") for word in words), np.uint8).reshape(len(words), size)
    bits = np.unpackbits(raw, axis=1, bitorder="little")[:, :width].T
    moving = bits[bits.any(axis=1) & ~bits.all(axis=1)]
    unlike = np.unique(moving, axis=0)
    return RomLogic(len(moving), len(unlike), *_tables(unlike, 4), *_tables(unlike, 6))


def _tables(columns: np.ndarray, inputs: int) -> tuple[int, int]:
    """Unlike blocks of 2**inputs bits that are not constant, and the choices that join the blocks of a column."""
    if not columns.size:
        return 0, 0
    size = 1 << inputs
    padded = np.pad(columns, ((0, 0), (0, -columns.shape[1] % size)))
    blocks = padded.reshape(len(columns), -1, size)
    flat = np.unique(blocks.reshape(-1, size), axis=0)
    constant = int((~flat.any(axis=1)).sum() + flat.all(axis=1).sum())
    joins = sum(len(np.unique(column, axis=0)) - 1 for column in blocks)
    return len(flat) - constant, joins
