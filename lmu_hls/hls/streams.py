"""io_stream: which function a layer calls, and how deep the FIFOs between the layers are."""

from __future__ import annotations

from hls4ml.model.optimizer import ModelOptimizerPass

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.settle import has_lmu
from lmu_hls.front.node import Graph, Node, Variable

DEPTH = 2  # places of a FIFO: one is written while another is read
LEAST = 1  # with fewer, no word gets through


def is_streamed(model: Graph) -> bool:
    return bool(model.config.get_config_value("IOType") == "io_stream")


def function_name(name: str, node: Node) -> str:
    """The function of a layer, in the io_type of its model."""
    return f"{name}_stream" if is_streamed(node.model) else name


class SettleFifos(ModelOptimizerPass):
    """Gives the FIFOs between layers :data:`DEPTH` places, where hls4ml takes one for every step of the sequence.

    In a chain each layer reads its words in the order in which the one before writes them, one at a time. None waits
    for a word that comes after one that it has not taken, so a FIFO of one place cannot block the chain. The pace is
    that of the slowest layer: words that a faster one writes ahead come out no sooner. Where branches meet, one may
    have to hold a whole sequence until the other gives its first word: what a layer of several inputs reads keeps the
    places that hls4ml gave it.
    """

    def __init__(self) -> None:
        self.name = "lmu_settle_fifos"

    def transform(self, model: Graph) -> bool:
        if has_lmu(model) and is_streamed(model):
            for node, variable in _between(model):
                if not _meets(node, variable):
                    variable.pragma = ("stream", DEPTH)
        return False


def check_fifos(model: Graph) -> None:
    """LmuHlsError for a FIFO, made smaller since, with which the design would wait for ever."""
    if not is_streamed(model):
        return
    for node, variable in _between(model):
        _, depth = variable.pragma
        if depth < LEAST:
            raise LmuHlsError(
                f"layer {node.name!r}: the FIFO behind it has {depth} places, with which no word would get through; "
                f"give it at least {LEAST}, or {DEPTH} for full speed"
            )


def _meets(node: Node, variable: Variable) -> bool:
    """Whether a layer of several inputs reads this output of a node."""
    (output,) = (name for name in node.outputs if node.get_output_variable(name) is variable)
    return any(len(reader.inputs) > 1 for reader in node.get_output_nodes(output))


def _between(model: Graph) -> list[tuple[Node, Variable]]:
    """The layers whose outputs stay inside, with the outputs."""
    ends = (*model.get_input_variables(), *model.get_output_variables())
    pairs = [(node, variable) for node in model.get_layers() for variable in node.get_variables()]
    return [(node, variable) for node, variable in pairs if variable not in ends]
