"""The input of a model: it has a type, and is no layer of the contract."""

from __future__ import annotations

from hls4ml.model.types import IntegerPrecisionType

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import default_type, explicit_type
from lmu_hls.front.node import Node, counts_steps, sequence_inputs
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Layer


class InputReader(LayerReader):
    settled = ("Input",)
    keras = ("InputLayer",)

    def settle(self, node: Node) -> None:
        if counts_steps(node):
            steps = max(end.get_output_variable().shape[0] for end in sequence_inputs(node.model))
            bits = int(steps).bit_length()
            node.get_output_variable().type.precision = IntegerPrecisionType(bits, signed=False)
            return
        set_result(node, explicit_type(node, "result") or default_type(node.model.config))

    def extract(self, reading: Reading) -> Layer:
        raise LmuHlsError(f"layer {reading.name!r} is an input inside the model; use one input")
