"""Other forms of a network: what it puts out, and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.spec.layers import Layer
from lmu_hls.spec.layers.argmax import ArgMax
from lmu_hls.spec.layers.elementwise import Elementwise
from lmu_hls.spec.layers.recurrent import RecurrentLayer
from lmu_hls.spec.layers.select import Select
from lmu_hls.spec.layers.softmax import Softmax
from lmu_hls.spec.network import Network, Node
from lmu_hls.spec.window import Window


def streaming(network: Network) -> Network:
    """The network with one output vector a step: layers that give the last step give every step.

    Raises LmuHlsError for a layer that reads several steps of a sequence at once.
    """
    return network.map_layers({node.name: _each_step(node.layer) for node in network.nodes})


def _each_step(layer: Layer) -> Layer:
    if isinstance(layer, RecurrentLayer):
        dataclass: Any = layer
        every: Layer = replace(dataclass, return_sequences=True)
        return every
    if layer.over is None:
        return layer
    if isinstance(layer, Select) and layer.over.last_alone:
        steps = layer.over.steps
        return replace(layer, window=Window(steps, steps))
    raise LmuHlsError(
        f"layer {layer.name!r} works on whole sequences, and in streaming mode there are none; use Mode: sequence"
    )


def with_logits(network: Network) -> Network:
    """The network without its final softmax or sigmoid, if it has one."""
    last = network.layers[-1]
    ends = isinstance(last, Softmax) or (isinstance(last, Elementwise) and last.activation.function == "sigmoid")
    (before,) = network.nodes[-1].inputs if ends else ("",)
    if not ends or before in {item.name for item in network.inputs}:
        return network
    return replace(network, nodes=network.nodes[:-1], outputs=(before,))


def with_argmax(network: Network) -> Network:
    """The network that puts out the index of its largest output; a final softmax or sigmoid is left out.

    The type of the index is the smallest signed one that holds it, because the Verilog units take signed types.
    """
    if isinstance(network.layers[-1], ArgMax):
        return network
    logits = with_logits(network)
    names = {layer.name for layer in logits.layers}
    name = "argmax"
    while name in names:
        name += "_"
    (largest,) = logits.outputs
    bits = max(1, (logits.values[largest].width - 1).bit_length()) + 1
    layer = ArgMax(name, logits.out, FixedType(bits, bits))
    return replace(logits, nodes=(*logits.nodes, Node(name, layer, (largest,))), outputs=(name,))
