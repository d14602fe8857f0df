"""The tensors that a layer of hls4ml's graph has, with their types."""

from __future__ import annotations

from lmu_hls.fixed import FixedType
from lmu_hls.front.node import Node
from lmu_hls.front.reading import fixed_type


def tensor_types(node: Node) -> dict[str, FixedType]:
    """The fixed-point types of a node's tensors, by name, without those that only C++ needs."""
    types = {name.removesuffix("_t"): getattr(kind, "precision", None) for name, kind in node.types.items()}
    return {
        name: fixed_type(precision, f"{node.name}: {name}")
        for name, precision in types.items()
        if hasattr(precision, "integer") and name not in _absent(node)
    }


def _absent(node: Node) -> frozenset[str]:
    """Names of types that no value has: of an LMU by its own account, of a Dense layer the bias that it lacks."""
    if node.class_name in ("Dense", "Conv1D", "PointwiseConv1D"):
        lacking = {"bias"} if node.get_attr("bias_data") is None else set()
        return frozenset({"index", *lacking})  # hls4ml has an index where it compresses weights
    return getattr(node, "absent", frozenset())
