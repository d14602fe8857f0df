"""Layers may have any name: the name of what a node holds, too."""

from __future__ import annotations

import functools
from typing import Any

from hls4ml.backends.fpga.passes.clone import Clone
from hls4ml.model.attributes import AttributeDict


def let_nodes_have_any_name() -> None:
    """Keep what each node gives where it meets no weight, table or setting of the same name; once.

    hls4ml keeps it among the node's attributes, by the name of the layer, and puts it elsewhere where an attribute that
    it expects has that name; here always.
    """
    original = AttributeDict.__init__
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def initialize(self: Any, layer: Any) -> None:
        original(self, layer)
        if not isinstance(layer, Clone):  # copies of a stream are looked up by the names of what is given
            self._expected_attributes.extend(layer.outputs)

    AttributeDict.__init__ = initialize
