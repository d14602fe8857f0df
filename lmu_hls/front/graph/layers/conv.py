"""Convolutions over steps: the steps that each output reads side by side, and a Dense layer on them.

Nothing is rounded between the two, so this is the convolution exactly. Separate channels are zeros in the matrix of the
Dense layer, and one behind another is one: a depthwise and a pointwise one are the product of their matrices.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, names_of, node_part
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Floats, Reading
from lmu_hls.front.weights import layer_weight
from lmu_hls.spec import Dense, Select, Window

KERAS = {  # class -> file
    "Conv1D": "conv1d",
    "DepthwiseConv1D": "depthwise_conv1d",
    "SeparableConv1D": "separable_conv1d",
}


class ConvReader(LayerReader):
    """It leaves no node of its own."""

    settled = ()
    beside = (Select,)
    keras = tuple(KERAS)
    windowed = True
    handled = tuple(f"keras.src.layers.convolutional.{file}.{kind}" for kind, file in KERAS.items())

    def parts(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        """The window is called as the layer with ``_window`` behind it; an activation is a layer as with Dense."""
        steps, width = (int(size) for size in in_tensors[0].shape[1:])
        window, kernel = conv_window(layer, steps), dense_kernel(layer, width)
        (read,), (given,) = names_of(in_tensors), names_of(out_tensors)
        activation, between = KerasV3LayerHandler().maybe_get_activation_config(layer, out_tensors)
        found = []
        if not window.changes_nothing:
            own = {"class_name": "LMUSelect", **asdict(window)}
            found.append(node_part(f"{layer.name}_window", [read], [f"{given}_window"], own))
            read = f"{given}_window"
        own = {"class_name": "Dense", "data_format": "channels_last", "weight_data": kernel}
        own |= {"bias_data": layer_weight(layer, "bias"), "n_in": kernel.shape[0], "n_out": kernel.shape[1]}
        found.append(node_part(layer.name, [read], [between or given], own))
        return (*found, activation) if activation is not None else tuple(found)

    def settle(self, node: Node) -> None:
        raise LmuHlsError(f"layer {node.name!r}: {node.class_name} is not supported here; use keras.layers.Conv1D")

    def extract(self, reading: Reading) -> Dense:
        raise LmuHlsError(f"layer {reading.name!r} is a convolution; use keras.layers.Conv1D")


def conv_window(layer: Any, steps: int) -> Window:
    """The steps that each output of a Keras layer reads. LmuHlsError for what the contract does not have."""
    if layer.data_format != "channels_last":
        raise LmuHlsError(f"layer {layer.name!r}: a convolution is over steps only; set data_format='channels_last'")
    (size,), (stride,), (dilation,) = layer.kernel_size, layer.strides, layer.dilation_rate
    before, own = (size - 1) * dilation, {"stride": stride, "size": size, "dilation": dilation if size > 1 else 1}
    if layer.padding == "valid":
        return Window.opened(steps, **own)
    if layer.padding == "causal":
        return Window.opened(steps, before, -before, **own)
    return Window.opened(steps, before, centred=True, **own)


def dense_kernel(layer: Any, width: int) -> Floats:
    """The kernel as a matrix (steps * width, outputs), with zeros where an output does not read a value."""
    separable = type(layer).__name__ == "SeparableConv1D"
    kernel = layer_weight(layer, "depthwise_kernel" if separable else "kernel")
    assert kernel is not None
    if separable or type(layer).__name__ == "DepthwiseConv1D":
        size, _, each = kernel.shape  # outputs of a channel are next to one another
        apart = np.zeros((size, width, width, each))
        apart[:, np.arange(width), np.arange(width)] = kernel
        whole = apart.reshape(size, width, width * each)
        pointwise = layer_weight(layer, "pointwise_kernel") if separable else None
        whole = whole if pointwise is None else whole @ pointwise[0]
    else:
        size, inside, units = kernel.shape
        whole, part = np.zeros((size, width, units)), units * inside // width  # outputs of a group
        for first in range(0, width, inside):
            outputs = slice(first // inside * part, (first // inside + 1) * part)
            whole[:, first : first + inside, outputs] = kernel[:, :, outputs]
    return whole.reshape(-1, whole.shape[-1])
