"""Layers of HGQ2, with their own types: what the chip computes is what such a layer computes, bit for bit.

A quantizer becomes a layer that assigns to its type; the layer itself gives exact sums, as HGQ2 does. A quantizer
with a type for each value of the last axis, of W_k = k + i_k + f_k bits, becomes layers of factors that are powers of
two, for F = max f_k and W = max W_k:

    y = 2^(f_k - F) x      assigned to W bits with F of them fraction: all last bits are in one place
    z = 2^(W - W_k) y      assigned to the same: all first bits are
    s = 2^(W_k - W) z      where the type saturates, rounded to zero, which only its ends need
    q = 2^(F - f_k) s      exact

HGQ2 (LGPL-3) is never imported here: who gives a model of its layers has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType
from lmu_hls.front.graph.layers.base import LayerReader, names_of, node_part
from lmu_hls.front.graph.layers.conv import ConvReader
from lmu_hls.front.graph.layers.merge import merge_parts
from lmu_hls.front.graph.layers.pool import PoolReader
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.front.weights import layer_weight
from lmu_hls.spec import Dense, Elementwise, Merge, Pool
from lmu_hls.spec.layers.scale import Scale

KERAS = {  # class -> module
    "QDense": "core.dense",
    "QBatchNormDense": "core.dense",
    "QEinsumDense": "core.einsum_dense",
    "QEinsumDenseBatchnorm": "einsum_dense_batchnorm",
    "QConv1D": "conv",
    "QBatchNormalization": "batch_normalization",
    "QMaxPooling1D": "pooling",
    "QGlobalMaxPooling1D": "pooling",
    **dict.fromkeys(("QAdd", "QSubtract", "QMultiply", "QMaximum", "QMinimum", "QAveragePow2"), "ops.merge"),
}
EXACT = ("linear", "relu")  # activations without a table
Part = dict[str, Any]
Bits = NDArray[np.int64]


class HgqReader(LayerReader):
    """It leaves no node of its own."""

    settled = ()
    package = "hgq"
    beside = (Elementwise, Scale, Merge, Pool)
    keras = (*KERAS, "Quantizer")
    handled = (*(f"hgq.layers.{file}.{kind}" for kind, file in KERAS.items()), "hgq.quantizer.quantizer.Quantizer")

    def parts(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
        """The quantizers are called as HGQ2 calls them: the layer with ``_iq`` and ``_oq`` behind it."""
        kind, shapes = type(layer).__name__, [tuple(tensor.shape[1:]) for tensor in in_tensors]
        reads, (given,) = names_of(in_tensors), names_of(out_tensors)
        if kind == "Quantizer":
            return _quantizer(layer, layer.name, reads[0], given, shapes[0])
        before: list[Part] = []
        insides, after = reads, given
        if layer.enable_iq:
            insides = [f"{given}_iq{k or ''}" for k in range(len(reads))]
            quantizers = layer.iq if len(reads) > 1 else [layer.iq]
            for k, (quantizer, shape) in enumerate(zip(quantizers, shapes, strict=True)):
                before += _quantizer(quantizer, f"{layer.name}_iq{k or ''}", reads[k], insides[k], shape)
        behind: tuple[Part, ...] = ()
        if layer.enable_oq:
            after = f"{given}_exact"
            behind = _quantizer(layer.oq, f"{layer.name}_oq", after, given, tuple(out_tensors[0].shape[1:]))
        own = MAKERS[kind](layer, [_Named(*pair) for pair in zip(insides, in_tensors, strict=True)], out_tensors)
        for part in own:
            part["own_types"] = part.get("own_types", {})
            part["output_keras_tensor_names"] = [
                {given: after}.get(name, name) for name in part["output_keras_tensor_names"]
            ]
        return (*before, *own, *behind)

    def settle(self, node: Node) -> None:
        raise LmuHlsError(f"layer {node.name!r}: {node.class_name} is not supported here; use QDense or QConv1D")

    def extract(self, reading: Reading) -> Dense:
        raise LmuHlsError(f"layer {reading.name!r} is a layer of HGQ2; use QDense or QConv1D")


class _Named:
    """A tensor by another name: a layer may read one tensor twice, through two quantizers."""

    def __init__(self, name: str, tensor: Any) -> None:
        self.name, self.shape = name, tensor.shape


def _einsum(layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    """A product on the last axis, as a Dense layer. LmuHlsError for another equation."""
    read, _, ends = layer.equation.replace(" ", "").partition(",")
    kernel, _, given = ends.partition("->")
    last = len(kernel) == 2 and kernel[0] == read[-1] and given == read[:-1] + kernel[1] and kernel[1] not in read
    bias = layer_weight(layer, "bias")
    if not last or (bias is not None and bias.size != out_tensors[0].shape[-1]):
        raise LmuHlsError(
            f"layer {layer.name!r}: the equation {layer.equation!r} with bias_axes={layer.bias_axes!r} is no product "
            "on the last axis; use '...x,xy->...y' and 'y', or QDense"
        )
    return _dense(layer, in_tensors, out_tensors)


def _dense(layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    kernel = layer_weight(layer, "kernel")
    assert kernel is not None
    own: Part = {"class_name": "Dense", "data_format": "channels_last", "weight_data": kernel}
    bias = layer_weight(layer, "bias")
    own |= {"bias_data": None if bias is None else np.ravel(bias), "n_in": kernel.shape[0], "n_out": kernel.shape[1]}
    return _activated(layer, own, in_tensors, out_tensors)


def _convolution(layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    _function(layer)
    return ConvReader().parts(layer, in_tensors, out_tensors)


def _batch_normalization(layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    import keras

    shape = tuple(in_tensors[0].shape)
    if layer.axis not in (-1, len(shape) - 1):
        raise LmuHlsError(f"layer {layer.name!r}: it is supported on the last axis only, not on {layer.axis}")
    scale, bias = (keras.ops.convert_to_numpy(values) for values in layer.qscaler_and_qoffset)
    data = {
        name: np.array(np.broadcast_to(np.ravel(values), shape[-1:]), np.float64)
        for name, values in (("scale_data", scale), ("bias_data", bias))
    }
    own = {"class_name": "LMUScale", "n_in": int(prod(shape[1:])), **data}
    return (node_part(layer.name, names_of(in_tensors), names_of(out_tensors), own),)


def _pool(layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    own = PoolReader().attributes(layer, tuple(in_tensors[0].shape[1:]))
    return (node_part(layer.name, names_of(in_tensors), names_of(out_tensors), own),)


def _merge(layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    operation, factor = type(layer).__name__.removeprefix("Q").lower(), None
    if operation == "averagepow2":
        operation, factor = "add", float(layer._scale)
    return merge_parts(layer, operation, in_tensors, out_tensors, factor)


MAKERS = {
    **dict.fromkeys(("QDense", "QBatchNormDense"), _dense),
    **dict.fromkeys(("QEinsumDense", "QEinsumDenseBatchnorm"), _einsum),
    "QConv1D": _convolution,
    "QBatchNormalization": _batch_normalization,
    **dict.fromkeys(("QMaxPooling1D", "QGlobalMaxPooling1D"), _pool),
    **dict.fromkeys((kind for kind, module in KERAS.items() if module == "ops.merge"), _merge),
}


def _activated(layer: Any, own: Part, in_tensors: Any, out_tensors: Any) -> tuple[Part, ...]:
    function, (given,) = _function(layer), names_of(out_tensors)
    if function == "linear":
        return (node_part(layer.name, names_of(in_tensors), [given], own),)
    activation = {"class_name": "Activation", "activation": function, "n_in": int(prod(out_tensors[0].shape[1:]))}
    between = f"{given}_activation"
    first = node_part(layer.name, names_of(in_tensors), [between], own)
    return first, node_part(f"{layer.name}_{function}", [between], [given], activation)


def _function(layer: Any) -> str:
    """The name of an activation that is exact. LmuHlsError for another one."""
    name = getattr(layer.activation, "__name__", str(layer.activation))
    if layer.activation is not None and name not in EXACT:
        raise LmuHlsError(
            f"layer {layer.name!r}: {type(layer).__name__} with activation={name!r} is not supported, since no type "
            f"says what its values are rounded to; use {' or '.join(EXACT)}, or a keras.layers.Activation behind it"
        )
    return "linear" if layer.activation is None else name


@dataclass(frozen=True, eq=False)
class _Kinds:
    """The types of a quantizer on the last axis: sign, integer and fraction bits of each value, and its modes."""

    sign: Bits
    integer: Bits
    fraction: Bits
    rounding: str
    overflow: str

    @property
    def bits(self) -> Bits:
        return np.maximum(0, self.sign + self.integer + self.fraction)

    def type_of(self, width: int, fraction: int) -> FixedType:
        return FixedType(width, width - fraction, bool(self.sign.any()), self.rounding, self.overflow)


def _kinds(quantizer: Any, where: str, shape: tuple[int, ...]) -> _Kinds:
    """LmuHlsError for a quantizer that is not fixed-point, or has other types at other steps."""
    import keras

    inner = quantizer.quantizer
    if not hasattr(inner, "kif") or quantizer.scaler is not None or quantizer.affine is not None:
        raise LmuHlsError(
            f"{where}: only fixed-point quantizers of HGQ2 without scaler and affine are supported; use "
            "QuantizerConfig('kif') or QuantizerConfig('kbi')"
        )
    read = (np.asarray(keras.ops.convert_to_numpy(values), np.float64) for values in inner.kif)
    sign, integer, fraction = (np.broadcast_to(v, (1, *shape)).reshape(-1, shape[-1]).astype(np.int64) for v in read)
    rounding, overflow = str(inner.round_mode).removeprefix("S_"), str(inner.overflow_mode)
    overflow = {"SYM": "SAT_SYM"}.get(overflow, overflow)
    if rounding not in ROUNDINGS or overflow not in OVERFLOWS:
        raise LmuHlsError(f"{where}: the modes {rounding} and {overflow} are not supported; use RND and SAT or WRAP")
    for values in (sign, integer, fraction):
        if np.any(values != values[0]):
            raise LmuHlsError(
                f"{where}: its types differ from step to step, and one hardware works on all steps; give the quantizer "
                "heterogeneous_axis=(-1,), or homogeneous_axis with 0 and 1, and train again"
            )
    return _Kinds(sign[0], np.maximum(integer[0], -fraction[0]), fraction[0], rounding, overflow)


def _quantizer(quantizer: Any, name: str, read: str, give: str, shape: tuple[int, ...]) -> tuple[Part, ...]:
    """The nodes of a quantizer of values of ``shape``, between the tensors called ``read`` and ``give``."""
    where = f"layer {name!r}"
    kinds, n_in = _kinds(quantizer, where, shape), int(prod(shape))
    bits, fraction = kinds.bits, kinds.fraction
    width, finest = int(bits.max()), int(fraction[bits > 0].max(initial=0))
    if width < 2:
        raise LmuHlsError(f"{where}: its types have {width} bits, 2 at least are needed; train it with more")
    if len({(int(b), int(f)) for b, f in zip(bits, fraction, strict=True)}) == 1:
        own: Part = {"class_name": "Activation", "activation": "linear", "n_in": n_in}
        own["own_types"] = {"result": str(kinds.type_of(width, finest))}
        return (node_part(name, [read], [give], own),)
    if not kinds.sign.all():
        raise LmuHlsError(
            f"{where}: types without a sign that differ from value to value are not supported; give it k0=True, or one "
            "type for all values, and train again"
        )
    kind = kinds.type_of(width, finest)
    there = bits > 0
    stages: list[tuple[str, Bits, FixedType | None]] = [("_round", fraction - finest, kind)]
    stages.append(("_limit", width - bits, kind))
    if kinds.overflow != "WRAP":
        stages.append(("_cut", bits - width, FixedType(width, width - finest, True, "TRN_ZERO", kinds.overflow)))
        stages.append(("", finest - fraction, None))
    else:
        stages.append(("", bits - width + finest - fraction, None))
    tensors = [read, *(f"{give}{suffix}" for suffix, _, _ in stages[:-1]), give]
    made = []
    for step, (suffix, exponent, result) in enumerate(stages):
        factors = np.where(there, np.ldexp(1.0, np.where(there, exponent, 0)), 0.0)
        scale: Part = {"class_name": "LMUScale", "n_in": n_in, "scale_data": factors}
        scale |= {"bias_data": np.zeros(shape[-1])}
        scale["own_types"] = {} if result is None else {"result": str(result)}
        made.append(node_part(name + suffix, [tensors[step]], [tensors[step + 1]], scale))
    return tuple(made)
