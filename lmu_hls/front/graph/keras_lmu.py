"""Handlers for live layers of keras-lmu: each becomes our layer with the same weights, and goes on from there."""

from __future__ import annotations

from typing import Any

from hls4ml.converters.keras_v3._base import KerasV3LayerHandler

from lmu_hls.front.graph.handler import LMUHandler, own_layer


class KerasLMUHandler(KerasV3LayerHandler):
    """Handles ``keras_lmu.LMU`` and ``keras_lmu.LMUFeedforward``, wherever that package is installed."""

    handles = ("keras_lmu.layers.LMU", "keras_lmu.layers.LMUFeedforward")

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        return LMUHandler()(own_layer(layer, in_tensors), in_tensors, out_tensors)
