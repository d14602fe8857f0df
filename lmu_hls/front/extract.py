"""The integer contract of an hls4ml model: what every tensor's type and every weight's integers are."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.node import Graph
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Layer, Network, chain


def network_spec(model: Graph) -> Network:
    """The :class:`Network` of a converted hls4ml ``ModelGraph``.

    Raises LmuHlsError for a layer that the contract does not know, and for a weight that is not on its grid.
    """
    return network_of(model.config.get_project_name(), [Reading(node) for node in model.get_layers()])


def network_of(name: str, readings: Sequence[Reading]) -> Network:
    """The network of a structure, with the types and weights that its ``readings`` give: the input, then the layers."""
    entrance, *others = readings
    steps, n_in = entrance.node.get_output_variable().shape
    layers = tuple(_layer(reading) for reading in others)
    return chain(name, entrance.type("result"), steps, n_in, layers)


def _layer(reading: Reading) -> Layer:
    from lmu_hls.front.graph.layers import readers  # late: who has a graph has hls4ml, which takes long to import

    for reader in readers():
        if reading.kind in (reader.extracted or reader.settled):
            return reader.extract(reading)
    raise LmuHlsError(
        f"layer {reading.name!r} is a {reading.kind}, which the contract does not know; "
        f"use LMU and Dense layers with linear, relu or softmax activations"
    )
