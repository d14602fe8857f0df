"""How large a matrix on lmu_affine is, where it is zero, and what that makes of the lanes that it can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lmu_hls.fixed import Ints

ALL = "N_OUT/LANES * max(N_IN, LANES)"  # cycles a step when all blocks are worked on
SOME = "max(BLOCKS, N_IN)"  # and when those that are zero are left out
SUM = 7  # cycles from the last column of a group to its first sum
BUFFER = 2  # cycles of lmu_vector_buffer, with those of its values
_WORTH = 7, 8  # blocks are left out where that takes this part of the cycles or less: the ROM holds their columns, too


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which coefficients of ``rows`` x ``columns`` are not zero, packed row by row.

    A block is a column of ``lanes`` rows that follow one another. ``always``: blocks that are zero are left out even
    where that saves little. ``parts``: so many rows that follow one another are zero in columns of their own; as many
    units as there are lanes then come part by part.
    """

    rows: int
    columns: int
    bits: bytes
    always: bool = False
    parts: int = 1

    def together(self, lanes: int) -> int:
        """Units whose sums come part by part; 1: unit by unit."""
        return lanes if self.parts > 1 and self.rows // self.parts % lanes == 0 else 1

    def order(self, lanes: int) -> np.ndarray:
        """The rows as they are worked on."""
        rows = np.arange(self.rows).reshape(-1, self.together(lanes), self.parts)
        return np.asarray(rows.swapaxes(1, 2).ravel())

    @property
    def nonzero(self) -> np.ndarray:
        """Booleans, (rows, columns)."""
        bits = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.rows * self.columns)
        return bits.reshape(self.rows, self.columns).astype(bool)

    def blocks(self, lanes: int) -> tuple[int, ...]:
        """Blocks in the ROM of each group of rows: those that are not zero, but no fewer than ``lanes``, so that the
        sums can leave one a cycle. As many as columns would take a cycle more than they are: there is one more."""
        return _blocks(self, lanes)


@lru_cache(maxsize=1024)
def _blocks(pattern: Pattern, lanes: int) -> tuple[int, ...]:
    groups = pattern.nonzero[pattern.order(lanes)].reshape(-1, lanes, pattern.columns).any(axis=1)
    blocks = np.maximum(groups.sum(axis=1), lanes).tolist()
    blocks[-1] += int(sum(blocks) == pattern.columns)
    return tuple(blocks)


def pattern_of(kernels: Sequence[Ints], leave_out: bool | None, parts: int = 1) -> Pattern | None:
    """Where the matrix of ``kernels``, each (values, rows), is zero. ``leave_out``: of each layer the choice between
    all blocks (False), those that are not zero (True), and what is worth it (None); ``parts`` as in :class:`Pattern`.
    None where all count."""
    matrix = np.concatenate(kernels).T != 0
    if leave_out is False or (matrix.all() and not leave_out):
        return None
    rows, columns = matrix.shape
    return Pattern(rows, columns, np.packbits(matrix).tobytes(), bool(leave_out), parts)


@dataclass(frozen=True, slots=True)
class Matrix:
    """``rows`` sums over ``columns`` operands on lmu_affine, ``lanes`` rows at a time, one multiplier each.

    ``pattern`` says where it is zero; without one all of it counts. A product has ``more`` stages than one.
    """

    columns: int
    rows: int
    lanes: int = 1
    pattern: Pattern | None = None
    more: int = 0

    @property
    def groups(self) -> int:
        return self.rows // self.lanes

    @property
    def turn(self) -> int:
        """Cycles of a group of which all blocks are worked on, but not fewer than sums, which leave one a cycle."""
        return max(self.columns, self.lanes)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Blocks in the ROM of each group when those that are zero are left out; empty when all are there.

        They are left out where cycles and latency both become fewer, the cycles by an eighth.
        """
        if self.pattern is None:
            return ()
        blocks = self.pattern.blocks(self.lanes)
        worth, out_of = _WORTH
        fewer = out_of * max(sum(blocks), self.columns) <= worth * self.groups * self.turn
        behind = _behind(self.pattern.parts, self.pattern.together(self.lanes))
        earlier = sum(blocks) + behind < (self.groups - 1) * self.turn
        return blocks if self.pattern.always or (fewer and earlier) else ()

    @property
    def together(self) -> int:
        """Units whose sums come part by part, to be put in order behind the matrix; 1: unit by unit."""
        return self.pattern.together(self.lanes) if self.pattern is not None and self.blocks else 1

    @property
    def behind(self) -> int:
        """Cycles that putting the sums in order takes."""
        return _behind(self.pattern.parts, self.together) if self.pattern is not None else 0

    @property
    def cycles(self) -> int:
        """Cycles a step."""
        return max(sum(self.blocks), self.columns) if self.blocks else self.all_cycles

    @property
    def all_cycles(self) -> int:
        """Cycles a step if all blocks were worked on."""
        return self.groups * self.turn

    @property
    def formula(self) -> str:
        """That of :attr:`cycles`."""
        return SOME if self.blocks else ALL

    @property
    def to_sum(self) -> int:
        """Cycles from the last column of a group to its first sum."""
        return SUM + self.more

    def latency(self, row: int) -> int:
        """Cycles from a step's last operand to the sum of ``row``, in an idle unit."""
        group, lane = divmod(row, self.lanes)
        return self.to_sum + 1 + lane + (sum(self.blocks[: group + 1]) if self.blocks else group * self.turn)

    @property
    def products(self) -> int:
        """Coefficients that are not zero where the blocks that are zero are left out, else all."""
        return int(self.pattern.nonzero.sum()) if self.pattern is not None and self.blocks else self.columns * self.rows

    def with_lanes(self, lanes: int) -> Matrix:
        return replace(self, lanes=lanes)

    def whole(self, at_once: int) -> WholeMatrix:
        """The same matrix where a beat is a vector, on lmu_matvec."""
        return WholeMatrix(self.columns, self.rows, at_once, cut=self.more > 0)

    @property
    def choices(self) -> dict[int, int]:
        """Lanes that are worth their multipliers -> cycles a step. Beyond ``columns`` lanes only the first helps; where
        blocks are left out, others can still answer earlier."""
        every = [self.with_lanes(lanes) for lanes in divisors(self.rows)]
        some = any(matrix.blocks for matrix in every)
        choices: dict[int, int] = {}
        for matrix in every:
            if some or not choices or matrix.cycles < min(choices.values()):
                choices[matrix.lanes] = matrix.cycles
        return choices


@dataclass(frozen=True, slots=True)
class WholeMatrix:
    """``rows`` sums over ``columns`` operands on lmu_matvec: all rows and ``at_once`` columns a cycle. ``cut``: a
    factor is wider than a multiplier."""

    columns: int
    rows: int
    at_once: int
    cut: bool = False

    @property
    def cycles(self) -> int:
        """Cycles a step: its turns."""
        return -(-self.columns // self.at_once)

    @property
    def latency(self) -> int:
        """From a step's operands to its sums."""
        return self.cycles + (self.at_once - 1).bit_length() // 2 + 3 + int(self.cut)

    @property
    def multipliers(self) -> int:
        return self.rows * self.at_once

    @property
    def formula(self) -> str:
        """That of :attr:`cycles`."""
        return "ceil(N_IN/COLUMNS)"


class Columns(dict[str, int]):
    """Columns of each part that are worked on at once, by name: they stand in the place of lanes where the streams of a
    layer carry whole vectors."""


def turns_of(columns: int) -> dict[int, int]:
    """The columns a cycle that are worth having -> the cycles of all ``columns``; the fewest for as many cycles."""
    return {
        -(-columns // turns): turns for turns in range(columns, 0, -1) if -(-columns // -(-columns // turns)) == turns
    }


def _behind(parts: int, together: int) -> int:
    """Latency of an lmu_vector_buffer for the sums of so many units."""
    return parts * together + BUFFER if together > 1 else 0


def divisors(number: int) -> list[int]:
    """From 1 up."""
    return [k for k in range(1, number + 1) if number % k == 0]
