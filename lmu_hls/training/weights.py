"""Where the weights of the contract are in a Keras model: elements of its variables, by their place.

A trained weight of the contract has no integers of its own here but a number for each element, counted through all
trained weights, and a type of MARK bits with its own fraction. So a part of it, however the contract cuts it out, says
which elements of which weight it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hls.fixed import MAX_WIDTH, FixedType, to_float
from lmu_hls.spec import Weight
from lmu_hls.training.arithmetic import Assigned, assign, cast, constant

Indices = NDArray[np.int64]
MARK = MAX_WIDTH - 1  # bits of the type of a weight that holds numbers; no usual weight has as many


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A weight of the contract of ``type``: the elements ``places`` of the flat Keras variable ``variable``.

    ``assigned``, where it is there, takes the place of the assignment to ``type``.
    """

    key: tuple[str, str]  # layer and tensor, with hls4ml's names
    variable: Any
    places: Indices  # in the shape of the weight
    type: FixedType
    assigned: Assigned | None = None

    def tensor(self) -> Any:
        """Its values on their grid."""
        values = cast(pick(self.variable.value, self.places))
        return assign(values, self.type) if self.assigned is None else self.assigned(values)


class Weights:
    """The values of all weights of a network; those that are not trained are constants."""

    def __init__(self, trained: Iterable[Trained] = ()) -> None:
        self.trained = tuple(trained)
        sizes = [item.places.size for item in self.trained]
        self._first = np.cumsum([0, *sizes])

    def numbered(self, k: int) -> Weight:
        """Trained weight ``k`` as the contract is to hold it."""
        item = self.trained[k]
        numbers = np.arange(self._first[k], self._first[k + 1]).reshape(item.places.shape)
        return Weight(numbers, FixedType(MARK, MARK - item.type.fraction))

    def largest(self, weight: Weight) -> Indices:
        """The largest magnitudes that the integers of a weight can have, in Python's integers."""
        if weight.type.width != MARK:
            return np.abs(weight.values).astype(object)
        return np.full(weight.shape, self._of(weight)[1].type.max_abs, object)

    def tensor(self, weight: Weight, kept: dict[int, Any]) -> Any:
        """The real values of a weight, or of a part of one. ``kept`` holds what is on its grid already."""
        if weight.type.width != MARK:
            return constant(to_float(weight.values, weight.type))
        k, item = self._of(weight)
        if k not in kept:
            kept[k] = item.tensor()
        return pick(kept[k], weight.values - self._first[k])

    def _of(self, weight: Weight) -> tuple[int, Trained]:
        k = int(np.searchsorted(self._first, weight.values.flat[0], side="right")) - 1
        return k, self.trained[k]


def pick(tensor: Any, places: Indices) -> Any:
    """The elements ``places`` of a flat tensor, in the shape of ``places``; by slices where they are a box of it."""
    from keras import ops

    shape = tuple(int(n) for n in tensor.shape)
    corners = [np.unravel_index(int(place), shape) for place in (places.flat[0], places.flat[-1])]
    box = tuple(slice(int(first), int(last) + 1) for first, last in zip(*corners, strict=True))
    inside = np.arange(prod(shape)).reshape(shape)[box]
    if inside.size == places.size and np.array_equal(inside.ravel(), places.ravel()):
        part = tensor if inside.size == prod(shape) else tensor[box]
        return part if inside.shape == places.shape else ops.reshape(part, places.shape)
    return ops.reshape(ops.take(ops.reshape(tensor, (-1,)), places.ravel().astype(np.int32)), places.shape)
