"""Cycles of a network, from the formulas in the headers of the modules.

A unit is a function from the cycles in which a step's input beats are taken to those in which its output beats are,
when nothing holds them back. A layer with feedback waits for its own results, so its cycles a step come from letting a
few steps go round; without feedback they are those of its slowest part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.rtl.sizes import DENSE, ENCODER, HIDDEN, HIDDEN2, MEMORY, CellSizes, Lanes, LMUSizes, Matrix, MemorySizes
from lmu_hls.spec import ArgMax, Elementwise, Softmax

Beats = list[int]  # the cycle of each beat of a step
ROUNDS = 8  # steps after which the cycles from step to step have settled
QUEUE = 2  # cycles through lmu_fifo
SUM = 5  # from the last column of a group to its first sum
ROUND = 2  # cycles through lmu_activation


@dataclass(frozen=True, slots=True)
class Pace:
    """``ii`` cycles from step to step, by ``formulas`` (part -> text and cycles), and the answer to one step."""

    ii: int
    formulas: Mapping[str, tuple[str, int]]
    respond: Callable[[Beats], Beats]


@dataclass(frozen=True, slots=True)
class Cycles:
    """``ii`` from step to step; ``latency`` from a step's last input beat to its last output beat in an idle network;
    ``sequence`` from one sequence to the next, back to back."""

    ii: int
    latency: int
    sequence: int


def network_cycles(layers: Sequence[tuple[Pace, int]], steps: int, n_in: int) -> Cycles:
    """Cycles of layers one after another; each with the number of steps of a sequence that go through it."""
    each_step = [pace.ii for pace, executions in layers if executions == steps]
    ii = max(n_in, *each_step)
    beats = list(range(n_in))
    start = beats[-1]
    for pace, _ in layers:
        beats = pace.respond(beats)
    sequence = max(steps * ii, *(pace.ii * executions for pace, executions in layers))
    return Cycles(ii, beats[-1] - start, sequence)


def stage_pace(module: str, count: int, ii: int, latency: int) -> Pace:
    """A unit without a matrix: ``count`` values a step, ``latency`` from its last input to its last output beat."""

    def respond(beats: Beats) -> Beats:
        if module == "lmu_activation":
            return [beat + latency for beat in beats]
        values = 1 if module == "lmu_argmax" else count
        spacing = (latency - count - 6) // count if module == "lmu_softmax" else 1
        return [beats[-1] + latency - spacing * (values - 1 - k) for k in range(values)]

    formula = "(N-1)*D + max(D, N+4), D = max(OUT_F+2, 4)" if module == "lmu_softmax" else "N"
    return Pace(ii, {module: (formula, ii)}, respond)


def elementwise_pace(layer: Elementwise | Softmax | ArgMax, count: int) -> Pace:
    """A layer without multiplications, on ``count`` values a step."""
    if isinstance(layer, Elementwise):
        return stage_pace("lmu_activation", count, count, ROUND)
    if isinstance(layer, ArgMax):
        return stage_pace("lmu_argmax", count, count, 1)
    division = max(layer.out.fraction + 2, 4)
    ii = (count - 1) * division + max(division, count + 4)
    return stage_pace("lmu_softmax", count, ii, count * (division + 1) + 6)


def dense_pace(matrix: Matrix) -> Pace:
    """A Dense layer."""
    formula = "N_OUT/LANES * max(N_IN, LANES)"
    return Pace(matrix.cycles, {DENSE: (formula, matrix.cycles)}, lambda beats: _Matrix(matrix, ROUND)(beats))


def lmu_pace(sizes: LMUSizes, lanes: Lanes) -> Pace:
    """An LMU layer whose parts have ``lanes``."""
    encoder, memory = sizes.encoder.with_lanes(lanes[ENCODER]), sizes.memory(lanes[MEMORY])
    formulas = {ENCODER: ("MEMORY_D/LANES * max(N_IN, LANES)", encoder.cycles)}
    formulas |= {MEMORY: (_memory_formula(memory), memory.cycles)}
    if sizes.cell is not None:
        formulas |= _hidden_formulas(sizes.cell, lanes)
    if sizes.mem_back or sizes.h_back:
        way = "one way round through encoder, memory and, for h, the hidden cell"
        formulas["feedback"] = (way, _period(sizes, lanes))
    ii = max(cycles for _, cycles in formulas.values())
    return Pace(ii, formulas, lambda beats: _Loop(sizes, lanes).step(beats))


def _memory_formula(memory: MemorySizes) -> str:
    if not memory.tridiagonal:
        return "MEMORY_D*ORDER*(ORDER+1)/LANES + WAIT"
    if memory.lanes == 1:
        return "2*ORDER*MEMORY_D + TURN + WAIT + 1"
    return "max(ORDER*MEMORY_D, 2*ORDER*MEMORY_D/PES + TURN + WAIT + 1 + LOAD)"


def _hidden_formulas(cell: CellSizes, lanes: Lanes) -> dict[str, tuple[str, int]]:
    matrices = {name: matrix.with_lanes(lanes[name]) for name, matrix in cell.matrices.items()}
    formulas = {name: ("N_OUT/LANES * max(N_IN, LANES)", matrix.cycles) for name, matrix in matrices.items()}
    if cell.recurrent:
        formulas["recurrence"] = recurrence(cell, lanes)
    return formulas


def recurrence(cell: CellSizes, lanes: Lanes) -> tuple[str, int]:
    """Formula and cycles from a step's h to the next one's, of a recurrent cell with ``lanes``."""
    matrix = cell.matrices[HIDDEN].with_lanes(lanes[HIDDEN])
    before, latency = cell.n_x + cell.n_h, hidden_latency(cell, lanes)
    if HIDDEN2 in lanes:
        latency2 = _second_latency(cell.matrices[HIDDEN2].with_lanes(lanes[HIDDEN2]))
        cycles = cell.n_mem + latency + max(QUEUE, before - latency2)
        return "N_MEM + latency + max(2, N_X + N_H - latency2)", cycles
    if cell.module == "lmu_activation":
        cycles = (matrix.groups - 1) * matrix.turn + max(before, matrix.lanes + 9) + cell.n_mem
        return "(UNITS/LANES - 1)*N_IN + max(N_X + N_H, LANES + 9) + N_MEM", cycles
    return "N_MEM + max(latency + 2, N_X + N_H)", cell.n_mem + max(latency + QUEUE, before)


def hidden_latency(cell: CellSizes, lanes: Lanes) -> int:
    """From a step's last mem to its last h."""
    matrix = cell.matrices[HIDDEN].with_lanes(lanes[HIDDEN])
    return (matrix.groups - 1) * matrix.turn + matrix.lanes + SUM + _after_sums(cell, lanes)


def _after_sums(cell: CellSizes, lanes: Lanes) -> int:
    """From the last sum of a unit to its h; with a second matrix, from the last sum of all to the last h."""
    if HIDDEN2 in lanes:
        return 5 + _second_latency(cell.matrices[HIDDEN2].with_lanes(lanes[HIDDEN2]))
    return {"lmu_activation": ROUND, "lmu_lstm": 9, "lmu_gru": 10}[cell.module]


def _second_latency(matrix: Matrix) -> int:
    """lmu_hidden_gru_before: from a step's last inner to its last h."""
    return (matrix.groups - 1) * matrix.turn + matrix.lanes + 11


def way_round(sizes: LMUSizes, encoder_lanes: int, memory_lanes: int) -> int:
    """A bound of the cycles a step of a layer with feedback, 0 without: the way of one step's last fed-back value.

    It goes into the last column of the encoder, with each u into the memory, and to the last mem; for h also through
    the hidden cell, whose :func:`hidden_latency` is not counted here.
    """
    if not sizes.mem_back and not sizes.h_back:
        return 0
    encoder, memory = sizes.encoder.with_lanes(encoder_lanes), sizes.memory(memory_lanes)
    u = [QUEUE + 1 + c // encoder.lanes * encoder.turn + SUM + ROUND + c % encoder.lanes for c in range(sizes.memory_d)]
    if memory.tridiagonal:
        end = u[-1] + (QUEUE if sizes.memory_d > 1 else 0) + memory.latency_cycles
        if memory.lanes > 1:  # behind its queue, the states of a word leave one a cycle
            words = memory.states // memory.lanes
            end = max(end + QUEUE + memory.lanes, end - words + 1 + QUEUE + memory.states)
    else:
        channel = memory.order * (memory.order + 1) // memory.lanes
        end = max(beat + (sizes.memory_d - c) * channel for c, beat in enumerate(u)) + SUM
        end += memory.lanes if memory.lanes > 1 else 0
    if not sizes.h_back:
        return end
    if sizes.cell is None:
        return end + ROUND
    return end + (QUEUE if sizes.cell.recurrent else 0)


class _Matrix:
    """lmu_affine, followed by ``after`` cycles.

    A group's sums are taken for output four cycles after its last column, but not before the sums ahead of them have
    gone out; until then all columns behind them stand still. Only with more lanes than columns does that happen.
    """

    DUE = SUM - 1  # cycles from a group's last column to where its sums can be taken

    def __init__(self, matrix: Matrix, after: int) -> None:
        self.matrix, self.after = matrix, after
        self.worked = -1  # last cycle in which a column was worked on
        self.taken = -matrix.lanes  # last cycle in which sums were taken
        self.still: list[tuple[int, int]] = []  # first cycle in which columns stand still, and the one after the last

    def __call__(self, beats: Beats) -> Beats:
        matrix = self.matrix
        if matrix.lanes > matrix.columns:
            taken = self._crowded(beats)
        else:
            for beat in beats:
                self.worked = max(beat, self.worked) + 1
            taken = [self.worked + self.DUE + g * matrix.columns for g in range(matrix.groups)]
            self.worked += (matrix.groups - 1) * matrix.columns
        return [cycle + 1 + self.after + lane for cycle in taken for lane in range(matrix.lanes)]

    def _crowded(self, beats: Beats) -> list[int]:
        """When the sums of each group are taken, if those of the group before can be in their way."""
        taken = []
        for group in range(self.matrix.groups):
            for beat in beats:
                self.worked = self._later(max(beat, self.worked) if group == 0 else self.worked, 1)
            due = self._later(self.worked, self.DUE)
            self.taken = max(due, self.taken + self.matrix.lanes)
            self.still = [pause for pause in self.still if pause[1] > self.worked]
            if self.taken > due:
                self.still.append((due, self.taken))
            taken.append(self.taken)
        return taken

    def _later(self, cycle: int, moves: int) -> int:
        """``moves`` cycles after ``cycle``, without those in which columns stand still."""
        for _ in range(moves):
            cycle += 1
            for first, end in self.still:
                cycle = end if first <= cycle < end else cycle
        return cycle


class _Memory:
    """A memory unit with its serializer: u in, one state after another out."""

    def __init__(self, unit: MemorySizes) -> None:
        self.unit = unit
        self.free = -1  # earliest cycle for the next u

    def __call__(self, beats: Beats) -> Beats:
        return self._sweeps(beats) if self.unit.tridiagonal else self._rows(beats)

    def _rows(self, beats: Beats) -> Beats:
        order, lanes, memory_d = self.unit.order, self.unit.lanes, self.unit.memory_d
        groups, channel = order // lanes, (order + 1) * order // lanes
        out: Beats = []
        for beat in beats:
            taken = max(beat, self.free)
            self.free = taken + channel
            words = [taken + (g + 1) * (order + 1) + 5 for g in range(groups)]
            out += words if lanes == 1 else [word + 1 + lane for word in words for lane in range(lanes)]
        self.free += self.unit.ii_cycles - memory_d * channel
        return out

    def _sweeps(self, beats: Beats) -> Beats:
        unit = self.unit
        wait = QUEUE if unit.memory_d > 1 else 0  # u of all channels wait for one another
        for beat in beats:
            taken = max(beat + wait, self.free)
            self.free = taken + 1
        self.free = taken + unit.ii_cycles - unit.memory_d + 1
        words = unit.order * unit.memory_d // unit.lanes
        first = taken + unit.latency_cycles - words + 1
        if unit.lanes == 1:
            return list(range(first, first + words))
        out: Beats = []
        for word in range(words):
            given = max(first + word + QUEUE, out[-1] if out else 0)
            out += [given + 1 + lane for lane in range(unit.lanes)]
        return out


class _Hidden:
    """A hidden cell: operands in, h out."""

    def __init__(self, cell: CellSizes, lanes: Lanes) -> None:
        self.cell = cell
        self.matrix = _Matrix(cell.matrices[HIDDEN].with_lanes(lanes[HIDDEN]), 0)
        self.after = _after_sums(cell, lanes)
        self.second = cell.matrices[HIDDEN2].with_lanes(lanes[HIDDEN2]) if HIDDEN2 in lanes else None

    def __call__(self, beats: Beats) -> Beats:
        sums = self.matrix(beats)
        if self.second is None:
            rows = self.cell.rows[0] // self.cell.units
            return [sums[rows * (unit + 1) - 1] + self.after for unit in range(self.cell.units)]
        groups, lanes, turn = self.second.groups, self.second.lanes, self.second.turn
        last = sums[-1] + self.after
        return [last - (groups - 1 - g) * turn - (lanes - 1 - k) for g in range(groups) for k in range(lanes)]


class _Loop:
    """An LMU layer, step after step."""

    def __init__(self, sizes: LMUSizes, lanes: Lanes) -> None:
        self.sizes, self.cell = sizes, sizes.cell
        self.encoder = _Matrix(sizes.encoder.with_lanes(lanes[ENCODER]), ROUND)
        self.memory = _Memory(sizes.memory(lanes[MEMORY]))
        self.hidden = _Hidden(sizes.cell, lanes) if sizes.cell is not None else None
        self.old_mem = [-QUEUE] * sizes.states  # the first step has zeros at once
        self.old_h = [-QUEUE] * sizes.units
        self.encoder_in = self.hidden_in = -1  # last operand taken

    def step(self, x: Beats) -> Beats:
        """h of the next step, whose input may be taken from ``x`` on."""
        given = [*x]
        given += [beat + QUEUE for beat in self.old_mem] if self.sizes.mem_back else []
        given += [beat + QUEUE for beat in self.old_h] if self.sizes.h_back else []
        taken = _in_turn(given, self.encoder_in)
        self.encoder_in = taken[-1]
        mem = self.memory(self.encoder(taken))
        if self.hidden is None or self.cell is None:
            h = [beat + ROUND for beat in mem]
        else:
            wait = QUEUE if self.cell.recurrent else 0
            operands = [beat + QUEUE for beat in taken[: len(x)]] if self.cell.n_x else []
            operands += [beat + QUEUE for beat in self.old_h] if self.cell.n_h else []
            operands = _in_turn(operands + [beat + wait for beat in mem], self.hidden_in)
            self.hidden_in = operands[-1]
            h = self.hidden(operands)
        self.old_mem, self.old_h = mem, h
        return h


def _in_turn(given: Beats, last: int) -> Beats:
    """When beats are taken one a cycle, each not before it is given."""
    taken = []
    for beat in given:
        last = max(beat, last + 1)
        taken.append(last)
    return taken


def _period(sizes: LMUSizes, lanes: Lanes) -> int:
    """Cycles from step to step when x is always there."""
    loop = _Loop(sizes, lanes)
    ends = [loop.step([0] * sizes.n_in)[-1] for _ in range(ROUNDS)]
    return ends[-1] - ends[-2]
