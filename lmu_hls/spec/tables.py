"""Tables of activations and of the softmax: the one place where their entries are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, integer_bits, quantize, to_float
from lmu_hls.spec.weight import GUARD, Activation, Table, Weight

MIN_ENTRY = 2  # bits of an entry
MIN_LINES = 2  # bits of the index of a table of lines
MAX_REST, MAX_INDEX = 12, 24  # bits between two entries, and of both together
Floats = NDArray[np.float64]


@lru_cache(maxsize=64)  # a search for types makes the same few again and again
def make_activation(
    function: str, index: FixedType | None, out: FixedType, interpolated: bool = False, alpha: float = 1.0
) -> Activation:
    """The activation with its table, if it has one.

    Entry k is the function at the k-th value of ``index`` (from the most negative one up), in float64, assigned to
    ``out`` with the rounding and overflow of ``out``; where it is summed with something, to a type that has GUARD more
    fraction bits. An ``interpolated`` table has slopes between its entries, and as many bits below those of ``index``
    as the result has use for; so has that of a function over the whole type of its argument. ``index`` is ignored by
    functions without a table; of others the table is multiplied by ``alpha``.
    """
    if function not in FUNCTIONS or not FUNCTIONS[function].by_table:
        return Activation(function)
    if index is None:
        raise ValueError(f"activation {function!r} needs an index type")
    known = FUNCTIONS[function]
    interpolated = interpolated or known.whole
    if known.has_lines:  # no more entries than the bits between them leave
        width = max(MIN_LINES, index.integer + out.fraction + 1 - MAX_REST)
        index = FixedType(min(index.width, width), index.integer).with_modes()
    points = to_float(np.arange(index.min_int, index.max_int + 2, dtype=np.int64), index)
    values = known.tabulated(points, alpha)
    if not interpolated and not known.adds_relu:
        return Activation(function, Table(index, Weight(quantize(values[:-1], out), out)), alpha)
    integer = max(integer_bits(float(np.abs(values).max())), MIN_ENTRY - out.fraction - GUARD)
    entry = FixedType(integer + out.fraction + GUARD, integer).with_modes()
    entries = quantize(values, entry)
    if not interpolated:
        return Activation(function, Table(index, Weight(entries[:-1], entry)), alpha)
    rest = max(1, min(out.fraction + 1 - index.fraction, MAX_REST, MAX_INDEX - index.width))
    slopes = np.diff(entries)
    width = int(np.abs(slopes).max()).bit_length() + 1
    fine = FixedType(index.width + rest, index.integer).with_modes()
    slope = FixedType(width, width - entry.fraction)
    return Activation(function, Table(fine, Weight(entries[:-1], entry), Weight(slopes, slope)), alpha)


def make_exp(index: FixedType, out: FixedType, x: FixedType | None = None) -> Table:
    """The table of a softmax: entry k is exp(-d) at the k-th value d of the unsigned ``index``, assigned to ``out``.

    For values of a type ``x`` that is finer than the index, of which each distance is rounded up, an entry but the
    first stands for the middle of the distances that have its index.
    """
    back = 0.0 if x is None else max(0.0, index.lsb - x.lsb) / 2
    return _table(lambda d: np.exp(-np.where(d > 0, d - back, 0.0)), index, out)


def _table(function: Callable[[Floats], Floats], index: FixedType, out: FixedType) -> Table:
    points = to_float(np.arange(index.min_int, index.max_int + 1, dtype=np.int64), index)
    return Table(index, Weight(quantize(function(points), out), out))
