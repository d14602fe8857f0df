"""Cycles of an LMU layer, whose parts and feedback wait for one another.

A layer with feedback waits for its own results, so its cycles a step come from letting a few steps go round; without
feedback they are those of its slowest part.
"""

from __future__ import annotations

from lmu_hls.rtl.cells import HIDDEN, CellSizes, Lanes
from lmu_hls.rtl.cycles import QUEUE, ROUND, ROUNDS, Beats, MatrixBeats, Pace
from lmu_hls.rtl.engine import ENGINE
from lmu_hls.rtl.sizes import ENCODER, MEMORY, LMUSizes
from lmu_hls.rtl.unit import MemorySizes


def lmu_pace(sizes: LMUSizes, lanes: Lanes) -> Pace:
    """An LMU layer whose parts have ``lanes``, or its engine."""
    if sizes.engine is not None and lanes.get(ENGINE):
        return sizes.engine.with_lanes(lanes[ENGINE]).pace
    waits = mem_waits(sizes, lanes)
    formulas = _formulas(sizes, lanes, waits)
    ii = max(cycles for _, cycles in formulas.values())
    feeds_back = sizes.mem_back or sizes.h_back
    intake = (lambda: _Loop(sizes, lanes, waits).take) if feeds_back else None
    return Pace(ii, formulas, lambda beats: _Loop(sizes, lanes, waits).step(beats), intake=intake)


def mem_waits(sizes: LMUSizes, lanes: Lanes) -> bool:
    """Whether a queue of a step's mem stands before the hidden cell.

    The memory works ahead of a cell with a recurrence. Before any other it is there where the memory would stand still,
    and the layer be late, while x goes into the cell ahead of mem.
    """
    cell = sizes.cell
    if cell is None or cell.recurrent:
        return cell is not None
    memory = _memory(sizes, lanes)
    behind = memory.cycles_behind(cell.n_x)
    if behind == memory.cycles:  # it never stands still; nothing has to go round to find that out
        return False
    return behind > max(cycles for _, cycles in _formulas(sizes, lanes, waits=False).values())


def _formulas(sizes: LMUSizes, lanes: Lanes, waits: bool) -> dict[str, tuple[str, int]]:
    """Text and cycles a step of each part."""
    memory = _memory(sizes, lanes)
    encoder, *others = _beside(sizes, lanes).items()
    formulas = dict([encoder, (MEMORY, (memory.formula, memory.cycles)), *others])
    if sizes.mem_back or sizes.h_back:
        way = "one way round through encoder, memory and, for h, the hidden cell"
        formulas["feedback"] = (way, _period(sizes, lanes, waits))
    return formulas


def _beside(sizes: LMUSizes, lanes: Lanes) -> dict[str, tuple[str, int]]:
    """Text and cycles a step of the encoder and of each part of the hidden cell."""
    encoder = sizes.encoder.with_lanes(lanes[ENCODER])
    formulas = {ENCODER: (encoder.formula.replace("N_OUT", "MEMORY_D"), encoder.cycles)}
    return formulas | (_hidden_formulas(sizes.cell, lanes) if sizes.cell is not None else {})


def cycles_beside(sizes: LMUSizes, lanes: Lanes) -> int:
    """Cycles a step that a layer takes whatever its memory does; 0 where the way round through the memory counts."""
    if sizes.mem_back or sizes.h_back:
        return 0
    return max(cycles for _, cycles in _beside(sizes, lanes).values())


def _memory(sizes: LMUSizes, lanes: Lanes) -> MemorySizes:
    return sizes.memory.with_lanes(lanes[MEMORY]).within(cycles_beside(sizes, lanes))


def _hidden_formulas(cell: CellSizes, lanes: Lanes) -> dict[str, tuple[str, int]]:
    matrices = {name: matrix.with_lanes(lanes[name]) for name, matrix in cell.matrices.items()}
    formulas = {name: (matrix.formula, matrix.cycles) for name, matrix in matrices.items()}
    if cell.recurrent:
        formulas["recurrence"] = cell.form.recurrence(cell, lanes)
    return formulas


def cell_pace(cell: CellSizes, lanes: Lanes) -> Pace:
    """A hidden cell alone, which reads x in place of mem; one with a recurrence has a queue before it."""
    formulas, wait = _hidden_formulas(cell, lanes), QUEUE if cell.recurrent else 0

    def respond(beats: Beats) -> Beats:
        return _CellLoop(cell, lanes, ahead=cell.n_h).step([], [beat + wait for beat in beats])

    return Pace(max(cycles for _, cycles in formulas.values()), formulas, respond)


def way_round(sizes: LMUSizes, encoder_lanes: int, memory_lanes: int) -> int:
    """A bound of the cycles a step of a layer with feedback, 0 without: the way of one step's last fed-back value.

    It goes into the last column of the encoder, with each u into the memory, and to the last mem; for h also through
    the hidden cell, whose :meth:`CellSizes.latency` is not counted here.
    """
    if not sizes.mem_back and not sizes.h_back:
        return 0
    encoder, memory = sizes.encoder.with_lanes(encoder_lanes), sizes.memory.with_lanes(memory_lanes)
    u = [QUEUE + encoder.latency(c) + ROUND for c in range(sizes.memory_d)]
    end = memory.last_state(u)
    if not sizes.h_back:
        return end
    if sizes.cell is None:
        return end + ROUND
    return end + (QUEUE if sizes.cell.recurrent else 0)


class _CellLoop:
    """A hidden cell, step after step. The first h are taken ``ahead`` cycles before anything of the step comes."""

    def __init__(self, cell: CellSizes, lanes: Lanes, ahead: int = 0) -> None:
        self.cell, self.lanes = cell, lanes
        self.matrix = MatrixBeats(cell.matrix(HIDDEN, lanes), 0)
        self.old_h = [-QUEUE - ahead] * cell.units  # the first step has zeros at once
        self.taken = self.matrix.worked = -1 - ahead  # last operand

    def step(self, x: Beats, mem: Beats) -> Beats:
        """h of the next step, whose operands may be taken from these cycles on."""
        operands = [*x, *([beat + QUEUE for beat in self.old_h] if self.cell.n_h else []), *mem]
        operands = _in_turn(operands, self.taken)
        self.taken = operands[-1]
        self.old_h = self.cell.form.outputs(self.cell, self.lanes, self.matrix(operands))
        return self.old_h


class _Loop:
    """An LMU layer, step after step; ``waits`` as by :func:`mem_waits`."""

    def __init__(self, sizes: LMUSizes, lanes: Lanes, waits: bool) -> None:
        self.sizes, self.cell, self.wait = sizes, sizes.cell, QUEUE if waits else 0
        self.encoder = MatrixBeats(sizes.encoder.with_lanes(lanes[ENCODER]), ROUND)
        self.memory = _memory(sizes, lanes).responder()
        self.hidden = None if sizes.cell is None else _CellLoop(sizes.cell, lanes)
        self.old_mem = [-QUEUE] * sizes.memory.states  # the first step has zeros at once
        self.old_h = [-QUEUE] * sizes.units
        self.encoder_in = -1  # last operand taken
        self.x_taken: Beats = []

    def take(self, x: Beats) -> Beats:
        """When x of the next step is taken, which may be from these cycles on: mem and h behind it hold up others."""
        self.step(x)
        return self.x_taken

    def step(self, x: Beats) -> Beats:
        """h of the next step, whose input may be taken from ``x`` on."""
        offered = [*x]
        offered += [beat + QUEUE for beat in self.old_mem] if self.sizes.mem_back else []
        offered += [beat + QUEUE for beat in self.old_h] if self.sizes.h_back else []
        taken = _in_turn(offered, self.encoder_in)
        self.encoder_in, self.x_taken = taken[-1], taken[: len(x)]
        mem = self.memory(self.encoder(taken))
        if self.cell is None or self.hidden is None:
            h = [beat + ROUND for beat in mem]
        else:
            waiting = [beat + QUEUE for beat in self.x_taken] if self.cell.n_x else []
            h = self.hidden.step(waiting, [beat + self.wait for beat in mem])
        self.old_mem, self.old_h = mem, h
        return h


def _in_turn(offered: Beats, last: int) -> Beats:
    """When beats are taken one a cycle, each not before it is offered."""
    taken = []
    for beat in offered:
        last = max(beat, last + 1)
        taken.append(last)
    return taken


def _period(sizes: LMUSizes, lanes: Lanes, waits: bool) -> int:
    """Cycles from step to step when x is always there."""
    loop = _Loop(sizes, lanes, waits)
    ends = [loop.step([0] * sizes.n_in)[-1] for _ in range(ROUNDS)]
    return ends[-1] - ends[-2]
