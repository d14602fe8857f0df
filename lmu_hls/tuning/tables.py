"""The tables of tanh and sigmoid as a part of the search: how many entries, over which range, and what they cost.

A layer's tables have one index type, which stands among the types as the tensor :data:`TABLE`: TableSize entries are as
many bits, TableRange is its largest value. Up to the default size a table fits one block RAM, so that a smaller one
saves nothing and its bits do not count; what it grows beyond counts in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.hidden import whole_index
from lmu_hls.golden import Trace
from lmu_hls.precision import decibel
from lmu_hls.spec import Activation, Network, RecurrentLayer
from lmu_hls.tuning.calibration import REFERENCE
from lmu_hls.tuning.draft import TABLE, Draft, Key, Types

Floats = NDArray[np.float64]

MIN_BITS: Final = 11  # 2048 entries
MAX_BITS: Final = 16
MOST_VALUES: Final = 100_000  # of a tensor that a table's error is measured on


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """One use of a table: ``activation`` of some columns of the traced tensor ``source``, assigned to ``target``."""

    activation: Activation
    source: str
    columns: NDArray[np.intp]
    target: str  # hls4ml's name


@dataclass(frozen=True, slots=True, eq=False)
class TablePlan:
    """A layer's tables. By the bits of the index: ``reach`` (log2 of the best range) and ``db``, the SNR they allow.

    ``outputs`` are the functions with the tensors whose type the entries have. ``mine`` is False where the user has
    written TableSize or TableRange: then there is one size, and the index is none of the search's types.
    """

    outputs: tuple[tuple[str, Key], ...]
    reach: Mapping[int, int]
    db: Mapping[int, float]
    mine: bool = True

    def index(self, bits: int) -> FixedType:
        return FixedType(bits, self.reach[bits] + 1)

    def counted(self, bits: int, types: Types) -> int:
        """Bits of all different tables beyond their first 2**MIN_BITS entries."""
        width = sum(kind.width for _, kind in {(function, types[key]) for function, key in self.outputs})
        return width * max(0, (1 << bits) - (1 << MIN_BITS))

    def first(self, db: float) -> int:
        """The fewest index bits with which the tables alone leave ``db`` dB; the most there are where none do."""
        return next((bits for bits in sorted(self.db) if self.db[bits] >= db), max(self.db))


def lookups(layer: RecurrentLayer) -> tuple[Lookup, ...]:
    """Every use of a table in the hidden cell, in the order in which a step makes them."""
    used: dict[tuple[Activation, str, str], list[NDArray[np.intp]]] = {}
    for item in layer.cell:
        if isinstance(item.function, Activation) and item.function.table is not None:
            (term,) = item.terms
            target = "result" if item.to.name == "h" else item.to.name
            columns = np.arange(term.x.start, term.x.stop)
            used.setdefault((item.function, term.x.tensor.name, target), []).append(columns)
    return tuple(
        Lookup(function, source, np.concatenate(columns), target)
        for (function, source, target), columns in used.items()
    )


def allowed_db(lookup: Lookup, index: FixedType, values: Floats) -> float:
    """The SNR of the function of ``values`` by a table of the entries that ``index`` counts, in dB."""
    function, table = FUNCTIONS[lookup.activation.function], lookup.activation.table
    alpha = lookup.activation.alpha
    if table is not None and table.slopes is not None:
        points = (np.arange(index.min_int, index.max_int + 2) * index.lsb).astype(np.float64)
        held = np.interp(values, points, function.tabulated(points, alpha))
    else:
        held = function.tabulated(to_float(quantize(values, index), index), alpha)
    error = held - function.tabulated(values, alpha)
    return decibel(float(np.sum(function.scaled(values, alpha) ** 2)), float(np.sum(error**2)))


def inputs_of(lookup: Lookup, layer: str, trace: Trace) -> Floats:
    """What is looked up in ``trace``, which comes from :func:`calibrate`; at most about MOST_VALUES of it."""
    values = to_float(trace[layer].tensors[lookup.source][..., lookup.columns], REFERENCE).ravel()
    return values[:: len(values) // MOST_VALUES + 1]


def plan_tables(source: Draft, integers: Mapping[Key, int], network: Network, trace: Trace) -> dict[Key, TablePlan]:
    """The tables of every layer that has some; ``trace`` is the run of ``network`` with types that hardly round."""
    plans = {}
    for layer in network.recurrent:
        used = lookups(layer)
        if not used:
            continue
        outputs = tuple((item.activation.function, (layer.name, item.target)) for item in used)
        values = [inputs_of(item, layer.name, trace) for item in used]
        if layer.name in source.own_tables:
            reach, db = _best_reaches(used, values, integers, layer.name)
            plans[layer.name, TABLE] = TablePlan(outputs, reach, db)
        else:
            own = [_written(source, layer.name, item, integers) for item in used]
            bits = own[0].width
            least = min(allowed_db(item, kind, v) for item, kind, v in zip(used, own, values, strict=True))
            plans[layer.name, TABLE] = TablePlan(outputs, {bits: own[0].integer - 1}, {bits: least}, False)
    return plans


def _written(source: Draft, layer: str, item: Lookup, integers: Mapping[Key, int]) -> FixedType:
    """The index type that the configuration gives a table."""
    argument = integers[layer, item.source]
    return source.table_index(layer, item.activation.function, FixedType(max(1, argument), argument))


def _best_reaches(
    used: tuple[Lookup, ...], values: list[Floats], integers: Mapping[Key, int], layer: str
) -> tuple[dict[int, int], dict[int, float]]:
    """For every size the log2 of the range that leaves the best SNR, and that SNR.

    The range never ends below what the inputs' types hold, unless the function is flat there.
    """
    functions = [FUNCTIONS[item.activation.function] for item in used]
    full = max(0, *(integers[layer, item.source] - 1 for item in used))
    ending = [known for known in functions if not known.whole]
    low = min(full, max((int(log2(known.reach or 1)) for known in ending), default=full))
    high = max(low, min(full, max((int(log2(known.end or 1)) for known in ending), default=full)))
    reach, db = {}, {}
    for bits in range(MIN_BITS, MAX_BITS + 1):
        whole = {item: whole_index(bits, FixedType(bits, integers[layer, item.source])) for item in used}
        found = {
            end: min(
                allowed_db(item, whole[item] if known.whole else FixedType(bits, end + 1), v)
                for item, known, v in zip(used, functions, values, strict=True)
            )
            for end in range(low, high + 1)
        }
        reach[bits] = max(found, key=lambda end: found[end])
        db[bits] = found[reach[bits]]
    return reach, db
