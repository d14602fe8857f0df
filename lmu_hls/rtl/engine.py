"""The cycles of ``lmu_engine``: all parts of an LMU layer, and the Dense layer behind it, on the same multipliers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TypeVar

from lmu_hls.rtl.cycles import Beats, Pace

E = TypeVar("E", bound="LayerOnEngine")

ENGINE = "engine"  # the part that stands for all others
MOST_LANES = 4  # with more, the parts side by side are about as busy, and their coefficients are narrower
FORMULA = "U_GROUPS*U_COLUMNS + MEMORY_D*MEM_GROUPS*(ORDER + 1) + H_GROUPS*H_COLUMNS + WAIT_U + WAIT_MEM + WAIT_H"
BEHIND = "OUT_GROUPS*OUT_COLUMNS + WAIT_OUT"
TO_OUTPUT = (
    2  # cycles more from a row's last column to its h, or value of the head, than to where its value can be read
)


@dataclass(frozen=True, slots=True)
class Head:
    """A Dense layer behind an LMU layer: its ``rows``, for every step or for the ``last_only`` of a sequence."""

    rows: int
    bias: bool
    last_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOnEngine(ABC):
    """A layer of ``units`` behind ``memory_d`` memories of an ``order`` on ``lanes`` multipliers.

    ``u_*`` and ``h_*`` say what goes into u and the hidden cell: a constant for the bias, x, mem and h of the step
    before (u). ``function`` are the cycles of the slowest function, ``slopes`` the multipliers of all of them. ``head``
    is the layer behind it, if that is on them, too. A product has ``more`` stages than one.
    """

    n_x: int
    memory_d: int
    order: int
    units: int
    u_bias: bool
    u_mem: bool
    u_h: bool
    h_bias: bool
    h_x: bool
    function: int
    slopes: int = 0
    lanes: int = 1
    head: Head | None = None
    more: int = 0

    def with_lanes(self: E, lanes: int) -> E:
        return replace(self, lanes=lanes)

    @property
    def multipliers(self) -> int:
        return self.lanes + self.slopes

    @property
    def states(self) -> int:
        return self.memory_d * self.order

    @property
    @abstractmethod
    def behind(self) -> int:
        """Cycles of the head."""

    @property
    def at_end(self) -> int:
        """Cycles that the last step of a sequence takes beside those of every step."""
        return self.behind if self.head is not None and self.head.last_only else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSizes(LayerOnEngine):
    """An LMU layer with a dense memory and a Dense or SimpleRNN cell. ``h_h``: h of the step before goes into h."""

    h_h: bool

    @property
    def u_columns(self) -> int:
        return self.u_bias + self.n_x + self.states * self.u_mem + self.units * self.u_h

    @property
    def h_columns(self) -> int:
        return self._before_mem + self.states

    @property
    def out_columns(self) -> int:
        """Those of the head."""
        return self.units + self.head.bias if self.head is not None else 1

    @property
    def keeps_h(self) -> bool:
        """h is read."""
        return self.u_h or self.h_h or self.head is not None

    @property
    def place_width(self) -> int:
        """Bits of the place of a value among those of a step."""
        return (self.n_x + self.memory_d + self.states + self.units * self.keeps_h - 1).bit_length()

    @property
    def delay(self) -> int:
        """Cycles from a row's last column to the first column that can read its value."""
        return 7 + self.more + self.function

    @property
    def macs(self) -> int:
        """The multiplications of a step; those of biases are none."""
        rows = (self.u_columns - self.u_bias) * self.memory_d + self.states * (self.order + 1)
        return rows + (self.h_columns - self.h_bias) * self.units

    @property
    def wait_mem(self) -> int:
        """The memory reads a channel's u in the last column of its first row."""
        turn = min(self.u_columns, self.lanes * self._groups(self.order) * (self.order + 1))
        return max(0, self.delay - 1 - self.order - (self._groups(self.memory_d) - 1) * turn)

    @property
    def wait_h(self) -> int:
        """The cell reads the states in its last columns."""
        return max(0, self.delay - 1 - (self.h_columns - self._last(self.order)))

    @property
    def wait_u(self) -> int:
        """h of the step before is read in the last columns; a head that comes in between has waited for it."""
        waits = self.u_h and (self.head is None or self.head.last_only)
        return max(0, self.delay - 1 - (self.u_columns - self._last(self.units))) if waits else 0

    @property
    def wait_out(self) -> int:
        """The head reads h in its last columns."""
        return max(0, self.delay - 1 - (self.out_columns - self._last(self.units))) if self.head is not None else 0

    @property
    def behind(self) -> int:
        """Cycles of the head."""
        return 0 if self.head is None else self._groups(self.head.rows) * self.out_columns + self.wait_out

    @property
    def cycles(self) -> int:
        """Cycles a step."""
        return self._words + self.wait_u + self.behind - self.at_end

    @property
    def latency(self) -> int:
        """From a step's last x to its last value, in an idle unit."""
        return self._words + self.behind + self._last(self._rows_out) - 1 + self.delay + TO_OUTPUT

    @property
    def choices(self) -> dict[int, int]:
        """Possible lanes -> cycles a step."""
        columns = [self.u_columns, self.order + 1, self.h_columns]
        most = min(MOST_LANES, *columns, *[self.out_columns] * (self.head is not None))
        return {lanes: self.with_lanes(lanes).cycles for lanes in range(1, most + 1)}

    @property
    def pace(self) -> Pace:
        formula = FORMULA if self.behind == self.at_end else f"{FORMULA} + {BEHIND}"
        return Pace(self.cycles, {ENGINE: (formula, self.cycles)}, self._respond, self.at_end)

    @property
    def head_pace(self) -> Pace:
        """What the head takes of these cycles; its values come with those of :attr:`pace`."""
        return Pace(self.behind, {ENGINE: (BEHIND, self.behind)}, lambda beats: beats)

    def _respond(self, beats: Beats) -> Beats:
        last_lane, columns = self._last(self._rows_out) - 1, self.h_columns if self.head is None else self.out_columns
        first = beats[-1] + self.latency - last_lane - (self._groups(self._rows_out) - 1) * columns
        rows = (divmod(row, self.lanes) for row in range(self._rows_out))
        return [first + group * columns + lane for group, lane in rows]

    @property
    def _rows_out(self) -> int:
        return self.units if self.head is None else self.head.rows

    @property
    def _before_mem(self) -> int:
        return self.h_bias + self.n_x * self.h_x + self.units * self.h_h

    @property
    def _words(self) -> int:
        """Cycles from a step's first column to its last one."""
        memory = self.memory_d * self._groups(self.order) * (self.order + 1)
        rows = self._groups(self.memory_d) * self.u_columns + memory + self._groups(self.units) * self.h_columns
        return rows + self.wait_mem + self.wait_h

    def _groups(self, rows: int) -> int:
        return -(-rows // self.lanes)

    def _last(self, rows: int) -> int:
        """Rows of the last group."""
        return (rows - 1) % self.lanes + 1
