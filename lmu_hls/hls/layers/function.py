"""What the generated C++ says about an activation by table: its struct in parameters.h and its call in the top."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.layers.function import LMUActivation
from lmu_hls.front.node import Node
from lmu_hls.hls.streams import function_name

HEADERS = ("nnet_lmu_function.h",)

_CONFIG = """struct config{index} : nnet::lmu_function_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_vectors = {n_vectors};

    typedef nnet::lmu_table function;
    typedef {index_t} index_t;
    typedef {table_t} table_t;
}};
"""


class ActivationConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu_function`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMUActivation)

    def format(self, node: Node) -> str:
        sizes = {name: node.get_attr(name) for name in ("index", "n_in", "n_vectors")}
        types = {name: node.types[name].name for name in ("index_t", "table_t")}
        return _CONFIG.format(**sizes, **types)


class ActivationFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_function``."""

    def __init__(self) -> None:
        super().__init__(LMUActivation, include_header=[f"nnet_utils/{HEADERS[0]}"])

    def format(self, node: Node) -> str:
        params = self._default_function_params(node)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({input}, {output}, {entries});"
        return call.format(**params, function=function_name("lmu_function", node), entries=node.weights["table"].name)


TEMPLATES = (ActivationConfigTemplate, ActivationFunctionTemplate)
