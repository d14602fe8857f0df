"""The IR layer ``LMUSelect``: steps of a sequence as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import prod
from typing import Any

from hls4ml.model.attributes import Attribute
from hls4ml.model.layers import Layer

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import explicit_type, input_type
from lmu_hls.front.node import Node
from lmu_hls.front.reading import Reading
from lmu_hls.spec.layers.select import Select
from lmu_hls.spec.window import Window

WINDOW = tuple(field.name for field in fields(Window))


class LMUSelect(Layer):
    """The steps of each window side by side. It has no type of its own: its output has that of its input."""

    keeps_type = True
    _expected_attributes = [Attribute(name) for name in WINDOW]  # noqa: RUF012 - the form that hls4ml asks for

    def initialize(self) -> None:
        window = node_window(self)
        width = window.size * prod(self.get_input_variable().shape[-1:])
        self.add_output_variable([width] if window.vector else [window.count, width])


class SelectReader(LayerReader):
    settled = ("LMUSelect",)
    own = {"LMUSelect": LMUSelect}  # noqa: RUF012 - never changed
    keras = ("Flatten",)
    handled = ("keras.src.layers.reshaping.flatten.Flatten", "lmu_hls.layers.steps.Steps")

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any]:
        return {"class_name": "LMUSelect", **asdict(WINDOWS[type(layer).__name__](layer, *_steps(shape)))}

    def settle(self, node: Node) -> None:
        wanted, arriving = explicit_type(node, "result"), input_type(node)
        if wanted not in (None, arriving):
            raise LmuHlsError(
                f"layer {node.name!r} hands its values on as they are, in {arriving}, so that its type {wanted} would "
                "not arrive; give that type to the layer before it"
            )
        set_result(node, arriving)

    def extract(self, reading: Reading) -> Select:
        return Select(reading.name, reading.input, node_window(reading.node))


def node_window(node: Node) -> Window:
    """The window that a node's attributes say."""
    return Window(**{name: node.get_attr(name) for name in WINDOW})


def _steps(shape: tuple[int, ...]) -> tuple[int, int]:
    """Steps and values of a step, of a tensor without the axis of the samples; a vector is one step."""
    *steps, width = shape
    return prod(steps), width


def _flatten(layer: Any, steps: int, width: int) -> Window:
    return Window(steps, 1, size=steps, vector=True)


def _slice(layer: Any, steps: int, width: int) -> Window:
    kept = range(steps)[slice(layer.start, layer.stop, layer.step)]
    return Window(steps, len(kept), kept.start, kept.step, vector=layer.vector)


# By the class of the Keras layer, from the layer, the steps that come and the values of each
WINDOWS = {"Flatten": _flatten, "Steps": _slice}
