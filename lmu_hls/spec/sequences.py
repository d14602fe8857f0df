"""The shapes in which sequences are given: whole ones, so that no value moves into another step or sample."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError

Element = TypeVar("Element", bound=np.generic)


def whole_sequences(x: NDArray[Element], steps: int, n_in: int, what: str = "x") -> NDArray[Element]:
    """x as (N, steps, n_in); one sequence may come without its first axis, as (steps, n_in).

    Raises LmuHlsError for any other shape, also one with as many values.
    """
    if x.shape == (steps, n_in):
        return x[np.newaxis]
    if x.ndim != 3 or x.shape[1:] != (steps, n_in) or not len(x):
        raise LmuHlsError(
            f"{what} has the shape {x.shape}, but the model takes (samples, {steps}, {n_in}), or ({steps}, {n_in}) for "
            f"one sample{_hint(x.shape, steps, n_in)}"
        )
    return x


def _hint(shape: tuple[Any, ...], steps: int, n_in: int) -> str:
    """How to get from ``shape`` to what is needed, where that can be told."""
    if 0 in shape:
        return "; give one sample at least"
    if len(shape) == 3 and shape[1:] == (n_in, steps):
        return "; steps and features are in the wrong order: x.transpose(0, 2, 1)"
    if n_in == 1 and len(shape) in (1, 2) and shape[-1] == steps:
        return "; add the axis of the one feature: x[..., None]"
    if len(shape) in (1, 2) and shape[-1] == steps * n_in:
        return f"; x.reshape(-1, {steps}, {n_in}) makes whole sequences of flat ones"
    if len(shape) == 3 and shape[2] == n_in:
        return f"; cut or pad every sample to {steps} steps, as in training"
    if len(shape) == 3 and shape[1] == steps:
        return f"; every step needs {n_in} features, as in training"
    return "; give whole sequences of the length that the model was built for"
