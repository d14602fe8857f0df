"""What the generated C++ says about pooling: a struct and a call."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.layers.pool import LMUPool, divides
from lmu_hls.front.node import Node
from lmu_hls.hls.layers.select import whole_pace, window_config
from lmu_hls.hls.streams import function_name

HEADER = "nnet_utils/nnet_lmu_pool.h"


class PoolConfigTemplate(LayerConfigTemplate):
    """The struct that the functions of pooling take as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMUPool)

    def format(self, node: Node) -> str:
        own = f"    typedef {node.types['sum_t'].name} sum_t;\n"
        if "reciprocal" in node.weights:
            own += f"    static const unsigned reciprocals = {node.weights['reciprocal'].data.size};\n"
        return window_config(node, own)


class PoolFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_max_pool``, ``nnet::lmu_average_pool`` or, of any length, ``nnet::lmu_mean_pool``."""

    def __init__(self) -> None:
        super().__init__(LMUPool, include_header=[HEADER])

    def format(self, node: Node) -> str:
        params, average = self._default_function_params(node), node.get_attr("average")
        name = "lmu_mean_pool" if divides(node) else "lmu_average_pool" if average else "lmu_max_pool"
        arguments = [params["input"], params["output"]]
        if "reciprocal" in node.weights:
            arguments.append(node.weights["reciprocal"].name)
        if len(node.inputs) > 1:
            name += "" if divides(node) else "_any_length"
            arguments.insert(1, node.get_input_variable(node.inputs[1]).name)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({arguments});"
        return call.format(**params, function=function_name(name, node), arguments=", ".join(arguments))


TEMPLATES = (PoolConfigTemplate, PoolFunctionTemplate)
PACES = {"LMUPool": whole_pace}
