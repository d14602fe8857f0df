"""Cycles of an LMU layer, whose parts and feedback wait for one another.

A layer with feedback waits for its own results, so its cycles a step come from letting a few steps go round; without
feedback they are those of its slowest part.
"""

from __future__ import annotations

from lmu_hls.rtl.cycles import ROUND, SUM, Beats, MatrixBeats, Pace
from lmu_hls.rtl.sizes import ENCODER, HIDDEN, HIDDEN2, MEMORY, CellSizes, Lanes, LMUSizes, Matrix, MemorySizes

ROUNDS = 8  # steps after which the cycles from step to step have settled
QUEUE = 2  # cycles through lmu_fifo


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
    if cell.form.overlaps:
        cycles = (matrix.groups - 1) * matrix.turn + max(before, matrix.lanes + 9) + cell.n_mem
        return "(UNITS/LANES - 1)*N_IN + max(N_X + N_H, LANES + 9) + N_MEM", cycles
    return "N_MEM + max(latency + 2, N_X + N_H)", cell.n_mem + max(latency + QUEUE, before)


def hidden_latency(cell: CellSizes, lanes: Lanes) -> int:
    """From a step's last mem to its last h."""
    matrix = cell.matrices[HIDDEN].with_lanes(lanes[HIDDEN])
    return (matrix.groups - 1) * matrix.turn + matrix.lanes + SUM + _after_sums(cell, lanes)


def _after_sums(cell: CellSizes, lanes: Lanes) -> int:
    """From the last sum of a unit to its h; with a second matrix, from the last sum of all to the last h."""
    second = cell.matrices[HIDDEN2].with_lanes(lanes[HIDDEN2]) if HIDDEN2 in lanes else None
    return cell.form.after + (_second_latency(second) if second is not None else 0)


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
        self.matrix = MatrixBeats(cell.matrices[HIDDEN].with_lanes(lanes[HIDDEN]), 0)
        self.after = _after_sums(cell, lanes)
        self.second = cell.matrices[HIDDEN2].with_lanes(lanes[HIDDEN2]) if HIDDEN2 in lanes else None

    def __call__(self, beats: Beats) -> Beats:
        sums = self.matrix(beats)
        if self.second is None:
            (rows,) = self.cell.form.rows
            return [sums[rows * (unit + 1) - 1] + self.after for unit in range(self.cell.units)]
        groups, lanes, turn = self.second.groups, self.second.lanes, self.second.turn
        last = sums[-1] + self.after
        return [last - (groups - 1 - g) * turn - (lanes - 1 - k) for g in range(groups) for k in range(lanes)]


class _Loop:
    """An LMU layer, step after step."""

    def __init__(self, sizes: LMUSizes, lanes: Lanes) -> None:
        self.sizes, self.cell = sizes, sizes.cell
        self.encoder = MatrixBeats(sizes.encoder.with_lanes(lanes[ENCODER]), ROUND)
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
