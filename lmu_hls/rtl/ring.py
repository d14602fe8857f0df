"""A dense memory update without multipliers, as parameters of ``lmu_memory_ring``: its additions, in stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np

from lmu_hls.adders import AdderGraph, Sum, shared_additions
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, Ints
from lmu_hls.rtl.affine import MAX_WIDTH
from lmu_hls.rtl.cycles import Beats
from lmu_hls.rtl.packed import Words, typed
from lmu_hls.rtl.unit import CHANNELS, MemorySizes, MemoryUnit, check_signed
from lmu_hls.spec import LMU, DenseUpdate

MODULE = "lmu_memory_ring"
ADDITIONS = 2  # one after the other between two registers, where the channels leave no room for more of these
LARGEST = 32  # order: finding the additions takes half a minute there
NODE_W, RESULT_W = 64, 32  # bits of the words of GRAPH and RESULTS


@dataclass(frozen=True, slots=True)
class RingMemory(MemorySizes):
    """All rows of a channel at once, in ``stages`` between registers; ``lanes`` is the order. ``levels`` are the
    additions that follow one another, and so the most stages that are worth having."""

    stages: int = 1
    levels: int = 1

    multipliers_a_lane = 0
    stream = CHANNELS

    def within(self, cycles: int) -> RingMemory:
        """0 cycles: something waits for the states, and more stages would make it wait longer."""
        possible = max(cycles, self.cycles) - (self.loop - self.stages) if cycles else 0
        return replace(self, stages=max(self.stages, min(self.levels, possible)))

    @property
    def loop(self) -> int:
        """Cycles from the u of a channel to where its next one may come."""
        return self.stages + 1 + int(self.memory_d > 1)

    @property
    def ii_cycles(self) -> int:
        return max(self.memory_d, self.loop)

    @property
    def latency_cycles(self) -> int:
        return self.stages + 3

    @property
    def formula(self) -> str:
        return "max(ORDER*MEMORY_D, STAGES + 1 + READ)"

    @property
    def macs(self) -> int:
        return 0

    @property
    def possible_lanes(self) -> list[int]:
        return [self.order]

    def responder(self) -> Callable[[Beats], Beats]:
        return _Ring(self)

    def last_state(self, u: Beats) -> int:
        if self.order == 1:
            return u[-1] + self.latency_cycles
        words = [beat + self.latency_cycles + self.order * (self.memory_d - c) for c, beat in enumerate(u)]
        return max(words)


class _Ring:
    def __init__(self, sizes: RingMemory) -> None:
        self.sizes = sizes
        self.free = -1  # earliest cycle for the next u
        self.out = -1  # last state

    def __call__(self, beats: Beats) -> Beats:
        sizes, states = self.sizes, []
        for beat in beats:
            taken = max(beat, self.free)
            self.free = taken + 1
            word = taken + sizes.latency_cycles
            if sizes.order > 1:
                word = max(word, self.out)
                states += [word + 1 + lane for lane in range(sizes.order)]
            else:
                states.append(word)
            self.out = states[-1]
        self.free += sizes.ii_cycles - sizes.memory_d
        return states


def ring_sizes(lmu: LMU, update: DenseUpdate) -> RingMemory:
    """Of the unit for ``update``: as many stages as the channels hide, at least one for each :data:`ADDITIONS`."""
    levels = _graph(lmu, update)[0].levels
    fewest = max(1, -(-levels // ADDITIONS))
    return RingMemory(lmu.order, lmu.memory_d, lmu.order, max(fewest, min(levels, lmu.memory_d - 2)), levels)


def ring_unit(
    lmu: LMU, update: DenseUpdate, lanes: int | None = None, stages: int | None = None, cycles: int = 0
) -> MemoryUnit:
    """The unit for ``update``, the one of ``lmu``; without ``stages`` it has those of :meth:`RingMemory.within`. Raises
    LmuHlsError for what the unit cannot take."""
    check_signed(lmu.name, {"u": lmu.u, "mem": lmu.mem})
    if lanes not in (None, lmu.order):
        raise LmuHlsError(f"layer {lmu.name!r}: a memory without multipliers has {lmu.order} lanes; leave them out")
    sizes = ring_sizes(lmu, update)
    sizes = sizes.within(cycles) if stages is None else replace(sizes, stages=stages)
    graph, fraction = _graph(lmu, update)
    pipeline = in_stages(graph, (lmu.u, *[lmu.mem] * lmu.order), sizes.stages)
    if pipeline.sum_width > MAX_WIDTH:
        raise LmuHlsError(
            f"layer {lmu.name!r}: the sums of the memory have {pipeline.sum_width} bits, the contract allows "
            f"{MAX_WIDTH}; use fewer fraction bits in u, mem, a or b"
        )
    parameters: dict[str, int | str] = {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "STAGES": sizes.stages}
    parameters |= typed("U", lmu.u) | typed("MEM", lmu.mem)
    parameters |= {"ACC_W": pipeline.sum_width, "ACC_F": fraction}
    parameters |= {"NODES": len(pipeline.nodes), "GRAPH": Words([node.word for node in pipeline.nodes], NODE_W)}
    parameters |= {"RESULTS": Words([result.word for result in pipeline.results], RESULT_W)}
    return MemoryUnit(sizes, MODULE, parameters)


class Kind(IntEnum):
    """Of a node of lmu_shift_add, as its header says."""

    INPUT, SUM, DIFFERENCE, REGISTER = range(4)


@dataclass(frozen=True, slots=True)
class Node:
    """first * 2^first_shift + second * 2^second_shift in ``width`` bits, or the difference; first a cycle later; or an
    input, whose lowest bit is ``first``. The operands are numbers of nodes before it."""

    kind: Kind
    width: int
    first: int
    first_shift: int = 0
    second: int = 0
    second_shift: int = 0

    @property
    def word(self) -> int:
        """As the header of lmu_shift_add says."""
        word = self.first | self.second << 16 | self.width << 32
        return word | self.first_shift << 40 | self.second_shift << 48 | self.kind << 56


@dataclass(frozen=True, slots=True)
class Result:
    """A node * 2^shift; None is zero."""

    node: int | None
    shift: int

    @property
    def word(self) -> int:
        return 0 if self.node is None else self.node | self.shift << 16 | 1 << 24


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The nodes of lmu_shift_add, inputs first, and its outputs."""

    nodes: tuple[Node, ...]
    results: tuple[Result, ...]

    @property
    def sum_width(self) -> int:
        """Bits of every output."""
        return max(1, *(self.nodes[out.node].width + out.shift for out in self.results if out.node is not None))

    @property
    def register_bits(self) -> int:
        return sum(node.width for node in self.nodes if node.kind == Kind.REGISTER)


def in_stages(graph: AdderGraph, types: Sequence[FixedType], stages: int) -> Pipeline:
    """``graph`` with registers, ``stages`` on every way from an input to an output.

    Sums that need not come early come early or late, whichever takes fewer bits of registers.
    """
    graph = _without_negated_outputs(graph)
    early, late = _levels(graph)
    made = [_pipeline(graph, types, levels, stages) for levels in (early, late)]
    return min(made, key=lambda pipeline: pipeline.register_bits)


def _without_negated_outputs(graph: AdderGraph) -> AdderGraph:
    """An output that is negated becomes 0 minus a value, which the sums have as a difference of twice that value."""
    sums, outputs = list(graph.sums), []
    for out in graph.outputs:
        if out.minus and out.value is not None:
            sums.append(Sum(out.value, 0, out.value, 1, True))  # x - 2 x
            out = type(out)(graph.inputs + len(sums) - 1, out.shift, False)
        outputs.append(out)
    return AdderGraph(graph.inputs, tuple(sums), tuple(outputs))


def _levels(graph: AdderGraph) -> tuple[list[int], list[int]]:
    """Of every value the number of additions up to it, at the earliest and at the latest."""
    early = [0] * graph.inputs
    for item in graph.sums:
        early.append(1 + max(early[item.first], early[item.second]))
    late = [max(early)] * len(early)
    for number in reversed(range(graph.inputs, len(early))):
        item = graph.sums[number - graph.inputs]
        for operand in (item.first, item.second):
            late[operand] = min(late[operand], late[number] - 1)
    return early, late


def _pipeline(graph: AdderGraph, types: Sequence[FixedType], levels: Sequence[int], stages: int) -> Pipeline:
    deepest, widths = max(*levels, 1), graph.widths(types)
    nodes: list[Node] = []
    copies: list[list[int]] = []  # nodes of each value, from its own stage on
    born: list[int] = []  # that stage

    def put(node: Node) -> int:
        nodes.append(node)
        return len(nodes) - 1

    def at(value: int, stage: int) -> int:
        known = copies[value]
        while len(known) <= stage - born[value]:
            known.append(put(Node(Kind.REGISTER, nodes[known[-1]].width, known[-1])))
        return known[stage - born[value]]

    low = 0
    for kind in types:
        copies.append([put(Node(Kind.INPUT, kind.width, low))])
        born.append(0)
        low += kind.width
    for number, item in enumerate(graph.sums, graph.inputs):
        stage = (levels[number] - 1) * stages // deepest
        first, second = at(item.first, stage), at(item.second, stage)
        operands = (nodes[first].width + item.first_shift, nodes[second].width + item.second_shift)
        kind_of_sum = Kind.DIFFERENCE if item.minus else Kind.SUM
        width = max(widths[number], *operands)
        copies.append([put(Node(kind_of_sum, width, first, item.first_shift, second, item.second_shift))])
        born.append(stage)
    results = [Result(None if out.value is None else at(out.value, stages), out.shift) for out in graph.outputs]
    return Pipeline(tuple(nodes), tuple(results))


def _graph(lmu: LMU, update: DenseUpdate) -> tuple[AdderGraph, int]:
    """The additions of B u + A mem, of u and then the states of a channel, and the fraction bits of their sums."""
    if lmu.order > LARGEST:
        raise LmuHlsError(
            f"layer {lmu.name!r}: a memory without multipliers is possible up to order {LARGEST}, this one has "
            f"{lmu.order}; leave Strategy out"
        )
    matrix, fraction = update.joint(lmu.u, lmu.mem)
    return _additions(matrix.shape, tuple(matrix.flat)), fraction


@lru_cache(maxsize=64)
def _additions(shape: tuple[int, int], values: tuple[int, ...]) -> AdderGraph:
    matrix: Ints = np.array(values, object).reshape(shape)
    return shared_additions(matrix)
