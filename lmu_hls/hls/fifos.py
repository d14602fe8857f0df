"""io_stream: how deep the FIFOs between the layers are."""

from __future__ import annotations

from dataclasses import dataclass

from hls4ml.model.optimizer import ModelOptimizerPass

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.settle import fifo_depth_of, has_lmu, is_streamed
from lmu_hls.front.node import Graph, Node, Variable
from lmu_hls.hls.dataflow import Process, cycles_of, least_depths, least_of, process
from lmu_hls.hls.layers import pace_of

DEPTH = 2  # places of a FIFO: one is written while another is read
LEAST = 1  # with fewer, no word gets through


class SettleFifos(ModelOptimizerPass):
    """Gives the FIFOs between layers the places that they need, where hls4ml takes one for every step of the sequence.

    In a chain each layer reads its words in the order in which the one before writes them, one at a time. None waits
    for a word that comes after one that it has not taken, so a FIFO of one place cannot block the chain, and with
    :data:`DEPTH` all layers work side by side. The pace is that of the slowest layer: words that a faster one writes
    ahead come out no sooner. Where branches meet, one may have to hold words until the other gives its first one: then
    the depths are the least with which a sequence takes no longer than with FIFOs that hold all of it, by the cycles of
    :mod:`lmu_hls.hls.dataflow`, rounded up to a power of two.

    A layer's FifoDepth is honoured. LmuHlsError where the layers would then wait for each other for ever.
    """

    def __init__(self) -> None:
        self.name = "lmu_settle_fifos"

    def transform(self, model: Graph) -> bool:
        if not has_lmu(model) or not is_streamed(model):
            return False
        fifos = _between(model)
        depths = _depths(model, fifos)
        for fifo in fifos:
            fifo.depth = depths[fifo.name]
        for fifo in fifos:
            asked = fifo_depth_of(_asked_of(fifo.node))
            if asked is not None:
                fifo.depth = asked
        _check_asked(model, fifos)
        check_fifos(model)
        return False


def check_fifos(model: Graph) -> None:
    """LmuHlsError for a FIFO, made smaller since, with which the design would wait for ever."""
    if not is_streamed(model):
        return
    fifos = _between(model)
    for fifo in fifos:
        if fifo.depth < LEAST:
            raise LmuHlsError(
                f"layer {fifo.node.name!r}: the FIFO behind it has {fifo.depth} places, with which no word would get "
                f"through; give it at least {LEAST}, or {DEPTH} for full speed"
            )
    if not _has_joins(model) or cycles_of(processes_of(model), {fifo.name: fifo.depth for fifo in fifos}) is not None:
        return
    network, depths = processes_of(model), {fifo.name: fifo.words for fifo in fifos}
    for fifo in fifos:  # with all words each comes to its end; so one of them is the first that does not
        whole = dict(depths)
        depths[fifo.name] = fifo.depth
        if cycles_of(network, depths) is None:
            raise LmuHlsError(
                f"layer {fifo.node.name!r}: the FIFO behind it has {fifo.depth} places, with which the layers wait for "
                f"each other for ever, since branches meet behind it; give it at least "
                f"{least_of(network, whole, fifo.name)}"
            )


def processes_of(model: Graph) -> list[Process]:
    """The layers between the ends of a model, as what they do with the FIFOs between them."""
    nodes = [node for node in model.get_layers() if node.class_name != "Input"]
    return [process(node.name, _read_by(node), _written_by(node), pace_of(node)) for node in nodes]


@dataclass(slots=True)
class _Fifo:
    """A FIFO behind a node, of ``words`` words in a sequence."""

    node: Node
    variable: Variable

    @property
    def name(self) -> str:
        return self.variable.name

    @property
    def words(self) -> int:
        return _words(self.variable)

    @property
    def depth(self) -> int:
        return int(self.variable.pragma[1])

    @depth.setter
    def depth(self, places: int) -> None:
        self.variable.pragma = ("stream", places)


def _depths(model: Graph, fifos: list[_Fifo]) -> dict[str, int]:
    """The wide ones come first, so that the narrow ones hold what has to be held."""
    if not _has_joins(model):
        return {fifo.name: DEPTH for fifo in fifos}
    words = {fifo.name: fifo.words for fifo in sorted(fifos, key=lambda fifo: -_bits(fifo.variable))}
    least = least_depths(processes_of(model), words, DEPTH)
    return {name: min(1 << (depth - 1).bit_length(), max(words[name], DEPTH)) for name, depth in least.items()}


def _check_asked(model: Graph, fifos: list[_Fifo]) -> None:
    """A FifoDepth that reaches no FIFO is refused."""
    reached = {_asked_of(fifo.node).name for fifo in fifos}
    for node in model.get_layers():
        if fifo_depth_of(node) is not None and node.name not in reached:
            raise LmuHlsError(
                f"layer {node.name!r}: no FIFO of the project is behind it, so that its FifoDepth would not arrive; "
                "leave it out"
            )


def _asked_of(node: Node) -> Node:
    """The layer whose FifoDepth holds behind a node: what hls4ml's copies of a stream are of."""
    before = node.get_input_node() if node.class_name == "Clone" else None
    return node if before is None else before


def _has_joins(model: Graph) -> bool:
    """Whether a layer reads several tensors: else no FIFO has to hold anything."""
    return any(len(node.inputs) > 1 for node in model.get_layers())


def _read_by(node: Node) -> dict[str, int]:
    variables = [node.get_input_variable(name) for name in node.inputs]
    return {variable.name: _words(variable) for variable in variables}


def _written_by(node: Node) -> dict[str, int]:
    return {variable.name: _words(variable) for variable in map(node.get_output_variable, node.outputs)}


def _words(variable: Variable) -> int:
    return int(variable.size()) // int(variable.shape[-1])


def _bits(variable: Variable) -> int:
    return int(variable.type.precision.width) * int(variable.shape[-1])


def _between(model: Graph) -> list[_Fifo]:
    """The FIFOs that stay inside."""
    ends = (*model.get_input_variables(), *model.get_output_variables())
    pairs = [(node, variable) for node in model.get_layers() for variable in node.get_variables()]
    return [_Fifo(node, variable) for node, variable in pairs if variable not in ends]
