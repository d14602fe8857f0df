"""The IR layer ``LMUPool``: the largest value or the average of a window of steps.

An average that reads how many steps of a sequence count divides by that number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from hls4ml.model.attributes import Attribute, TypeAttribute
from hls4ml.model.layers import Layer as IrLayer
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.layers.select import WINDOW, node_window
from lmu_hls.front.graph.types import default_type, exact_sum, explicit_type, hls_type, input_type, weight_on_grid
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Pool, Window
from lmu_hls.spec.layers.mean import Mean

KERAS = {  # class -> file
    "MaxPooling1D": "max_pooling1d",
    "AveragePooling1D": "average_pooling1d",
    "GlobalMaxPooling1D": "global_max_pooling1d",
    "GlobalAveragePooling1D": "global_average_pooling1d",
}


class LMUPool(IrLayer):
    """The largest value or the average of a window. Keys of the configuration, of an average: Precision with
    ``result``, and for sequences of one length with ``reciprocal``, the type of the constant 1 / size.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in (*WINDOW, "average")),
        TypeAttribute("reciprocal"),
        TypeAttribute("sum", configurable=False),
    ]

    @property
    def keeps_type(self) -> bool:
        return not self.get_attr("average")

    def initialize(self) -> None:
        window, width = node_window(self), int(self.get_input_variable().shape[-1])
        self.add_output_variable([width] if window.vector else [window.count, width])
        for name in ("reciprocal", "sum"):
            self.set_attr(f"{name}_t", NamedType(f"pool{self.index}_{name}_t", UnspecifiedPrecisionType()))


class PoolReader(LayerReader):
    settled = ("LMUPool",)
    own = {"LMUPool": LMUPool}  # noqa: RUF012 - never changed
    keras = tuple(KERAS)
    windowed = True
    any_length = {"GlobalAveragePooling1D": Mean}  # noqa: RUF012 - never changed
    handled = tuple(f"keras.src.layers.pooling.{file}.{kind}" for kind, file in KERAS.items())

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any]:
        window = _window(layer, shape[0])
        return {"class_name": "LMUPool", "average": "Average" in type(layer).__name__, **asdict(window)}

    def settle(self, node: Node) -> None:
        x, wanted = input_type(node), explicit_type(node, "result")
        if not node.get_attr("average"):
            if wanted not in (None, x):
                raise LmuHlsError(
                    f"layer {node.name!r} gives the largest values as they are, in {x}, so that its type {wanted} "
                    "would not arrive; give that type to the layer before it"
                )
            for name in ("reciprocal", "sum"):
                node.types[f"{name}_t"].precision = hls_type(x)  # C++ needs a type, but no value has it
            set_result(node, x)
            return
        if divides(node):
            _settle_mean(node, wanted)
            return
        window = pool_window(node)
        fewest = window.size - window.most_missing  # steps of a window
        type_, values = weight_on_grid(node, "reciprocal", [1 / steps for steps in range(fewest, window.size + 1)])
        exact_sum(f"layer {node.name!r}", [(window.size, x, type_)], None)
        set_weight: Any = node
        set_weight.add_weights_variable(
            "reciprocal", "reciprocal{index}", f"pool{node.index}_reciprocal_t", hls_type(type_), values
        )
        result = wanted or default_type(node.model.config)
        set_result(node, result)
        node.types["sum_t"].precision = hls_type(_average(Reading(node)).sum)

    def extract(self, reading: Reading) -> Pool | Mean:
        window = pool_window(reading.node)
        if divides(reading.node):
            return Mean(reading.name, reading.input, window, reading.type("result"))
        if not reading.attribute("average"):
            return Pool(reading.name, reading.input, window, None, reading.input)
        return _average(reading)


def _average(reading: Reading) -> Pool:
    window = pool_window(reading.node)
    reciprocal = reading.weight("reciprocal", (1 + window.most_missing,))
    return Pool(reading.name, reading.input, window, reciprocal, reading.type("result"))


def pool_window(node: Node) -> Window:
    """The window of a node; with padding="same" of which nothing lies outside, it repeats steps as a maximum does."""
    window = node_window(node)
    whole = bool(node.get_attr("centred")) and not (window.open or window.missing.any())
    return replace(window, repeat=window.repeat or whole)


def divides(node: Node) -> bool:
    """Whether a node takes the average of a sequence of any length, whose number of steps it reads."""
    window = node_window(node)
    return len(node.inputs) > 1 and window.all_as_one and window.vector


def _settle_mean(node: Node, written: FixedType | None) -> None:
    """LmuHlsError for types that it cannot have."""
    if explicit_type(node, "reciprocal") is not None and explicit_type(node, "reciprocal") != written:
        raise LmuHlsError(
            f"layer {node.name!r} divides by the number of steps of a sequence, and has no reciprocal; leave that type "
            "out"
        )
    set_result(node, written or default_type(node.model.config))
    node.types["reciprocal_t"].precision = hls_type(input_type(node))  # C++ needs a type, but no value has it
    try:
        layer = Mean(node.name, input_type(node), node_window(node), Reading(node).type("result"))
    except ValueError as error:
        raise LmuHlsError(
            f"layer {error}; give the layer before it or its result a narrower type, with fraction bits"
        ) from None
    node.types["sum_t"].precision = hls_type(layer.sum)


def _window(layer: Any, steps: int) -> Window:
    """The windows of a Keras layer. LmuHlsError for what the contract does not have."""
    if layer.data_format != "channels_last":
        raise LmuHlsError(f"layer {layer.name!r}: pooling is over steps only; set data_format='channels_last'")
    if "Global" in type(layer).__name__:
        return Window(steps, 1, size=steps, vector=not layer.keepdims)
    (size,), (stride,) = layer.pool_size, layer.strides
    if layer.padding == "valid":
        return Window.opened(steps, stride=stride, size=size)
    repeat = "Max" in type(layer).__name__  # of an average what is not there does not count
    return Window.opened(steps, size - 1, stride=stride, size=size, repeat=repeat, centred=True)
