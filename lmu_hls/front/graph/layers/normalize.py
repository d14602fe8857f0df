"""The IR layer ``LMUNormalize``: values of a step over their deviation, root mean square or Euclidean norm.

The factors and offsets of a Keras layer are a layer ``NAME_scale`` behind it, as of a batch normalization, which what
reads it may take in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import Any

import numpy as np
from hls4ml.model.attributes import Attribute
from hls4ml.model.layers import Layer as IrLayer

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import integer_bits
from lmu_hls.front.graph.layers.base import LayerReader, names_of, node_part, set_result
from lmu_hls.front.graph.types import default_type, explicit_type, input_type
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Floats, Reading
from lmu_hls.front.weights import layer_weight
from lmu_hls.spec.layers.normalize import Normalize


@dataclass(frozen=True)
class Kind:
    """A class of keras.layers: what is done, and its weights with factors and offsets."""

    centered: bool = False
    averaged: bool = True
    factors: str | None = None
    offsets: str | None = None


KINDS: Mapping[str, Kind] = {
    "LayerNormalization": Kind(centered=True, factors="gamma", offsets="beta"),
    "RMSNormalization": Kind(factors="scale"),
    "UnitNormalization": Kind(averaged=False),
}
KERAS = {  # class -> file
    "LayerNormalization": "layer_normalization",
    "RMSNormalization": "rms_normalization",
    "UnitNormalization": "unit_normalization",
}


class LMUNormalize(IrLayer):
    """Values of a step over what they have in common. Keys of the configuration, under the layer's name or its class:
    Precision with ``result``, by default with the integer bits that its largest possible value needs.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        *(Attribute(name) for name in ("n_in", "n_vectors")),
        *(Attribute(name, value_type=bool) for name in ("centered", "averaged")),
        Attribute("epsilon", value_type=float),
    ]

    def initialize(self) -> None:
        shape = self.get_input_variable().shape
        self.set_attr("n_in", int(shape[-1]))
        self.set_attr("n_vectors", int(prod(shape[:-1])))
        self.add_output_variable(shape)


class NormalizeReader(LayerReader):
    settled = ("LMUNormalize",)
    own = {"LMUNormalize": LMUNormalize}  # noqa: RUF012 - never changed
    keras = tuple(KERAS)
    pointwise = keras
    handled = tuple(f"keras.src.layers.normalization.{file}.{kind}" for kind, file in KERAS.items())

    def parts(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        kind, shape = KINDS[type(layer).__name__], tuple(in_tensors[0].shape)
        _check(layer, len(shape))
        (read,), (given,) = names_of(in_tensors), names_of(out_tensors)
        own = {"class_name": "LMUNormalize", "centered": kind.centered, "averaged": kind.averaged}
        own["epsilon"] = float(getattr(layer, "epsilon", 0.0))
        factors, offsets = (None if name is None else _weight(layer, name) for name in (kind.factors, kind.offsets))
        if factors is None and offsets is None:
            return (node_part(layer.name, [read], [given], own),)
        data = {
            "scale_data": np.ones(shape[-1]) if factors is None else factors,
            "bias_data": np.zeros(shape[-1]) if offsets is None else offsets,
        }
        between = f"{given}_normalized"
        scale = {"class_name": "LMUScale", "n_in": int(prod(shape[1:])), **data}
        first = node_part(layer.name, [read], [between], own)
        return first, node_part(f"{layer.name}_scale", [between], [given], scale)

    def settle(self, node: Node) -> None:
        default, n = default_type(node.model.config), int(node.get_attr("n_in"))
        largest = sqrt(n - 1 if node.get_attr("centered") else n) if node.get_attr("averaged") else 1.0
        automatic = replace(default, integer=min(integer_bits(largest), default.width))
        set_result(node, explicit_type(node, "result") or automatic)
        layer = self.extract(Reading(node))
        assert layer.x == input_type(node)

    def extract(self, reading: Reading) -> Normalize:
        return normalize_of(reading)


def normalize_of(reading: Reading) -> Normalize:
    """The layer of a node. LmuHlsError for types that it cannot have."""
    x, n = reading.input, int(reading.attribute("n_in"))
    centered = bool(reading.attribute("centered"))
    factor = n**3 if centered else n
    epsilon = round(factor * float(reading.attribute("epsilon")) * 2.0 ** (2 * x.fraction))
    kinds = (centered, bool(reading.attribute("averaged")))
    try:
        return Normalize(reading.name, x, n, *kinds, epsilon, reading.type("result"))
    except ValueError as error:
        raise LmuHlsError(
            f"layer {error}; give the layer before it or its result a narrower type, or normalize fewer values"
        ) from None


def _check(layer: Any, rank: int) -> None:
    """LmuHlsError for another axis than the last, and for what Keras itself calls incorrect."""
    axes = list(layer.axis) if isinstance(layer.axis, list | tuple) else [layer.axis]
    if any(axis not in (-1, rank - 1) for axis in axes):
        raise LmuHlsError(
            f"layer {layer.name!r}: {type(layer).__name__} is supported on the last axis only, not on {axes}; set "
            "axis=-1 and train again"
        )
    if getattr(layer, "rms_scaling", False):
        raise LmuHlsError(
            f"layer {layer.name!r}: rms_scaling=True, which Keras calls incorrect, is not supported; use "
            "keras.layers.RMSNormalization and train again"
        )
    epsilon = getattr(layer, "epsilon", 0.0)
    if not 0 <= epsilon < float("inf"):
        raise LmuHlsError(f"layer {layer.name!r}: epsilon={epsilon} is not possible; give a number from 0 on")


def _weight(layer: Any, name: str) -> Floats | None:
    values = layer_weight(layer, name)
    if values is not None and not np.all(np.isfinite(values)):
        raise LmuHlsError(f"layer {layer.name!r}: {name!r} holds NaN or infinity; train the model again")
    return values
