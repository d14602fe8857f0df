"""The whole network in Verilog, as the commands make it: reuse factors settled, project written, cycles known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lmu_hls.backend.design import Design, design
from lmu_hls.backend.options import Options
from lmu_hls.rtl.reuse import balanced, choose_lanes, fastest
from lmu_hls.spec import Network


def settle_reuse(network: Network, wanted: int) -> Network:
    """The network with reuse factors that the Verilog can have.

    ``wanted``, the one of the whole model, is a request: each layer gets the fewest multipliers with which the network
    takes at most so many cycles a step or, where that is not possible, as few cycles as it can. A layer that asks for
    something else keeps its own; LmuHlsError when that is impossible.
    """
    chosen = balanced(network, max(wanted, fastest(network)))

    def settled(layer: Any) -> Any:
        if layer.name not in chosen:
            return layer
        if layer.reuse_factor == wanted:
            return replace(layer, reuse_factor=chosen[layer.name])
        choose_lanes(layer, layer.reuse_factor)
        return layer

    return replace(network, layers=tuple(map(settled, network.layers)))


def accelerator(network: Network) -> Design:
    """The accelerator of a network whose reuse factors are settled, in sequence mode."""
    return design(network, Options())
