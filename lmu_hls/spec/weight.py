"""Constants of the contract: weights as integers, and activations as tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log2

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, Ints

ABSENT_BY_DEFAULT = {"absent": True}  # of a field that a file of a network has only where it is not its default
GUARD = 2  # fraction bits of an entry that is summed, beyond those of the result


@dataclass(frozen=True, slots=True, eq=False)
class Weight:
    """A constant array as integers of ``type``. Raises ValueError when a value is outside the type's range."""

    values: Ints
    type: FixedType

    def __post_init__(self) -> None:
        values = np.array(self.values, np.int64)  # a copy, so that freezing it cannot surprise the caller
        if values.size and (values.min() < self.type.min_int or values.max() > self.type.max_int):
            raise ValueError(f"weight values {values.min()}..{values.max()} do not fit {self.type}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A function as a table: ``values[k]`` is that of the index integer ``index.min_int + k``.

    With ``slopes`` the low ``rest`` bits r of an index do not choose an entry: the value is
    values[k] + slopes[k] r / 2^rest, with k from the bits above.
    """

    index: FixedType
    values: Weight
    slopes: Weight | None = None

    def __post_init__(self) -> None:
        if self.slopes is None and self.values.shape != (1 << self.index.width,):
            raise ValueError(
                f"a table indexed by {self.index} needs {1 << self.index.width} entries, not {self.values.shape}"
            )
        if self.slopes is None:
            return
        if self.slopes.shape != self.values.shape or 1 << self.index.width != self.values.shape[0] << self.rest:
            raise ValueError(f"entries {self.values.shape} and slopes {self.slopes.shape} do not fit {self.index}")
        if self.slopes.type.fraction != self.values.type.fraction:
            raise ValueError(f"slopes of {self.slopes.type} are no differences of entries of {self.values.type}")

    @property
    def rest(self) -> int:
        """Low bits of the index between two entries."""
        return self.index.width - int(log2(self.values.shape[0]))

    @property
    def entry_index(self) -> FixedType:
        """The type of an index without its low bits."""
        return FixedType(self.index.width - self.rest, self.index.integer, self.index.signed).with_modes()

    @property
    def word_width(self) -> int:
        """The bits of a word of it in a memory."""
        return self.values.type.width + (self.slopes.type.width if self.slopes is not None else 0)

    @property
    def words(self) -> Weight:
        """What a memory holds: the entries, with slopes above them as unsigned integers."""
        if self.slopes is None:
            return self.values
        entry, width = self.values.type.width, self.word_width
        words = (self.slopes.values << entry | self.values.values & (1 << entry) - 1) & (1 << width) - 1
        return Weight(words, FixedType(width, width, False))


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """One of :data:`lmu_hls.activations.FUNCTIONS`, with its table if it has one; assigned to the reader's type.

    An entry of a table is the result, of the reader's type; unless it is ``summed`` with the part of a slope or with
    max(x, 0), exactly and rounded once. Its table is that of the function times ``alpha``.
    """

    function: str
    table: Table | None = None
    alpha: float = field(default=1.0, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise ValueError(f"activation {self.function!r} is not one of {', '.join(FUNCTIONS)}")
        if (self.table is not None) != FUNCTIONS[self.function].by_table:
            raise ValueError(f"activation {self.function!r} {'needs a' if self.table is None else 'takes no'} table")

    @property
    def summed(self) -> bool:
        return self.table is not None and (self.table.slopes is not None or self.adds_relu)

    @property
    def result(self) -> FixedType:
        """A type with the fraction bits that the table was made for."""
        assert self.table is not None
        entry = self.table.values.type
        return FixedType(entry.width, entry.integer + GUARD) if self.summed else entry

    @property
    def adds_relu(self) -> bool:
        return FUNCTIONS[self.function].adds_relu

    def exact_sum(self, x: FixedType) -> tuple[int, int]:
        """Fraction bits of the exact sum for an argument of type ``x``, and its largest magnitude in units of them."""
        assert self.table is not None
        entry = self.table.values.type
        exact = entry.fraction + self.table.rest
        fraction = max(exact, x.fraction) if self.adds_relu else exact
        bound = 3 * entry.max_abs << (fraction - entry.fraction)  # a part of a slope leads to the next entry
        return fraction, bound + (x.max_abs << (fraction - x.fraction) if self.adds_relu else 0)

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        """The widths of the factors of the products that each value takes."""
        slopes = None if self.table is None else self.table.slopes
        return () if slopes is None or self.table is None else ((self.table.rest, slopes.type.width),)

    def sums(self, to: FixedType) -> tuple[int, ...]:
        """The widths of what is added for each value."""
        return (to.width + GUARD,) * (len(self.products(to)) + self.adds_relu)


def check_shape(name: str, weight: Weight, shape: tuple[int, ...]) -> None:
    """ValueError unless ``weight`` has that shape."""
    if weight.shape != shape:
        raise ValueError(f"{name} has shape {weight.shape}, expected {shape}")


def table_index_type(size: int, reach: int, signed: bool = True) -> FixedType:
    """The index type of a table with ``size`` entries over [-reach, reach), or over [0, reach) if not ``signed``.

    Both must be powers of two; ValueError otherwise. A value is rounded to it (RND_CONV) and saturated.
    """
    if size < 4 or reach <= 0 or log2(size) % 1 or log2(reach) % 1:
        raise ValueError(f"table size {size} and reach {reach} must be powers of two, size at least 4")
    return FixedType(int(log2(size)), int(log2(reach)) + int(signed), signed)
