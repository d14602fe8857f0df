"""The program of ``lmu_engine_gated``: all parts of a layer with an LSTM or GRU cell on the same multipliers, and the
cycles that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from lmu_hls.rtl.cycles import Beats, Pace
from lmu_hls.rtl.engine import ENGINE, MOST_LANES, LayerOnEngine

U, MEM, GATE, CAND, CELL, SQUASH, H, OUT = range(8)  # kinds of rows, as the module numbers them
LSTM, GRU, GRU_BEFORE = "lstm", "gru", "gru before"
FORMULA = "WAIT + GROUPS*COLUMNS of all sections"
SHORTEST = 2  # cycles of a section, after which the next one is there
TO_OUTPUT = 3  # cycles more from a row's last column to the value at the output than to where it can be read
PROGRAMS = 64  # a plan asks for the same ones again and again


@dataclass(frozen=True, slots=True)
class Column:
    """An operand and its factor: the value at ``place`` (None: the constant of a bias), this step's or the ``old`` one,
    and a coefficient, with ``factor`` 0, or the gate at ``gate``.

    Both places ``count`` with the row. Flags of operands that are ``told`` go on to the value. The factor is that of
    ``lane``.
    """

    place: int | None
    old: bool = False
    factor: int = 0
    gate: int = 0
    counts: bool = False
    told: bool = False
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """``rows`` with the same ``columns``, so many ``together``; ``same``: they have the same coefficients, too.

    ``wait`` cycles pass before the first one. The rows before ``first`` are those of the section ahead.
    """

    kind: int
    rows: int
    columns: tuple[Column, ...]
    together: int
    same: bool = False
    wait: int = 0
    first: int = 0

    @property
    def groups(self) -> int:
        return -(-self.rows // self.together)

    @property
    def last(self) -> int:
        """Rows of the last group."""
        return (self.rows - 1) % self.together + 1

    @property
    def cycles(self) -> int:
        return self.wait + self.groups * len(self.columns)


@dataclass(frozen=True, kw_only=True)
class GatedSizes(LayerOnEngine):
    """An LMU, or with ``memory_d`` 0 a ``cell`` over x itself; an inner one of a GRU may have a ``recurrent_bias``.

    ``zero_shift`` is the factor that is an LSTM's gate as it is.
    """

    cell: str
    recurrent_bias: bool
    zero_shift: int = 1

    @property
    def sections(self) -> tuple[Section, ...]:
        return _program(self)

    @property
    def places(self) -> dict[str, int]:
        """The first place of each tensor, in the order in which they are written, and behind them their number."""
        n = self.units
        counts = {"x": self.n_x, "u": self.memory_d, "mem": self.states}
        own = ("candidate", "cell", "squashed") if self.cell == LSTM else ("inner", "candidate")
        counts |= dict.fromkeys(own, n) | {"h": n}
        found, place = {}, 0
        for tensor, count in counts.items():
            found[tensor] = place
            place += count
        return found | {"": place}

    @property
    def gates(self) -> int:
        return self.units * (3 if self.cell == LSTM else 2)

    @property
    def delay(self) -> int:
        """Cycles from a row's last column to the first column that can read its value."""
        return 10 + self.more + self.function

    @property
    def macs(self) -> int:
        """The multiplications of a step that the layer needs: of biases, of the constants of a program, and of the
        layer behind it there are none here."""
        own = self.sections if self.head is None else self.sections[:-1]
        return sum(
            each.rows * sum(column.place is not None and not column.lane for column in each.columns)
            for each in own
            if each.kind != SQUASH
        ) - self.units * (self.cell != LSTM) * (1 + (self.cell == GRU_BEFORE))

    @property
    def behind(self) -> int:
        """Cycles of the head."""
        return 0 if self.head is None else self.sections[-1].cycles

    @property
    def cycles(self) -> int:
        """Cycles a step."""
        return sum(each.cycles for each in self.sections) - self.at_end

    @property
    def latency(self) -> int:
        """From a step's last x to its last value, in an idle unit."""
        return self.cycles + self.at_end + self.sections[-1].last - 1 + self.delay + TO_OUTPUT

    @cached_property
    def choices(self) -> dict[int, int]:
        """Possible lanes -> cycles a step."""
        most = min(MOST_LANES, *(len(each.columns) for each in self.with_lanes(2).sections if each.together > 1))
        return {lanes: self.with_lanes(lanes).cycles for lanes in range(1, most + 1)}

    @property
    def pace(self) -> Pace:
        return Pace(self.cycles, {ENGINE: (FORMULA, self.cycles)}, self._respond, self.at_end)

    @property
    def head_pace(self) -> Pace:
        """What the head takes of these cycles; its values come with those of :attr:`pace`."""
        return Pace(self.behind, {ENGINE: (FORMULA, self.behind)}, lambda beats: beats)

    def _respond(self, beats: Beats) -> Beats:
        end, last = beats[-1] + self.latency, self.sections[-1]
        first = end - (last.last - 1) - (last.groups - 1) * len(last.columns)
        rows = (divmod(row, last.together) for row in range(last.rows))
        return [first + group * len(last.columns) + lane for group, lane in rows]


@lru_cache(PROGRAMS)
def _program(sizes: GatedSizes) -> tuple[Section, ...]:
    """With its waits."""
    return tuple(with_waits(sizes, list(_sections(sizes))))


def _sections(sizes: GatedSizes) -> Iterator[Section]:
    places, n, lanes = sizes.places, sizes.units, sizes.lanes

    def values(tensor: str, count: int, there: bool = True, old: bool = False) -> list[Column]:
        return [Column(places[tensor] + k, old) for k in range(count * there)]

    def own(tensor: str, factor: int = 0, gate: int = 0, old: bool = False, lane: int = 0, first: int = 0) -> Column:
        """The value of the row's unit, and the gate, where the first one is that of a row."""
        unit = first + lane
        return Column(places[tensor] + unit, old, factor, gate * n + unit, counts=True, told=not old, lane=lane)

    def constant(there: bool) -> list[Column]:
        return [Column(None)] * there

    def each(kind: int, *columns: Column) -> Section:
        return Section(kind, n, columns, 1, same=True)

    def rows(kind: int, count: int, *columns: list[Column]) -> Section:
        return Section(kind, count, tuple(column for part in columns for column in part), lanes)

    x, mem = values("x", sizes.n_x, sizes.memory_d == 0 or sizes.h_x), values("mem", sizes.states)
    old_h = values("h", n, old=True)
    if sizes.memory_d:
        old = [*values("mem", sizes.states, sizes.u_mem, True), *values("h", n, sizes.u_h, True)]
        yield rows(U, sizes.memory_d, constant(sizes.u_bias), values("x", sizes.n_x), old)
    for channel in range(sizes.memory_d):
        degrees = mem[channel * sizes.order : (channel + 1) * sizes.order]
        u = Column(places["u"] + channel)
        yield rows(MEM, sizes.order, [replace(each, old=True) for each in degrees], [u])
    bias = constant(sizes.h_bias)
    if sizes.cell == LSTM:
        columns = (bias, x, old_h, mem)
        yield rows(CAND, n, *columns)
        yield rows(GATE, 3 * n, *columns)  # i, f, o
        yield each(CELL, own("cell", 1, 1, old=True), own("candidate", 2, 0))
        yield each(SQUASH, own("cell"))
        yield each(H, own("squashed", sizes.zero_shift, 2))
    else:
        mixture = [own("h", 2, 1, old=True), own("candidate", 3, 1), own("candidate")]  # z h + (-1-z) g + 2 g
        yield rows(GATE, 2 * n, constant(sizes.h_bias or sizes.recurrent_bias), x, old_h, mem)  # r, z
        if sizes.cell == GRU:
            yield rows(CELL, n, constant(sizes.recurrent_bias), old_h)
            whole = n - n % lanes
            for first, count in ((0, whole), (whole, n - whole)):  # no lane reads beyond the last inner
                if count:
                    at_once = min(lanes, count)
                    reset = [own("inner", 1, 0, lane=lane, first=first) for lane in range(at_once)]
                    made = rows(CAND, count, bias, x, mem, reset)
                    yield replace(made, together=at_once, first=first)
        else:
            yield each(CELL, own("h", 1, 0, old=True))
            yield rows(CAND, n, bias, x, values("inner", n), mem)
            mixture.append(own("inner"))  # its flag alone
        yield each(H, *mixture)
    if sizes.head is not None:
        yield rows(OUT, sizes.head.rows, constant(sizes.head.bias), values("h", n))


def with_waits(sizes: GatedSizes, sections: Sequence[Section]) -> list[Section]:
    """The ``sections`` with the fewest cycles to wait, so that no value is read before it is there, and no group ends
    while the rows of the one before are still on their way."""
    own = [replace(each, wait=0) for each in sections]
    for turn in (False, True):  # what the step before has written comes second
        for number, section in enumerate(own):
            own[number] = replace(section, wait=section.wait + _late(sizes, own, number, turn))
    return own


def _late(sizes: GatedSizes, sections: Sequence[Section], number: int, old: bool) -> int:
    """By how many cycles ``number`` would read too early: its own step, or with ``old`` the one before."""
    there, ends, begins = written(sizes, sections)
    section, begin = sections[number], begins[number]
    late = SHORTEST - section.cycles
    period = sum(each.cycles for each in sections) - (
        sections[-1].cycles if sizes.head is not None and sizes.head.last_only else 0
    )
    if old:
        if number == 0:
            count = len(sections) - 1 - (sizes.head is not None and sizes.head.last_only)
            late = ends[count] + sections[count].last - (begin + period + len(section.columns) - 1)
    elif number:
        late = ends[number - 1] + sections[number - 1].last - (begin + len(section.columns) - 1)
    for cycle, value in reads(sizes, section, old):
        late = max(late, there.get(value, 0) - (begin + cycle + period * old))
    return max(0, late)


def written(sizes: GatedSizes, sections: Sequence[Section]) -> tuple[dict[tuple[str, int], int], list[int], list[int]]:
    """When each value can be read, by RAM and place; the last column of each section, and its first one; in cycles
    of a step."""
    place, gate, cycle = sizes.n_x, 0, 0
    there: dict[tuple[str, int], int] = {}
    ends: list[int] = []
    begins: list[int] = []
    for section in sections:
        cycle += section.wait
        begins.append(cycle)
        for row in range(section.rows):
            group, lane = divmod(row, section.together)
            at = cycle + (group + 1) * len(section.columns) - 1 + sizes.delay + lane
            if section.kind == GATE:
                there["gate", gate] = at
                gate += 1
            else:
                there["value", place] = at
                place += 1
        cycle += section.groups * len(section.columns)
        ends.append(cycle - 1)
    return there, ends, begins


def reads(sizes: GatedSizes, section: Section, old: bool) -> Iterator[tuple[int, tuple[str, int]]]:
    """What is read, and how many cycles after the first column; of columns that do not count with the row, the first
    time."""
    for number, column in enumerate(section.columns):
        for group in range(section.groups if column.counts else 1):
            row = group * section.together * column.counts
            if column.counts and row + column.lane >= section.rows:
                continue  # of a lane without a row
            cycle = group * len(section.columns) + number
            if column.place is not None and column.place >= sizes.n_x and column.old == old:
                yield cycle, ("value", column.place + row)
            if column.factor and not old:
                yield cycle, ("gate", column.gate + row)
