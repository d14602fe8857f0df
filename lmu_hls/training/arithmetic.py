"""Assignment to fixed-point types in keras.ops: the contract's numbers forwards, straight through backwards.

Values are the real numbers that integers of the contract stand for. A float64 holds each of them, and each exact sum
whose terms stay below 2**53 in magnitude, in any order of summation; a float32 those below 2**24.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.layers.discretize import working_dtype

Assigned = Callable[[Any], Any]  # real values as they are in a type
MANTISSA = {"float64": 53, "float32": 24}


def cast(values: Any) -> Any:
    """In the number format in which sums are exact."""
    return ops.cast(values, working_dtype())


def constant(values: Any) -> Any:
    """A NumPy array in that format."""
    return ops.convert_to_tensor(values, dtype=working_dtype())


def check_exact(where: str, bound: int) -> None:
    """LmuHlsError where sums of magnitude ``bound``, in units of their last bit, would be rounded by the backend."""
    bits = MANTISSA[working_dtype()]
    if bound >= 1 << bits:
        more = "" if bits == 53 else f", or let {keras.backend.backend()} compute in float64 (JAX: jax_enable_x64)"
        raise LmuHlsError(
            f"{where}: the exact sum can reach {bound.bit_length()} bits, and {working_dtype()} holds {bits}; use "
            f"fewer fraction bits in its inputs or weights{more}"
        )


def assign(values: Any, to: FixedType) -> Any:
    """``values`` assigned to ``to``; the gradient goes straight through, and is zero where a value is out of range."""
    low, high = limits(to)
    return straight_through(exact(ops.stop_gradient(values), to), _clip(values, low * to.lsb, high * to.lsb))


def straight_through(values: Any, surrogate: Any) -> Any:
    """``values`` bit for bit, with the gradient of ``surrogate``."""
    surrogate = cast(surrogate)
    return ops.stop_gradient(values) + (surrogate - ops.stop_gradient(surrogate))  # a finite x - x is zero


def exact(values: Any, to: FixedType) -> Any:
    """``values`` assigned to ``to``, without a gradient of use."""
    return integers(values, to) * to.lsb


def integers(values: Any, to: FixedType) -> Any:
    """The integers of ``to`` that ``values`` become."""
    return _overflow(_round(values * 2.0**to.fraction, to.rounding), to)


def limits(to: FixedType) -> tuple[int, int]:
    """The smallest and the largest integer that saturation leaves."""
    return (-to.max_int if to.overflow == "SAT_SYM" and to.signed else to.min_int), to.max_int


def _round(scaled: Any, rounding: str) -> Any:
    if rounding == "RND_CONV":
        return ops.round(scaled)  # to nearest even, in every backend
    floor = whole(scaled)
    if rounding == "TRN":
        return floor
    rest, negative = scaled - floor, scaled < 0
    up = {
        "TRN_ZERO": lambda: ops.logical_and(negative, rest != 0),
        "RND": lambda: rest >= 0.5,
        "RND_MIN_INF": lambda: rest > 0.5,
        "RND_INF": lambda: ops.where(negative, rest > 0.5, rest >= 0.5),
        "RND_ZERO": lambda: ops.where(negative, rest >= 0.5, rest > 0.5),
    }[rounding]()
    return floor + cast(up)


def whole(values: Any) -> Any:
    """The largest whole number not above each value; Keras's own floor makes float32 of float64 in JAX and PyTorch."""
    nearest = ops.round(values)
    return nearest - cast(nearest > values)


def least(values: Any, others: Any) -> Any:
    """The smaller of each two; Keras's own minimum makes float32 of float64 in PyTorch."""
    return ops.where(values <= others, values, others)


def largest(values: Any, others: Any) -> Any:
    """The larger of each two, as :func:`least`."""
    return ops.where(values >= others, values, others)


def _clip(values: Any, low: float, high: float) -> Any:
    """Bounds as tensors: Keras makes float32 of a number for PyTorch."""
    return ops.clip(values, constant(float(low)), constant(float(high)))


def _overflow(rounded: Any, to: FixedType) -> Any:
    low, high = limits(to)
    if to.overflow in ("SAT", "SAT_SYM"):
        return _clip(rounded, low, high)
    if to.overflow == "SAT_ZERO":
        fits = ops.logical_and(rounded >= float(low), rounded <= float(high))
        return ops.where(fits, rounded, ops.zeros_like(rounded))
    span = 2.0**to.width
    return rounded - whole((rounded - float(low)) / span) * span
