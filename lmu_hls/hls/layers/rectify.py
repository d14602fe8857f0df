"""What the generated C++ says about a rectifier with a slope: its struct in parameters.h and its call in the top."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.layers.rectify import EXACT, WEIGHTS, LMURectify
from lmu_hls.front.node import Node
from lmu_hls.hls.streams import function_name

HEADER = "nnet_utils/nnet_lmu_rectify.h"

_CONFIG = """struct config{index} : nnet::lmu_rectify_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_vectors = {n_vectors};
    static const bool has_most = {has_most};

{typedefs}
}};
"""


class RectifyConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu_rectify`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMURectify)

    def format(self, node: Node) -> str:
        typedefs = "\n".join(f"    typedef {node.types[f'{name}_t'].name} {name}_t;" for name in EXACT)
        sizes = {name: node.get_attr(name) for name in ("index", "n_in", "n_vectors")}
        return _CONFIG.format(**sizes, has_most=str("most" in node.weights).lower(), typedefs=typedefs)


class RectifyFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_rectify``; without a largest value the threshold is named in its place."""

    def __init__(self) -> None:
        super().__init__(LMURectify, include_header=[HEADER])

    def format(self, node: Node) -> str:
        params = self._default_function_params(node)
        names = (name if name in node.weights else "threshold" for name in WEIGHTS)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({input}, {output}, {arrays});"
        arrays = ", ".join(node.weights[name].name for name in names)
        return call.format(**params, function=function_name("lmu_rectify", node), arrays=arrays)


TEMPLATES = (RectifyConfigTemplate, RectifyFunctionTemplate)
