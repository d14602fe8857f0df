"""Tables of activations and of the softmax: the one place where their entries are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.spec.weight import Activation, Table, Weight

Floats = NDArray[np.float64]


@lru_cache(maxsize=64)  # a search for types makes the same few again and again
def make_activation(function: str, index: FixedType | None, out: FixedType) -> Activation:
    """The activation with its table, if it has one.

    Entry k is the function at the k-th value of ``index`` (from the most negative one up), in float64, assigned to
    ``out`` with the rounding and overflow of ``out``. ``index`` is ignored by functions without a table.
    """
    if function not in FUNCTIONS or not FUNCTIONS[function].by_table:
        return Activation(function)
    if index is None:
        raise ValueError(f"activation {function!r} needs an index type")
    return Activation(function, _table(FUNCTIONS[function].real, index, out))


def make_exp(index: FixedType, out: FixedType, x: FixedType | None = None) -> Table:
    """The table of a softmax: entry k is exp(-d) at the k-th value d of the unsigned ``index``, assigned to ``out``.

    For values of a type ``x`` that is finer than the index, of which each distance is rounded up, an entry but the
    first stands for the middle of the distances that have its index.
    """
    back = 0.0 if x is None else max(0.0, index.lsb - x.lsb) / 2
    return _table(lambda d: np.exp(-np.where(d > 0, d - back, 0.0)), index, out)


def _table(function: Callable[[Floats], Floats], index: FixedType, out: FixedType) -> Table:
    points = to_float(np.arange(index.min_int, index.max_int + 1, dtype=np.int64), index)
    return Table(index, Weight(quantize(function(points), out), out))
