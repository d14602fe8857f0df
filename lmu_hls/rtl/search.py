"""The search over the lanes of a layer's parts, with the exact cycles of the whole layer as its judge.

All combinations are candidates. A lower bound of a candidate's cycles a step comes from formulas, those of its parts
and the way round its feedback; without feedback it is exact. With feedback the exact cycles come from letting a few
steps go round (:func:`lmu_hls.rtl.loop.lmu_pace`), which is done only where the bound leaves hope.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from lmu_hls.rtl.cells import CellSizes, Lanes
from lmu_hls.rtl.engine import ENGINE
from lmu_hls.rtl.engines import Engine
from lmu_hls.rtl.loop import lmu_pace, way_round
from lmu_hls.rtl.matrix import Matrix
from lmu_hls.rtl.sizes import ENCODER, MEMORY, LMUSizes

KEPT = 64  # searches: a conversion plans the same layers several times


@dataclass(frozen=True, slots=True)
class Choice:
    """Lanes of all parts of a layer, the cycles a step that it then takes, and the multipliers."""

    cycles: int
    multipliers: int
    lanes: Lanes


class Search:
    """The choices of lanes of one layer that are worth having.

    No other choice has as few multipliers and fewer cycles, or as few cycles and fewer multipliers.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        candidates: _Candidates,
        sizes: LMUSizes | None = None,
        form: type[dict[str, int]] = dict,
    ) -> None:
        """``sizes``: of a layer whose candidates have bounds only. ``form`` is what the lanes of a choice are."""
        self._form = form
        order = np.lexsort((candidates.bounds, candidates.multipliers))
        self._names, self._sizes = names, sizes
        self._lanes = [candidates.lanes[k] for k in order]
        self._multipliers, self._bounds = candidates.multipliers[order], candidates.bounds[order]
        self._exact: dict[int, int] = {}

    def at_most(self, cycles: int) -> Choice | None:
        """The choice with the fewest multipliers that takes at most ``cycles`` a step, if there is one."""
        best: Choice | None = None
        for k in map(int, np.flatnonzero(self._bounds <= cycles)):
            if best is not None and self._multipliers[k] > best.multipliers:
                break
            if best is None or self._bounds[k] < best.cycles:
                choice = self._choice(k)
                if choice.cycles <= cycles and (best is None or choice.cycles < best.cycles):
                    best = choice
        return best

    @property
    def fastest(self) -> Choice:
        """The fewest cycles, with the fewest multipliers for them."""
        least: int | None = None
        for k in map(int, np.argsort(self._bounds, kind="stable")):
            if least is not None and self._bounds[k] >= least:
                break
            cycles = self._choice(k).cycles
            least = cycles if least is None else min(least, cycles)
        assert least is not None
        found = self.at_most(least)
        assert found is not None
        return found

    @property
    def smallest(self) -> Choice:
        """The fewest multipliers, with the fewest cycles for them."""
        fewest = np.flatnonzero(self._multipliers == self._multipliers[0])
        return min((self._choice(int(k)) for k in fewest), key=lambda choice: choice.cycles)

    def front(self) -> tuple[Choice, ...]:
        """All choices worth having, from the fewest cycles to the fewest multipliers."""
        found: list[Choice] = []
        choice: Choice | None = self.smallest
        while choice is not None:
            found.append(choice)
            choice = self.at_most(choice.cycles - 1)
        return tuple(reversed(found))

    def _choice(self, k: int) -> Choice:
        lanes = self._form((name, own) for name, own in zip(self._names, self._lanes[k], strict=True) if own)
        if k not in self._exact:
            self._exact[k] = int(self._bounds[k]) if self._sizes is None else lmu_pace(self._sizes, lanes).ii
        return Choice(self._exact[k], int(self._multipliers[k]), lanes)


class Either(Search):
    """The choices of ``first`` and, for fewer cycles than any of them takes, those of ``second``."""

    def __init__(self, first: Search, second: Search) -> None:
        self._first, self._second = first, second

    def at_most(self, cycles: int) -> Choice | None:
        return self._first.at_most(cycles) or self._second.at_most(cycles)

    @property
    def fastest(self) -> Choice:
        return min(self._first.fastest, self._second.fastest, key=lambda choice: choice.cycles)

    @property
    def smallest(self) -> Choice:
        return self._first.smallest


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Lanes of all parts, with multipliers and bounds of the cycles a step, (candidates,) each."""

    lanes: list[tuple[int, ...]]
    multipliers: np.ndarray
    bounds: np.ndarray


def exact_search(
    names: tuple[str, ...], choices: Sequence[tuple[tuple[int, ...], int, int]], form: type[dict[str, int]]
) -> Search:
    """The search over ``choices``: lanes, multipliers and cycles a step of each."""
    lanes, multipliers, cycles = zip(*choices, strict=True)
    return Search(names, _Candidates(list(lanes), np.array(multipliers), np.array(cycles)), form=form)


@lru_cache(KEPT)
def matrix_search(name: str, matrix: Matrix) -> Search:
    """The search for a layer whose only part is ``matrix``."""
    choices = matrix.choices
    lanes, cycles = np.array([*choices]), np.array([*choices.values()])
    return Search((name,), _Candidates([(n,) for n in choices], lanes, cycles))


@lru_cache(KEPT)
def lmu_search(sizes: LMUSizes) -> Search:
    """Every choice of encoder and memory with every one of the cell, and one engine for all; layers of the same sizes
    share it."""
    memories = sizes.memory.choices
    each = {lanes: sizes.memory.with_lanes(lanes).multipliers for lanes in memories}
    front = [
        ((encoder, memory), encoder + each[memory], max(cycles, memories[memory]), way_round(sizes, encoder, memory))
        for (encoder, cycles), memory in product(sizes.encoder.choices.items(), memories)
    ]
    back = list(_cells(sizes.cell, sizes.h_back))
    (m_front, c_front, w_front), (m_back, c_back, w_back) = (
        np.array([candidate[1:] for candidate in part]).T for part in (front, back)
    )
    products = sizes.cell.form.products if sizes.cell is not None else 0
    multipliers = m_front[:, np.newaxis] + m_back + products
    bounds = np.maximum(np.maximum(c_front[:, np.newaxis], c_back), w_front[:, np.newaxis] + w_back)
    lanes = [(*one[0], *other[0], 0) for one, other in product(front, back)]
    names = (ENCODER, MEMORY, *(sizes.cell.matrices if sizes.cell is not None else ()), ENGINE)
    engines, slopes = ({}, 0) if sizes.engine is None else (sizes.engine.choices, sizes.engine.slopes)
    lanes += [(*[0] * (len(names) - 1), own) for own in engines]
    candidates = _Candidates(
        lanes,
        np.concatenate([multipliers.ravel(), np.array([*engines], int) + slopes]),
        np.concatenate([bounds.ravel(), np.array([*engines.values()], int)]),
    )
    loop = sizes.mem_back or sizes.h_back
    return Search(names, candidates, sizes if loop else None)


@lru_cache(KEPT)
def cell_search(cell: CellSizes, engine: Engine | None = None) -> Search:
    """The search for a layer that is a hidden cell alone, or an ``engine`` in its place."""
    found = [
        ((*lanes, 0), multipliers + cell.form.products, cycles) for lanes, multipliers, cycles, _ in _cells(cell, False)
    ]
    if engine is not None:
        none = (0,) * len(cell.matrices)
        found += [((*none, own), own + engine.slopes, cycles) for own, cycles in engine.choices.items()]
    return exact_search((*cell.matrices, ENGINE), found, dict)


def _cells(cell: CellSizes | None, h_back: bool) -> Iterator[tuple[tuple[int, ...], int, int, int]]:
    """Lanes, multipliers, cycles a step, and the cell's share in the way round, for all choices of a cell's lanes."""
    if cell is None:
        yield (), 0, 0, 0
        return
    choices = [matrix.choices for matrix in cell.matrices.values()]
    for lanes in product(*choices):
        named = dict(zip(cell.matrices, lanes, strict=True))
        cycles = max(choice[n] for choice, n in zip(choices, lanes, strict=True))
        cycles = max(cycles, cell.form.recurrence(cell, named)[1]) if cell.recurrent else cycles
        yield lanes, sum(lanes), cycles, cell.latency(named) if h_back else 0
