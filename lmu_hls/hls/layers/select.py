"""What the generated C++ says about steps that are handed on as they are: a struct and a call."""

from __future__ import annotations

from math import prod

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate

from lmu_hls.front.graph.layers.select import LMUSelect, node_window
from lmu_hls.front.node import Node
from lmu_hls.hls.dataflow import Pace
from lmu_hls.hls.lengths import counted
from lmu_hls.hls.streams import function_name

HEADER = "nnet_utils/nnet_lmu_select.h"

WINDOW = """struct config{index} : nnet::lmu_window_config {{
    static const unsigned n_in = {n_in};
    static const unsigned steps = {steps};
    static const unsigned count = {count};
    static const int first = {first};
    static const int stride = {stride};
    static const unsigned size = {size};
    static const bool repeat = {repeat};
{own}}};
"""


def window_config(node: Node, own: str = "") -> str:
    """The struct of a layer that reads windows, with lines of its ``own``."""
    window, n_in = node_window(node), prod(node.get_input_variable().shape[-1:])
    numbers = {name: getattr(window, name) for name in ("steps", "count", "first", "stride", "size")}
    if window.dilation != 1:
        own = f"    static const unsigned dilation = {window.dilation};\n{own}"
    if len(node.inputs) > 1:
        pad = window.pad if window.open else window.reach - 1  # a causal one
        own += f"    static const int pad = {pad};\n    static const bool centred = {str(window.centred).lower()};\n"
        own += counted(node)
    return WINDOW.format(index=node.get_attr("index"), n_in=n_in, repeat=str(window.repeat).lower(), own=own, **numbers)


def whole_pace(node: Node) -> Pace:
    """It takes the whole sequence; then a value of a step of every window is a cycle."""
    window, n_in = node_window(node), prod(node.get_input_variable().shape[-1:])
    return Pace(whole=True, latency=window.count * window.size * n_in)


class SelectConfigTemplate(LayerConfigTemplate):
    """The struct that ``nnet::lmu_select`` takes as CONFIG_T."""

    def __init__(self) -> None:
        super().__init__(LMUSelect)

    def format(self, node: Node) -> str:
        return window_config(node)


class SelectFunctionTemplate(FunctionCallTemplate):
    """The call of ``nnet::lmu_select``, or of what stops where a sequence of any length does."""

    def __init__(self) -> None:
        super().__init__(LMUSelect, include_header=[HEADER])

    def format(self, node: Node) -> str:
        params = self._default_function_params(node)
        arguments, name = [params["input"], params["output"]], "lmu_select"
        if len(node.inputs) > 1:
            name = "lmu_select_any_length"
            arguments.insert(1, node.get_input_variable(node.inputs[1]).name)
        call = "nnet::{function}<{input_t}, {output_t}, {config}>({arguments});"
        return call.format(**params, function=function_name(name, node), arguments=", ".join(arguments))


TEMPLATES = (SelectConfigTemplate, SelectFunctionTemplate)
PACES = {"LMUSelect": whole_pace}
