"""What the generated C++ says about an activation by table: its struct in parameters.h and its call in the top."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.activations import FUNCTIONS
from lmu_hls.front.graph.layers.function import LMUActivation
from lmu_hls.front.node import Node
from lmu_hls.hls.streams import function_name
from lmu_hls.spec import Activation

HEADER = "nnet_utils/nnet_lmu_function.h"
NAMED = ("linear", "relu")

_CONFIG = """struct config{index} : nnet::lmu_function_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_vectors = {n_vectors};

    typedef nnet::lmu_{function} function;
    typedef {index_t} index_t;
    typedef {table_t} table_t;
}};
"""


class ActivationConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu_function`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMUActivation)

    def format(self, node: Node) -> str:
        assert isinstance(node, LMUActivation)
        sizes = {name: node.get_attr(name) for name in ("index", "n_in", "n_vectors")}
        types = {name: node.types[name].name for name in ("index_t", "table_t")}
        return _CONFIG.format(**sizes, **types, function=cpp_function(node.function))


class ActivationFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_function``."""

    def __init__(self) -> None:
        super().__init__(LMUActivation, include_header=[HEADER])

    def format(self, node: Node) -> str:
        params = self._default_function_params(node)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({input}, {output}, {entries});"
        entries = node.weights["table"].name if "table" in node.weights else "nnet::lmu_none"
        return call.format(**params, function=function_name("lmu_function", node), entries=entries)


def cpp_function(activation: Activation) -> str:
    """A function as nnet_lmu_function.h knows it."""
    function = FUNCTIONS[activation.function]
    if activation.summed and activation.table is not None:
        table = activation.table
        slope = 0 if table.slopes is None else table.slopes.type.width
        sizes = (table.values.type.width, table.values.type.fraction, slope, table.rest)
        return f"table_sum<{str(function.adds_relu).lower()}, {', '.join(map(str, sizes))}>"
    if activation.table is not None:
        return "table"
    if function.name in NAMED:
        return function.name
    return f"clip<{function.low:.0f}, {function.high:.0f}>"


TEMPLATES = (ActivationConfigTemplate, ActivationFunctionTemplate)
