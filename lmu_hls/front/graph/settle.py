"""Optimizer passes over a model that has an LMU: which layers it may have, and what type every tensor gets.

Models without an LMU are left alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from hls4ml.model.optimizer import ModelOptimizerPass

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.extract import is_stateful, network_of, network_spec
from lmu_hls.front.graph.layers import readers
from lmu_hls.front.graph.layers.select import WINDOW
from lmu_hls.front.graph.types import unsupported
from lmu_hls.front.node import RECURRENT, Graph, Node, has_count, sequence_inputs
from lmu_hls.front.reading import Reading, fixed_type
from lmu_hls.spec.lengths import check_lengths
from lmu_hls.spec.sequences import whole_inputs, with_counts

_FIFO_DEPTHS: WeakKeyDictionary[Graph, dict[str, int]] = WeakKeyDictionary()  # before layers become others
COPIES = 7  # of a stream, that hls4ml makes at most


class SettleTypes(ModelOptimizerPass):
    """Gives every tensor of a model with an LMU its type, and puts the weights on their grid.

    Runs before hls4ml makes convolutions of Dense layers on sequences, which look their types up anew: what is
    settled here is also written to the model's configuration under the layer's name.
    """

    def __init__(self) -> None:
        self.name = "lmu_settle_types"

    def transform(self, model: Graph) -> bool:
        if not has_lmu(model):
            return False
        for reader in readers():
            reader.prepare(model)
        nodes = list(model.get_layers())
        _check_names(nodes)
        _check_copies(model, nodes)
        _settle_fifos(model, nodes)
        is_stateful([Reading(node) for node in nodes])
        settlers = {kind: reader.settle for reader in readers() for kind in reader.settled}
        for node in nodes:
            if node.class_name not in settlers:
                raise LmuHlsError(unsupported(node))
            settlers[node.class_name](node)
        _check_maximum(model, nodes)
        _check_any_length(nodes)
        model._compute_n_samples = partial(_samples, model)
        if model.config.pipeline_style == "auto":
            model.config.pipeline_style = "dataflow"  # a pipelined top function would unroll the time loop
        return True


def _check_any_length(nodes: list[Node]) -> None:
    """LmuHlsError for a layer that reads whole sequences of one length, where they have any."""
    settled = {kind: reader for reader in readers() for kind in reader.settled}
    for node in nodes if has_count(nodes[0].model) else ():
        windowed = all(node.get_attr(name) is not None for name in WINDOW)
        if windowed and not settled[node.class_name].extract(Reading(node)).any_length:
            raise LmuHlsError(
                f"layer {node.name!r} reads windows of several steps, for sequences of one length, and here they have "
                "any; build the model without Masking, where convolutions and pooling take any length, and others "
                "keras.Input((steps, features)), or use padding='causal' without strides, the last step, "
                "GlobalMaxPooling1D or GlobalAveragePooling1D without keepdims, or a recurrent layer with "
                "return_sequences=False"
            )
    if has_count(nodes[0].model) and any(node.get_attr("open") for node in nodes):
        try:
            network_of("model", [Reading(node) for node in nodes])
        except ValueError as error:  # of branches
            raise LmuHlsError(
                f"{error}; let the branches have as many steps for sequences of every length, as padding='same' "
                "without strides does, or build the model on keras.Input((steps, features))"
            ) from None


def _samples(model: Graph, x: Any) -> int:
    """The number of samples in x, a list for several inputs.

    hls4ml's own count divides sizes, and reads shapes that do not fit across samples.
    """
    ends = [node.get_output_variable().shape for node in sequence_inputs(model)]
    lengths = None
    if has_count(model):
        x, lengths = with_counts(x, len(ends))
    whole = whole_inputs([(shape[0], shape[1]) for shape in ends], x)
    if lengths is not None:
        check_lengths(lengths, len(whole[0]), ends[0][0], least=network_spec(model).least_steps)
    return len(whole[0])


def has_lmu(model: Graph) -> bool:
    """Whether a ``ModelGraph`` is ours to settle."""
    return any(node.class_name in RECURRENT for node in model.get_layers())


def is_streamed(model: Graph) -> bool:
    """Whether the layers are connected by FIFOs."""
    return bool(model.config.get_config_value("IOType") == "io_stream")


def fifo_depth_of(node: Node) -> int | None:
    """What the configuration wants for the FIFO behind a layer, by its name or by the class that it had at first."""
    settled = _FIFO_DEPTHS.get(node.model, {}).get(node.name)
    depth = settled or node.model.config.get_layer_config(node).get("FifoDepth")
    return None if depth is None else int(depth)


def _settle_fifos(model: Graph, nodes: list[Node]) -> None:
    """Without streams there is no FIFO that a FifoDepth could be for."""
    _FIFO_DEPTHS[model] = {node.name: depth for node in nodes if (depth := fifo_depth_of(node)) is not None}
    for node in nodes:
        if not is_streamed(model) and fifo_depth_of(node) is not None:
            raise LmuHlsError(
                f"layer {node.name!r}: FifoDepth is for the FIFOs of io_type='io_stream', and this project has none; "
                "leave it out"
            )


def _check_names(nodes: list[Node]) -> None:
    """LmuHlsError unless the names of the layers are distinct."""
    names = [node.name.lower() for node in nodes]
    for node in nodes:
        if names.count(node.name.lower()) > 1:
            raise LmuHlsError(f"layer {node.name!r} has the name of another layer but for case; rename one of them")


def _check_copies(model: Graph, nodes: list[Node]) -> None:
    """hls4ml copies a stream for so many readers at most."""
    if not is_streamed(model):
        return
    for node in nodes:
        readers = len(node.get_output_nodes()) + sum(tensor in model.outputs for tensor in node.outputs)
        if readers > COPIES:
            raise LmuHlsError(
                f"layer {node.name!r} is read by {readers} layers and outputs, and io_stream has {COPIES} copies of a "
                "stream at most; use io_type='io_parallel'"
            )


def _check_maximum(model: Graph, nodes: list[Node]) -> None:
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
