"""Recurrent hidden cells over a sequence that is known beforehand: the input products leave the time loop.

A cell's products with its input do not depend on its state, so one large product over all steps replaces a small one
in each step, and its weight gradient is formed once. For Keras's own cells only, without dropout inside them.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Step = Callable[[Any, list[Any]], tuple[Any, list[Any]]]


def hoisted(cell: Any) -> bool:
    """True if `prepare` knows this hidden cell: exactly Keras's class, and no dropout in it."""
    known = (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell)
    return type(cell) in known and not (cell.dropout or cell.recurrent_dropout)


def prepare(cell: Any, inputs: Any) -> tuple[Any, Step]:
    """The cell's input products for all steps, and the rest of a step.

    inputs (batch, time, features) -> (batch, time, gates * units) for the step function, which takes one time step of
    these and the cell's states, and returns h and the new states: the cell's own equations.
    """
    products = ops.matmul(inputs, cell.kernel)
    step = {keras.layers.SimpleRNNCell: _simple, keras.layers.LSTMCell: _lstm, keras.layers.GRUCell: _gru}[type(cell)]
    if cell.bias is not None:
        two_rows = type(cell) is keras.layers.GRUCell and cell.reset_after
        products = products + (cell.bias[0] if two_rows else cell.bias)
    return products, lambda products, states: step(cell, products, states)


def _simple(cell: Any, products: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    h = cell.activation(products + ops.matmul(states[0], cell.recurrent_kernel))
    return h, [h]


def _lstm(cell: Any, products: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    gates = products + ops.matmul(states[0], cell.recurrent_kernel)
    entry, forget, candidate, exit_ = ops.split(gates, 4, axis=-1)
    carry = cell.recurrent_activation(forget) * states[1]
    carry = carry + cell.recurrent_activation(entry) * cell.activation(candidate)
    h = cell.recurrent_activation(exit_) * cell.activation(carry)
    return h, [h, carry]


def _gru(cell: Any, products: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    h, units = states[0], cell.units
    if cell.reset_after:
        inner = ops.matmul(h, cell.recurrent_kernel)
        if cell.bias is not None:
            inner = inner + cell.bias[1]
        gates = cell.recurrent_activation(products[:, : 2 * units] + inner[:, : 2 * units])
        update, reset = gates[:, :units], gates[:, units:]
        candidate = products[:, 2 * units :] + reset * inner[:, 2 * units :]
    else:
        inner = ops.matmul(h, cell.recurrent_kernel[:, : 2 * units])
        gates = cell.recurrent_activation(products[:, : 2 * units] + inner)
        update, reset = gates[:, :units], gates[:, units:]
        candidate = products[:, 2 * units :] + ops.matmul(reset * h, cell.recurrent_kernel[:, 2 * units :])
    h = update * h + (1 - update) * cell.activation(candidate)
    return h, [h]
