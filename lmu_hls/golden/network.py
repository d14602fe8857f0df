"""A whole network in integers: LMU layers, Dense layers and activations in sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.golden.affine import Affine, Rounder
from lmu_hls.golden.hidden import Activate
from lmu_hls.golden.lmu import run_lmu
from lmu_hls.spec import LMU, Dense, Elementwise, Network

CHUNK_BYTES = 256 << 20  # of the largest tensor; bounds the memory of one pass over part of the batch


@dataclass(frozen=True, slots=True, eq=False)
class LayerTrace:
    """The named tensors of one layer, each (batch, [steps,] width), and how many values overflowed in each."""

    name: str
    tensors: dict[str, Ints]
    overflows: dict[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """All named tensors of a run, layer by layer, and the network's output."""

    layers: tuple[LayerTrace, ...]
    output: Ints

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


def run(network: Network, x: Ints, every_step: bool = True) -> Trace:
    """Run ``network`` over x, integers of its input type with shape (batch, steps, n_in); every tensor is kept.

    With ``every_step`` False an LMU layer that returns only its last step keeps only that step of mem, pre and h.
    Raises ValueError when the shape or an input value does not fit the network.
    """
    x = _checked(network, x)
    layers: list[LayerTrace] = []
    for layer in network.layers:
        if isinstance(layer, LMU):
            traced = run_lmu(layer, x, every_step=every_step or layer.return_sequences)
            h = traced.tensors["h"]
            x = h if layer.return_sequences else h[:, -1]
            layers.append(LayerTrace(layer.name, traced.tensors, traced.overflows))
        else:
            x, overflows = _pointwise(layer, x)
            layers.append(LayerTrace(layer.name, {"out": x}, {"out": overflows}))
    return Trace(tuple(layers), x)


def predict(network: Network, x: Ints, progress: Callable[[int], None] = lambda done: None) -> Ints:
    """The output of :func:`run` only, in chunks of the batch, so that memory stays bounded.

    ``progress`` is told the number of samples done after each chunk.
    """
    x = _checked(network, x)
    outputs = []
    for part in chunks(network, len(x)):
        outputs.append(run(network, x[part], every_step=False).output)
        progress(part.stop)
    return np.concatenate(outputs)


def chunks(network: Network, samples: int) -> list[slice]:
    """Slices of the batch, in order, each small enough for every tensor of :func:`run` to fit memory; one at least."""
    widest = max(lmu.memory_d * lmu.order + lmu.units for lmu in network.lmus)
    size = max(1, CHUNK_BYTES // (8 * network.steps * widest))
    return [slice(start, min(start + size, samples)) for start in range(0, max(samples, 1), size)]


def _pointwise(layer: Dense | Elementwise, x: Ints) -> tuple[Ints, int]:
    """The layer's output, and how many of its values overflowed."""
    if isinstance(layer, Dense):
        sums = Affine(layer.name, [(layer.x, layer.kernel)], layer.bias)
        rounder = Rounder(sums.fraction, layer.out)
        return rounder(sums(x)).astype(np.int64, copy=False), rounder.overflows
    activate = Activate(layer.activation, layer.x, layer.out)
    return activate(x), activate.overflows


def _checked(network: Network, x: Ints) -> Ints:
    x = np.asarray(x)
    if x.dtype.kind not in "iu":
        raise ValueError(f"golden takes integers of {network.x}, not {x.dtype}; use lmu_hls.fixed.quantize first")
    if x.ndim != 3 or x.shape[1:] != (network.steps, network.n_in):
        raise ValueError(f"input has shape {x.shape}, expected (batch, {network.steps}, {network.n_in})")
    if x.size and (x.min() < network.x.min_int or x.max() > network.x.max_int):
        raise ValueError(f"input integers {x.min()}..{x.max()} do not fit {network.x}")
    return x.astype(np.int64, copy=False)
