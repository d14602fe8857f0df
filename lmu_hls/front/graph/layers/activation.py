"""An activation as a layer; Dropout is a linear one."""

from __future__ import annotations

from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import default_type, explicit_type, input_type, unsupported
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Activation, Elementwise


class ActivationReader(LayerReader):
    settled = ("Activation",)
    keras = ("Dropout", "Activation", "ReLU")
    handled = ("keras.src.layers.activations.activation.Activation",)

    def prepare(self, model: Any) -> None:
        """hls4ml reads keras.layers.ReLU as a ThresholdedReLU with threshold 0: make it the relu that it is."""
        for node in list(model.get_layers()):
            if node.get_attr("activation") == "thresholdedrelu" and node.get_attr("activ_param") == 0:
                attributes = {"activation": "relu", "n_in": node.get_output_variable().size()}
                attributes["class_name"] = node.get_attr("class_name")  # that of the configuration, for explicit_type
                model.replace_node(node, model.make_node("Activation", node.name, attributes, node.inputs.copy()))

    def settle(self, node: Node) -> None:
        """relu gets a type of its own; linear (Dropout is one) repeats its input, and hls4ml then removes it."""
        function = node.get_attr("activation")
        if function not in ("linear", "relu"):
            raise LmuHlsError(unsupported(node))
        auto = input_type(node) if function == "linear" else default_type(node.model.config)
        set_result(node, explicit_type(node, "result") or auto)

    def extract(self, reading: Reading) -> Elementwise:
        function = reading.attribute("activation")
        if function not in ("linear", "relu"):
            raise LmuHlsError(
                f"layer {reading.name!r}: the contract knows linear and relu here, not {function!r}; remove it"
            )
        return Elementwise(reading.name, reading.input, Activation(function), reading.type("result"))
