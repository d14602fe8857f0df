"""The shapes in which sequences are given: whole ones, so that no value moves into another step or sample."""

from __future__ import annotations

from collections.abc import Sequence
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


def whole_inputs(shapes: Sequence[tuple[int, int]], x: Any) -> list[NDArray[Any]]:
    """What goes into each input, whose steps and values ``shapes`` has: x itself, or of a list or tuple one for each.

    Raises LmuHlsError for shapes that do not fit, and for inputs of different numbers of samples.
    """
    several = isinstance(x, list | tuple)
    if several != (len(shapes) > 1) or (several and len(x) != len(shapes)):
        what = f"a list of {len(x)} arrays" if several else "one array"
        raise LmuHlsError(
            f"x is {what}, but the model has {len(shapes)} input{'s' * (len(shapes) > 1)}; give "
            f"{'a list with one array for each, in the order of the model' if len(shapes) > 1 else 'one array'}"
        )
    names = [f"x[{k}]" for k in range(len(shapes))] if several else ["x"]
    arrays = zip(x if several else [x], shapes, names, strict=True)
    whole = [whole_sequences(values, *shape, name) for values, shape, name in arrays]
    if len({len(values) for values in whole}) > 1:
        raise LmuHlsError(f"the inputs have different numbers of samples: {', '.join(str(len(v)) for v in whole)}")
    return whole


def with_counts(x: Any, inputs: int) -> tuple[Any, Any]:
    """x, a list for several ``inputs``, and the lengths of its sequences, which come together as one list.

    LmuHlsError for anything else.
    """
    if not isinstance(x, list | tuple) or len(x) != inputs + 1:
        names = ", ".join(f"x{k}" for k in range(inputs)) if inputs > 1 else "x"
        raise LmuHlsError(
            f"the model takes sequences of any length: give [{names}, lengths], x filled up to the most steps, and how "
            "many steps of each sample count; lmu_hls.masked_lengths(x, value) finds them where a value fills up"
        )
    return x[0] if inputs == 1 else list(x[:-1]), x[-1]


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
