"""Two tensors become one: hls4ml's Merge and Concatenate, whose C++ is exact before it rounds to the result.

More than two are taken two at a time, in exact types until the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.accumulators import ONE
from lmu_hls.front.graph.layers.base import LayerReader, names_of, node_part, set_result
from lmu_hls.front.graph.types import brings_types, default_type, exact_sum, explicit_type
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading, fixed_type
from lmu_hls.spec.layers.merge import OPERATIONS, SUMS, Merge


class MergeReader(LayerReader):
    settled = ("Merge", "Concatenate")
    keras = tuple(operation.capitalize() for operation in OPERATIONS)
    handled = tuple(f"keras.src.layers.merging.{kind.lower()}.{kind}" for kind in keras)

    def parts(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        """The average of more than two is their sum times one over their number."""
        operation, number = type(layer).__name__.lower(), len(in_tensors)
        if operation == "average" and number > 2:
            return merge_parts(layer, "add", in_tensors, out_tensors, 1 / number)
        return merge_parts(layer, operation, in_tensors, out_tensors)

    def settle(self, node: Node) -> None:
        """Sums have the default type, values that are handed on one that holds both inputs'."""
        x0, x1 = Reading(node).inputs
        operation, where = node.get_attr("operation"), f"layer {node.name!r}"
        if operation in SUMS:
            products = [(1, x0, x1)] if operation == "multiply" else [(1, x0, ONE), (1, x1, ONE)]
            exact = fixed_type(exact_sum(where, products), where)
            exactly = node.get_attr("exact") or brings_types(node)
            auto = exact.with_modes() if exactly else default_type(node.model.config)
        else:
            auto = holding(where, x0, x1)
        set_result(node, explicit_type(node, "result") or auto)

    def extract(self, reading: Reading) -> Merge:
        x0, x1 = reading.inputs
        return Merge(reading.name, x0, x1, reading.attribute("operation"), reading.type("result"))


def merge_parts(
    layer: Any, operation: str, in_tensors: Any, out_tensors: Any, factor: float | None = None
) -> tuple[dict[str, Any], ...]:
    """One node for two tensors, more for more, and one for a ``factor`` of what they give. LmuHlsError for shapes that
    differ."""
    shape = tuple(out_tensors[0].shape[1:])
    _check_shapes(layer, operation, [tuple(tensor.shape[1:]) for tensor in in_tensors])
    read, (given,) = names_of(in_tensors), names_of(out_tensors)
    own = _attributes(operation, shape)
    parts, before = [], read[0]
    for k, other in enumerate(read[1:], 1):
        last = k == len(read) - 1 and factor is None
        name = layer.name if last else f"{layer.name}_part{k}"
        gives = given if last else f"{given}_part{k}"
        parts.append(node_part(name, [before, other], [gives], {**own, "exact": not last}))
        before = gives
    if factor is not None:
        data = {"scale_data": np.full(shape[-1], factor), "bias_data": np.zeros(shape[-1])}
        scale = {"class_name": "LMUScale", "n_in": int(prod(shape)), **data}
        parts.append(node_part(layer.name, [before], [given], scale))
    return tuple(parts)


def holding(where: str, x0: FixedType, x1: FixedType) -> FixedType:
    """The smallest type that has every value of both; the type itself of two equal ones. LmuHlsError beyond 62 bits."""
    if x0 == x1:
        return x0
    signed = x0.signed or x1.signed
    integer = max(kind.integer + int(signed and not kind.signed) for kind in (x0, x1))
    try:
        return FixedType(integer + max(x0.fraction, x1.fraction), integer, signed)
    except ValueError as error:
        raise LmuHlsError(f"{where} reads {x0} and {x1}, and no type holds both: {error}; use narrower types") from None


def _attributes(operation: str, shape: tuple[int, ...]) -> Mapping[str, Any]:
    """hls4ml's name of an operation goes by the axes."""
    if operation != "concatenate":
        return {"class_name": "Merge", "op": operation, "operation": operation}
    return {"class_name": "Concatenate", "op": f"concatenate{len(shape)}d", "axis": -1, "operation": operation}


def _check_shapes(layer: Any, operation: str, shapes: list[tuple[int, ...]]) -> None:
    """Keras repeats values where shapes differ, and can put steps behind one another."""
    if len(shapes) < 2:
        raise LmuHlsError(f"layer {layer.name!r} reads one tensor only; leave it out")
    if operation == "concatenate":
        rank = len(shapes[0]) + 1
        if layer.axis not in (-1, rank - 1):
            raise LmuHlsError(
                f"layer {layer.name!r}: tensors are put side by side on the last axis only, not on {layer.axis}; set "
                "axis=-1"
            )
        return
    if len(set(shapes)) > 1:
        words = " and ".join(map(str, shapes))
        widths = {shape[-1] for shape in shapes}
        way = "RepeatVector(steps) behind the vector" if len(widths) == 1 else "a Dense layer before it"
        raise LmuHlsError(
            f"layer {layer.name!r} reads tensors of the shapes {words}, whose values Keras would repeat; give it "
            f"tensors of one shape, for example by {way}"
        )
