"""How large the parts of a layer are: all that its cycles depend on, without types, weights or a netlist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lmu_hls.rtl.dense import dense_timing
from lmu_hls.rtl.tridiag import SHARED_ORDER, tridiagonal_timing
from lmu_hls.rtl.unit import divisors
from lmu_hls.spec import LMU, DenseCell, GRUCell, HiddenCell, LSTMCell, TridiagonalUpdate

ENCODER, MEMORY, HIDDEN, HIDDEN2 = "encoder", "memory", "hidden", "hidden2"
TRIDIAGONAL_MULTIPLIERS = 3  # of a unit

Lanes = Mapping[str, int]  # part -> lanes


@dataclass(frozen=True, slots=True)
class Matrix:
    """``rows`` sums over ``columns`` operands on lmu_affine, ``lanes`` rows at a time, one multiplier each."""

    columns: int
    rows: int
    lanes: int = 1

    @property
    def groups(self) -> int:
        return self.rows // self.lanes

    @property
    def turn(self) -> int:
        """Cycles of a group: one for each column, but not fewer than sums, which leave one a cycle."""
        return max(self.columns, self.lanes)

    @property
    def cycles(self) -> int:
        """Cycles a step."""
        return self.groups * self.turn

    def with_lanes(self, lanes: int) -> Matrix:
        return replace(self, lanes=lanes)

    @property
    def choices(self) -> dict[int, int]:
        """Lanes that are worth their multipliers -> cycles a step. Beyond ``columns`` lanes only the first helps."""
        choices: dict[int, int] = {}
        for lanes in divisors(self.rows):
            cycles = self.with_lanes(lanes).cycles
            if not choices or cycles < min(choices.values()):
                choices[lanes] = cycles
        return choices


@dataclass(frozen=True, slots=True)
class MemorySizes:
    """A memory unit of ``memory_d`` channels of ``order`` states, ``lanes`` of them in a beat.

    ``ii_cycles`` and ``latency_cycles`` are those of :class:`lmu_hls.rtl.unit.MemoryUnit`.
    """

    order: int
    memory_d: int
    tridiagonal: bool
    lanes: int
    ii_cycles: int
    latency_cycles: int

    @property
    def states(self) -> int:
        return self.memory_d * self.order

    @property
    def cycles(self) -> int:
        """Cycles a step; the states leave one a cycle."""
        return max(self.ii_cycles, self.states)


@dataclass(frozen=True, slots=True)
class CellForm:
    """What the module of a kind of hidden cell has: ``rows`` of each unit in its one or two matrices, and cycles.

    ``after`` are those from a unit's last sum to its h or, with a second matrix, from the last sum of all to the last
    operand of the second. A cell that ``overlaps`` takes x and h of the next step while its last group is at work.
    ``products`` are the multipliers beside the matrices; so many quarters of the matrices are not there to fill them.
    """

    rows: tuple[int, ...]
    after: int
    products: int
    overlaps: bool = False
    useful_quarters: int = 4


DENSE_CELL = CellForm((1,), after=2, products=0, overlaps=True)
LSTM_CELL = CellForm((4,), after=9, products=2)
GRU_AFTER_CELL = CellForm((4,), after=10, products=2, useful_quarters=3)  # every fourth row is zeros
GRU_BEFORE_CELL = CellForm((2, 1), after=5, products=2)


def form_of(cell: HiddenCell) -> CellForm:
    """The form of the module for ``cell``."""
    if isinstance(cell, GRUCell):
        return GRU_AFTER_CELL if cell.reset_after else GRU_BEFORE_CELL
    return {DenseCell: DENSE_CELL, LSTMCell: LSTM_CELL}[type(cell)]


@dataclass(frozen=True, slots=True)
class CellSizes:
    """A hidden cell: its form and the values that it reads."""

    form: CellForm
    units: int
    n_x: int
    n_h: int
    n_mem: int
    recurrent: bool

    @classmethod
    def of(cls, lmu: LMU) -> CellSizes | None:
        cell = lmu.hidden
        if cell is None:
            return None
        return cls(
            form=form_of(cell),
            units=cell.units,
            n_x=lmu.n_in if cell.kernel_x is not None else 0,
            n_h=cell.units if cell.kernel_h is not None else 0,
            n_mem=lmu.memory_d * lmu.order,
            recurrent=cell.kernel_h is not None,
        )

    @property
    def columns(self) -> int:
        """Of each of the matrices."""
        return self.n_x + self.n_h + self.n_mem

    @property
    def matrices(self) -> dict[str, Matrix]:
        rows = zip((HIDDEN, HIDDEN2), self.form.rows, strict=False)
        return {name: Matrix(self.columns, each * self.units) for name, each in rows}


@dataclass(frozen=True, slots=True)
class LMUSizes:
    """An LMU layer; ``mem_back`` and ``h_back``: its encoder reads mem and h of the step before."""

    n_in: int
    memory_d: int
    order: int
    tridiagonal: bool
    mem_back: bool
    h_back: bool
    cell: CellSizes | None

    @classmethod
    def of(cls, lmu: LMU) -> LMUSizes:
        return cls(
            n_in=lmu.n_in,
            memory_d=lmu.memory_d,
            order=lmu.order,
            tridiagonal=isinstance(lmu.update, TridiagonalUpdate),
            mem_back=lmu.encoder_mem is not None,
            h_back=lmu.encoder_h is not None,
            cell=CellSizes.of(lmu),
        )

    @property
    def states(self) -> int:
        return self.memory_d * self.order

    @property
    def units(self) -> int:
        return self.cell.units if self.cell is not None else self.states

    @property
    def encoder(self) -> Matrix:
        columns = self.n_in + self.states * int(self.mem_back) + self.units * int(self.h_back)
        return Matrix(columns, self.memory_d)

    def memory(self, lanes: int) -> MemorySizes:
        """The unit with ``lanes`` (dense) or so many units that share the channels (tridiagonal)."""
        if self.tridiagonal:
            _, ii, latency = tridiagonal_timing(self.order, self.memory_d, lanes)
        else:
            ii, latency = dense_timing(self.order, self.memory_d, lanes)
        return MemorySizes(self.order, self.memory_d, self.tridiagonal, lanes, ii, latency)

    @property
    def memory_choices(self) -> dict[int, int]:
        """All possible lanes -> cycles a step; in a loop those that save no cycles here can still answer earlier."""
        shared = divisors(self.memory_d) if self.order >= SHARED_ORDER else [1]
        return {n: self.memory(n).cycles for n in (shared if self.tridiagonal else divisors(self.order))}
