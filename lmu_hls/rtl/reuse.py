"""Reuse factors: how many cycles a step a layer takes, and the fewest multipliers that keep to it.

A part is one matrix of a layer, or its memory unit. ``lanes`` rows are worked on at once, one multiplier each and one
column a cycle; what that makes of a step is said by :mod:`lmu_hls.rtl.cycles`, feedback included. A layer's ReuseFactor
is the number of cycles a step that the layer takes, with the fewest multipliers that need no more. It is valid when
fewer multipliers would take longer and as many cannot be faster (:mod:`lmu_hls.rtl.search`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.cycles import elementwise_pace
from lmu_hls.rtl.search import Search, search
from lmu_hls.rtl.sizes import DENSE, ENCODER, MEMORY, TRIDIAGONAL_MULTIPLIERS, Lanes, LMUSizes, Matrix, dense_sizes
from lmu_hls.spec import LMU, ArgMax, Dense, GRUCell, Layer, Network


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


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """``network`` with valid reuse factors, made from the request ``wanted``, and what it comes to.

    ``cycles`` a step on ``multipliers``; ``fewest_cycles`` and ``most_cycles`` are those with all and with the fewest
    multipliers. Where layers run once a sequence, they count with the average over its steps. ``limit`` is what keeps
    the network from fewer cycles, ``own`` the number of layers that keep a ReuseFactor of their own.
    """

    network: Network
    wanted: int
    cycles: int
    multipliers: int
    fewest_cycles: int
    most_cycles: int
    limit: str
    own: int

    @property
    def remark(self) -> str | None:
        """A line for the user when the request is out of reach or asks for nothing; 1 means as fast as possible."""
        if 1 < self.wanted < self.fewest_cycles:
            return (
                f"ReuseFactor {self.wanted} is out of reach: {self.limit} takes {self.fewest_cycles} cycles a step or "
                f"more. A step takes {self.cycles}, with the fewest multipliers for that, {self.multipliers}."
                f"{self._kept}"
            )
        if self.wanted > self.most_cycles:
            return (
                f"ReuseFactor {self.wanted} saves nothing over {self.most_cycles}: the fewest multipliers, "
                f"{self.multipliers}, take {self.cycles} cycles a step.{self._kept}"
            )
        return None

    @property
    def _kept(self) -> str:
        if self.own == 0:
            return ""
        return f" {'A layer keeps its' if self.own == 1 else f'{self.own} layers keep their'} own ReuseFactor."

    @property
    def summary(self) -> str:
        """What was made of the request, in any case."""
        if self.remark is not None:
            return self.remark
        asked = "as fast as possible" if self.wanted == 1 else "with the fewest multipliers for that"
        return (
            f"ReuseFactor {self.wanted}, {asked}: {self.cycles} cycles a step on {self.multipliers} multipliers; "
            f"{self.fewest_cycles} to {self.most_cycles} are possible.{self._kept}"
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


def valid_reuse_factors(layer: Layer) -> tuple[int, ...]:
    """All valid ReuseFactors of ``layer``, ascending; empty for a layer without multiplications."""
    return tuple(choice.cycles for choice in search(layer).front()) if isinstance(layer, LMU | Dense) else ()


def choose_lanes(layer: Layer, reuse_factor: int) -> dict[str, int]:
    """Lanes of each part of ``layer``, by name.

    Raises LmuHlsError for an invalid reuse factor; the text names the nearest valid ones.
    """
    if not isinstance(layer, LMU | Dense):
        return {}
    found = search(layer).at_most(reuse_factor)
    if found is not None and found.cycles == reuse_factor:
        return dict(found.lanes)
    valid = valid_reuse_factors(layer)
    why = (
        _why_slow(layer, reuse_factor, valid[0])
        if found is None
        else "no choice of its multipliers takes exactly that many cycles a step"
    )
    raise LmuHlsError(
        f"layer {layer.name!r}: ReuseFactor {reuse_factor} is not possible, {why}; "
        f"use {' or '.join(map(str, nearest(valid, reuse_factor)))}"
    )


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
    """A layer, or the input (None): the cycles that it can take, and the steps of a sequence that share them.

    Without ``choices`` it takes ``fewest`` cycles whatever is asked, which are then also the ``most``.
    """

    layer: Layer | None
    fewest: int
    most: int
    steps: int = 1
    choices: Search | None = None

    def for_target(self, cycles: int) -> int:
        """The most cycles that are not above ``cycles`` for each step, which suffice."""
        found = self.choices.at_most(cycles * self.steps) if self.choices is not None else None
        return found.cycles if found is not None else self.fewest

    def a_step(self, cycles: int) -> int:
        """``cycles`` as the average over the steps that share them."""
        return -(-cycles // self.steps)

    @property
    def name(self) -> str:
        return "the input" if self.layer is None else f"layer {self.layer.name!r}"


def settle(network: Network, wanted: int, streaming: bool = False) -> Settled:
    """``network`` with the fewest multipliers with which it takes at most ``wanted`` cycles a step.

    Where that is not possible it takes as few cycles as it can, with the fewest multipliers for that. A layer whose
    ReuseFactor is not ``wanted`` keeps its own; 1 is the fewest cycles that it can take. Layers behind an LMU that
    gives its last step only have ``network.steps`` times as long; when ``streaming``, every step goes through all
    layers. Raises LmuHlsError when a layer's own ReuseFactor is impossible.
    """
    slots = [_with_own(slot, wanted) for slot in _slots(network, streaming)]
    tightest = max(slots, key=lambda slot: slot.a_step(slot.fewest))
    fewest = tightest.a_step(tightest.fewest)
    cycles = [slot.for_target(max(wanted, fewest)) for slot in slots]
    layers = tuple(
        replace(slot.layer, reuse_factor=taken) if isinstance(slot.layer, LMU | Dense) else slot.layer
        for slot, taken in zip(slots, cycles, strict=True)
        if slot.layer is not None
    )
    return Settled(
        network=replace(network, layers=layers),
        wanted=wanted,
        cycles=max(slot.a_step(taken) for slot, taken in zip(slots, cycles, strict=True)),
        multipliers=sum(map(multipliers, layers)),
        fewest_cycles=fewest,
        most_cycles=max(slot.a_step(slot.most) for slot in slots),
        limit=tightest.name,
        own=sum(_has_own(layer, wanted) for layer in network.layers),
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
    return max(slot.a_step(slot.fewest) for slot in _slots(network, streaming))


def balanced(network: Network, cycles: int, streaming: bool = False) -> dict[str, int]:
    """For each layer with multiplications its ReuseFactor when the network takes at most ``cycles`` a step.

    As :func:`settle`, but for all layers whatever they ask for. Raises LmuHlsError when a layer cannot be as fast.
    """
    chosen: dict[str, int] = {}
    for slot in _slots(network, streaming):
        allowed = cycles * slot.steps
        if slot.fewest > allowed:
            raise LmuHlsError(
                f"{slot.name} needs at least {slot.fewest} cycles a step, {allowed} are allowed; allow more"
            )
        if isinstance(slot.layer, LMU | Dense):
            chosen[slot.layer.name] = slot.for_target(cycles)
    return chosen


def _slots(network: Network, streaming: bool) -> list[_Slot]:
    """The input, then the layers in their order."""
    slots, steps, count = [_Slot(None, network.n_in, network.n_in)], 1, network.n_in
    for layer in network.layers:
        if isinstance(layer, LMU | Dense):
            choices = search(layer)
            slots.append(_Slot(layer, choices.fastest.cycles, choices.smallest.cycles, steps, choices))
            count = layer.units
        else:
            cycles = elementwise_pace(layer, count).ii
            slots.append(_Slot(layer, cycles, cycles, steps))
            count = 1 if isinstance(layer, ArgMax) else count
        if isinstance(layer, LMU) and not layer.return_sequences and not streaming:
            steps = network.steps
    return slots


def _with_own(slot: _Slot, wanted: int) -> _Slot:
    """``slot`` with no choice but the one that its layer asks for by itself, if it does."""
    layer = slot.layer
    if not isinstance(layer, LMU | Dense) or not _has_own(layer, wanted):
        return slot
    if layer.reuse_factor == 1:
        return replace(slot, most=slot.fewest, choices=None)
    choose_lanes(layer, layer.reuse_factor)
    return replace(slot, fewest=layer.reuse_factor, most=layer.reuse_factor, choices=None)


def _has_own(layer: Layer, wanted: int) -> bool:
    return isinstance(layer, LMU | Dense) and layer.reuse_factor != wanted
