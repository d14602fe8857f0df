"""What the generated C++ says about a softmax: its struct in parameters.h and its call in the top function."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.layers.softmax import TYPES, LMUSoftmax
from lmu_hls.front.node import Node
from lmu_hls.hls.dataflow import Pace
from lmu_hls.hls.streams import function_name

HEADER = "nnet_utils/nnet_lmu_softmax.h"

_CONFIG = """struct config{index} : nnet::lmu_softmax_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_vectors = {n_vectors};
    static const unsigned long long up = {up}ULL;

{typedefs}
}};
"""


class SoftmaxConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu_softmax`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMUSoftmax)

    def format(self, node: Node) -> str:
        typedefs = "\n".join(f"    typedef {node.types[f'{name}_t'].name} {name}_t;" for name in TYPES)
        sizes = {name: node.get_attr(name) for name in ("index", "n_in", "n_vectors", "up")}
        return _CONFIG.format(**sizes, typedefs=typedefs)


class SoftmaxFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_softmax``."""

    def __init__(self) -> None:
        super().__init__(LMUSoftmax, include_header=[HEADER])

    def format(self, node: Node) -> str:
        params = self._default_function_params(node)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({input}, {output}, {table});"
        return call.format(**params, function=function_name("lmu_softmax", node), table=node.weights["exp_table"].name)


TEMPLATES = (SoftmaxConfigTemplate, SoftmaxFunctionTemplate)


def _pace(node: Node) -> Pace:
    """Three loops over the values of a vector."""
    cycles = 3 * int(node.get_attr("n_in"))
    return Pace(interval=cycles, latency=cycles)


PACES = {"LMUSoftmax": _pace}
