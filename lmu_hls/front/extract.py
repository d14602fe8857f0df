"""The integer contract of an hls4ml model: what every tensor's type and every weight's integers are."""

from __future__ import annotations

from collections.abc import Sequence

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.node import RECURRENT, Graph, counts_steps, has_count, sequence_inputs
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Input, Layer, Network, Node
from lmu_hls.spec.network import input_name

CLONE = "Clone"  # hls4ml's class of a node that copies a stream for several readers


def network_spec(model: Graph) -> Network:
    """The :class:`Network` of a converted hls4ml ``ModelGraph``.

    Raises LmuHlsError for a layer that the contract does not know, and for a weight that is not on its grid.
    """
    return network_of(model.config.get_project_name(), [Reading(node) for node in model.get_layers()])


def network_of(name: str, readings: Sequence[Reading]) -> Network:
    """The network of a structure, with the types and weights that its ``readings`` give.

    Its only input is called :data:`lmu_hls.spec.network.INPUT`, several have the names of their layers.
    """
    found = {reading.node.outputs[0]: reading for reading in readings if reading.kind == "Input"}
    graph = readings[0].node.model
    ends = [found[node.outputs[0]] for node in sequence_inputs(graph)]  # the graph has its nodes in another order
    shapes = [reading.node.get_output_variable().shape for reading in ends]
    first = {ends[0].name: input_name(reading.name for reading in readings[1:])} if len(ends) == 1 else {}
    names = [first.get(reading.name, reading.name) for reading in ends]
    inputs = [Input(end, item.type("result"), n) for end, item, (_, n) in zip(names, ends, shapes, strict=True)]
    sources: dict[str, str] = {}  # by the tensors of the graph
    nodes: list[Node] = []
    for reading in readings:
        own = first.get(reading.name, reading.name)
        read = [sources[tensor] for tensor in reading.node.inputs if tensor in sources]  # not the number of steps
        if counts_steps(reading.node) or (reading.kind == CLONE and not read):
            continue
        if reading.kind == CLONE:
            (own,) = read
        elif reading.kind != "Input":
            nodes.append(Node(own, layer_of(reading), tuple(read)))
        sources.update(dict.fromkeys(reading.node.outputs, own))
    outputs = tuple(sources[tensor] for tensor in graph.outputs)
    kept, any_length = is_stateful(readings), has_count(graph)
    return Network(name, shapes[0][0], tuple(inputs), tuple(nodes), outputs, kept, any_length)


def is_stateful(readings: Sequence[Reading]) -> bool:
    """Whether the LMU layers keep their state from call to call.

    LmuHlsError where only some of them do, and for several inputs or outputs of a network that does.
    """
    kept = {reading.name: bool(reading.attribute("stateful")) for reading in readings if reading.kind in RECURRENT}
    forgetful = [name for name, stateful in kept.items() if not stateful]
    if any(kept.values()) and forgetful:
        raise LmuHlsError(
            f"layer {forgetful[0]!r} has stateful=False beside LMU layers with stateful=True; one reset is for all of "
            "them: give all LMU layers the same"
        )
    ends = [reading for reading in readings if reading.kind == "Input"]
    if any(kept.values()) and (len(ends) > 1 or len(ends[0].node.model.outputs) > 1):
        raise LmuHlsError(
            f"layer {next(iter(kept))!r}: stateful=True is for models with one input and one output; use stateful=False"
        )
    return any(kept.values())


def layer_of(reading: Reading) -> Layer:
    """The layer of the contract that a node stands for. LmuHlsError for a class that is not known."""
    from lmu_hls.front.graph.layers import readers  # late: who has a graph has hls4ml, which takes long to import

    for reader in readers():
        if reading.kind in (reader.extracted or reader.settled):
            return reader.extract(reading)
    raise LmuHlsError(
        f"layer {reading.name!r} is a {reading.kind}, which the contract does not know; "
        f"use LMU and Dense layers with linear, relu or softmax activations"
    )
