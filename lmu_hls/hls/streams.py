"""io_stream: which function a layer calls."""

from __future__ import annotations

from lmu_hls.front.graph.settle import is_streamed
from lmu_hls.front.node import Node


def function_name(name: str, node: Node) -> str:
    """The function of a layer, in the io_type of its model."""
    return f"{name}_stream" if is_streamed(node.model) else name
