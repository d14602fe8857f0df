"""An activation as a layer; one that acts in training only, such as Dropout, is a linear one."""

from __future__ import annotations

from math import prod
from typing import Any

from hls4ml.converters.keras_v3._base import KerasV3LayerHandler

from lmu_hls.activations import PASSING
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import brings_types, default_type, explicit_type, input_type, unsupported
from lmu_hls.front.hidden import known_function
from lmu_hls.front.keras_model import beside_lmu
from lmu_hls.front.node import Graph, Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec import Activation, Elementwise


class PassingHandler(KerasV3LayerHandler):
    """Reads those of :data:`lmu_hls.activations.PASSING` that hls4ml has no handler for, as hls4ml reads the others."""

    handles = (
        "keras.src.layers.regularization.gaussian_noise.GaussianNoise",
        "keras.src.layers.regularization.activity_regularization.ActivityRegularization",
        "keras.src.layers.core.identity.Identity",
    )

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        """In a model without an LMU hls4ml goes its own way."""
        return super().__call__(layer, in_tensors, out_tensors) if beside_lmu(in_tensors, out_tensors) else None

    def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> dict[str, Any]:
        return {"class_name": "Activation", "activation": "linear", "n_in": int(prod(in_tensors[0].shape[1:]))}


class ActivationReader(LayerReader):
    settled = ("Activation",)
    keras = (*PASSING, "Activation")
    pointwise = keras
    handled = ("keras.src.layers.activations.activation.Activation",)

    def function(self, layer: Any) -> tuple[str, float] | None:
        import keras

        name = known_function(layer.activation) if type(layer) is keras.layers.Activation else None
        return None if name is None else (name, 1.0)

    def prepare(self, model: Graph) -> None:
        """hls4ml reads keras.layers.ReLU as a ThresholdedReLU with threshold 0: make it the relu that it is."""
        for node in list(model.get_layers()):
            if node.get_attr("activation") == "thresholdedrelu" and node.get_attr("activ_param") == 0:
                attributes = {"activation": "relu", "n_in": node.get_output_variable().size()}
                attributes["class_name"] = node.get_attr("class_name")  # that of the configuration, for explicit_type
                model.replace_node(node, model.make_node("Activation", node.name, attributes, node.inputs.copy()))

    def settle(self, node: Node) -> None:
        """relu gets a type of its own; linear (what is passing is) repeats its input, and hls4ml then removes it."""
        function = node.get_attr("activation")
        if function not in ("linear", "relu"):
            raise LmuHlsError(unsupported(node))
        as_it_comes = function == "linear" or brings_types(node)
        auto = input_type(node) if as_it_comes else default_type(node.model.config)
        set_result(node, explicit_type(node, "result") or auto)

    def extract(self, reading: Reading) -> Elementwise:
        function = reading.attribute("activation")
        if function not in ("linear", "relu"):
            raise LmuHlsError(
                f"layer {reading.name!r}: the contract knows linear and relu here, not {function!r}; remove it"
            )
        return Elementwise(reading.name, reading.input, Activation(function), reading.type("result"))
