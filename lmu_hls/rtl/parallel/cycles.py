"""Units of layers with whole vectors for beats: their multipliers and cycles, and the choices of columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from lmu_hls.records import PartPlan
from lmu_hls.rtl.cells import HIDDEN, CellSizes, Lanes, WholeForm
from lmu_hls.rtl.cycles import QUEUE, ROUND, Pace
from lmu_hls.rtl.matrix import Columns, WholeMatrix, turns_of
from lmu_hls.rtl.parallel.base import DENSE
from lmu_hls.rtl.search import Search, exact_search
from lmu_hls.rtl.sizes import ENCODER, MEMORY, LMUSizes

ROUNDS = 8  # steps after which the cycles from step to step have settled
MOST_REGISTERS = 3  # PIPELINE of lmu_memory_parallel


@dataclass(frozen=True, slots=True)
class ParallelMemory:
    """``lmu_memory_parallel``. The more turns it takes, the more registers can be on the way from state to state, and
    as many as there are cycles for where a step takes ``room`` anyhow."""

    order: int
    memory_d: int
    at_once: int
    room: int = 0

    @property
    def turns(self) -> int:
        return -(-(self.order + 1) // self.at_once)

    @property
    def pipeline(self) -> int:
        return min(max(self.turns - 1, self.room - self.turns), MOST_REGISTERS)

    @property
    def cycles(self) -> int:
        """Cycles a step, and from u to the states."""
        return self.turns + self.pipeline

    @property
    def multipliers(self) -> int:
        return self.memory_d * self.order * self.at_once

    @property
    def macs(self) -> int:
        return self.memory_d * self.order * (self.order + 1)


@dataclass(frozen=True, slots=True)
class Units:
    """The units of an LMU layer."""

    encoder: WholeMatrix
    memory: ParallelMemory
    hidden: WholeMatrix | None


def units_of(sizes: LMUSizes, lanes: Lanes) -> Units:
    cell = sizes.cell
    hidden = None if cell is None else cell.whole_matrix(lanes)
    encoder, room = sizes.encoder.whole(lanes[ENCODER]), 0
    if not sizes.mem_back and not sizes.h_back:
        room = max(encoder.cycles, cell_pace(cell, lanes).ii if cell is not None else 0)
    return Units(encoder, ParallelMemory(sizes.memory.order, sizes.memory_d, lanes[MEMORY], room), hidden)


def part_plan(name: str, matrix: WholeMatrix, useful_quarters: int = 4) -> PartPlan:
    macs = matrix.columns * matrix.rows * useful_quarters // 4
    return PartPlan(name, macs, matrix.at_once, matrix.multipliers, matrix.cycles)


def whole_form(cell: CellSizes) -> WholeForm:
    """What makes h, of a cell that has a form for whole vectors."""
    assert cell.form.whole is not None
    return cell.form.whole


class _Unit:
    """Takes a step every ``cycles``."""

    def __init__(self, cycles: int) -> None:
        self.cycles, self.free = cycles, -(1 << 30)

    def take(self, *beats: int) -> int:
        """When it takes a step whose operands come in these cycles."""
        taken = max(self.free, *beats)
        self.free = taken + self.cycles
        return taken


class _Loop:
    """An LMU layer, step after step."""

    def __init__(self, sizes: LMUSizes, lanes: Lanes) -> None:
        self.sizes, self.units = sizes, units_of(sizes, lanes)
        self.encoder, self.memory = _Unit(self.units.encoder.cycles), _Unit(self.units.memory.cycles)
        self.hidden = _Unit(self.units.hidden.cycles) if self.units.hidden is not None else None
        self.mem = self.h = -(1 << 30)  # of the step before

    def step(self, x: int) -> int:
        """When h of the next step leaves, whose x comes in cycle ``x``."""
        sizes, units = self.sizes, self.units
        back = ([self.mem + QUEUE] if sizes.mem_back else []) + ([self.h + QUEUE] if sizes.h_back else [])
        taken = self.encoder.take(x, *back)
        self.mem = self.memory.take(taken + units.encoder.latency + ROUND) + units.memory.cycles
        if self.hidden is None or units.hidden is None or sizes.cell is None:
            self.h = self.mem + ROUND
            return self.h
        own = [self.h + QUEUE] if sizes.cell.recurrent else []
        waiting = [taken + QUEUE] if sizes.cell.n_x else []
        into = self.hidden.take(self.mem, *own, *waiting)
        self.h = into + units.hidden.latency + whole_form(sizes.cell).after
        return self.h


def lmu_pace(sizes: LMUSizes, lanes: Lanes) -> Pace:
    units = units_of(sizes, lanes)
    formulas = {ENCODER: (units.encoder.formula, units.encoder.cycles)}
    formulas |= {MEMORY: ("ceil((ORDER + 1)/COLUMNS) + PIPELINE", units.memory.cycles)}
    if units.hidden is not None:
        formulas |= {HIDDEN: (units.hidden.formula, units.hidden.cycles)}
    if sizes.mem_back or sizes.h_back or (sizes.cell is not None and sizes.cell.recurrent):
        formulas["feedback"] = ("one way round of what is fed back", _period(sizes, lanes))
    return Pace(
        max(cycles for _, cycles in formulas.values()),
        formulas,
        lambda beats: [_Loop(sizes, lanes).step(beats[-1])],
    )


def cell_pace(cell: CellSizes, lanes: Lanes) -> Pace:
    matrix = cell.whole_matrix(lanes)
    after = matrix.latency + whole_form(cell).after
    formulas = {HIDDEN: (matrix.formula, matrix.cycles)}
    if cell.recurrent:
        formulas["recurrence"] = (f"latency + {QUEUE}", after + QUEUE)
    ii = max(cycles for _, cycles in formulas.values())
    return Pace(ii, formulas, lambda beats: [beat + after for beat in beats])


def _period(sizes: LMUSizes, lanes: Lanes) -> int:
    """Cycles from step to step when x is always there."""
    loop = _Loop(sizes, lanes)
    ends = [loop.step(0) for _ in range(ROUNDS)]
    return ends[-1] - ends[-2]


def steps_ahead(sizes: LMUSizes, lanes: Lanes) -> int:
    """Steps of x that wait for the hidden cell while encoder and memory work on them."""
    units = units_of(sizes, lanes)
    return (units.encoder.latency + ROUND + units.memory.cycles) // lmu_pace(sizes, lanes).ii + 2


# The choices of columns


@lru_cache(64)
def matrix_search(columns: int, rows: int) -> Search:
    found = turns_of(columns)
    return exact_search((DENSE,), [((at_once,), rows * at_once, turns) for at_once, turns in found.items()], Columns)


@lru_cache(64)
def cell_search(cell: CellSizes) -> Search:
    found = []
    for at_once in turns_of(cell.columns):
        lanes = {HIDDEN: at_once}
        found.append(((at_once,), cell.whole_matrix(lanes).multipliers, cell_pace(cell, lanes).ii))
    return exact_search((HIDDEN,), found, Columns)


@lru_cache(64)
def lmu_search(sizes: LMUSizes) -> Search:
    cell = sizes.cell
    names = (ENCODER, MEMORY, *([HIDDEN] if cell is not None else []))
    choices = [turns_of(sizes.encoder.columns), turns_of(sizes.memory.order + 1)]
    choices += [turns_of(cell.columns)] if cell is not None else []
    found = []
    for each in product(*choices):
        lanes = dict(zip(names, each, strict=True))
        units = units_of(sizes, lanes)
        multipliers = units.encoder.multipliers + units.memory.multipliers
        multipliers += units.hidden.multipliers if units.hidden is not None else 0
        found.append((each, multipliers, lmu_pace(sizes, lanes).ii))
    return exact_search(names, found, Columns)
