"""One value after the other: as a graph of its own for each, or as a loop where there are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

UNROLLED = 64  # turns at most that are written out
States = list[Any]
Turn = Callable[[States, list[Any]], States]


def over(turn: Turn, states: States, sequences: list[Any], count: int | None, work: int = 1) -> list[Any]:
    """new states = turn(states, elements of the sequences), over axis 1; the states of all turns, one behind the other.

    ``count`` is the length where it is known, ``work`` how much longer than usual one turn is.
    """
    if count is not None and count * work <= UNROLLED:
        made = []
        for k in range(count):
            states = turn(states, [sequence[:, k] for sequence in sequences])
            made.append(states)
        return [ops.stack(list(values), axis=1) for values in zip(*made, strict=True)]

    def step(carry: Any, elements: Any) -> tuple[Any, Any]:
        new = tuple(turn(list(carry), list(elements)))
        return new, new  # Keras's scan of TensorFlow wants outputs of the shapes of the states

    _, stacked = ops.scan(step, tuple(states), tuple(ops.swapaxes(s, 0, 1) for s in sequences))
    return [ops.swapaxes(values, 0, 1) for values in stacked]
