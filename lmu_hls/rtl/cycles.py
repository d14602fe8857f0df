"""Cycles of a network, from the formulas in the headers of the modules.

A unit is a function from the cycles in which a step's input beats are taken to those in which its output beats are,
when nothing holds them back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.rtl.matrix import Matrix

Beats = list[int]  # the cycle of each beat of a step
ROUND = 2  # cycles through lmu_activation
QUEUE = 2  # cycles through lmu_fifo
FRAMING = 3  # cycles from the last beat of a sequence to the word that says whether its framing was right
ROUNDS = 8  # steps after which the cycles from step to step have settled
PAST = -(1 << 20)  # a cycle before everything that a step brings


@dataclass(frozen=True, slots=True)
class Pace:
    """``ii`` cycles from step to step, by ``formulas`` (part -> text and cycles), and the answer to one step, of all
    inputs. The last step of a sequence takes ``at_end`` cycles more. ``intake`` begins a run of steps and says when the
    beats of each are taken that may be taken from these cycles on; None: as they come, if not faster than a step in
    ``ii``."""

    ii: int
    formulas: Mapping[str, tuple[str, int]]
    respond: Callable[..., Beats]
    at_end: int = 0
    intake: Callable[[], Callable[[Beats], Beats]] | None = None

    def answer(self, *beats: Beats) -> Beats:
        """:attr:`respond` to beats of which some may have come long before cycle 0."""
        first = min(0, *(beat for own in beats for beat in own))
        return [beat + first for beat in self.respond(*([beat - first for beat in own] for own in beats))]


@dataclass(frozen=True, slots=True)
class Cycles:
    """``ii`` from step to step; ``latency`` from a step's last input beat to its last output beat in an idle network;
    ``sequence`` from one sequence to the next, back to back. Where they are not ``even``, a sequence's last step takes
    longer than others, or those do which a layer works on that does not work on all, and is the slowest."""

    ii: int
    latency: int
    sequence: int
    even: bool = True


def network_ii(layers: Sequence[tuple[Pace, int]], steps: int, n_in: int) -> int:
    """Cycles from step to step; the layers each with the number of steps of a sequence that go through it.

    One that works on few of the steps counts with its share.
    """
    return max([n_in, *(-(-pace.ii // max(1, steps // executions)) for pace, executions in layers)])


def is_even(layers: Sequence[tuple[Pace, int]], steps: int, n_in: int) -> bool:
    """Whether each step of a sequence takes as long as every other: the slowest layer works on all of them, and none
    takes longer at the end."""
    every_step = max([n_in, *(pace.ii for pace, executions in layers if executions >= steps)])
    return network_ii(layers, steps, n_in) == every_step and not any(pace.at_end for pace, _ in layers)


def fastest_step(layers: Sequence[tuple[Pace, int]], steps: int, beats: int) -> int:
    """Cycles from step to step behind these layers, of which a sequence has ``steps`` of ``beats``, at the least: where
    a network is not even, steps that nothing holds back follow those that have waited as fast as that."""
    return max([beats, *(pace.ii * executions // steps for pace, executions in layers)])


def network_cycles(layers: Sequence[tuple[Pace, int]], steps: int, n_in: int, beats: Beats) -> Cycles:
    """Cycles of layers as for :func:`network_ii`; ``beats`` come out for a step whose input begins in cycle 0."""
    ii = network_ii(layers, steps, n_in)
    sequence = max([steps * n_in, *(pace.ii * executions + pace.at_end for pace, executions in layers)])
    return Cycles(ii, max(beats[-1] - (n_in - 1), FRAMING), sequence, is_even(layers, steps, n_in))


def pointwise_pace(module: str, count: int, latency: int) -> Pace:
    """A unit that gives each value ``latency`` cycles after it has taken it."""

    def respond(beats: Beats) -> Beats:
        return [beat + latency for beat in beats]

    return Pace(count, {module: ("N", count)}, respond)


def whole_step_pace(module: str, formula: str, ii: int, values: int, spacing: int, latency: int) -> Pace:
    """A unit that takes a step before it gives ``values``, ``spacing`` cycles apart, the last after ``latency``."""

    def respond(beats: Beats) -> Beats:
        return [beats[-1] + latency - spacing * (values - 1 - k) for k in range(values)]

    return Pace(ii, {module: (formula, ii)}, respond)


class MatrixBeats:
    """lmu_affine, followed by ``after`` cycles.

    A group's sums are taken for output ``due`` cycles after its last column, but not before the sums ahead of them have
    gone out; until then all columns behind them stand still. Only with more lanes than columns does that happen. Where
    blocks that are zero are left out, the first one is worked on two cycles after the last operand.
    """

    WHOLE = 2
    TAKEN = 2  # cycles from where a group's sums can be taken to the first one at the output

    def __init__(self, matrix: Matrix, after: int) -> None:
        self.matrix, self.after = matrix, after
        self.due = matrix.to_sum - self.TAKEN
        self.worked = -1  # last cycle in which a column was worked on
        self.taken = -matrix.lanes  # last cycle in which sums were taken
        self.still: list[tuple[int, int]] = []  # first cycle in which columns stand still, and the one after the last

    def __call__(self, beats: Beats) -> Beats:
        matrix = self.matrix
        if matrix.blocks:
            first = max(beats[-1] + self.WHOLE, self.worked + 1)
            ends = [first - 1 + sum(matrix.blocks[: group + 1]) for group in range(matrix.groups)]
            self.worked = ends[-1]
            taken = [end + self.due for end in ends]
        elif matrix.lanes > matrix.columns:
            taken = self._crowded(beats)
        else:
            for beat in beats:
                self.worked = max(beat, self.worked) + 1
            taken = [self.worked + self.due + g * matrix.columns for g in range(matrix.groups)]
            self.worked += (matrix.groups - 1) * matrix.columns
        return [cycle + self.TAKEN + self.after + lane for cycle in taken for lane in range(matrix.lanes)]

    def _crowded(self, beats: Beats) -> list[int]:
        """When the sums of each group are taken, if those of the group before can be in their way."""
        taken = []
        for group in range(self.matrix.groups):
            for beat in beats:
                self.worked = self._later(max(beat, self.worked) if group == 0 else self.worked, 1)
            due = self._later(self.worked, self.due)
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
