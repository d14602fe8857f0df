"""Reuse factors: how many cycles a step a layer takes, and the fewest multipliers that keep to it.

A part is one matrix of a layer, or its memory unit. ``lanes`` rows are worked on at once, one multiplier each and one
column a cycle; what that makes of a step is said by :mod:`lmu_hls.rtl.cycles`, feedback included. A layer's ReuseFactor
is the number of cycles a step that the layer takes, with the fewest multipliers that need no more. It is valid when
fewer multipliers would take longer and as many cannot be faster: an entry of the layer's front.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import inf

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.cycles import elementwise_pace, hidden_latency, lmu_pace, recurrence, way_round
from lmu_hls.rtl.sizes import (
    DENSE,
    ENCODER,
    MEMORY,
    TRIDIAGONAL_MULTIPLIERS,
    CellSizes,
    Lanes,
    LMUSizes,
    Matrix,
    dense_sizes,
)
from lmu_hls.spec import LMU, ArgMax, Dense, GRUCell, Layer, Network

REPETITIONS = 256  # fronts that are kept: a conversion plans the same layers several times


@dataclass(frozen=True, slots=True)
class Part:
    """One matrix of a layer, or its memory unit. ``choices`` maps possible lanes to the cycles a step of it alone.

    ``macs`` are the multiplications of a step that the layer needs: zeros that only fill the matrix are not counted.
    """

    name: str
    macs: int
    choices: Mapping[int, int]
    multipliers_a_lane: int = 1

    @property
    def fewest_cycles(self) -> int:
        return min(self.choices.values())


@dataclass(frozen=True, slots=True)
class PartPlan:
    """A part with the lanes that it got; ``cycles`` are those of a step of it alone."""

    name: str
    macs: int
    lanes: int
    multipliers: int
    cycles: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Lanes of all parts of a layer, the cycles a step that it then takes, and the multipliers of the parts."""

    cycles: int
    multipliers: int
    lanes: Lanes


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """``network`` with valid reuse factors, made from the request ``wanted``, and what it comes to.

    ``cycles`` a step on ``multipliers``; ``fewest_cycles`` and ``most_cycles`` are those with all and with the fewest
    multipliers. Where layers run once a sequence, they count with the average over its steps. ``limit`` is what keeps
    the network from fewer cycles.
    """

    network: Network
    wanted: int
    cycles: int
    multipliers: int
    fewest_cycles: int
    most_cycles: int
    limit: str

    @property
    def remark(self) -> str | None:
        """A line for the user when the request is out of reach or asks for nothing; 1 means as fast as possible."""
        if 1 < self.wanted < self.fewest_cycles:
            return (
                f"ReuseFactor {self.wanted} is out of reach: {self.limit} takes {self.fewest_cycles} cycles a step or "
                f"more. A step takes {self.cycles}, with the fewest multipliers for that, {self.multipliers}."
            )
        if self.wanted > self.most_cycles:
            return (
                f"ReuseFactor {self.wanted} saves nothing over {self.most_cycles}: the fewest multipliers, "
                f"{self.multipliers}, take {self.cycles} cycles a step."
            )
        return None

    @property
    def summary(self) -> str:
        """What was made of the request, in any case."""
        if self.remark is not None:
            return self.remark
        asked = "as fast as possible" if self.wanted == 1 else "with the fewest multipliers for that"
        return (
            f"ReuseFactor {self.wanted}, {asked}: {self.cycles} cycles a step on {self.multipliers} multipliers; "
            f"{self.fewest_cycles} to {self.most_cycles} are possible."
        )


def plan_parts(layer: Layer, lanes: Lanes) -> tuple[PartPlan, ...]:
    """The parts of ``layer`` with ``lanes`` as :func:`choose_lanes` gives them."""
    return tuple(
        PartPlan(
            part.name, part.macs, lanes[part.name], lanes[part.name] * part.multipliers_a_lane,
            part.choices[lanes[part.name]],
        )
        for part in parts(layer)
    )  # fmt: skip


def parts(layer: Layer) -> tuple[Part, ...]:
    """The parts of ``layer``, in the order in which data meets them; none for a layer without multiplications."""
    if isinstance(layer, Dense):
        return (matrix_part(DENSE, dense_sizes(layer)),)
    if not isinstance(layer, LMU):
        return ()
    sizes = LMUSizes.of(layer)
    hidden = sizes.cell.matrices if sizes.cell is not None else {}
    filled = isinstance(layer.hidden, GRUCell) and layer.hidden.reset_after  # every fourth row is zeros
    return (
        matrix_part(ENCODER, sizes.encoder),
        _memory_part(sizes),
        *(matrix_part(name, matrix, 3 if filled else 4) for name, matrix in hidden.items()),
    )


def matrix_part(name: str, matrix: Matrix, useful_quarters: int = 4) -> Part:
    """A part on ``lmu_affine``; so many quarters of the matrix are not there to fill it."""
    return Part(name, matrix.columns * matrix.rows * useful_quarters // 4, matrix.choices)


def _memory_part(sizes: LMUSizes) -> Part:
    if sizes.tridiagonal:
        return Part(MEMORY, 4 * sizes.states, sizes.memory_choices, TRIDIAGONAL_MULTIPLIERS)
    return Part(MEMORY, sizes.states * (sizes.order + 1), sizes.memory_choices)


def front(layer: Layer) -> tuple[Choice, ...]:
    """All choices of lanes worth having, from the fewest cycles to the fewest multipliers; none without parts.

    No other choice has as few multipliers and fewer cycles, or as few cycles and fewer multipliers.
    """
    if isinstance(layer, Dense):
        return _matrix_front(dense_sizes(layer))
    return _lmu_front(LMUSizes.of(layer)) if isinstance(layer, LMU) else ()


@lru_cache(REPETITIONS)
def _matrix_front(matrix: Matrix) -> tuple[Choice, ...]:
    return tuple(Choice(cycles, lanes, {DENSE: lanes}) for lanes, cycles in reversed(matrix.choices.items()))


@lru_cache(REPETITIONS)
def _lmu_front(sizes: LMUSizes) -> tuple[Choice, ...]:
    """Candidates with the fewest multipliers first; the exact cycles are worked out where a bound leaves hope."""
    loop = sizes.mem_back or sizes.h_back
    found: list[Choice] = []
    best: float = inf
    for multipliers, bound, lanes in sorted(_candidates(sizes), key=lambda candidate: candidate[:2]):
        if bound >= best:
            continue
        named = dict(zip((ENCODER, MEMORY, *(sizes.cell.matrices if sizes.cell else ())), lanes, strict=True))
        cycles = lmu_pace(sizes, named).ii if loop else bound
        if cycles < best:
            best = cycles
            if found and found[-1].multipliers == multipliers:
                found.pop()
            found.append(Choice(cycles, multipliers, named))
    return tuple(reversed(found))


def _candidates(sizes: LMUSizes) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """Multipliers, a lower bound of the cycles a step (without feedback the cycles), and the lanes of all parts."""
    cells = list(_cells(sizes.cell, sizes.h_back))
    each = TRIDIAGONAL_MULTIPLIERS if sizes.tridiagonal else 1
    for (encoder, e_cycles), (memory, m_cycles) in product(sizes.encoder.choices.items(), sizes.memory_choices.items()):
        way = way_round(sizes, encoder, memory)
        for cell_multipliers, cell_cycles, cell_way, lanes in cells:
            bound = max(e_cycles, m_cycles, cell_cycles, way + cell_way)
            yield encoder + each * memory + cell_multipliers, bound, (encoder, memory, *lanes)


def _cells(cell: CellSizes | None, h_back: bool) -> Iterator[tuple[int, int, int, tuple[int, ...]]]:
    """Multipliers, cycles a step, the cell's share in the way round, and lanes, for all choices of a cell's lanes."""
    if cell is None:
        yield 0, 0, 0, ()
        return
    choices = [matrix.choices for matrix in cell.matrices.values()]
    for lanes in product(*choices):
        named = dict(zip(cell.matrices, lanes, strict=True))
        cycles = max(choice[n] for choice, n in zip(choices, lanes, strict=True))
        cycles = max(cycles, recurrence(cell, named)[1]) if cell.recurrent else cycles
        yield sum(lanes), cycles, hidden_latency(cell, named) if h_back else 0, lanes


def valid_reuse_factors(layer: Layer) -> tuple[int, ...]:
    """All valid ReuseFactors of ``layer``, ascending; empty for a layer without multiplications."""
    return tuple(choice.cycles for choice in front(layer))


def choose_lanes(layer: Layer, reuse_factor: int) -> dict[str, int]:
    """Lanes of each part of ``layer``, by name.

    Raises LmuHlsError for an invalid reuse factor; the text names the nearest valid ones.
    """
    chosen = {choice.cycles: choice for choice in front(layer)}
    if reuse_factor not in chosen:
        valid = list(chosen)
        why = (
            _why_slow(layer, reuse_factor, valid[0])
            if reuse_factor < valid[0]
            else "no choice of its multipliers takes exactly that many cycles a step"
        )
        raise LmuHlsError(
            f"layer {layer.name!r}: ReuseFactor {reuse_factor} is not possible, {why}; "
            f"use {' or '.join(map(str, nearest(valid, reuse_factor)))}"
        )
    return dict(chosen[reuse_factor].lanes)


def _why_slow(layer: Layer, cycles: int, least: int) -> str:
    slow = [part for part in parts(layer) if part.fewest_cycles > cycles]
    if slow:
        return f"its {slow[0].name} needs at least {slow[0].fewest_cycles} cycles a step"
    return f"one way round its feedback needs at least {least} cycles a step"


def nearest(valid: Sequence[int], value: int) -> list[int]:
    """The largest of ``valid`` below ``value`` and the smallest above it, where there are such."""
    below, above = bisect_left(valid, value), bisect_right(valid, value)
    return [*valid[max(0, below - 1) : below], *valid[above : above + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class _Slot:
    """A layer, or the input (None), with the cycles that it can take and the steps of a sequence that share them."""

    layer: Layer | None
    possible: tuple[int, ...]
    steps: int = 1

    @property
    def fewest(self) -> int:
        return self.a_step(self.possible[0])

    def a_step(self, cycles: int) -> int:
        return -(-cycles // self.steps)

    def at_most(self, target: int) -> int:
        """The most cycles that are not above ``target`` for each step."""
        return self.possible[bisect_right(self.possible, target * self.steps) - 1]


def settle(network: Network, wanted: int, streaming: bool = False) -> Settled:
    """``network`` with the fewest multipliers with which it takes at most ``wanted`` cycles a step.

    Where that is not possible it takes as few cycles as it can, with the fewest multipliers for that. A layer whose
    ReuseFactor is not ``wanted`` keeps its own; 1 is the fewest cycles that it can take. Layers behind an LMU that
    gives its last step only have ``network.steps`` times as long; when ``streaming``, every step goes through all
    layers. Raises LmuHlsError when a layer's own ReuseFactor is impossible.
    """
    slots = [_with_own(slot, wanted) for slot in _slots(network, streaming)]
    tightest = max(slots, key=lambda slot: slot.fewest)
    target = max(wanted, tightest.fewest)
    layers = tuple(_with_reuse(slot, target) for slot in slots if slot.layer is not None)
    return Settled(
        network=replace(network, layers=layers),
        wanted=wanted,
        cycles=max(slot.a_step(slot.at_most(target)) for slot in slots),
        multipliers=sum(map(multipliers, layers)),
        fewest_cycles=tightest.fewest,
        most_cycles=max(slot.a_step(slot.possible[-1]) for slot in slots),
        limit="the input" if tightest.layer is None else f"layer {tightest.layer.name!r}",
    )


def multipliers(layer: Layer) -> int:
    """Of a layer with a valid reuse factor: those of its parts and those of the gates of its cell."""
    if not isinstance(layer, LMU | Dense):
        return 0
    lanes = choose_lanes(layer, layer.reuse_factor)
    cell = LMUSizes.of(layer).cell if isinstance(layer, LMU) else None
    return sum(part.multipliers for part in plan_parts(layer, lanes)) + (cell.gate_multipliers if cell else 0)


def fastest(network: Network, streaming: bool = False) -> int:
    """The fewest cycles a step that ``network`` can take, whatever its reuse factors are."""
    return max(slot.fewest for slot in _slots(network, streaming))


def balanced(network: Network, cycles: int, streaming: bool = False) -> dict[str, int]:
    """For each layer with multiplications its ReuseFactor when the network takes at most ``cycles`` a step.

    As :func:`settle`, but for all layers whatever they ask for. Raises LmuHlsError when a layer cannot be as fast.
    """
    chosen: dict[str, int] = {}
    for slot in _slots(network, streaming):
        if slot.fewest > cycles:
            what = "the input" if slot.layer is None else f"layer {slot.layer.name!r}"
            raise LmuHlsError(
                f"{what} needs at least {slot.possible[0]} cycles a step, {cycles * slot.steps} are allowed; allow more"
            )
        if isinstance(slot.layer, LMU | Dense):
            chosen[slot.layer.name] = slot.at_most(cycles)
    return chosen


def _slots(network: Network, streaming: bool) -> list[_Slot]:
    """The input, then the layers in their order."""
    slots, steps, count = [_Slot(None, (network.n_in,))], 1, network.n_in
    for layer in network.layers:
        if isinstance(layer, LMU | Dense):
            slots.append(_Slot(layer, valid_reuse_factors(layer), steps))
            count = layer.units
        else:
            slots.append(_Slot(layer, (elementwise_pace(layer, count).ii,), steps))
            count = 1 if isinstance(layer, ArgMax) else count
        if isinstance(layer, LMU) and not layer.return_sequences and not streaming:
            steps = network.steps
    return slots


def _with_own(slot: _Slot, wanted: int) -> _Slot:
    """``slot`` with no choice but the one that its layer asks for by itself, if it does."""
    layer = slot.layer
    if not isinstance(layer, LMU | Dense) or layer.reuse_factor == wanted:
        return slot
    if layer.reuse_factor == 1:
        return replace(slot, possible=slot.possible[:1])
    choose_lanes(layer, layer.reuse_factor)
    return replace(slot, possible=(layer.reuse_factor,))


def _with_reuse(slot: _Slot, target: int) -> Layer:
    assert slot.layer is not None
    if isinstance(slot.layer, LMU | Dense):
        return replace(slot.layer, reuse_factor=slot.at_most(target))
    return slot.layer
