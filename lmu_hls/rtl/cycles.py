"""Cycles of a network, from the formulas in the headers of the modules.

A unit is a function from the cycles in which a step's input beats are taken to those in which its output beats are,
when nothing holds them back. A layer with feedback waits for its own results, so its cycles a step come from letting a
few steps go round; without feedback they are those of its slowest part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.rtl.affine import Affine
from lmu_hls.rtl.cells import Cell
from lmu_hls.rtl.layers import LMUUnits
from lmu_hls.rtl.unit import DEGREES_DESCENDING, MemoryUnit
from lmu_hls.spec import LMU

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


def dense_pace(affine: Affine) -> Pace:
    """A Dense layer."""
    cycles = affine.columns * affine.rows // affine.lanes
    matrix = _Matrix(affine, ROUND)
    return Pace(cycles, {"dense": ("N_IN*N_OUT/LANES", cycles)}, lambda beats: matrix(beats))


def lmu_pace(lmu: LMU, units: LMUUnits) -> Pace:
    """An LMU layer."""
    encoder = units.encoder.columns * units.encoder.rows // units.encoder.lanes
    memory = max(units.memory.ii_cycles, lmu.memory_d * lmu.order)
    formulas = {"encoder": ("N_IN*MEMORY_D/LANES", encoder), "memory": (_memory_formula(units.memory), memory)}
    if units.cell is not None:
        formulas |= _hidden_formulas(lmu, units.cell)
    if lmu.encoder_mem is not None or lmu.encoder_h is not None:
        formulas["feedback"] = (
            "one way round through encoder, memory and, for h, the hidden cell",
            _period(lmu, units),
        )
    ii = max(cycles for _, cycles in formulas.values())
    return Pace(ii, formulas, lambda beats: _Loop(lmu, units).step(beats))


def _memory_formula(unit: MemoryUnit) -> str:
    if unit.stream != DEGREES_DESCENDING:
        return "MEMORY_D*ORDER*(ORDER+1)/LANES + WAIT"
    if unit.lanes == 1:
        return "2*ORDER*MEMORY_D + TURN + WAIT + 1"
    return "max(ORDER*MEMORY_D, 2*ORDER*MEMORY_D/PES + TURN + WAIT + 1 + LOAD)"


def _hidden_formulas(lmu: LMU, cell: Cell) -> dict[str, tuple[str, int]]:
    sizes = {name: int(cell.parameters[name]) for name in ("N_X", "N_H", "N_MEM")}
    formulas = {
        name: ("N_IN*N_OUT/LANES", affine.columns * affine.rows // affine.lanes)
        for name, affine in cell.affines.items()
    }
    if cell.recurrent:
        latency = _Hidden(cell).latency
        before = sizes["N_X"] + sizes["N_H"]
        if "hidden2" in cell.affines:
            latency2 = _second_latency(cell.affines["hidden2"])
            cycles = sizes["N_MEM"] + latency + max(QUEUE, before - latency2)
            text = "N_MEM + latency + max(2, N_X + N_H - latency2)"
        elif cell.module == "lmu_hidden_dense":
            affine = cell.affines["hidden"]
            rest = affine.columns * (affine.rows // affine.lanes - 1)
            cycles = rest + max(before, affine.lanes + 9) + sizes["N_MEM"]
            text = "(UNITS/LANES - 1)*N_IN + max(N_X + N_H, LANES + 9) + N_MEM"
        else:
            cycles = sizes["N_MEM"] + max(latency + QUEUE, before)
            text = "N_MEM + max(latency + 2, N_X + N_H)"
        formulas["recurrence"] = (text, cycles)
    return formulas


def _second_latency(affine: Affine) -> int:
    """lmu_hidden_gru_before: from a step's last inner to its last h."""
    return (affine.rows // affine.lanes - 1) * max(affine.columns, affine.lanes) + affine.lanes + 11


class _Matrix:
    """lmu_affine, followed by ``after`` cycles."""

    def __init__(self, affine: Affine, after: int) -> None:
        self.columns = max(affine.columns, affine.lanes)
        self.lanes, self.groups, self.after = affine.lanes, affine.rows // affine.lanes, SUM + after
        self.free = -1  # last cycle in which the multipliers have worked

    def __call__(self, beats: Beats) -> Beats:
        for beat in beats:
            self.free = max(beat + 1, self.free + 1)
        ends = [self.free + g * self.columns for g in range(self.groups)]
        self.free = ends[-1]
        return [end + self.after + lane for end in ends for lane in range(self.lanes)]


class _Memory:
    """A memory unit with its serializer: u in, one state after another out."""

    def __init__(self, unit: MemoryUnit) -> None:
        self.unit = unit
        self.free = -1  # earliest cycle for the next u

    def __call__(self, beats: Beats) -> Beats:
        return self._sweeps(beats) if self.unit.stream == DEGREES_DESCENDING else self._rows(beats)

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

    def __init__(self, cell: Cell) -> None:
        affine = cell.affines["hidden"]
        self.matrix = _Matrix(affine, 0)
        self.units = int(cell.parameters["UNITS"])
        self.rows = affine.rows // self.units
        after = {"lmu_hidden_dense": ROUND, "lmu_hidden_lstm": 9, "lmu_hidden_gru": 10}
        second = cell.affines.get("hidden2")
        # From the last sum of a unit to its h; with a second matrix, from the last sum of all to the last h
        self.after = after[cell.module] if second is None else 5 + _second_latency(second)
        self.spread = second
        groups = affine.rows // affine.lanes - 1
        self.latency = groups * max(affine.columns, affine.lanes) + affine.lanes + SUM + self.after

    def __call__(self, beats: Beats) -> Beats:
        sums = self.matrix(beats)
        if self.spread is None:
            return [sums[self.rows * (unit + 1) - 1] + self.after for unit in range(self.units)]
        groups, lanes = self.spread.rows // self.spread.lanes, self.spread.lanes
        columns = max(self.spread.columns, lanes)
        last = sums[-1] + self.after
        return [last - (groups - 1 - g) * columns - (lanes - 1 - k) for g in range(groups) for k in range(lanes)]


class _Loop:
    """An LMU layer, step after step."""

    def __init__(self, lmu: LMU, units: LMUUnits) -> None:
        self.lmu, self.cell = lmu, units.cell
        self.encoder, self.memory = _Matrix(units.encoder, ROUND), _Memory(units.memory)
        self.hidden = _Hidden(units.cell) if units.cell is not None else None
        self.old_mem = [-QUEUE] * (lmu.memory_d * lmu.order)  # the first step has zeros at once
        self.old_h = [-QUEUE] * lmu.units
        self.encoder_in = self.hidden_in = -1  # last operand taken

    def step(self, x: Beats) -> Beats:
        """h of the next step, whose input may be taken from ``x`` on."""
        given = [*x]
        given += [beat + QUEUE for beat in self.old_mem] if self.lmu.encoder_mem is not None else []
        given += [beat + QUEUE for beat in self.old_h] if self.lmu.encoder_h is not None else []
        taken = _in_turn(given, self.encoder_in)
        self.encoder_in = taken[-1]
        mem = self.memory(self.encoder(taken))
        if self.hidden is None or self.cell is None:
            h = [beat + ROUND for beat in mem]
        else:
            wait = QUEUE if self.cell.recurrent else 0
            operands = [beat + QUEUE for beat in taken[: len(x)]] if int(self.cell.parameters["N_X"]) else []
            operands += [beat + QUEUE for beat in self.old_h] if self.cell.recurrent else []
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


def _period(lmu: LMU, units: LMUUnits) -> int:
    """Cycles from step to step when x is always there."""
    loop = _Loop(lmu, units)
    ends = [loop.step([0] * lmu.n_in)[-1] for _ in range(ROUNDS)]
    return ends[-1] - ends[-2]
