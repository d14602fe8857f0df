"""How many steps count where a layer reads a sequence of any length: what the generated C++ says of it."""

from __future__ import annotations

from lmu_hls.front.graph.layers.select import WINDOW, node_window
from lmu_hls.front.node import Node

COUNTED = """    static unsigned counted(const unsigned n) {{
        #pragma HLS INLINE
        return {steps};
    }}
"""


def counted(node: Node) -> str:
    """The lines of a struct that give, of n steps that come in, those that come to ``node``; none where it is n."""
    steps = _steps(node)
    return "" if steps == "n" else COUNTED.format(steps=steps)


def _steps(node: Node) -> str:
    """An expression of n; what branches read has as many steps in each."""
    before = node.get_input_node(node.inputs[0])
    if before is None or before.class_name == "Input":
        return "n"
    steps = _steps(before)
    windowed = all(before.get_attr(name) is not None for name in WINDOW)
    if not windowed or not (window := node_window(before)).open:
        return steps
    more = window.pad - window.reach
    return f"({steps} {'-' if more < 0 else '+'} {abs(more)}) / {abs(window.stride)} + 1"
