"""The IR layer ``LMUActivation``: an activation by table, with the contract's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute
from hls4ml.model.layers import Layer as IrLayer
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.activations import FUNCTIONS, SELU
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, node_part, set_result
from lmu_hls.front.graph.types import ABSENT, default_type, explicit_type, hls_type, table_words
from lmu_hls.front.hidden import NEAREST, activation_of
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading, fixed_type
from lmu_hls.spec import Activation, Elementwise

SETTINGS = {"table_size": 2048, "table_range": 0}  # range 0: that of the function
OF_HLS4ML = ("linear", "relu")  # whose C++ has the contract's numbers
OWN = tuple(name for name in FUNCTIONS if name not in OF_HLS4ML)
NODES = ("Activation", "HardActivation", "ELU")  # hls4ml's, for functions of Keras


class LMUActivation(IrLayer):
    """An activation other than linear and relu. Keys of the configuration, under the layer's name or its class:

    TableSize and TableRange of a table, powers of two; TableInterpolation, 'nearest' or 'linear'; Precision with
    ``result``: by default the width of the default precision, with one integer bit where no value is above 1, which
    becomes 1 - LSB.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_vectors")),
        Attribute("activation", value_type=str),
        Attribute("alpha", value_type=float, default=1.0),
        *(ConfigurableAttribute(name, default=value) for name, value in SETTINGS.items()),
        ConfigurableAttribute("table_interpolation", value_type=str, default=NEAREST),
        *(TypeAttribute(name, configurable=False) for name in ("index", "table")),
    ]

    def initialize(self) -> None:
        """Settle all types; none depends on the input's. LmuHlsError for a table that cannot be."""
        shape = self.get_input_variable().shape
        self.set_attr("n_in", int(shape[-1]))
        self.set_attr("n_vectors", int(prod(shape[:-1])))
        for name, value in {
            **SETTINGS,
            "table_interpolation": NEAREST,
        }.items():  # hls4ml fills in defaults only after this
            self.set_attr(name, self.get_attr(name, value))
        function, default = FUNCTIONS[self.get_attr("activation")], default_type(self.model.config)
        automatic = replace(default, integer=1) if function.limit <= 1 else default
        self.add_output_variable(shape, precision=hls_type(explicit_type(self, "result") or automatic))
        if function.whole:  # the table depends on the input's type
            for name in ("index", "table"):
                self.set_attr(f"{name}_t", NamedType(f"activation{self.index}_{name}_t", UnspecifiedPrecisionType()))
        else:
            self.add_table()

    def add_table(self) -> None:
        """Settle the table, and the type of its index."""
        table = self.function.table
        index = ABSENT if table is None else table.index
        self.set_attr("index_t", NamedType(f"activation{self.index}_index_t", hls_type(index)))
        if table is None:
            self.set_attr("table_t", NamedType(f"activation{self.index}_table_t", hls_type(ABSENT)))
            return
        bits, entries = table_words(f"layer {self.name!r}", table)
        self.add_weights_variable("table", "table{index}", f"activation{self.index}_table_t", bits, entries)

    @property
    def function(self) -> Activation:
        return activation(Reading(self), self.result)

    @property
    def result(self) -> Any:
        """The type of the output."""
        return fixed_type(self.get_output_variable().type.precision, f"layer {self.name!r}: 'result'")


class FunctionReader(LayerReader):
    settled = ("LMUActivation",)
    own = {"LMUActivation": LMUActivation}  # noqa: RUF012 - never changed
    keras = ("ELU",)
    pointwise = keras
    handled = ("keras.src.layers.activations.elu.ELU",)

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any]:
        return {"class_name": "LMUActivation", "activation": "elu", "alpha": _alpha(layer)}

    def function(self, layer: Any) -> tuple[str, float] | None:
        import keras

        return ("elu", _alpha(layer)) if type(layer) is keras.layers.ELU else None

    def split(self, part: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """selu is an elu and a factor, which what reads it may take in."""
        if part.get("activation") != "selu":
            return (part,)
        name, between = str(part["name"]), f"{part['output_keras_tensor_names'][0]}_elu"
        alpha, factor = SELU
        elu = {**part, "class_name": "LMUActivation", "activation": "elu", "alpha": alpha}
        own = {"class_name": "LMUScale", "factor": factor}
        scale = node_part(f"{name}_scale", [between], list(part["output_keras_tensor_names"]), own)
        return ({**elu, "output_keras_tensor_names": [between]}, scale)

    def node_class(self, part: Mapping[str, Any]) -> str:
        kind = str(part["class_name"])
        return "LMUActivation" if kind in NODES and part.get("activation") in OWN else kind

    def settle(self, node: Node) -> None:
        assert isinstance(node, LMUActivation)
        if FUNCTIONS[node.get_attr("activation")].whole:
            node.add_table()
        set_result(node, node.result)

    def extract(self, reading: Reading) -> Elementwise:
        out = reading.type("result")
        return Elementwise(reading.name, reading.input, activation(reading, out), out)


def _alpha(layer: Any) -> float:
    alpha = float(layer.alpha)
    if not 0 < alpha < np.inf:
        raise LmuHlsError(
            f"layer {layer.name!r}: ELU with alpha={alpha:g} is not supported; use keras.layers.ELU with an alpha "
            "above 0, or LeakyReLU, and train again"
        )
    return alpha


def activation(reading: Reading, out: Any) -> Activation:
    """The function of a node with its table, whose entries have the type ``out``: the same for every reader."""
    alpha = float(reading.attribute("alpha") or 1.0)
    return activation_of(reading, reading.attribute("activation"), lambda: reading.input, out, alpha)
