"""A Dense layer; hls4ml makes a convolution of one on sequences. A slice of features is one of ones and zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hls4ml.model.types import NamedType, WeightVariable

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import (
    brings_types,
    compression,
    default_type,
    exact_sum,
    explicit_type,
    hls_type,
    holds,
    input_type,
    reuse_factor,
    tensor_type,
    weight_on_grid,
)
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading, fixed_type
from lmu_hls.spec import Dense

STRATEGIES = ("latency", "resource")  # the others generate code of their own


class DenseReader(LayerReader):
    settled = ("Dense",)
    extracted = ("Dense", "Conv1D", "PointwiseConv1D")
    keras = ("Dense",)
    pointwise = keras
    handled = ("keras.src.layers.core.dense.Dense", "lmu_hls.layers.steps.Features")

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any] | None:
        """Of a slice of features; it hands values on in the type in which they come."""
        if type(layer).__name__ != "Features":
            return None
        kernel = np.eye(shape[-1])[:, layer.kept]
        own: dict[str, Any] = {"class_name": "Dense", "data_format": "channels_last", "weight_data": kernel}
        own |= {"bias_data": None, "n_in": kernel.shape[0], "n_out": kernel.shape[1]}
        return {**own, "own_types": {}, "slices": True}

    def settle(self, node: Node) -> None:
        config, name = node.model.config, node.name.lower()
        _check_dense(node)
        finest = node.get_attr("finest")
        if finest is not None and input_type(node).fraction > finest:
            raise LmuHlsError(
                f"layer {node.name!r} tells values of {input_type(node)} apart, and at most {finest} fraction bits are "
                "possible; give what comes before it fewer"
            )
        for weight in ("weight", "bias"):
            if weight == "weight" or node.get_attr("bias_data") is not None:
                type_, values = weight_on_grid(node, weight, node.get_attr(f"{weight}_data"))
                old = node.weights[weight]
                c_type = f"dense{node.index}_{weight}_t"
                node.set_attr(weight, WeightVariable(old.name, c_type, hls_type(type_), values))
                node.set_attr(f"{weight}_data", values)
                config.layer_name_precision[f"{name}_{weight}"] = str(hls_type(type_))
        bias = tensor_type(node, "bias") if node.get_attr("bias_data") is not None else None
        where = f"layer {node.name!r}: 'accum'"
        exact = exact_sum(where, [(node.get_attr("n_in"), input_type(node), tensor_type(node, "weight"))], bias)
        wanted = explicit_type(node, "accum")
        if wanted is not None and not holds(wanted, exact):
            raise LmuHlsError(
                f"{where} is {wanted}, which does not hold the exact sum; use 'auto', or at least "
                f"fixed<{exact.width},{exact.integer}>"
            )
        accum = exact if wanted is None else hls_type(wanted)
        node.set_attr("accum_t", NamedType(f"dense{node.index}_accum_t", accum))
        config.layer_name_precision[f"{name}_accum"] = str(accum)
        automatic = fixed_type(exact, where) if brings_types(node) else default_type(config)
        automatic = input_type(node) if node.get_attr("slices") else automatic
        set_result(node, explicit_type(node, "result") or automatic)
        # A Dense layer on sequences becomes a convolution: what was said of the type Dense must go along.
        config.layer_name_rf[name] = reuse_factor(node)
        config.layer_name_strategy[name] = config.get_strategy(node)
        if (compressed := compression(node)) is not None:
            config.layer_name_compression[name] = compressed

    def extract(self, reading: Reading) -> Dense:
        convolution = reading.kind != "Dense"  # hls4ml makes a Dense layer on sequences a convolution of width 1
        if convolution and reading.attribute("filt_width") != 1:
            raise LmuHlsError(f"layer {reading.name!r} is a convolution, which the contract does not know; remove it")
        sizes = ("n_chan", "n_filt") if convolution else ("n_in", "n_out")
        shape = tuple(int(reading.attribute(size)) for size in sizes)
        # The data attributes, not the weight variables: hls4ml reorders the latter for Strategy Resource.
        has_bias = reading.attribute("bias_data") is not None
        return Dense(
            name=reading.name,
            x=reading.input,
            kernel=reading.weight("weight", shape, attribute="weight_data"),
            bias=reading.weight("bias", attribute="bias_data") if has_bias else None,
            out=reading.type("result"),
            reuse_factor=reading.node.model.config.get_reuse_factor(reading.node),
            compression=compression(reading.node),
        )


def _check_dense(node: Node) -> None:
    config = node.model.config
    strategy = config.get_strategy(node)
    if strategy.lower() not in STRATEGIES:
        raise LmuHlsError(
            f"layer {node.name!r}: Strategy {strategy!r} is not supported in a model with an LMU; use 'Latency'"
        )
    compression(node)
    if node.get_attr("weight_quantizer") is not None:
        raise LmuHlsError(f"layer {node.name!r}: weight quantizers are not supported; use a plain keras.layers.Dense")
