"""Checks of the constructor arguments: each message names argument, value and remedy."""

import math
from typing import Any

import keras
import numpy as np

from lmu_hls import legendre


def positive_int(name: str, value: Any) -> int:
    """`value` as int; ValueError unless it is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}={value!r} is not allowed: give an integer of 1 or more")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """`value` as bool; ValueError unless it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name}={value!r} is not allowed: give True or False")
    return bool(value)


def rate(name: str, value: Any) -> float:
    """`value` as a dropout rate; ValueError unless 0 <= value < 1."""
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value < 1:
        raise ValueError(f"{name}={value!r} is not allowed: give a rate of 0 or more and below 1")
    return float(value)


def hidden_layer(value: Any) -> Any:
    """`value` unchanged; ValueError unless it is None or a Keras layer or cell that takes one time step."""
    if value is None:
        return value
    if isinstance(value, type) or not isinstance(value, keras.layers.Layer):
        raise ValueError(
            f"hidden_cell={value!r} is not allowed: give None, a Keras layer or an RNN cell as an instance, "
            "for example keras.layers.Dense(32, 'relu') or keras.layers.LSTMCell(32)"
        )
    if isinstance(value, (keras.layers.RNN, keras.layers.Bidirectional)):
        raise ValueError(
            f"hidden_cell={value!r} is not allowed: it takes a whole sequence; give the cell instead, "
            "for example keras.layers.LSTMCell in place of keras.layers.LSTM"
        )
    return value


def without_hidden_cell(hidden_to_memory: bool, input_to_hidden: bool) -> None:
    """ValueError for connections that need a hidden cell, called when there is none."""
    if hidden_to_memory:
        raise ValueError(
            "hidden_to_memory=True is not allowed with hidden_cell=None: give a hidden_cell, or set it False"
        )
    if input_to_hidden:
        raise ValueError(
            "input_to_hidden=True is not allowed with hidden_cell=None: give a hidden_cell "
            "(keras.layers.Identity() appends the input to the memory), or set it to False"
        )


def system(order: Any, theta: Any, discretizer: Any, basis: Any) -> tuple[int, float, str, str]:
    """The checked (order, theta, discretizer, basis); ValueError also for euler below its stability limit."""
    order, theta = legendre.check_order(order), legendre.check_theta(theta)
    if legendre.check_discretizer(discretizer) == "euler":
        legendre.check_euler(order, theta)
    return order, theta, discretizer, legendre.check_basis(basis)
