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
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Reuse
from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.ends import AUTO, Ports
from lmu_hls.rtl.heads import SharedHead, possible_heads, shared_heads
from lmu_hls.rtl.search import Choice, Either, Search
from lmu_hls.rtl.stages import Stage, stage_of
from lmu_hls.spec import Layer, Network

ONE = Ports()


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """``network`` with valid reuse factors, made from the request ``request``, and what it comes to.

    ``cycles`` a step on ``multipliers``; ``fewest_cycles`` and ``most_cycles`` are those with all and with the fewest
    multipliers. Where layers run once a sequence, they count with the average over its steps. ``limit`` is what keeps
    the network from fewer cycles, ``own`` the number of layers that keep a ReuseFactor of their own. ``wider`` are the
    fewest cycles with several values in a beat of its streams, where a request is out of reach with one.
    """

    network: Network
    request: int
    cycles: int
    multipliers: int
    fewest_cycles: int
    most_cycles: int
    limit: str
    own: int
    wider: int | None = None

    @property
    def remark(self) -> str | None:
        """A line for the user when the request is out of reach or asks for nothing; 1 means as fast as possible."""
        if 1 < self.request < self.fewest_cycles:
            return (
                f"ReuseFactor {self.request} is out of reach: {self.limit} takes {self.fewest_cycles} cycles a step or "
                f"more. A step takes {self.cycles}, with the fewest multipliers for that, {self.multipliers}."
                f"{self._kept}{self._wider}"
            )
        if self.request > self.most_cycles:
            return (
                f"ReuseFactor {self.request} saves nothing over {self.most_cycles}: the fewest multipliers, "
                f"{self.multipliers}, take {self.cycles} cycles a step.{self._kept}"
            )
        return None

    @property
    def reuse(self) -> Reuse:
        """All of it for the records."""
        missed = self.remark is not None
        return Reuse(self.request, self.cycles, self.fewest_cycles, self.most_cycles, self.summary, missed)

    @property
    def _kept(self) -> str:
        if self.own == 0:
            return ""
        return f" {'A layer keeps its' if self.own == 1 else f'{self.own} layers keep their'} own ReuseFactor."

    @property
    def _wider(self) -> str:
        return f" With ValuesPerBeat: auto, {self.wider} are possible." if self.wider is not None else ""

    @property
    def summary(self) -> str:
        """What was made of the request, in any case."""
        if self.remark is not None:
            return self.remark
        asked = "as fast as possible" if self.request == 1 else "with the fewest multipliers for that"
        return (
            f"ReuseFactor {self.request}, {asked}: {self.cycles} cycles a step on {self.multipliers} multipliers; "
            f"{self.fewest_cycles} to {self.most_cycles} are possible.{self._kept}"
        )


def valid_reuse_factors(layer: Layer) -> tuple[int, ...]:
    """All valid ReuseFactors of ``layer``, ascending; empty for a layer without multiplications."""
    search = stage_of(layer).search
    return tuple(choice.cycles for choice in search.front()) if search is not None else ()


def choose_lanes(layer: Layer, reuse_factor: int, parallel: bool = False) -> Lanes:
    """Lanes of each part of ``layer``, by name; with ``parallel`` also :class:`lmu_hls.rtl.matrix.Columns`.

    Raises LmuHlsError for an invalid reuse factor; the text names the nearest valid ones.
    """
    search = _search(stage_of(layer), parallel)
    if search is None:
        return {}
    found = search.at_most(reuse_factor)
    if found is not None and found.cycles == reuse_factor:
        return found.lanes
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


def _search(stage: Stage[Any], parallel: bool) -> Search | None:
    """The choices of a layer; with ``parallel`` those of whole vectors, too."""
    search, form = stage.search, stage.parallel if parallel else None
    other = form.search if form is not None else None
    return search if search is None or other is None else Either(search, other)


def _why_slow(layer: Layer, cycles: int, least: int) -> str:
    slow = [part for part in stage_of(layer).parts if part.fewest_cycles > cycles]
    if slow:
        return f"its {slow[0].name} needs at least {slow[0].fewest_cycles} cycles a step"
    return f"one way round its feedback needs at least {least} cycles a step"


def nearest(valid: Sequence[int], value: int) -> list[int]:
    """The largest of ``valid`` below ``value`` and the smallest above it, where there are such."""
    below, above = bisect_left(valid, value), bisect_right(valid, value)
    return [*valid[max(0, below - 1) : below], *valid[above : above + 1]]


@dataclass(frozen=True, slots=True)
class _Port:
    """Values of a step that come in or go out, as many a beat as are needed."""

    values: int
    width: int
    ports: Ports

    def at_most(self, cycles: int) -> Choice:
        return Choice(self.ports.beats(self.values, self.width, cycles), 0, {})


@dataclass(frozen=True, slots=True, eq=False)
class _Slot:
    """A layer, or an input or output (None): the cycles that it can take, and the steps of a sequence that share them.

    Without ``choices`` it takes ``fewest`` cycles whatever is asked, which are then also the ``most``.
    """

    stage: Stage[Any] | None
    fewest: int
    most: int
    steps: int = 1
    choices: Search | _Port | None = None
    port: str = ""

    @property
    def fixed(self) -> bool:
        """It does not follow the others."""
        return not isinstance(self.choices, _Port)

    def for_target(self, cycles: int) -> int:
        """The most cycles that are not above ``cycles`` for each step, which suffice."""
        found = self.choices.at_most(cycles * self.steps) if self.choices is not None else None
        return found.cycles if found is not None else self.fewest

    def a_step(self, cycles: int) -> int:
        """``cycles`` as the average over the steps that share them."""
        return -(-cycles // self.steps)

    @property
    def name(self) -> str:
        return self.port if self.stage is None else self.stage.name

    @property
    def about(self) -> str:
        """For messages."""
        return self.port if self.stage is None else f"layer {self.stage.name!r}"


def settle(network: Network, request: int, streaming: bool = False, ports: Ports = ONE) -> Settled:
    """``network`` with the fewest multipliers with which it takes at most ``request`` cycles a step.

    Where that is not possible it takes as few cycles as it can, with the fewest multipliers for that. A layer whose
    ReuseFactor is not ``request`` keeps its own; 1 is the fewest cycles that it can take. Layers behind an LMU that
    gives its last step only have ``network.steps`` times as long; when ``streaming``, every step goes through all
    layers. Where ``ports`` have more than one value a beat, layers may have whole vectors for beats. Raises LmuHlsError
    when a layer's own ReuseFactor is impossible.
    """
    parallel, asked = ports.per_beat != 1, shared_heads(network, streaming, ports)
    slots = [_with_own(slot, request, parallel, asked) for slot in _slots(network, streaming, ports)]
    tightest = max(slots, key=lambda slot: slot.a_step(slot.fewest))
    fewest = tightest.a_step(tightest.fewest)
    free = {slot.name for slot in slots if slot.stage is not None and not _has_own(slot.stage, request)}
    heads = [head for head in possible_heads(network, streaming, ports) if free.issuperset(head.layers)]
    layers, taken = _layers(slots, heads, max(request, fewest))
    most = [slot.a_step(slot.most) for slot in slots] + [max(head.choices.values()) for head in heads]
    settled = network.map_layers(layers)
    shared = shared_heads(settled, streaming, ports)
    for head in shared.values():
        taken |= dict.fromkeys(head.layers, head.average)
    parts = {*layers}.difference(*(head.layers for head in shared.values()))
    return Settled(
        network=settled,
        request=request,
        cycles=max(taken.values()),
        multipliers=sum(multipliers(layers[name], parallel) for name in parts)
        + sum(head.sizes.multipliers for head in shared.values()),
        fewest_cycles=fewest,
        most_cycles=max(most),
        limit=tightest.about,
        own=sum(_has_own(slot.stage, request) for slot in slots),
        wider=_wider(network, request, streaming, fewest) if not parallel and 1 < request < fewest else None,
    )


def _layers(
    slots: Sequence[_Slot], heads: Sequence[SharedHead], target: int
) -> tuple[dict[str, Layer], dict[str, int]]:
    """The layers with their ReuseFactors for at most ``target`` cycles a step, and the cycles of each slot before any
    two share their multipliers."""
    cycles = [slot.for_target(target) for slot in slots]
    slowest = max(slot.a_step(own) for slot, own in zip(slots, cycles, strict=True) if slot.fixed)
    cycles = [own if slot.fixed else slot.for_target(slowest) for slot, own in zip(slots, cycles, strict=True)]
    pairs = list(zip(slots, cycles, strict=True))
    layers = {slot.name: slot.stage.with_reuse_factor(own) for slot, own in pairs if slot.stage is not None}
    taken: dict[str, int] = {}
    for slot, own in pairs:
        taken[slot.name] = max(taken.get(slot.name, 0), slot.a_step(own))  # inputs have one name
    for head in heads:
        layers |= _with_head(head, layers, target, max(taken[name] for name in head.layers))
    return layers, taken


def _with_head(head: SharedHead, layers: Mapping[str, Layer], cycles: int, taken: int) -> dict[str, Layer]:
    """Both layers with the ReuseFactor that says so, where that needs fewer multipliers than ``layers`` do, which take
    ``taken`` cycles a step, or as many and fewer cycles; else none."""
    both = {name: layers[name] for name in head.layers}
    chosen, apart = head.at_most(cycles), (sum(map(multipliers, both.values())), taken)
    if chosen is None or (chosen.sizes.multipliers, chosen.average) >= apart:
        return {}
    return {name: stage_of(layer).with_reuse_factor(chosen.sizes.cycles) for name, layer in both.items()}


def _wider(network: Network, request: int, streaming: bool, fewest: int) -> int | None:
    """The fewest cycles with as many values in a beat as it takes, where these are fewer than ``fewest``."""
    slots = [_with_own(slot, request, True, {}) for slot in _slots(network, streaming, Ports(AUTO))]
    found = max(slot.a_step(slot.fewest) for slot in slots)
    return found if found < fewest else None


def requests(network: Network, streaming: bool = False, ports: Ports = ONE) -> tuple[int, ...]:
    """The reuse factors at which :func:`settle` gives another network than at one less, ascending."""
    slots = _slots(network, streaming, ports)
    fewest = max(slot.a_step(slot.fewest) for slot in slots)
    changes = (
        slot.a_step(choice.cycles)
        for slot in slots
        if isinstance(slot.choices, Search)
        for choice in slot.choices.front()
    )
    heads, found = possible_heads(network, streaming, ports), dict[tuple[int | None, ...], int]()
    shared = (cycles for head in heads for cycles in head.choices.values())
    for cycles in sorted({fewest, *(cycles for cycles in (*changes, *shared) if cycles > fewest)}):
        layers, _ = _layers(slots, heads, cycles)
        found.setdefault(tuple(stage_of(layer).reuse_factor for layer in layers.values()), cycles)
    return tuple(found.values())


def asking(network: Network, request: int, was: int = 1) -> Network:
    """``network`` with ``request`` as the reuse factor of the layers that ask for ``was``; others keep their own."""
    stages = [stage_of(node.layer.renamed(node.name)) for node in network.nodes]
    return network.map_layers(
        {stage.name: stage.with_reuse_factor(request) for stage in stages if stage.reuse_factor == was}
    )


def multipliers(layer: Layer, parallel: bool = False) -> int:
    """Those of a layer's parts and those of the gates of its cell; its reuse factor, if it has one, must be valid."""
    stage = stage_of(layer)
    lanes = {} if stage.reuse_factor is None else choose_lanes(layer, stage.reuse_factor, parallel)
    form = stage.chosen(lanes)
    return sum(part.multipliers for part in form.plan(lanes)) + form.product_multipliers


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
                f"{slot.about} needs at least {slot.fewest} cycles a step, {allowed} are allowed; allow more"
            )
        if slot.stage is not None and slot.choices is not None:
            chosen[slot.stage.name] = slot.for_target(cycles)
    return chosen


def _slots(network: Network, streaming: bool, ports: Ports = ONE) -> list[_Slot]:
    """The inputs, then the nodes in their order; their stages have the names of the nodes. Then the outputs, where they
    could be what takes longest."""
    values, quick = network.values, set[str]()  # nodes that give a whole vector where single values would be too slow
    slots = [_port("the input", item.width, item.type.width, ports) for item in network.inputs]
    executions = {item.name: network.steps for item in network.inputs}
    for node in network.nodes:
        stage, arriving = stage_of(node.layer.renamed(node.name)), executions[node.inputs[0]]
        steps = max(1, network.steps // (arriving if streaming else stage.taken_steps(arriving)))
        choices, form = _search(stage, ports.per_beat != 1), stage.parallel if ports.per_beat != 1 else None
        if form is not None and (form.search is not None or node.inputs[0] in quick):
            quick.add(node.name)
        if choices is None and node.name in quick:  # it takes no longer than what it reads
            slots.append(_Slot(stage, 1, 1, steps))
        elif choices is not None:
            slots.append(_Slot(stage, choices.fastest.cycles, choices.smallest.cycles, steps, choices))
        else:
            cycles = stage.pace(stage.taken_width(values[source].width for source in node.inputs), {}).ii
            slots.append(_Slot(stage, cycles, cycles, steps))
        executions[node.name] = arriving if streaming else stage.given_steps(arriving)
    if ports.per_beat != 1:
        for name in network.outputs:
            steps = max(1, network.steps // executions[name])
            slots.append(_port("the output", values[name].width, values[name].type.width, ports, steps))
    return slots


def _port(name: str, values: int, width: int, ports: Ports, steps: int = 1) -> _Slot:
    least, most = (ports.beats(values, width, cycles) for cycles in (1, values))
    return _Slot(None, least, most, steps, _Port(values, width, ports) if ports.per_beat == AUTO else None, name)


def _with_own(slot: _Slot, request: int, parallel: bool, shared: Mapping[str, SharedHead]) -> _Slot:
    """``slot`` with no choice but the one that its layer asks for by itself, if it does, or together with another."""
    if slot.stage is None or not _has_own(slot.stage, request):
        return slot
    own = slot.stage.reuse_factor
    if own is None or own == 1:
        return replace(slot, most=slot.fewest, choices=None)
    if all(slot.name not in head.layers for head in shared.values()):
        choose_lanes(slot.stage.layer, own, parallel)
    return replace(slot, fewest=own, most=own, choices=None)


def _has_own(stage: Stage[Any] | None, request: int) -> bool:
    return stage is not None and stage.search is not None and stage.reuse_factor != request
