"""Optimizer passes over a model that has an LMU: which layers it may have, and what type every tensor gets.

Models without an LMU are left alone.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from hls4ml.model.optimizer import ModelOptimizerPass
from hls4ml.model.types import NamedType, WeightVariable

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.front.alternatives import instead_of
from lmu_hls.front.extract import fixed_type
from lmu_hls.front.graph.accumulators import settle_accumulators
from lmu_hls.front.graph.softmax import settle_softmax
from lmu_hls.front.graph.types import (
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
from lmu_hls.front.keras_model import WHERE
from lmu_hls.spec.sequences import whole_sequences

STRATEGIES = ("latency", "resource")  # of Dense layers; the others generate code of their own


class SettleTypes(ModelOptimizerPass):
    """Gives every tensor of a model with an LMU its type, and puts the weights of Dense layers on their grid.

    Runs before hls4ml makes convolutions of Dense layers on sequences, which look their types up anew: what is
    settled here is also written to the model's configuration under the layer's name.
    """

    def __init__(self) -> None:
        self.name = "lmu_settle_types"

    def transform(self, model: Any) -> bool:
        if not has_lmu(model):
            return False
        _plain_relu(model)
        nodes = list(model.get_layers())
        _check_chain(model, nodes)
        settlers = {
            "Input": _input,
            "LMU": settle_accumulators,
            "LMUSoftmax": settle_softmax,
            "Dense": _dense,
            "Activation": _activation,
        }
        for node in nodes:
            if node.class_name not in settlers:
                raise LmuHlsError(_unsupported(node))
            settlers[node.class_name](node)
        _check_maximum(model, nodes)
        model._compute_n_samples = partial(_samples, model)
        if model.config.pipeline_style == "auto":
            model.config.pipeline_style = "dataflow"  # a pipelined top function would unroll the time loop
        return True


def _samples(model: Any, x: Any) -> int:
    """The number of samples in x: hls4ml's own count divides sizes, and reads shapes that do not fit across samples."""
    return len(whole_sequences(x, *model.get_input_variables()[0].shape))


def has_lmu(model: Any) -> bool:
    """Whether a ``ModelGraph`` is ours to settle."""
    return any(node.class_name == "LMU" for node in model.get_layers())


def _plain_relu(model: Any) -> None:
    """hls4ml reads keras.layers.ReLU as a ThresholdedReLU with threshold 0: make it the relu that it is."""
    for node in list(model.get_layers()):
        if node.get_attr("activation") == "thresholdedrelu" and node.get_attr("activ_param") == 0:
            attributes = {"activation": "relu", "n_in": node.get_output_variable().size()}
            attributes["class_name"] = node.get_attr("class_name")  # that of the configuration, for explicit_type
            model.replace_node(node, model.make_node("Activation", node.name, attributes, node.inputs.copy()))


def _check_chain(model: Any, nodes: list[Any]) -> None:
    """LmuHlsError unless the model is one chain of layers from one input to one output, with distinct names."""
    remedy = "use one input, one output and layers in sequence"
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise LmuHlsError(f"the model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; {remedy}")
    for before, node in pairwise(nodes):
        if list(node.inputs) != list(before.outputs):
            raise LmuHlsError(f"layer {node.name!r} does not follow {before.name!r} in a chain; {remedy}")
    names = [node.name.lower() for node in nodes]
    for node in nodes:
        if names.count(node.name.lower()) > 1:
            raise LmuHlsError(f"layer {node.name!r} has the name of another layer but for case; rename one of them")


def _unsupported(node: Any) -> str:
    """Why ``node`` cannot be converted, and what to do."""
    activation = node.get_attr("activation")
    if node.class_name == "Softmax" or activation == "softmax":
        return f"layer {node.name!r}: a softmax before the first LMU is not supported; use it after an LMU"
    if activation is not None:
        return (
            f"layer {node.name!r}: activation {activation!r} is not supported outside of an LMU's hidden cell; "
            "use relu or softmax"
        )
    return f"layer {node.name!r}: {node.class_name} layers are not supported {WHERE}; {instead_of(node.class_name)}"


def _check_maximum(model: Any, nodes: list[Any]) -> None:
    """The user's maximum precision is honoured or refused, never exceeded in silence."""
    text = model.config.model_precision.get("maximum")
    if text is None:
        return
    limit = fixed_type(model.config.backend.convert_precision_string(text), "Model: Precision: maximum").width
    for node in nodes:
        for key, named in node.types.items():
            if named.precision.width > limit:
                raise LmuHlsError(
                    f"layer {node.name!r}: {key.removesuffix('_t')!r} has {named.precision.width} bits, more than "
                    f"Model: Precision: maximum ({text}); remove max_precision (accumulators are exact), or use "
                    "narrower types"
                )


def _input(node: Any) -> None:
    _set_result(node, explicit_type(node, "result") or default_type(node.model.config))


def _activation(node: Any) -> None:
    """relu gets a type of its own; linear (Dropout is one) repeats its input, and hls4ml then removes it."""
    function = node.get_attr("activation")
    if function not in ("linear", "relu"):
        raise LmuHlsError(_unsupported(node))
    auto = input_type(node) if function == "linear" else default_type(node.model.config)
    _set_result(node, explicit_type(node, "result") or auto)


def _dense(node: Any) -> None:
    config, name = node.model.config, node.name.lower()
    _check_dense(node)
    for weight in ("weight", "bias"):
        if weight == "weight" or node.get_attr("bias_data") is not None:
            type_, values = weight_on_grid(node, weight, node.weights[weight].data)
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
    _set_result(node, explicit_type(node, "result") or default_type(config))
    # A Dense layer on sequences becomes a convolution: what was said of the type Dense must go along.
    config.layer_name_rf[name] = reuse_factor(node)
    config.layer_name_strategy[name] = config.get_strategy(node)


def _check_dense(node: Any) -> None:
    config = node.model.config
    strategy = config.get_strategy(node)
    if strategy.lower() not in STRATEGIES:
        raise LmuHlsError(
            f"layer {node.name!r}: Strategy {strategy!r} is not supported in a model with an LMU; use 'Latency'"
        )
    if config.get_compression(node):
        raise LmuHlsError(f"layer {node.name!r}: Compression is not supported in a model with an LMU; set it to False")
    if node.get_attr("weight_quantizer") is not None:
        raise LmuHlsError(f"layer {node.name!r}: weight quantizers are not supported; use a plain keras.layers.Dense")


def _set_result(node: Any, type_: FixedType) -> None:
    node.get_output_variable().type.precision = hls_type(type_)
    node.model.config.layer_name_precision[f"{node.name.lower()}_result"] = str(hls_type(type_))
