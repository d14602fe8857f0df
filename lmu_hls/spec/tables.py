"""Activation tables: the one place where their entries are made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.spec.weight import Activation, Table, Weight

_FUNCTIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "tanh": np.tanh,
    "sigmoid": expit,
}


def make_activation(function: str, index: FixedType | None, out: FixedType) -> Activation:
    """The activation with its table, if it has one.

    Entry k is the function at the k-th value of ``index`` (from the most negative one up), in float64, assigned to
    ``out`` with the rounding and overflow of ``out``. ``index`` is ignored by linear and relu.
    """
    if function not in _FUNCTIONS:
        return Activation(function)
    if index is None:
        raise ValueError(f"activation {function!r} needs an index type")
    points = to_float(np.arange(index.min_int, index.max_int + 1, dtype=np.int64), index)
    return Activation(function, Table(index, Weight(quantize(_FUNCTIONS[function](points), out), out)))
