"""The integer contract: a graph of layers in which every tensor has a fixed-point type and every weight is an integer.

Golden and the Verilog read this description and nothing else; the C++ comes from the graph that it was read out of,
and must be equal to it. Sums of products are exact; a value is rounded once, where it is assigned to a named tensor
(the fields that hold a :class:`FixedType`). No float lives here except ``theta``, which is only reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.spec.assign import Tensor
from lmu_hls.spec.layers import Layer
from lmu_hls.spec.layers.lmu import LMU
from lmu_hls.spec.layers.recurrent import RecurrentLayer
from lmu_hls.spec.weight import ABSENT_BY_DEFAULT

T = TypeVar("T")

INPUT = "input"  # the name of the only input, with underscores behind it where a layer has that name


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """An input of the network: ``width`` values of ``type`` in each step."""

    name: str
    type: FixedType
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A use of ``layer``: it reads what the inputs or nodes called ``inputs`` give. A layer may have several uses."""

    name: str
    layer: Layer
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """What an input or a node gives: ``width`` values of ``type`` in each of ``steps``; None is one vector."""

    type: FixedType
    width: int
    steps: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Uses of layers, each after what it reads; ``outputs`` are the nodes whose values come out.

    ``stateful``: a sequence comes in chunks of ``steps``, and the state of every recurrent layer stays from chunk to
    chunk until it is reset; everything else works chunk by chunk. ``any_length``: a sequence has 1 to ``steps`` steps,
    as many as are told with it. The nodes may be given in any order. Raises ValueError for a name that is unknown or
    there twice, for a cycle, where types, widths or steps do not agree, and for a layer that does not take any length.
    """

    name: str
    steps: int
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    stateful: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)
    any_length: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        self._check_names()
        object.__setattr__(self, "nodes", _in_order(self.name, self.nodes))
        _ = self.values  # every layer says whether it can take what comes
        if not self.recurrent:
            raise ValueError(f"network {self.name!r} has no LMU layer")
        if self.any_length:
            self._check_any_length()

    def _check_any_length(self) -> None:
        if self.stateful:
            raise ValueError(f"network {self.name!r}: sequences of any length are without chunks")
        for node in self.nodes:
            if not node.layer.any_length:
                raise ValueError(f"layer {node.name!r} needs sequences of one length")
        least = self.least_steps
        given = self.steps_of(np.arange(least, self.steps + 1))
        for node in self.nodes:
            read = [given[source] for source in node.inputs]
            for steps, numbers in enumerate(zip(*read, strict=True), least) if read[1:] else ():
                if len(set(numbers)) > 1:
                    raise ValueError(
                        f"layer {node.name!r} reads {' and '.join(map(str, numbers))} steps of a sequence of {steps}"
                    )

    def _check_names(self) -> None:
        names = Counter([*(item.name for item in self.inputs), *(node.name for node in self.nodes)])
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"two layers are called {twice[0]!r}; rename one of them")
        for node in self.nodes:
            if len(node.inputs) != len(node.layer.inputs):
                raise ValueError(f"{node.name}: it reads {len(node.layer.inputs)} inputs, {len(node.inputs)} are given")
            for source in node.inputs:
                if source not in names:
                    raise ValueError(f"{node.name}: it reads {source!r}, which is no input and no layer")
        for output in self.outputs:
            if output not in {node.name for node in self.nodes}:
                raise ValueError(f"network {self.name!r}: the output {output!r} is no layer")
        if not self.inputs or not self.outputs:
            raise ValueError(f"network {self.name!r} needs an input and an output")

    @property
    def values(self) -> Mapping[str, Value]:
        """What every input and every node gives, by name."""
        found = {item.name: Value(item.type, item.width, self.steps) for item in self.inputs}
        for node in self.nodes:
            found[node.name] = _given(node, [found[source] for source in node.inputs])
        return found

    def node(self, name: str) -> Node:
        """The node called ``name``; KeyError when there is none."""
        return {node.name: node for node in self.nodes}[name]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the nodes, in their order."""
        return tuple(node.layer for node in self.nodes)

    @property
    def lmus(self) -> tuple[LMU, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, LMU))

    @property
    def recurrent(self) -> tuple[RecurrentLayer, ...]:
        """The layers with a state: LMU layers, and cells without a memory."""
        return tuple(layer for layer in self.layers if isinstance(layer, RecurrentLayer))

    @property
    def observed(self) -> dict[tuple[str, str], FixedType]:
        """The types of the tensors inside that the Verilog shows, by (layer, tensor): u, mem and h of an LMU layer."""
        return {(layer.name, name): getattr(layer, name) for layer in self.recurrent for name in layer.observed}

    @property
    def tensors(self) -> Mapping[tuple[str, str], Tensor]:
        """Every named tensor that a run leaves, by (node, tensor): those of an LMU layer, or a layer's out."""
        values = self.values
        return {
            (node.name, tensor.name): tensor
            for node in self.nodes
            for tensor in node.layer.tensors(*(values[source].width for source in node.inputs))
        }

    @property
    def branches(self) -> str:
        """What makes the network more than one chain from one input to one output; empty for a chain."""
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            return f"it has {len(self.inputs)} inputs and {len(self.outputs)} outputs"
        before = self.inputs[0].name
        for node in self.nodes:
            if node.inputs != (before,):
                return f"layer {node.name!r} reads {' and '.join(map(repr, node.inputs))}, not {before!r} alone"
            if node.layer.name != node.name:
                return f"layer {node.layer.name!r} is used again as {node.name!r}"
            before = node.name
        return "" if self.outputs == (before,) else f"the output is that of {self.outputs[0]!r}, not of the last layer"

    # Of a network with one input and one output; ValueError for others

    @property
    def x(self) -> FixedType:
        return self._one(self.inputs, "inputs").type

    @property
    def n_in(self) -> int:
        return self._one(self.inputs, "inputs").width

    @property
    def out(self) -> FixedType:
        return self.values[self._one(self.outputs, "outputs")].type

    @property
    def widths(self) -> tuple[int, ...]:
        """Of a chain: values in a step before the first layer, and after each."""
        values = self.values
        return (self.n_in, *(values[node.name].width for node in self.nodes))

    def with_layers(self, layers: Iterable[Layer]) -> Network:
        """Of a chain: the chain of other layers behind the same input."""
        if self.branches:
            raise ValueError(f"network {self.name!r} is no chain of layers: {self.branches}")
        changed = chain(self.name, self.x, self.steps, self.n_in, layers, self.stateful)
        return replace(changed, any_length=self.any_length)

    def steps_of(self, steps: Ints) -> Mapping[str, Ints]:
        """How many steps every input and every node gives of sequences of so many ``steps``, which may have any length.

        A vector is one step; 0 where a sequence has too few.
        """
        found = {item.name: np.asarray(steps) for item in self.inputs}
        values = self.values
        for node in self.nodes:
            read, window = found[node.inputs[0]], node.layer.over
            if values[node.name].steps is None:
                found[node.name] = np.minimum(read, 1)
            elif window is not None and window.open:
                found[node.name] = np.where(read > 0, np.maximum(window.windows_of(read), 0), 0)
            else:
                found[node.name] = read
        return found

    def counts(self, name: str) -> tuple[int, ...] | None:
        """How many steps the input or node gives of sequences of 1, 2, ... steps, which may have any length; None where
        it gives as many as come, or one vector."""
        if not self.any_length or self.values[name].steps is None:
            return None
        every = np.arange(1, self.steps + 1)
        given = self.steps_of(every)[name]
        return None if np.array_equal(given, every) else tuple(given.tolist())

    @property
    def least_steps(self) -> int:
        """The fewest steps of a sequence that every layer takes: 1 but for windows that need more."""
        if not self.any_length:
            return self.steps
        every = np.arange(1, self.steps + 1)
        return int(every[np.min(list(self.steps_of(every).values()), axis=0) > 0][0])

    def with_steps(self, steps: int) -> Network:
        """The same graph on sequences of another length."""
        given: dict[str, int | None] = {item.name: steps for item in self.inputs}
        nodes = []
        for node in self.nodes:
            arriving = given[node.inputs[0]]
            layer = node.layer if arriving is None else node.layer.with_steps(arriving)
            given[node.name] = layer.given_steps(arriving)
            nodes.append(replace(node, layer=layer))
        return replace(self, steps=steps, nodes=tuple(nodes))

    def map_layers(self, nodes: Mapping[str, Layer]) -> Network:
        """The same graph with other layers for some ``nodes``, by name."""
        return replace(self, nodes=tuple(replace(node, layer=nodes.get(node.name, node.layer)) for node in self.nodes))

    def _one(self, items: tuple[T, ...], what: str) -> T:
        if len(items) != 1:
            raise ValueError(f"network {self.name!r} has {len(items)} {what}, one is needed here")
        return items[0]


def chain(name: str, x: FixedType, steps: int, n_in: int, layers: Iterable[Layer], stateful: bool = False) -> Network:
    """Layers in order, each reading the one before; the input is (steps, n_in) values of type ``x``."""
    layers = tuple(layers)
    names = [layer.name for layer in layers]
    first = input_name(names)
    sources = [first, *names]
    nodes = tuple(Node(layer.name, layer, (source,)) for layer, source in zip(layers, sources, strict=False))
    return Network(name, steps, (Input(first, x, n_in),), nodes, tuple(names[-1:]), stateful)


def input_name(names: Iterable[str]) -> str:
    """The name of the only input of a network whose layers have these ``names``."""
    first, taken = INPUT, set(names)
    while first in taken:
        first += "_"
    return first


def _in_order(name: str, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes, each after what it reads, else as they are given. ValueError for a cycle."""
    by_name = {node.name: node for node in nodes}
    place = {node.name: k for k, node in enumerate(nodes)}
    sorter = TopologicalSorter({n.name: [s for s in n.inputs if s in by_name] for n in nodes})
    try:
        sorter.prepare()
    except CycleError as error:
        raise ValueError(f"network {name!r} has a cycle: {' <- '.join(map(repr, error.args[1]))}") from None
    waiting, ordered = list(sorter.get_ready()), []
    while waiting:
        waiting.sort(key=place.__getitem__)
        ordered.append(waiting.pop(0))
        sorter.done(ordered[-1])
        waiting += sorter.get_ready()
    return tuple(by_name[item] for item in ordered)


def _given(node: Node, read: list[Value]) -> Value:
    """What a node gives. ValueError where it cannot take what it reads."""
    layer = node.layer
    for kind, source, name in zip(layer.inputs, read, node.inputs, strict=True):
        if (kind.width, kind.fraction, kind.signed) != (source.type.width, source.type.fraction, source.type.signed):
            raise ValueError(f"layer {node.name!r} takes {kind}, but {name!r} gives {source.type}")
    arriving, *others = {source.steps for source in read}
    if others:
        raise ValueError(f"layer {node.name!r} reads inputs of different numbers of steps: {arriving}, {others[0]}")
    given = layer.given_steps(arriving)
    return Value(layer.out, layer.width(*(source.width for source in read)), given)
