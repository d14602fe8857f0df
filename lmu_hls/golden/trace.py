"""What a run of golden leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.fixed import Ints
from lmu_hls.golden.lmu import State


@dataclass(frozen=True, slots=True, eq=False)
class LayerTrace:
    """The named tensors of one layer, each (batch, [steps,] width), and how many values overflowed in each."""

    name: str
    tensors: dict[str, Ints]
    overflows: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """All named tensors of a run, node by node, the network's outputs, and the last state of every recurrent layer."""

    layers: tuple[LayerTrace, ...]
    outputs: Mapping[str, Ints]
    states: tuple[State, ...]

    @property
    def output(self) -> Ints:
        """That of a network with one output; ValueError for others."""
        (output,) = self.outputs.values()
        return output

    def __getitem__(self, name: str) -> LayerTrace:
        """The trace of the layer called ``name``; KeyError when there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    @property
    def overflows(self) -> dict[str, int]:
        """'layer.tensor' -> number of values that overflowed, only where there were any."""
        return {f"{la.name}.{t}": n for la in self.layers for t, n in la.overflows.items() if n}
