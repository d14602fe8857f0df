"""What a layer of the contract is made from: a node of hls4ml's graph, its types and its weights.

Only attributes are read, so that nothing of hls4ml is imported here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.node import Node
from lmu_hls.spec import Weight

Floats = NDArray[np.float64]

MAX_WEIGHT_WIDTH = 53  # weights travel as float64, which holds every integer of this many bits


def fixed_type(precision: Any, where: str) -> FixedType:
    """The :class:`FixedType` of an hls4ml precision (fixed or integer), exactly as it is written.

    ``where`` names the tensor in the LmuHlsError that is raised for floats and for types the contract cannot hold.
    """
    wanted = ("width", "integer", "signed", "rounding_mode", "saturation_mode", "saturation_bits")
    if hasattr(precision, "exponent") or not all(hasattr(precision, name) for name in wanted):
        raise LmuHlsError(
            f"{where} has the type {precision}, which is not fixed-point; write for example 'fixed<16,6>'"
        )
    if precision.saturation_bits:
        raise LmuHlsError(f"{where} has the type {precision} with saturation bits; leave out the fifth field")
    rounding, overflow = str(precision.rounding_mode), str(precision.saturation_mode)
    if precision.width == 1 and precision.signed and overflow == "SAT_SYM":
        raise LmuHlsError(f"{where} has the type {precision}, and one signed bit has no symmetric range; use more bits")
    try:
        return FixedType(int(precision.width), int(precision.integer), bool(precision.signed), rounding, overflow)
    except ValueError as error:
        raise LmuHlsError(f"{where} has the type {precision}: {error}; choose another type") from None


class Reading:
    """A node as its layer of the contract sees it; tensors and weights have hls4ml's names ("result", "encoder_x").

    A subclass may give the same structure other types and weights.
    """

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def name(self) -> str:
        return str(self.node.name)

    @property
    def kind(self) -> str:
        """hls4ml's class of the node."""
        return str(self.node.class_name)

    def attribute(self, name: str) -> Any:
        return self.node.get_attr(name)

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        """The types of all that the node reads."""
        read = (self.node.get_input_variable(name).type.precision for name in self.node.inputs)
        return tuple(fixed_type(precision, f"layer {self.name!r}: its input") for precision in read)

    @property
    def input(self) -> FixedType:
        """The type of the values that a node of one input reads."""
        return self.inputs[0]

    def type(self, tensor: str) -> FixedType:
        """The settled type of a tensor or weight."""
        return fixed_type(self.node.types[f"{tensor}_t"].precision, f"layer {self.name!r}: {tensor!r}")

    @property
    def table_index(self) -> FixedType | None:
        """The index type of the layer's tables, where it is not to follow from TableSize and TableRange."""
        return None

    def has(self, weight: str) -> bool:
        return weight in self.node.weights

    def values(self, weight: str, attribute: str | None = None) -> Floats:
        """A weight on its grid; from the ``attribute`` of that name where hls4ml reorders the weight itself."""
        return np.asarray(self.node.weights[weight].data if attribute is None else self.attribute(attribute))

    def weight(self, name: str, shape: tuple[int, ...] | None = None, attribute: str | None = None) -> Weight:
        """A weight of the contract. LmuHlsError where it is not on the grid of its type."""
        kind, values = self.type(name), np.asarray(self.values(name, attribute), np.float64)
        integers = quantize(values, kind)
        if not np.array_equal(to_float(integers, kind), values):
            raise LmuHlsError(
                f"layer {self.name!r}: weight {name!r} is not on the grid of its type {kind}; "
                "convert the Keras model again instead of changing weights or types afterwards"
            )
        return Weight(integers if shape is None else np.reshape(integers, shape), kind)

    def optional(self, name: str) -> Weight | None:
        """A weight, or None where the layer has none of that name."""
        return self.weight(name) if self.has(name) else None
