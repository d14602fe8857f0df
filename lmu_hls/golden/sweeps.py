"""Assignments of which some make their values one after the other, each from the one beside it.

The values of every group (a channel of a memory) are gone through together, place by place, so that what a place needs
stays in the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lmu_hls.golden.affine import Numbers, Rounder, exact_dtype
from lmu_hls.spec import Assign, Read, Term, Weight


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A term: its source times ``factor``; ``by_group`` where the source has one value a group."""

    x: Read
    by_group: bool
    factor: Any  # (order, 1, 1) or one number; None for 1


class Sweeps:
    """Some assignments in their order, like :class:`lmu_hls.golden.assign.Step`; their last tensor is what they give.

    Terms are values as they are, diagonal factors, and one row of coefficients for one value of a group. Raises
    ValueError for other terms, and for a sum that can reach 2**62.
    """

    def __init__(self, name: str, assignments: Sequence[Assign]) -> None:
        self._groups = max(term.groups for item in assignments for term in item.terms)
        self._order = assignments[-1].to.width // self._groups
        sums = [(item, max(term.fraction for term in item.terms)) for item in assignments]
        bounds = [_bound(f"{name}: {item.to.name}", item, fraction) for item, fraction in sums]
        self._dtype = np.result_type(*bounds)
        self._moves = [
            (item, Rounder(fraction, item.to.type), [self._part(name, term, fraction) for term in item.terms])
            for item, fraction in sums
        ]

    def _part(self, name: str, term: Term, fraction: int) -> _Part:
        row = term.matrix is not None and term.matrix.shape == (1, self._order)
        if isinstance(term.factor, Read) or (term.matrix is not None and not row):
            raise ValueError(f"{name}: a product of {term.x.tensor.name} that cannot be made place by place")
        scale = (-1 if term.negative else 1) << (fraction - term.fraction)
        if term.factor is None:
            return _Part(term.x, row, None if scale == 1 else self._dtype.type(scale))
        return _Part(term.x, row, (term.factor.values.reshape(-1, 1, 1) * scale).astype(self._dtype))

    @property
    def overflows(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for item, move, _ in self._moves:
            name = item.to.name.partition(".")[0]  # f and z are parts of the tensor sweep
            counts[name] = counts.get(name, 0) + move.overflows
        return counts

    def numbers(self, inputs: Mapping[str, Numbers], before: Mapping[str, Numbers]) -> dict[str, Numbers]:
        """The last tensor (batch, groups, order) from this step's ``inputs`` and the tensors of the step before.

        Both may be (batch, groups * order), too. What it gave is taken back without a copy.
        """
        values: dict[str, Numbers] = {}
        old = {name: self._by_place(values) for name, values in before.items()}
        flat = {name: values.astype(self._dtype, copy=False) for name, values in inputs.items()}
        for item, move, parts in self._moves:
            sources = [
                None if p.x.beside else (old if p.x.earlier else flat if p.by_group else values)[p.x.tensor.name]
                for p in parts
            ]
            values[item.to.name] = self._make(move, parts, sources)
        last = self._moves[-1][0].to.name
        return {last: np.moveaxis(values[last], 0, -1)}

    def _make(self, move: Rounder, parts: list[_Part], sources: list[Numbers | None]) -> Numbers:
        """Rounded sums (order, batch, groups); what does not come from beside is summed for all places at once."""
        rest: Numbers | None = None
        chained = next((part for part in parts if part.x.beside), None)
        for part, source in zip(parts, sources, strict=True):
            if source is not None:
                product = source if part.factor is None else source * part.factor
                rest = (
                    product if rest is None else np.add(rest, product, out=product if part.factor is not None else None)
                )
        assert rest is not None
        if chained is None:
            return move(rest)
        coefficients = np.broadcast_to(1 if chained.factor is None else chained.factor, (self._order, 1, 1)).ravel()
        places = range(self._order) if chained.x.beside < 0 else range(self._order - 1, -1, -1)
        fitting = _without_overflow(move, rest, coefficients, places)
        if fitting is not None:
            return fitting
        result, previous = np.empty_like(rest), np.zeros_like(rest[0])
        for i in places:
            total = previous * coefficients[i]
            total += rest[i]
            result[i] = previous = move(total)
        return result

    def _by_place(self, values: Numbers) -> Numbers:
        """(batch, groups, order) as (order, batch, groups), in one piece."""
        split = values.reshape(len(values), self._groups, self._order)
        return np.ascontiguousarray(np.moveaxis(split, -1, 0), self._dtype)


def _without_overflow(move: Rounder, rest: Numbers, coefficients: Numbers, places: range) -> Numbers | None:
    """The places' values as they are when all of them fit, which is seen at the end; None where one does not.

    The first value that does not fit is exact, so that none is missed.
    """
    if move.in_float is None or rest.dtype != np.float64 or not rest.size:
        return None
    result, factors = rest * move.scale, coefficients * move.scale
    move.in_float(result[places[0]], out=result[places[0]])
    product = np.empty_like(result[0])
    with np.errstate(all="ignore"):
        for before, i in pairwise(places):
            place = result[i]
            np.multiply(result[before], factors[i], out=product)
            np.add(place, product, out=place)
            move.in_float(place, out=place)
    fits = result.min() >= move.to.min_int and result.max() <= move.to.max_int  # of NaN, neither
    return result if fits else None


def _bound(name: str, item: Assign, fraction: int) -> np.dtype:
    """The number format in which the sum of an assignment is exact."""
    bound = 0
    for term in item.terms:
        factor = int(np.abs(term.factor.values).max(initial=0)) if isinstance(term.factor, Weight) else 1
        bound += (term.x.type.max_abs * factor) << (fraction - term.fraction)
    return exact_dtype(name, bound)
