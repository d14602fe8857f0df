"""Constants of the contract: weights as integers, and activations as tables."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, Ints


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
    """An activation as a table: ``values[k]`` is the result for the index integer ``index.min_int + k``."""

    index: FixedType
    values: Weight

    def __post_init__(self) -> None:
        if self.values.shape != (1 << self.index.width,):
            raise ValueError(
                f"a table indexed by {self.index} needs {1 << self.index.width} entries, not {self.values.shape}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """One of :data:`lmu_hls.activations.FUNCTIONS`, with its table if it has one; assigned to the reader's type."""

    function: str
    table: Table | None = None

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise ValueError(f"activation {self.function!r} is not one of {', '.join(FUNCTIONS)}")
        if (self.table is not None) != FUNCTIONS[self.function].by_table:
            raise ValueError(f"activation {self.function!r} {'needs a' if self.table is None else 'takes no'} table")


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
