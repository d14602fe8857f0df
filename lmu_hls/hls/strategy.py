"""Strategy Latency, Resource or distributed_arithmetic: which one a layer has, what is refused or warned about."""

from __future__ import annotations

import warnings
from dataclasses import replace
from weakref import WeakKeyDictionary

from hls4ml.model.optimizer import ModelOptimizerPass

from lmu_hls.adders import ADDERS, AdderGraph
from lmu_hls.errors import LmuHlsError, LmuHlsWarning
from lmu_hls.front.extract import layer_of
from lmu_hls.front.node import RECURRENT, Graph, Node
from lmu_hls.front.reading import Reading
from lmu_hls.hls.adders import memory_adders
from lmu_hls.hls.tiles import UNROLLED, Schedule, Strategy, is_possible, nearest_possible, schedule
from lmu_hls.spec import LMU, DenseUpdate, RecurrentLayer

_SCHEDULES: WeakKeyDictionary[Node, Schedule] = WeakKeyDictionary()  # as they were settled
_ADDERS: WeakKeyDictionary[Node, AdderGraph] = WeakKeyDictionary()


class SettleStrategies(ModelOptimizerPass):
    """Writes the strategy of every recurrent layer to the model's configuration, where hls4ml looks for it, too.

    It is what the user wrote for the layer or for all LMU layers. Where only the whole model has one, Resource holds
    for all, but Latency, which hls4ml's configurations always say, only up to :data:`UNROLLED` multiplications a step.

    A layer whose memory is an RTL blackbox has Resource, since no blackbox with FIFOs stands in a pipelined loop. With
    distributed_arithmetic the matrix of the memory is additions, and all else as with Latency.

    Raises LmuHlsError for a ReuseFactor that the Resource which the user asked for cannot come close to, for a
    blackbox with another strategy, and for distributed_arithmetic without a matrix. Warns of
    layers in which more than :data:`UNROLLED` multiplications are unrolled.
    """

    def __init__(self) -> None:
        self.name = "lmu_settle_strategies"

    def transform(self, model: Graph) -> bool:
        for node in model.get_layers():
            if node.class_name in RECURRENT:
                self._settle(node)
        return False

    def _settle(self, node: Node) -> None:
        config, layer = node.model.config, recurrent_layer(node)
        own = config.layer_name_strategy.get(node.name.lower()) or config.layer_type_strategy.get(
            node.class_name.lower()
        )
        asked = str(own or config.get_strategy(node)).lower()
        rtl = in_rtl(node)
        if rtl and str(own).lower() == "latency":
            raise LmuHlsError(
                f"layer {node.name!r}: Strategy 'Latency' pipelines the steps, and the blackbox of "
                "MemoryUpdateRtl cannot stand in a pipeline; leave the layer's Strategy out, or use 'Resource'"
            )
        if asked == ADDERS:
            _ADDERS[node] = _adders(layer, node)
            config.layer_name_strategy[node.name.lower()] = ADDERS
            _settled(node, layer, _with_adders(layer, _ADDERS[node]))
            return
        unrolled = schedule(layer, "latency", rtl)
        resource = rtl or asked == "resource" or (unrolled.unrolled > UNROLLED and own is None)
        config.layer_name_strategy[node.name.lower()] = "Resource" if resource else "Latency"
        if asked == "resource":
            _check_reuse(layer, rtl)
        _settled(node, layer, schedule(layer, "resource", rtl) if resource else unrolled)


def _settled(node: Node, layer: RecurrentLayer, chosen: Schedule) -> None:
    _SCHEDULES[node] = chosen
    if chosen.unrolled > UNROLLED:
        warnings.warn(too_much(layer, chosen), LmuHlsWarning, stacklevel=2)


def strategy_of(node: Node) -> Strategy:
    """The strategy of an LMU node's loops, after :class:`SettleStrategies`; of one with adders it is Latency."""
    return "resource" if node.model.config.get_strategy(node).lower() == "resource" else "latency"


def schedule_of(node: Node) -> Schedule:
    """The loops of an LMU node whose types are settled: as they were settled, if nothing was changed since."""
    strategy, settled = strategy_of(node), _SCHEDULES.get(node)
    if settled and (settled.strategy, settled.reuse_factor) == (strategy, node.get_attr("reuse_factor")):
        return settled
    if has_adders(node):
        return _with_adders(recurrent_layer(node), adders_of(node))
    return schedule(recurrent_layer(node), strategy, in_rtl(node))


def _with_adders(layer: RecurrentLayer, graph: AdderGraph) -> Schedule:
    """The loops beside the memory, all unrolled."""
    return replace(schedule(layer, "latency", apart=True), adder_levels=graph.levels)


def has_adders(node: Node) -> bool:
    """Whether the matrix of the memory of an LMU node is additions instead of multiplications."""
    return node.model.config.get_strategy(node).lower() == ADDERS


def adders_of(node: Node) -> AdderGraph:
    """The additions of an LMU node with :func:`has_adders`."""
    return _ADDERS.get(node) or _adders(recurrent_layer(node), node)


def _adders(layer: RecurrentLayer, node: Node) -> AdderGraph:
    where = f"layer {layer.name!r}"
    if in_rtl(node) or not isinstance(layer, LMU) or not isinstance(layer.update, DenseUpdate):
        raise LmuHlsError(
            f"{where}: Strategy {ADDERS!r} is for the matrix of the memory, and this layer has none in C++; use "
            "'Latency' or 'Resource', or MemoryUpdate 'dense' without MemoryUpdateRtl"
        )
    return memory_adders(where, layer.update, layer.u, layer.mem)


def recurrent_layer(node: Node) -> RecurrentLayer:
    """The layer of the contract of a node with a state whose types are settled."""
    layer = layer_of(Reading(node))
    assert isinstance(layer, RecurrentLayer)
    return layer


def in_rtl(node: Node) -> bool:
    """Whether the memory of an LMU node is hand-written Verilog."""
    return bool(node.get_attr("memory_update_rtl", False))


def _check_reuse(layer: RecurrentLayer, rtl: bool) -> None:
    reuse = layer.reuse_factor
    if is_possible(layer, reuse, rtl):
        return
    raise LmuHlsError(
        f"layer {layer.name!r}: ReuseFactor={reuse} is not possible with Strategy 'Resource': its matrices do not "
        f"divide into {reuse} equal parts; the nearest that is possible is {nearest_possible(layer, reuse, apart=rtl)}"
    )


def too_much(layer: RecurrentLayer, chosen: Schedule) -> str:
    """What to do about a layer with more unrolled multiplications than HLS tools accept."""
    helps = nearest_possible(
        layer, -(-chosen.multiplications // UNROLLED), at_most=UNROLLED, apart="update" not in chosen.loops
    )
    by = f"ReuseFactor={helps}" if helps is not None else "a smaller layer"
    strategy = " and Strategy 'Resource'" if chosen.strategy == "latency" else ""
    return (
        f"layer {layer.name!r}: {chosen.unrolled:,} multiplications a step are unrolled, and HLS tools accept about "
        f"{UNROLLED:,}; use {by}{strategy}"
    )
