"""The IR layer ``LMURectify``: LeakyReLU, PReLU, and ReLU with a slope, a threshold or a largest value."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from hls4ml.model.attributes import Attribute, TypeAttribute
from hls4ml.model.layers import Layer as IrLayer
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.activations import SLOPE
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import default_type, explicit_type, hls_type, input_type, weight_on_grid
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Floats, Reading
from lmu_hls.front.weights import layer_weight
from lmu_hls.spec.layers.rectify import Rectify

WEIGHTS = ("slope", "threshold", "most")
EXACT = ("difference", "exact")  # types that hold every value
KERAS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu"}  # class -> file


class LMURectify(IrLayer):
    """A rectifier with a slope below its threshold. Keys of the configuration, under the layer's name or its class:
    Precision with ``slope``, ``threshold``, ``most`` (the largest value) and ``result``.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_vectors")),
        *(TypeAttribute(name) for name in WEIGHTS),
        *(TypeAttribute(name, configurable=False) for name in EXACT),
    ]

    def initialize(self) -> None:
        shape = self.get_input_variable().shape
        self.set_attr("n_in", int(shape[-1]))
        if self.get_attr("slope_data") is None:  # the activation leaky_relu, which hls4ml reads with one number
            self.set_attr("slope_data", np.full(int(shape[-1]), float(self.get_attr("activ_param"))))
            self.set_attr("threshold_data", np.zeros(1))
        self.set_attr("n_vectors", int(prod(shape[:-1])))
        self.add_output_variable(shape)
        for name in (*WEIGHTS, *EXACT):  # the exact ones depend on the input's type
            self.set_attr(f"{name}_t", NamedType(f"rectify{self.index}_{name}_t", UnspecifiedPrecisionType()))


class RectifyReader(LayerReader):
    settled = ("LMURectify",)
    own = {"LMURectify": LMURectify}  # noqa: RUF012 - never changed
    keras = tuple(KERAS)
    pointwise = ("LeakyReLU", "ReLU")
    handled = tuple(f"keras.src.layers.activations.{file}.{kind}" for kind, file in KERAS.items())

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any] | None:
        """None for a plain ReLU, which is hls4ml's own."""
        most = getattr(layer, "max_value", None)
        most = None if most == float("inf") else most
        threshold, slope = float(getattr(layer, "threshold", 0.0)), _slope(layer, shape)
        if most is None and threshold == 0 and not np.any(slope) and type(layer).__name__ != "PReLU":
            return None
        if threshold < 0 or (most is not None and most < threshold):
            raise LmuHlsError(
                f"layer {layer.name!r}: threshold={threshold:g} and max_value={most} are not supported; give a "
                "threshold from 0 on and a max_value above it"
            )
        data: dict[str, Any] = {"slope_data": slope, "threshold_data": np.array([threshold])}
        return {"class_name": "LMURectify", **data, "most_data": None if most is None else np.array([float(most)])}

    def function(self, layer: Any) -> tuple[str, float] | None:
        import keras

        if type(layer) not in (keras.layers.ReLU, keras.layers.LeakyReLU):
            return None
        most, slope = getattr(layer, "max_value", None), float(layer.negative_slope)
        if getattr(layer, "threshold", 0.0) or (most not in (None, np.inf) and (most != 6 or slope)):
            return None
        return ("leaky_relu", slope / SLOPE) if slope else ("relu" if most in (None, np.inf) else "relu6", 1.0)

    def node_class(self, part: Mapping[str, Any]) -> str:
        kind = str(part["class_name"])
        return "LMURectify" if kind == "LeakyReLU" else kind

    def settle(self, node: Node) -> None:
        for name in WEIGHTS:
            data = node.get_attr(f"{name}_data")
            if data is None:  # C++ needs a type, but no value has it
                node.types[f"{name}_t"].precision = node.types["threshold_t"].precision
                continue
            kind, values = weight_on_grid(node, name, data)
            weight: Any = node
            weight.add_weights_variable(name, name + "{index}", f"rectify{node.index}_{name}_t", hls_type(kind), values)
        set_result(node, explicit_type(node, "result") or default_type(node.model.config))
        layer = self.extract(Reading(node))
        for name, kind in (("difference", layer.difference), ("exact", layer.exact)):
            node.types[f"{name}_t"].precision = hls_type(kind)
        assert layer.x == input_type(node)

    def extract(self, reading: Reading) -> Rectify:
        slope, threshold, most = (reading.optional(name) for name in WEIGHTS)
        assert slope is not None and threshold is not None
        try:
            return Rectify(reading.name, reading.input, slope, threshold, most, reading.type("result"))
        except ValueError as error:
            raise LmuHlsError(f"layer {reading.name!r}: {error}; use narrower types there") from None


def _slope(layer: Any, shape: tuple[int, ...]) -> Floats:
    """The slope of each value on the last axis. LmuHlsError where it differs from step to step."""
    alpha = layer_weight(layer, "alpha")
    if alpha is None:
        return np.full(shape[-1], float(layer.negative_slope))
    if alpha.size not in (1, shape[-1]) or (alpha.size > 1 and alpha.shape[-1] != shape[-1]):
        raise LmuHlsError(
            f"layer {layer.name!r}: PReLU with a slope for each step is not supported; give it shared_axes=[1] and "
            "train again"
        )
    return np.array(np.broadcast_to(alpha.ravel(), shape[-1:]), np.float64)
