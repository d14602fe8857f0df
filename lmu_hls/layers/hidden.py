"""What LMUCell must know of its hidden cell: widths of its states and output, and its dropout masks."""

from typing import Any

import keras
from keras import ops, tree

# RNN layers draw dropout masks before their loop only for cells of this class, which Keras does not export.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell


def is_cell(hidden: Any) -> bool:
    """True for an RNN cell (it carries state), False for None and for a plain layer."""
    return hasattr(hidden, "state_size")


def state_sizes(hidden: Any) -> list[int]:
    """Width of every state of an RNN cell, nested states flattened."""
    return [int(size) for size in tree.flatten(hidden.state_size)]


def output_index(hidden: Any) -> int:
    """Position of the state that holds the output h, among the flattened states.

    The first one in Keras's cells; the first one of the last cell in StackedRNNCells.
    """
    if isinstance(hidden, keras.layers.StackedRNNCells):
        before = [size for cell in hidden.cells[:-1] for size in tree.flatten(cell.state_size)]
        return len(before) + output_index(hidden.cells[-1])
    return 0


def output_size(hidden: Any, input_size: int | None) -> int | None:
    """Width of the hidden cell's output, or None while it cannot be known.

    Asked of the layer itself (`output_size`, `units`), else inferred from `input_size` where that is known.
    """
    for name in ("output_size", "units"):
        size = getattr(hidden, name, None)
        if isinstance(size, int):
            return size
    if is_cell(hidden):
        return state_sizes(hidden)[0]
    if input_size is None:
        return None
    return int(hidden.compute_output_shape((None, input_size))[-1])


def draw_masks(hidden: Any, batch: Any, input_size: int, dtype: str) -> None:
    """Let a cell with dropout draw its masks now, outside the time loop, once for all steps."""
    if isinstance(hidden, keras.layers.StackedRNNCells):
        for cell in hidden.cells:
            draw_masks(cell, batch, input_size, dtype)
            input_size = output_size(cell, input_size) or input_size
    elif isinstance(hidden, DropoutRNNCell):
        hidden.get_dropout_mask(ops.ones((batch, input_size), dtype=dtype))
        hidden.get_recurrent_dropout_mask(ops.ones((batch, state_sizes(hidden)[0]), dtype=dtype))


def reset_masks(hidden: Any) -> None:
    """Forget the dropout masks of the sequence that has ended."""
    for cell in getattr(hidden, "cells", [hidden]):
        if isinstance(cell, DropoutRNNCell):
            cell.reset_dropout_mask()
            cell.reset_recurrent_dropout_mask()
