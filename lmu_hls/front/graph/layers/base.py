"""How a kind of layer gets from a Keras model into the contract.

A file in this folder has one subclass of :class:`LayerReader`; nothing else of the front end names that kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.types import hls_type
from lmu_hls.front.node import Graph, Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Layer

_READERS: list[LayerReader] = []


class LayerReader(ABC):
    """One kind of layer, from hls4ml's graph to the contract.

    ``settled`` are the classes of hls4ml's nodes whose types it settles, ``extracted`` those that it finds in their
    place in the finished graph. ``own`` are classes of nodes that hls4ml is to learn. ``keras`` are the classes of
    keras.layers, or of another ``package``, that come to it, ``handled`` those of them whose handler of hls4ml is to
    give our weights, by the path that hls4ml knows them by, and ``renamed`` the classes of nodes beside an LMU
    that become one of ours. ``pointwise`` are those of ``keras`` that treat every step alike, so that TimeDistributed
    around them is the layer itself; with ``windowed`` they read several steps at once. ``beside`` are layers of the
    contract that one of its Keras layers becomes beside that of :meth:`extract`, and ``any_length`` what one becomes,
    by its class, where sequences have any length.
    """

    settled: ClassVar[tuple[str, ...]]
    extracted: ClassVar[tuple[str, ...]] = ()
    own: ClassVar[Mapping[str, type]] = {}
    keras: ClassVar[tuple[str, ...]] = ()
    package: ClassVar[str] = "keras"
    handled: ClassVar[tuple[str, ...]] = ()
    renamed: ClassVar[Mapping[str, str]] = {}
    pointwise: ClassVar[tuple[str, ...]] = ()
    windowed: ClassVar[bool] = False
    beside: ClassVar[tuple[type[Layer], ...]] = ()
    any_length: ClassVar[Mapping[str, type[Layer]]] = {}

    def __init_subclass__(cls) -> None:
        _READERS.append(cls())

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any] | None:
        """What the node of a Keras layer, which reads ``shape``, is given in place of what hls4ml's handler says.

        None: hls4ml's handler is right.
        """
        return None

    def function(self, layer: Any) -> tuple[str, float] | None:
        """A layer as activation of a hidden cell: its function, by name, and its alpha; None where it is none."""
        return None

    def parts(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        """The nodes of a Keras layer, connected by the names of the tensors; None: those of hls4ml's handler."""
        own = self.attributes(layer, tuple(in_tensors[0].shape[1:]))
        return None if own is None else (node_part(layer.name, names_of(in_tensors), names_of(out_tensors), own),)

    def node_class(self, part: Mapping[str, Any]) -> str:
        """The class of the node that hls4ml's handler describes by ``part``."""
        kind = str(part["class_name"])
        return self.renamed.get(kind, kind)

    def split(self, part: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """What becomes of a node as a handler describes it: some nodes in its place."""
        return (part,)

    def prepare(self, model: Graph) -> None:  # noqa: B027 - most have nothing to do
        """Change a graph before any type is settled; each kind of layer looks for its own nodes."""

    @abstractmethod
    def settle(self, node: Node) -> None:
        """Give every tensor of ``node`` its type; what it reads has one. LmuHlsError for what cannot be."""

    @abstractmethod
    def extract(self, reading: Reading) -> Layer:
        """The layer of the contract. LmuHlsError for what the contract does not know."""


def names_of(tensors: Iterable[Any]) -> list[str]:
    return [str(tensor.name) for tensor in tensors]


def node_part(name: str, read: list[str], give: list[str], own: Mapping[str, Any]) -> dict[str, Any]:
    """A node as hls4ml's handlers describe one, between the tensors called ``read`` and ``give``."""
    return {"name": name, "input_keras_tensor_names": read, "output_keras_tensor_names": give, **own}


def readers() -> tuple[LayerReader, ...]:
    return tuple(_READERS)


def set_result(node: Node, fixed_type: FixedType) -> None:
    """Settle the type of a node's output, in hls4ml's configuration, too, which later passes look it up in."""
    node.get_output_variable().type.precision = hls_type(fixed_type)
    node.model.config.layer_name_precision[f"{node.name.lower()}_result"] = str(hls_type(fixed_type))
