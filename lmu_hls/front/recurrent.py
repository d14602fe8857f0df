"""Recurrent layers that stand for several: stacked cells, backwards, and in both directions.

Each is replaced by layers that go forwards with one cell, and by layers that put the steps in reverse order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lmu_hls.keras_weights import take_weights

if TYPE_CHECKING:
    import keras

Call = Callable[[Any], Any]  # tensor -> tensor, or a list of two
OPTIONS = ("training", "mask")  # of a call


def is_several(layer: Any) -> bool:
    """Whether a layer is to be replaced, by :func:`parts_of`.

    All else stays as it is: layers of one cell that go forwards, cells that are not known, and layers with states that
    come in or out.
    """
    return _stands_for_several(layer) and _plain(layer)


def parts_of(layer: Any, name: str) -> Call:
    """What does the same as such a layer, by layers whose names are ``name`` or begin with it."""
    import keras

    if isinstance(layer, keras.layers.Bidirectional):
        return _both(layer, name)
    if not layer.go_backwards:
        return _forwards(layer, name)
    reverse, forwards = _reverse(f"{name}_reversed"), _forwards(layer, name)
    return lambda x: forwards(reverse(x))


def without_options(kwargs: Any) -> bool:
    """Whether no option of a call is set; a mask, a symbolic tensor, has no truth value."""
    return all(kwargs.get(option) is None or kwargs[option] is False for option in OPTIONS)


def _stands_for_several(layer: Any) -> bool:
    import keras

    if type(layer) is keras.layers.Bidirectional:
        return all(_one_cell(part) or _stacked(part) for part in (layer.forward_layer, layer.backward_layer))
    return _stacked(layer) or (_one_cell(layer) and layer.go_backwards)


def _plain(layer: Any) -> bool:
    """Whether only the sequence goes in, and no state comes out."""
    calls = layer._inbound_nodes
    return not layer.return_state and all(
        len(node.input_tensors) == 1 and without_options(node.arguments.kwargs) for node in calls
    )


def _one_cell(layer: Any) -> bool:
    """Whether a layer has one LMU cell."""
    import keras

    from lmu_hls.layers import LMUCell

    return isinstance(layer, keras.layers.RNN) and isinstance(layer.cell, LMUCell)


def _stacked(layer: Any) -> bool:
    """Whether a layer is Keras's RNN around several LMU cells."""
    import keras

    from lmu_hls.layers import LMUCell

    stacked = type(layer) is keras.layers.RNN and isinstance(layer.cell, keras.layers.StackedRNNCells)
    return stacked and all(isinstance(cell, LMUCell) for cell in layer.cell.cells)


def _both(layer: Any, name: str) -> Call:
    """keras.layers.Bidirectional: what the two directions give, step by step where they give sequences, merged."""
    import keras

    merges: dict[str | None, Callable[..., Any]] = {
        "concat": keras.layers.Concatenate,
        "sum": keras.layers.Add,
        "mul": keras.layers.Multiply,
        "ave": keras.layers.Average,
    }
    forward, backward = (
        parts_of(layer.forward_layer, f"{name}_forward"),
        parts_of(layer.backward_layer, f"{name}_backward"),
    )
    back = _reverse(f"{name}_turned") if layer.return_sequences else lambda x: x
    merge = merges[layer.merge_mode](name=name) if layer.merge_mode is not None else lambda xs: xs

    def call(x: Any) -> Any:
        return merge([forward(x), back(backward(x))])

    return call


def _forwards(layer: Any, name: str) -> Call:
    """A layer for each cell, forwards: at each step a cell reads what the one before it gives."""
    import keras

    if not _stacked(layer):
        config = {**layer.get_config(), "name": name, "go_backwards": False}
        return _with_weights(type(layer).from_config(config), layer)
    cells = layer.cell.cells
    calls = [
        _with_weights(
            keras.layers.RNN(
                type(cell).from_config(cell.get_config()),
                return_sequences=layer.return_sequences or number < len(cells),
                stateful=layer.stateful,
                name=f"{name}_{number}",
            ),
            cell,
        )
        for number, cell in enumerate(cells, 1)
    ]

    def call(x: Any) -> Any:
        for one in calls:
            x = one(x)
        return x

    return call


def _with_weights(layer: keras.layers.Layer, source: Any) -> Call:
    """A new layer, which has the weights of ``source`` once it is called, and by that built."""

    def call(x: Any) -> Any:
        y = layer(x)
        take_weights(layer, source)
        return y

    return call


def _reverse(name: str) -> Any:
    from lmu_hls.layers.steps import Steps

    return Steps(None, None, -1, name=name)
