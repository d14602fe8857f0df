"""Discretization: the number of boundaries that a value has reached, in sums and limits alone, exactly.

On a grid of steps d a value reaches the boundary b, which is rounded up to the grid, where 2 (x - b) / d + 1 limited to
-1 .. 1 is 1; else that is -1. So it is a Dense layer ``NAME_steps``, a hard_tanh, and a Dense layer with half the sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, names_of, node_part
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Floats, Reading
from lmu_hls.spec import Dense, Elementwise

FINEST = 24  # fraction bits of the grid
LARGEST = 1 << 26  # of a boundary, so that what is made of it is exact in float64


class DiscretizeReader(LayerReader):
    """It leaves no node of its own."""

    settled = ()
    beside = (Elementwise,)
    keras = ("Discretization",)
    handled = ("keras.src.layers.preprocessing.discretization.Discretization",)

    def parts(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        bounds, width = _boundaries(layer), int(in_tensors[0].shape[-1])
        (read,), (given,) = names_of(in_tensors), names_of(out_tensors)
        each = np.repeat(np.eye(width), len(bounds), axis=1)  # of the sums of each value
        argument = {"weight_data": each * 2.0 ** (FINEST + 1), "finest": FINEST}
        argument["bias_data"] = np.tile(1 - bounds * 2.0 ** (FINEST + 1), width)
        total = {"weight_data": each.T / 2, "bias_data": np.full(width, len(bounds) / 2)}
        limit = {"class_name": "LMUActivation", "activation": "hard_tanh", "own_types": {"result": "fixed<2,2>"}}
        tensors = (read, f"{given}_steps", f"{given}_limited", given)
        names = (f"{layer.name}_steps", f"{layer.name}_limited", layer.name)
        own = (_dense(argument), limit, _dense(total))
        ends = zip(names, tensors[:-1], tensors[1:], own, strict=True)
        return tuple(node_part(name, [before], [after], part) for name, before, after, part in ends)

    def settle(self, node: Node) -> None:
        raise LmuHlsError(f"layer {node.name!r}: {node.class_name} is not supported here; use Discretization")

    def extract(self, reading: Reading) -> Dense:
        raise LmuHlsError(f"layer {reading.name!r} is not supported here; use Discretization")


def _dense(data: dict[str, Any]) -> dict[str, Any]:
    """A Dense layer with exact sums."""
    n_in, n_out = data["weight_data"].shape
    sizes = {"n_in": n_in, "n_out": n_out, "data_format": "channels_last"}
    return {"class_name": "Dense", **sizes, **data, "own_types": {}}


def _boundaries(layer: Any) -> Floats:
    """The boundaries on the grid. LmuHlsError for a layer without some, and for other outputs than the number."""
    where = f"layer {layer.name!r}"
    if layer.output_mode != "int":
        raise LmuHlsError(
            f"{where}: Discretization with output_mode={layer.output_mode!r} is not supported; set output_mode='int', "
            "or apply it to the data, before the hardware"
        )
    if not layer.bin_boundaries:
        raise LmuHlsError(f"{where} has no boundaries; give it bin_boundaries, or adapt it")
    bounds = np.asarray(layer.bin_boundaries, np.float32).astype(np.float64)
    if not np.all(np.abs(bounds) < LARGEST):
        raise LmuHlsError(f"{where}: its boundaries must be numbers below {LARGEST}; scale the data and the boundaries")
    return np.ceil(bounds * 2.0**FINEST) / 2.0**FINEST
