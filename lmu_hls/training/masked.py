"""Masking in quantized training: which steps of a batch count, and what stands for the others.

Steps that do not count are left out of a sequence, as by what sends one to the hardware; the states are then those of
the steps before them, as Keras has it.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Counted:
    """The steps of x (batch, steps, n_in) that count: those in which a value is not ``mask_value``."""

    def __init__(self, x: Any, mask_value: float) -> None:
        self.mask = ops.any(ops.not_equal(x, ops.cast(mask_value, x.dtype)), axis=-1)
        whole = ops.cast(self.mask, "int32")
        self._lengths = ops.sum(whole, axis=1)
        self._places = ops.cumsum(whole, axis=1) - 1

    def front(self, x: Any) -> Any:
        """x with the steps that count first, the last of them again in all behind."""
        every = ops.arange(x.shape[1], dtype="int32")
        order = ops.argsort(ops.where(self.mask, every, every + x.shape[1]), axis=1)
        return self.held(_taken(x, ops.cast(order, "int32")))

    def held(self, values: Any) -> Any:
        """(batch, steps, n) of which the last step that counts stands again in all behind it."""
        every = ops.arange(values.shape[1], dtype="int32")
        return _taken(values, ops.minimum(every, self._lengths[:, None] - 1))

    def last(self, values: Any) -> Any:
        """(batch, n), the last step that counts; zeros of a sequence without any, as a state is before the first."""
        last = _taken(values, self._lengths[:, None] - 1)[:, 0]
        return ops.where(self._lengths[:, None] > 0, last, ops.zeros_like(last))

    @property
    def steps(self) -> Any:
        """(batch, 1), how many they are, as a divisor: 1 of a sequence without any."""
        return ops.maximum(self._lengths, 1)[:, None]

    def only(self, values: Any) -> Any:
        """(batch, steps, n) with zeros behind the last step that counts."""
        every = ops.arange(values.shape[1], dtype="int32")
        return ops.where((every < self._lengths[:, None])[..., None], values, ops.zeros_like(values))

    def back(self, values: Any) -> Any:
        """What came of :meth:`front`, (batch, steps, n), at the steps that it is of; (batch, n) as it is."""
        return values if len(values.shape) < 3 else _taken(values, self._places)


def _taken(values: Any, places: Any) -> Any:
    """The steps ``places`` (batch, steps) of values (batch, any, n)."""
    return ops.take_along_axis(values, ops.maximum(places, 0)[..., None], axis=1)


def mask_value_of(model: keras.Model) -> float | None:
    """The value of the Masking layer of a float model; None of one without."""
    layers = [layer for layer in model.layers if type(layer) is keras.layers.Masking]
    return float(layers[0].mask_value) if layers else None


def mask_of(x: Any, model: keras.Model) -> Any:
    """The steps of x that count, (batch, steps), for the loss of a model with an output for each; else None."""
    value = mask_value_of(model)
    return None if value is None or len(model.output_shape) < 3 else Counted(x, value).mask
