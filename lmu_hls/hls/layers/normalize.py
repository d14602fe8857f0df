"""What the generated C++ says about a normalization of the values of a step: a struct and a call."""

from __future__ import annotations

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.layers.normalize import LMUNormalize, normalize_of
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.hls.dataflow import Pace
from lmu_hls.hls.streams import function_name

HEADER = "nnet_utils/nnet_lmu_normalize.h"

_CONFIG = """struct config{index} : nnet::lmu_normalize_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_vectors = {n_vectors};
    static const bool centered = {centered};
    static const unsigned long long epsilon = {epsilon}ULL;
    static const unsigned divisor = {divisor};
    static const int guard = {guard};
    static const int difference_w = {difference_w};
    static const int total_w = {total_w};
    static const int whole_w = {whole_w};
}};
"""


class NormalizeConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu_normalize`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMUNormalize)

    def format(self, node: Node) -> str:
        layer = normalize_of(Reading(node))
        return _CONFIG.format(
            **{name: node.get_attr(name) for name in ("index", "n_in", "n_vectors")},
            centered=str(layer.centered).lower(),
            epsilon=layer.epsilon,
            divisor=layer.divisor,
            guard=layer.guard,
            difference_w=max(1, layer.difference_max.bit_length()),
            total_w=layer.total_width,
            whole_w=layer.whole_width,
        )


class NormalizeFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_normalize``."""

    def __init__(self) -> None:
        super().__init__(LMUNormalize, include_header=[HEADER])

    def format(self, node: Node) -> str:
        params = self._default_function_params(node)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({input}, {output});"
        return call.format(**params, function=function_name("lmu_normalize", node))


TEMPLATES = (NormalizeConfigTemplate, NormalizeFunctionTemplate)


def _pace(node: Node) -> Pace:
    """Three loops over the values of a vector, and a bit of the root a cycle."""
    layer = normalize_of(Reading(node))
    cycles = 3 * layer.size + layer.root_width
    return Pace(interval=cycles, latency=cycles)


PACES = {"LMUNormalize": _pace}
