"""The cycles of ``lmu_engine``: all parts of an LMU layer on the same multipliers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmu_hls.rtl.cycles import Beats, Pace

ENGINE = "engine"  # the part that stands for all others
MOST_LANES = 2  # fewer than encoder, memory and cell have by themselves; these work side by side
FORMULA = "U_GROUPS*U_COLUMNS + MEMORY_D*MEM_GROUPS*(ORDER + 1) + H_GROUPS*H_COLUMNS + WAIT_U + WAIT_MEM + WAIT_H"
TO_OUTPUT = 2  # cycles more from a row's last column to its h than to where its value can be read


@dataclass(frozen=True, slots=True)
class EngineSizes:
    """An LMU layer with a dense memory and a Dense or SimpleRNN cell, on ``lanes`` multipliers.

    ``u_*`` and ``h_*`` say what goes into u and h: a constant for the bias, x, mem and h of the step before (u), h of
    the step before (h). ``function`` are the cycles of the cell's activation.
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
    h_h: bool
    function: int
    lanes: int = 1

    def with_lanes(self, lanes: int) -> EngineSizes:
        return replace(self, lanes=lanes)

    @property
    def states(self) -> int:
        return self.memory_d * self.order

    @property
    def u_columns(self) -> int:
        return self.u_bias + self.n_x + self.states * self.u_mem + self.units * self.u_h

    @property
    def h_columns(self) -> int:
        return self._before_mem + self.states

    @property
    def keeps_h(self) -> bool:
        """h of the step before is read."""
        return self.u_h or self.h_h

    @property
    def place_width(self) -> int:
        """Bits of the place of a value among those of a step."""
        return (self.n_x + self.memory_d + self.states + self.units * self.keeps_h - 1).bit_length()

    @property
    def delay(self) -> int:
        """Cycles from a row's last column to the first column that can read its value."""
        return 7 + self.function

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
        """h of the step before is read in the last columns."""
        return max(0, self.delay - 1 - (self.u_columns - self._last(self.units))) if self.u_h else 0

    @property
    def cycles(self) -> int:
        """Cycles a step."""
        return self._words + self.wait_u

    @property
    def latency(self) -> int:
        """From a step's last x to its last h, in an idle unit."""
        return self._words + self._last(self.units) - 1 + self.delay + TO_OUTPUT

    @property
    def choices(self) -> dict[int, int]:
        """Possible lanes -> cycles a step."""
        most = min(MOST_LANES, self.u_columns, self.order + 1, self.h_columns)
        return {lanes: self.with_lanes(lanes).cycles for lanes in range(1, most + 1)}

    @property
    def pace(self) -> Pace:
        return Pace(self.cycles, {ENGINE: (FORMULA, self.cycles)}, self._respond)

    def _respond(self, beats: Beats) -> Beats:
        last_lane = self._last(self.units) - 1
        first = beats[-1] + self.latency - last_lane - (self._groups(self.units) - 1) * self.h_columns
        rows = (divmod(row, self.lanes) for row in range(self.units))
        return [first + group * self.h_columns + lane for group, lane in rows]

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
