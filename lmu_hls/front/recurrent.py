"""Recurrent layers of Keras that are read as others: LSTM and the like, stacked cells, backwards, both directions.

Each is replaced by layers that go forwards with one cell, ours, and by layers that put the steps in reverse order. A
function that no cell of the contract has becomes a layer, too, where nothing but the output reads what it gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lmu_hls.activations import FUNCTIONS
from lmu_hls.front.attached import BEHIND, as_layer, with_weights
from lmu_hls.front.hidden import known_function
from lmu_hls.spec import HIDDEN_CELLS

Call = Callable[[Any], Any]  # tensor -> tensor, or a list of two
OPTIONS = ("training", "mask")  # of a call
CELLS = {  # layers of Keras, and their cells
    name.removesuffix("Cell"): name for cell in HIDDEN_CELLS.values() for name in cell.keras if name.endswith("Cell")
}


def is_replaced(layer: Any) -> bool:
    """Whether a layer is to be replaced, by :func:`parts_of`.

    All else stays as it is: our layers of one cell that go forwards, cells that are not known, and layers with states
    that come in or out.
    """
    import keras

    if type(layer) is keras.layers.Bidirectional:
        known = all(_one_cell(part) or _stacked(part) for part in (layer.forward_layer, layer.backward_layer))
        return known and _plain(layer)
    own = _one_cell(layer) and _is_ours(layer) and not layer.go_backwards and _behind(layer.cell) is None
    return (_one_cell(layer) or _stacked(layer)) and not own and _plain(layer)


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


def _plain(layer: Any) -> bool:
    """Whether only the sequence goes in, and no state comes out."""
    calls = layer._inbound_nodes
    return not layer.return_state and all(
        len(node.input_tensors) == 1 and without_options(node.arguments.kwargs) for node in calls
    )


def _known_cell(cell: Any) -> bool:
    """Whether a cell is an LMUCell, or exactly one of keras.layers that converts."""
    import keras

    from lmu_hls.layers import LMUCell

    return isinstance(cell, LMUCell) or type(cell) in [getattr(keras.layers, name) for name in CELLS.values()]


def _one_cell(layer: Any) -> bool:
    """Whether a layer has one cell that is known: Keras's own class for it, Keras's RNN, or ours."""
    import keras

    from lmu_hls.layers import LMU, Recurrent

    classes = [getattr(keras.layers, name) for name in ("RNN", *CELLS)]
    return (isinstance(layer, LMU) or type(layer) in (Recurrent, *classes)) and _known_cell(layer.cell)


def _is_ours(layer: Any) -> bool:
    """Whether a layer of one cell is one that is read as it is."""
    from lmu_hls.layers import LMUCell, Recurrent

    return isinstance(layer.cell, LMUCell) or type(layer) is Recurrent


def _stacked(layer: Any) -> bool:
    """Whether a layer is Keras's RNN around several cells that are known."""
    import keras

    stacked = type(layer) is keras.layers.RNN and isinstance(layer.cell, keras.layers.StackedRNNCells)
    return stacked and all(map(_known_cell, layer.cell.cells))


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

    if isinstance(layer.cell, keras.layers.StackedRNNCells):
        cells = [(cell, f"{name}_{number}") for number, cell in enumerate(layer.cell.cells, 1)]
    else:
        cells = [(layer.cell, name)]
    calls = []
    for cell, own in cells:
        made, function = _of_cell(layer, cell, own, layer.return_sequences or cell is not cells[-1][0]), _behind(cell)
        calls.append(with_weights(made, cell))
        if function is not None:
            made.cell.hidden_cell.activation = keras.activations.linear
            calls.append(as_layer(function, f"{own}{BEHIND}"))

    def call(x: Any) -> Any:
        for one in calls:
            x = one(x)
        return x

    return call


def _of_cell(layer: Any, cell: Any, name: str, return_sequences: bool) -> Any:
    """A layer that goes forwards with a copy of one cell of ``layer``."""
    import keras

    from lmu_hls.layers import LMU, LMUCell, Recurrent

    if isinstance(layer, LMU):
        return type(layer).from_config({**layer.get_config(), "name": name, "go_backwards": False})
    options = {"return_sequences": return_sequences, "stateful": layer.stateful, "name": name}
    kind = keras.layers.RNN if isinstance(cell, LMUCell) else Recurrent
    return kind(type(cell).from_config(cell.get_config()), **options)


def _behind(cell: Any) -> Any:
    """The function of an LMU's cell that is a layer behind it: no cell of the contract has it, or not without a table,
    and nothing but the output reads h. None where there is no such function."""
    import keras

    from lmu_hls.layers import LMUCell

    if not isinstance(cell, LMUCell) or type(cell.hidden_cell) is not keras.layers.Dense or cell.hidden_to_memory:
        return None
    function = cell.hidden_cell.activation
    foreign = not str(getattr(function, "__module__", "")).startswith("keras.")  # it may compute anything
    weighted = isinstance(function, keras.layers.PReLU)
    known = known_function(function)
    inside = known is not None and not FUNCTIONS[known].composed
    return None if foreign or weighted or inside else function


def _reverse(name: str) -> Any:
    from lmu_hls.layers.steps import Steps

    return Steps(None, None, -1, name=name)
