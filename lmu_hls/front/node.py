"""What is read of hls4ml's graph, of its nodes and of the values at their ends: hls4ml itself carries no types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import fields
from typing import Any, Protocol

from lmu_hls.spec.window import Window


class NamedType(Protocol):
    """A type of the C++, by name; ``precision`` is hls4ml's, and is set when it is settled."""

    name: str
    precision: Any


class Variable(Protocol):
    """The values between two nodes, without the axis of the samples."""

    name: str
    type: NamedType
    shape: list[int]
    pragma: Any

    def size(self) -> int: ...


class WeightVariable(Protocol):
    """A constant array; ``data`` are float64 on the grid of its type."""

    name: str
    type: NamedType
    data: Any


class Node(Protocol):
    """A layer of the graph ``model``; attributes have the names of hls4ml's classes of layers.

    ``attributes`` holds the types, variables and weights, too.
    """

    name: str
    index: int
    class_name: str
    inputs: list[str]
    outputs: list[str]
    model: Graph
    attributes: MutableMapping[str, Any]
    types: MutableMapping[str, NamedType]
    weights: MutableMapping[str, WeightVariable]

    def get_attr(self, key: str, default: Any = None) -> Any: ...

    def set_attr(self, key: str, value: Any) -> None: ...

    def get_input_node(self, input_name: str | None = None) -> Node | None: ...

    def get_output_nodes(self, output_name: str | None = None) -> list[Node]: ...

    def get_input_variable(self, input_name: str | None = None) -> Variable: ...

    def get_output_variable(self, output_name: str | None = None) -> Variable: ...

    def get_variables(self) -> Iterable[Variable]: ...

    def get_weights(self) -> Iterable[WeightVariable]: ...


class GraphConfig(Protocol):
    """The configuration of a graph; ``config`` is the mapping that it was made from."""

    backend: Any
    config: dict[str, Any]
    model_rf: int | None
    model_precision: MutableMapping[str, str]
    layer_name_precision: MutableMapping[str, str]
    layer_type_precision: MutableMapping[str, str]
    layer_name_rf: MutableMapping[str, int]
    layer_name_strategy: MutableMapping[str, str]
    layer_type_strategy: MutableMapping[str, str]
    layer_name_compression: MutableMapping[str, bool]
    layer_type_compression: MutableMapping[str, bool]
    pipeline_style: str

    def get_config_value(self, key: str, default: Any = None) -> Any: ...

    def get_writer_config(self) -> Mapping[str, Any]: ...

    def get_project_name(self) -> str: ...

    def get_output_dir(self) -> str: ...

    def get_strategy(self, layer: Node) -> str: ...

    def get_reuse_factor(self, layer: Node) -> int: ...

    def get_layer_config(self, layer: Node) -> Mapping[str, Any]: ...


class Graph(Protocol):
    """A model as hls4ml has it; ``inputs`` and ``outputs`` are names of tensors."""

    config: GraphConfig
    inputs: list[str]
    outputs: list[str]
    trace: Callable[..., Any]
    _compute_n_samples: Callable[..., int]

    def get_layers(self) -> Iterable[Node]: ...

    def get_input_variables(self) -> Sequence[Variable]: ...

    def get_output_variables(self) -> Sequence[Variable]: ...

    def make_node(self, kind: str, name: str, attributes: Mapping[str, Any], inputs: list[str]) -> Node: ...

    def replace_node(self, old_node: Node, new_node: Node) -> None: ...

    def remove_node(self, node: Node) -> None: ...

    def write(self) -> None: ...


RECURRENT = ("LMU", "LMURecurrent")  # classes of nodes with a state
COUNT = "counts_steps"  # the attribute of an input that says how many steps of a sequence count


def counts_steps(node: Node) -> bool:
    """Whether a node is the input that says how many steps count, which some read behind all else."""
    return node.class_name == "Input" and bool(node.get_attr(COUNT, False))


def reads_count(part: Mapping[str, Any]) -> bool:
    """Whether the node that a handler of hls4ml describes reads that input, where there is one: recurrent ones and
    open windows, which stop there, and averages of all steps, which divide by it."""
    kind = part["class_name"]
    return kind in RECURRENT or bool(part.get("open")) or (kind == "LMUPool" and bool(part["average"]))


def reads_ahead(part: Mapping[str, Any]) -> bool:
    """Whether the node that a handler describes has an open window that is not causal."""
    return bool(part.get("open")) and not Window(**{field.name: part[field.name] for field in fields(Window)}).causal


def sequence_inputs(model: Graph) -> list[Node]:
    """The inputs of a graph, in its order, without the one that says how many steps count."""
    found = {node.outputs[0]: node for node in model.get_layers() if node.class_name == "Input"}
    return [found[tensor] for tensor in model.inputs if not counts_steps(found[tensor])]


def has_count(model: Graph) -> bool:
    """Whether sequences have any number of steps."""
    return any(map(counts_steps, model.get_layers()))


class RecurrentNode(Node, Protocol):
    """One of our nodes with a hidden cell; ``absent`` are the names of types that no value has."""

    absent: frozenset[str]
    accumulator_names: tuple[str, ...]

    def add_weight(self, name: str) -> None: ...
