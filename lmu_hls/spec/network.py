"""The integer contract: a network in which every tensor has a fixed-point type and every weight is an integer.

Golden and the Verilog read this description and nothing else; the C++ comes from the graph that it was read out of,
and must be equal to it. Sums of products are exact; a value is rounded once, where it is assigned to a named tensor
(the fields that hold a :class:`FixedType`). No float lives here except ``theta``, which is only reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Tensor
from lmu_hls.spec.layers import Layer
from lmu_hls.spec.layers.lmu import LMU


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Layers in order; the input is (steps, n_in) values of type ``x``."""

    name: str
    x: FixedType
    steps: int
    n_in: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.lmus:
            raise ValueError(f"network {self.name!r} has no LMU layer")
        _ = self.widths  # every layer says whether it can take what comes

    @property
    def lmus(self) -> tuple[LMU, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, LMU))

    @property
    def widths(self) -> tuple[int, ...]:
        """Values in a step before the first layer, and after each."""
        widths = [self.n_in]
        for layer in self.layers:
            widths.append(layer.width(widths[-1]))
        return tuple(widths)

    @property
    def tensors(self) -> Mapping[tuple[str, str], Tensor]:
        """Every named tensor that a run leaves, by (layer, tensor): those of an LMU layer, or a layer's out."""
        return {
            (layer.name, tensor.name): tensor
            for width, layer in zip(self.widths, self.layers, strict=False)
            for tensor in layer.tensors(width)
        }

    @property
    def out(self) -> FixedType:
        return self.layers[-1].out
