"""The IR layer ``LMUSelect``: steps of a sequence as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import prod
from typing import Any

from hls4ml.model.attributes import Attribute
from hls4ml.model.layers import Layer as IrLayer

from lmu_hls.errors import LmuHlsError
from lmu_hls.front.graph.layers.base import LayerReader, set_result
from lmu_hls.front.graph.types import explicit_type, input_type
from lmu_hls.front.node import Node, has_count
from lmu_hls.front.reading import Reading
from lmu_hls.spec.layers.select import Select
from lmu_hls.spec.window import Window

KERAS = {  # class -> file
    "Flatten": "flatten",
    "Reshape": "reshape",
    "Permute": "permute",
    "Cropping1D": "cropping1d",
    "ZeroPadding1D": "zero_padding1d",
    "RepeatVector": "repeat_vector",
}
WINDOW = tuple(field.name for field in fields(Window))


class LMUSelect(IrLayer):
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
    keras = tuple(KERAS)
    windowed = True
    handled = (
        *(f"keras.src.layers.reshaping.{file}.{kind}" for kind, file in KERAS.items()),
        "lmu_hls.layers.steps.Steps",
    )

    def attributes(self, layer: Any, shape: tuple[int, ...]) -> Mapping[str, Any]:
        kind = type(layer).__name__
        if kind in ("Reshape", "Permute") and len(shape) != 2:
            return {"class_name": "LMUSelect", **asdict(_of_vector(layer, shape))}
        return {"class_name": "LMUSelect", **asdict(WINDOWS[kind](layer, *_steps(shape)))}

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
    """The window that a node's attributes say, open where sequences have any length."""
    values = {name: node.get_attr(name) for name in WINDOW}
    values |= {name: bool(values[name]) for name in ("vector", "repeat", "open", "centred")}
    window = Window(**values)
    return window if has_count(node.model) and not window.causal else window.closed


def _steps(shape: tuple[int, ...]) -> tuple[int, int]:
    """Steps and values of a step, of a tensor without the axis of the samples; a vector is one step."""
    *steps, width = shape
    return prod(steps), width


def _of_vector(layer: Any, shape: tuple[int, ...]) -> Window:
    """A vector that stays one, or becomes one step."""
    target = tuple(int(size) for size in layer.compute_output_shape((None, *shape))[1:])
    if target == shape:
        return Window(1, 1, vector=True)
    if target == (1, *shape):
        return Window(1, 1, stride=0)
    raise LmuHlsError(
        f"layer {layer.name!r} reads one vector, of which no steps can be made, since they come one by one; "
        "RepeatVector(steps) gives every step the whole vector, and as the last layer of a model Reshape may stay"
    )


def _flatten(layer: Any, steps: int, width: int) -> Window:
    return Window(steps, 1, size=steps, vector=True)


def _slice(layer: Any, steps: int, width: int) -> Window:
    kept = range(steps)[slice(layer.start, layer.stop, layer.step)]
    before, behind = layer.start or 0, -(layer.stop or 0)
    ends = before >= 0 and behind >= 0 if kept.step > 0 else layer.start is layer.stop is None
    if ends and not layer.vector:
        return Window.opened(steps, -before - behind, kept.start, stride=kept.step)
    return Window(steps, len(kept), kept.start, kept.step, vector=layer.vector)


def _reshape(layer: Any, steps: int, width: int) -> Window:
    """Steps put together: the values stay in their order."""
    shape = [int(size) for size in layer.compute_output_shape((None, steps, width))[1:]]
    size, rest = divmod(shape[-1], width)
    if rest or len(shape) > 2:
        raise LmuHlsError(
            f"layer {layer.name!r}: of ({steps}, {width}) only whole steps can be put together, not {tuple(shape)}; "
            f"give a target_shape such as ({steps * width},), or leave the layer out"
        )
    return Window(steps, steps // size, stride=size, size=size, vector=len(shape) == 1)


def _permute(layer: Any, steps: int, width: int) -> Window:
    if tuple(layer.dims) != (1, 2):
        raise LmuHlsError(
            f"layer {layer.name!r}: steps and values cannot change places, since steps come one after the other; leave "
            "the layer out, or apply it to the data"
        )
    return Window(steps, steps)


def _crop(layer: Any, steps: int, width: int) -> Window:
    before, after = layer.cropping
    return Window.opened(steps, -before - after, before)


def _pad(layer: Any, steps: int, width: int) -> Window:
    before, after = layer.padding
    return Window.opened(steps, before + after, -before)


def _repeat(layer: Any, steps: int, width: int) -> Window:
    return Window(1, int(layer.n), stride=0)


# By the class of the Keras layer, from the layer, the steps that come and the values of each
WINDOWS = {
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "Cropping1D": _crop,
    "ZeroPadding1D": _pad,
    "RepeatVector": _repeat,
    "Steps": _slice,
}
