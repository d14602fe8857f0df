"""What is read of a node of hls4ml's graph, and of the values at its ends: hls4ml itself carries no types."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol


class NamedType(Protocol):
    """A type of the C++, by name; ``precision`` is hls4ml's, and is set when it is settled."""

    name: str
    precision: Any


class Variable(Protocol):
    """The values between two nodes, without the axis of the samples."""

    name: str
    type: NamedType
    shape: list[int]

    def size(self) -> int: ...


class WeightVariable(Protocol):
    """A constant array; ``data`` are float64 on the grid of its type."""

    name: str
    type: NamedType
    data: Any


class Node(Protocol):
    """A layer of the graph ``model``; attributes have the names of hls4ml's classes of layers."""

    name: str
    index: int
    class_name: str
    inputs: list[str]
    outputs: list[str]
    model: Any
    types: MutableMapping[str, NamedType]
    weights: MutableMapping[str, WeightVariable]

    def get_attr(self, key: str, default: Any = None) -> Any: ...

    def set_attr(self, key: str, value: Any) -> None: ...

    def get_input_node(self, input_name: str | None = None) -> Node | None: ...

    def get_output_nodes(self, output_name: str | None = None) -> list[Node]: ...

    def get_input_variable(self, input_name: str | None = None) -> Variable: ...

    def get_output_variable(self, output_name: str | None = None) -> Variable: ...


class LMUNode(Node, Protocol):
    """One of our class LMU; ``absent`` are the names of types that no value has."""

    absent: frozenset[str]

    def add_weight(self, name: str) -> None: ...
