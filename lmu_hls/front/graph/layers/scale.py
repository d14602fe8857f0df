"""A normalization or rescaling: folded into a Dense or LMU layer beside it, else the IR layer ``LMUScale``.

It is a x + c on the last axis; a batch normalization, after training, has a = gamma / sqrt(variance + epsilon) and
c = beta - a mean. A Dense layer before it without an activation, y = W x + b, takes both into its weights: rows of W
times a, and a b + c. So does what reads it through matrices, a Dense layer or an LMU: columns of W times a, and
b + W c. Both are the same real map; what is left out is the rounding between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np
from hls4ml.converters.keras_v3._base import KerasV3LayerHandler
from hls4ml.model.attributes import Attribute, ConfigurableAttribute, TypeAttribute
from hls4ml.model.layers import Layer as IrLayer
from hls4ml.model.types import NamedType, UnspecifiedPrecisionType

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.cell import CellLayer
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import (
    brings_types,
    default_type,
    exact_sum,
    explicit_type,
    hls_type,
    input_type,
    weight_on_grid,
)
from lmu_hls.front.keras_model import beside_lmu
from lmu_hls.front.node import Graph, Node
from lmu_hls.front.notes import remarks
from lmu_hls.front.reading import Floats, Reading, fixed_type
from lmu_hls.front.weights import layer_weight
from lmu_hls.spec.layers.scale import Scale

WEIGHTS = ("scale", "bias")
GIVES = {"Dense": ("weight", "bias")}  # matrix and offset of what a layer gives
READS = {  # matrices that read a layer's input, each with the offset beside it
    "Dense": (("weight", "bias"),),
    "LMU": (("encoder_x", "encoder_bias"), ("hidden_x", "hidden_bias")),
    "LMURecurrent": (("hidden_x", "hidden_bias"),),
}


class ScaleHandler(KerasV3LayerHandler):
    """Reads a Keras layer as factors and offsets in float64. In a model without an LMU hls4ml goes its own way."""

    handles = (
        "keras.src.layers.normalization.batch_normalization.BatchNormalization",
        "keras.src.layers.preprocessing.normalization.Normalization",
        "keras.src.layers.preprocessing.rescaling.Rescaling",
    )

    def __call__(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...] | None:
        beside = beside_lmu(in_tensors, out_tensors)
        return super().__call__(layer, in_tensors, out_tensors) if beside else None

    def handle(self, layer: Any, in_tensors: Any, out_tensors: Any) -> tuple[dict[str, Any], ...]:
        shape = in_tensors[0].shape
        scale, bias = factors(layer, len(shape))
        for name, values in (("factors", scale), ("offsets", bias)):
            if not np.all(np.isfinite(values)):
                raise LmuHlsError(f"layer {layer.name!r}: its {name} hold NaN or infinity; train the model again")
        data = {"scale_data": _for_each(layer, scale, shape), "bias_data": _for_each(layer, bias, shape)}
        return ({**self.default_config, "class_name": "LMUScale", "n_in": int(prod(shape[1:])), **data},)


def factors(layer: Any, rank: int) -> tuple[Floats, Floats]:
    """a and c of a Keras layer that reads tensors of so many axes, the batch counted; one number stands for all values.

    LmuHlsError for weights that are no numbers, a variance without a root, and another axis than the last.
    """
    return FACTORS[type(layer).__name__](layer, rank)


def _batch_normalization(layer: Any, rank: int) -> tuple[Floats, Floats]:
    if layer.axis not in (-1, rank - 1):
        raise LmuHlsError(
            f"layer {layer.name!r}: a batch normalization is supported on the last axis only, not on {layer.axis}; "
            "set axis=-1 and train again"
        )
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta, mean, variance = (layer_weight(layer, name) for name in names)
    assert mean is not None and variance is not None
    for name, values in zip(names, (gamma, beta, mean, variance), strict=True):
        if values is not None and not np.all(np.isfinite(values)):
            raise LmuHlsError(f"layer {layer.name!r}: {name!r} holds NaN or infinity; train the model again")
    spread = variance + float(layer.epsilon)
    if not np.all(spread > 0):
        raise LmuHlsError(
            f"layer {layer.name!r}: 'moving_variance' plus epsilon is {spread.min():.3g}, it must be above 0; train "
            "the model again, or give the layer a larger epsilon"
        )
    scale = (1.0 if gamma is None else gamma) / np.sqrt(spread)
    return scale, (0.0 if beta is None else beta) - scale * mean


def _normalization(layer: Any, rank: int) -> tuple[Floats, Floats]:
    """(x - mean) / deviation, or x deviation + mean where it is to undo that; Keras keeps a deviation above epsilon."""
    import keras

    if any(axis not in (-1, rank - 1) for axis in layer.axis):
        raise LmuHlsError(
            f"layer {layer.name!r}: a normalization is supported on the last axis or as a whole, not on the axes "
            f"{layer.axis}; set axis=-1 or axis=None, and adapt it again"
        )
    mean, variance = (np.asarray(keras.ops.convert_to_numpy(v), np.float64) for v in (layer.mean, layer.variance))
    deviation = np.maximum(np.sqrt(np.maximum(variance, 0.0)), keras.backend.epsilon())
    if np.any(variance < 0):
        raise LmuHlsError(f"layer {layer.name!r}: its variance is {variance.min():.3g}, below 0; adapt it again")
    return (deviation, mean) if layer.invert else (1 / deviation, -mean / deviation)


def _rescaling(layer: Any, rank: int) -> tuple[Floats, Floats]:
    return np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64)


FACTORS: Mapping[str, Callable[[Any, int], tuple[Floats, Floats]]] = {
    "BatchNormalization": _batch_normalization,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
}


def _for_each(layer: Any, values: Floats, shape: tuple[int, ...]) -> Floats:
    """The number for each value on the last axis. LmuHlsError where it differs from step to step."""
    numbers = np.squeeze(values)
    if numbers.ndim > 1 or numbers.size not in (1, shape[-1]) or (numbers.size > 1 and values.shape[-1] == 1):
        raise LmuHlsError(
            f"layer {layer.name!r}: factors and offsets of the shape {values.shape} are not supported; give one "
            f"number, or one for each of the {shape[-1]} values of a step"
        )
    return np.array(np.broadcast_to(numbers, shape[-1:]), np.float64)


class LMUScale(IrLayer):
    """Factor and offset of each value on the last axis. Keys of the configuration, under the layer's name or under
    ``LMUScale``: Fold, False for a layer of its own in any case; Precision with ``scale``, ``bias`` and ``result``.
    """

    _expected_attributes = [  # noqa: RUF012 - the form that hls4ml asks for
        Attribute("n_in"),
        ConfigurableAttribute("fold", default=True),
        *(TypeAttribute(name) for name in WEIGHTS),
    ]

    def initialize(self) -> None:
        shape = self.get_input_variable().shape
        self.add_output_variable(shape)
        if self.get_attr("scale_data") is None:  # one factor, of what hls4ml knows no shape of
            self.set_attr("n_in", int(prod(shape)))
            self.set_attr("scale_data", np.full(int(shape[-1]), float(self.get_attr("factor"))))
            self.set_attr("bias_data", np.zeros(int(shape[-1])))
        for name in WEIGHTS:  # settled when it is known whether they stay
            self.set_attr(f"{name}_t", NamedType(f"scale{self.index}_{name}_t", UnspecifiedPrecisionType()))


class ScaleReader(LayerReader):
    settled = ("LMUScale",)
    extracted = ("BatchNormalization",)
    own = {"LMUScale": LMUScale}  # noqa: RUF012 - never changed
    keras = tuple(FACTORS)
    pointwise = ("BatchNormalization", "Rescaling")

    def prepare(self, model: Graph) -> None:
        """Fold what can be folded; the graph's remarks say of each layer what was done."""
        for node in _scales(model):
            fold = node.get_attr("fold", True)
            if not isinstance(fold, bool):
                raise LmuHlsError(f"layer {node.name!r}: Fold={fold!r} is not possible; give True or False")
            why = "no Dense or LMU layer beside it takes it in" if fold else "Fold is False"
            why = "it rounds to a type that was trained" if _rounds(node) else why
            remarks(model)[node.name] = f"a layer of its own, because {why}"
        while any(_fold(model, node) for node in reversed(_scales(model))):
            pass
        for node in _scales(model):
            if _changes_nothing(node):
                remarks(model)[node.name] = "left out, because its factors are 1 and its offsets 0"
                model.remove_node(node)

    def settle(self, node: Node) -> None:
        """It becomes hls4ml's BatchNormalization, whose C++ is exact before it rounds to the result."""
        config, name, kinds = node.model.config, node.name.lower(), []
        attributes: dict[str, Any] = {"class_name": node.get_attr("class_name"), "n_in": node.get_attr("n_in")}
        for weight in WEIGHTS:
            kind, attributes[f"{weight}_data"] = weight_on_grid(node, weight, node.get_attr(f"{weight}_data"))
            config.layer_name_precision[f"{name}_{weight}"] = str(hls_type(kind))
            kinds.append(kind)
        where = f"layer {node.name!r}"
        exact = fixed_type(exact_sum(where, [(1, input_type(node), kinds[0])], kinds[1]), where)
        result = explicit_type(node, "result") or (exact if brings_types(node) else default_type(config))
        if _is_one(attributes):  # rounded or not; hls4ml leaves such a BatchNormalization out, and with it the rounding
            attributes = {"class_name": node.get_attr("class_name"), "n_in": node.get_attr("n_in")}
            attributes |= {"activation": "linear", "own_types": node.get_attr("own_types")}
            new = node.model.make_node("Activation", node.name, attributes, node.inputs.copy())
            node.model.replace_node(node, new)
            set_result(new, result)
            return
        shape = node.get_input_variable().shape
        attributes["n_filt"] = int(shape[-1]) if len(shape) > 1 else -1
        new = node.model.make_node("BatchNormalization", node.name, attributes, node.inputs.copy())
        node.model.replace_node(node, new)
        set_result(new, result)

    def extract(self, reading: Reading) -> Scale:
        scale, bias = (reading.weight(name) for name in WEIGHTS)
        return Scale(reading.name, reading.input, scale, bias, reading.type("result"))


def _scales(model: Graph) -> list[Node]:
    return [node for node in model.get_layers() if node.class_name == "LMUScale"]


def _changes_nothing(node: Node) -> bool:
    """Whether it hands on what it reads."""
    data = {f"{name}_data": node.get_attr(f"{name}_data") for name in WEIGHTS}
    return _is_one(data) and explicit_type(node, "result") is None


def _is_one(data: Mapping[str, Any]) -> bool:
    """Whether all factors are 1 and all offsets 0."""
    return bool(np.all(data["scale_data"] == 1) and not np.any(data["bias_data"]))


def _rounds(node: Node) -> bool:
    """Whether a type of its own is what it is for."""
    return "result" in (node.get_attr("own_types") or {})


def _fold(model: Graph, node: Node) -> bool:
    """Fold one node, if something takes it in. LmuHlsError for types of its own, which would not arrive."""
    if not node.get_attr("fold", True) or _rounds(node):
        return False
    before, after = (_taking(node, backwards) for backwards in (True, False))
    gives = before is not None and before.class_name in GIVES
    target = before if gives else after
    if target is None or target.class_name not in READS:
        return False
    written = [name for name in (*WEIGHTS, "result") if explicit_type(node, name) is not None]
    if written:
        raise LmuHlsError(
            f"layer {node.name!r} is folded into {target.name!r}, so that its type of {written[0]!r} would not arrive; "
            f"give {target.name!r} the type, or set Fold: False for {node.name!r}"
        )
    scale, bias = (node.get_attr(f"{name}_data") for name in WEIGHTS)
    if gives:
        matrix, offset = GIVES[target.class_name]
        _add(target, offset, bias, factor=scale)
        _put(target, matrix, target.get_attr(f"{matrix}_data") * scale)
    else:
        for matrix, offset in READS[target.class_name]:
            values = target.get_attr(f"{matrix}_data")
            if values is not None:
                _add(target, offset, bias @ values)
                _put(target, matrix, scale[:, np.newaxis] * values)
    remarks(model)[node.name] = f"folded into {target.name!r}"
    model.remove_node(node)
    return True


def _taking(node: Node, backwards: bool) -> Node | None:
    """The node before or after, unless one of the two is exact and the other is not: factors of one would be rounded,
    and those of the other make exact sums as wide as all their bits."""
    neighbour = next(_neighbours(node, backwards), None)
    return neighbour if neighbour is not None and brings_types(neighbour) == brings_types(node) else None


def _neighbours(node: Node, backwards: bool) -> Iterator[Node]:
    """The node before or after, if nothing else is connected there; Dropout and the like are passed over."""
    while True:
        source = node.get_input_node() if backwards else node
        readers = [] if source is None else source.get_output_nodes()
        if source is None or len(readers) != 1 or set(source.outputs) & set(node.model.outputs):
            return
        node = source if backwards else readers[0]
        linear = node.class_name == "Activation" and node.get_attr("activation") == "linear"
        if not linear or explicit_type(node, "result") is not None:
            yield node
            return


def _add(node: Node, name: str, values: Floats, factor: Floats | float = 1.0) -> None:
    """Add to an offset times ``factor``; one that is not there comes into being where there is something to add."""
    own = node.get_attr(f"{name}_data")
    if own is not None or np.any(values):
        _put(node, name, values if own is None else own * factor + values)


def _put(node: Node, name: str, values: Floats) -> None:
    node.set_attr(f"{name}_data", values)
    node.set_attr("identity_encoder", False)
    if isinstance(node, CellLayer):  # it has put its weights on their grids already
        node.add_weight(name)
