"""What all classes of nodes that are ours have in common."""

from __future__ import annotations

from typing import Any

from hls4ml.model.layers import Layer


class OwnNode(Layer):
    """A node of a layer that may have any name.

    hls4ml keeps what a node gives among its attributes, by the layer's name, and puts it elsewhere where an attribute
    that it expects has that name; here always, so that it meets no weight or table.
    """

    def add_output_variable(self, *args: Any, **kwargs: Any) -> None:
        self.attributes._expected_attributes.extend(self.outputs)
        super().add_output_variable(*args, **kwargs)
