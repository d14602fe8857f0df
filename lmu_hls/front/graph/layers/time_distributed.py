"""keras.layers.TimeDistributed around a layer that treats every step alike: that layer."""

from __future__ import annotations

from typing import Any

from hls4ml.converters.keras_v3._base import KerasV3LayerHandler, registry

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader
from lmu_hls.front.keras_model import beside_lmu
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Layer


class TimeDistributedHandler(KerasV3LayerHandler):
    """Reads the layer inside, by the name of the layer around it. In a model without an LMU hls4ml goes its own way."""

    handles = ("keras.src.layers.rnn.time_distributed.TimeDistributed",)

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        if not beside_lmu(in_tensors, out_tensors):
            return None
        inside = layer.layer
        parts = registry[f"{inside.__module__}.{type(inside).__name__}"](inside, in_tensors, out_tensors)
        # A layer with an activation has two parts, the second with the name of both
        return tuple({**part, "name": layer.name + part["name"].removeprefix(inside.name)} for part in parts)


class TimeDistributedReader(LayerReader):
    """It leaves no node of its own."""

    settled = ()
    keras = ("TimeDistributed",)

    def settle(self, node: Node) -> None:
        raise LmuHlsError(f"layer {node.name!r}: TimeDistributed is not supported here; use the layer inside it alone")

    def extract(self, reading: Reading) -> Layer:
        raise LmuHlsError(f"layer {reading.name!r} is TimeDistributed; use the layer inside it alone")
