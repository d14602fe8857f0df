"""Other forms of a network: what it puts out, and when."""

from __future__ import annotations

from dataclasses import replace

from lmu_hls.fixed import FixedType
from lmu_hls.spec.layers.argmax import ArgMax
from lmu_hls.spec.layers.lmu import LMU
from lmu_hls.spec.layers.softmax import Softmax
from lmu_hls.spec.network import Network


def streaming(network: Network) -> Network:
    """The network with one output vector a step: every LMU layer returns all its steps."""
    lmus = {node.name: node.layer for node in network.nodes if isinstance(node.layer, LMU)}
    return network.map_layers({name: replace(lmu, return_sequences=True) for name, lmu in lmus.items()})


def with_logits(network: Network) -> Network:
    """The network without its final softmax, if it has one."""
    return network.with_layers(network.layers[:-1]) if isinstance(network.layers[-1], Softmax) else network


def with_argmax(network: Network) -> Network:
    """The network that puts out the index of its largest output; a final softmax is left out.

    The type of the index is the smallest signed one that holds it, because the Verilog units take signed types.
    """
    if isinstance(network.layers[-1], ArgMax):
        return network
    logits = with_logits(network)
    names = {layer.name for layer in logits.layers}
    name = "argmax"
    while name in names:
        name += "_"
    bits = max(1, (logits.widths[-1] - 1).bit_length()) + 1
    layer = ArgMax(name, logits.out, FixedType(bits, bits))
    return logits.with_layers((*logits.layers, layer))
