"""The kinds of layers that the C++ has templates and headers of its own for: one file a kind, found because it is here.

A file has ``TEMPLATES``, the classes of its templates, which name the header in firmware/ that their C++ includes.
One whose C++ in io_stream is more than a word in and a word out has ``PACES``: the pace of a node, by its class.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from lmu_hls.front.node import Node
from lmu_hls.hls.dataflow import Pace

_KINDS = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
TEMPLATES: tuple[type, ...] = tuple(template for kind in _KINDS for template in kind.TEMPLATES)

_PACES: dict[str, Callable[[Node], Pace]] = {
    name: pace for kind in _KINDS for name, pace in getattr(kind, "PACES", {}).items()
}
PIPELINE = 4  # cycles through a layer of hls4ml, beside those of its ReuseFactor


def pace_of(node: Node) -> Pace:
    """The pace of a layer in io_stream: what its file says; hls4ml's own take a word every ReuseFactor cycles."""
    if node.class_name in _PACES:
        return _PACES[node.class_name](node)
    reuse = int(node.get_attr("reuse_factor", 1) or 1)
    return Pace(interval=reuse, latency=reuse + PIPELINE)
