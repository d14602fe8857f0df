"""Weights of a copied layer or model: the one place that gives them.

Some layers compute with what they have made of their weights (Keras's ``Normalization`` keeps mean and deviation apart
from them), so that ``set_weights`` alone leaves a copy with the numbers of an untrained layer.
"""

from __future__ import annotations

from typing import Any


def take_weights(layer: Any, source: Any) -> None:
    """Give a layer or model the weights of another one of the same configuration (ValueError: other shapes)."""
    layer.set_weights(source.get_weights())
    for part in layer._flatten_layers():
        if hasattr(part, "finalize_state"):
            part.finalize_state()
