"""What is known of each activation function: the one list that the contract, the bounds and the tables read.

A function without a table is its argument limited to its range, which golden, the C++ and the Verilog do exactly. A
function of either kind takes one record here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Layers of Keras that hand on what they read as it is, once a model is trained
PASSING = (
    *("Dropout", "GaussianDropout", "AlphaDropout", "SpatialDropout1D", "GaussianNoise"),
    *("ActivityRegularization", "Identity"),
)


@dataclass(frozen=True, slots=True)
class Function:
    """An activation function f, by Keras's ``name``; ``low`` <= f(x) <= ``high`` for every x.

    ``rise``: |f(x)| <= ``gain`` |x| + rise, so that a bound of x gives one of f(x). It must be said: a function of
    which neither that nor a limit is known has no bound. Of one that is x from 0 on, |f(x)| <= ``below`` |x| for
    negative x. Without a table ``low`` and ``high`` are integers of eight
    bits, or infinite. A table holds f(x), or f(x) - max(x, 0) of a function that ``adds_relu``. It is of the ``whole``
    type of the argument, and interpolated, whatever is asked for; or it has a ``reach``, a power of two, and covers
    [-reach, reach). From ``end`` on its function is its limit within 4e-7; one without ``end`` has no limit, and its
    table must go on until the type of the result ends. One that ``has_lines`` is straight on both sides of zero,
    which takes a few entries. One that is ``composed`` is made of other layers where it is a layer.
    """

    name: str
    real: Callable[[Floats], Floats]
    low: float = -np.inf
    high: float = np.inf
    rise: float | None = None
    gain: float = 1.0
    below: float = 1.0
    reach: int | None = None
    end: int | None = None
    adds_relu: bool = False
    whole: bool = False
    has_lines: bool = False
    composed: bool = False

    @property
    def by_table(self) -> bool:
        return self.whole or self.reach is not None

    def tabulated(self, x: Floats, alpha: float = 1.0) -> Floats:
        """What a table holds; ``alpha`` is a factor of it."""
        return alpha * (self.real(x) - np.maximum(x, 0.0) if self.adds_relu else self.real(x))

    def scaled(self, x: Floats, alpha: float) -> Floats:
        """The function of which :meth:`tabulated` is the table."""
        return self.tabulated(x, alpha) + np.maximum(x, 0.0) if self.adds_relu else self.tabulated(x, alpha)

    @property
    def limit(self) -> float:
        """The largest |f(x)|."""
        return max(-self.low, self.high)

    @property
    def is_probability(self) -> bool:
        return (self.low, self.high) == (0.0, 1.0)

    def largest(self, x: Floats) -> Floats:
        """The largest |f| for arguments of magnitude ``x`` at most."""
        return np.full_like(x, self.limit) if self.rise is None else np.minimum(self.gain * x + self.rise, self.limit)


def _sigmoid(x: Floats) -> Floats:
    from scipy.special import expit  # half of the time that a command takes to start which needs no table

    return np.asarray(expit(x))


def _gelu(x: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(x * ndtr(x))


def _elu(x: Floats) -> Floats:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


def _mish(x: Floats) -> Floats:
    return np.asarray(x * np.tanh(np.logaddexp(x, 0.0)))


def _squareplus(x: Floats) -> Floats:
    return (x + np.sqrt(x * x + 4)) / 2


def _sparse_plus(x: Floats) -> Floats:
    return np.where(x > 1, x, np.square(np.maximum(x + 1, 0.0)) / 4)


def _log_sigmoid(x: Floats) -> Floats:
    return np.asarray(-np.logaddexp(-x, 0.0))


def _soft_shrink(x: Floats) -> Floats:
    return x - np.clip(x, -0.5, 0.5)


SLOPE = 0.2  # of leaky_relu below zero
SELU = (1.6732632423543772, 1.0507009873554805)  # alpha of an elu, and the factor behind it


FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("linear", lambda x: x, rise=0.0),
        Function("relu", lambda x: np.maximum(x, 0.0), low=0.0, rise=0.0),
        Function("relu6", lambda x: np.clip(x, 0.0, 6.0), 0.0, 6.0, rise=0.0),
        Function("hard_tanh", lambda x: np.clip(x, -1.0, 1.0), -1.0, 1.0, rise=0.0),
        Function("tanh", np.tanh, -1.0, 1.0, rise=0.0, reach=4, end=8),
        Function("sigmoid", _sigmoid, 0.0, 1.0, reach=8, end=16),
        Function("softsign", lambda x: x / (1 + np.abs(x)), -1.0, 1.0, rise=0.0, reach=16, end=1 << 22),
        Function("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0.0, 1.0), 0.0, 1.0, reach=4, end=4),
        Function("elu", _elu, -1.0, rise=0.0, reach=8, end=16, adds_relu=True),
        Function("gelu", _gelu, -0.17, rise=0.0, reach=4, end=8, adds_relu=True),
        Function("silu", lambda x: x * _sigmoid(x), -0.2785, rise=0.0, reach=8, end=32, adds_relu=True),
        Function("mish", _mish, -0.3089, rise=0.0, reach=8, end=32, adds_relu=True),
        Function(
            "hard_silu", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), -0.375, rise=0.0, reach=4, end=4, adds_relu=True
        ),
        Function("celu", _elu, -1.0, rise=0.0, reach=8, end=16, adds_relu=True),
        Function("softplus", lambda x: np.logaddexp(x, 0.0), 0.0, rise=0.6932, reach=8, end=16, adds_relu=True),
        Function("squareplus", _squareplus, 0.0, rise=1.0, reach=16, end=1 << 22, adds_relu=True),
        Function("sparse_plus", _sparse_plus, 0.0, rise=0.25, reach=1, end=1, adds_relu=True),
        Function("sparse_sigmoid", lambda x: np.clip((x + 1) / 2, 0.0, 1.0), 0.0, 1.0, reach=1, end=1),
        Function(
            "leaky_relu",
            lambda x: np.where(x > 0, x, SLOPE * x),
            rise=0.0,
            below=SLOPE,
            adds_relu=True,
            whole=True,
            has_lines=True,
            composed=True,
        ),
        Function(
            "selu",
            lambda x: SELU[1] * np.where(x > 0, x, SELU[0] * _elu(np.minimum(x, 0.0))),
            -SELU[0] * SELU[1],
            rise=0.1666,
            gain=SELU[1],
            adds_relu=True,
            whole=True,
            composed=True,
        ),
        Function("log_sigmoid", _log_sigmoid, high=0.0, rise=0.6932, whole=True),
        Function("tanh_shrink", lambda x: x - np.tanh(x), rise=0.0, whole=True),
        Function("soft_shrink", _soft_shrink, rise=0.0, whole=True),
        Function("exponential", lambda x: np.exp(np.minimum(x, 700.0)), 0.0, reach=8),
    )
}
