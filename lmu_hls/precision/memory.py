"""The memory as a linear system with rounding errors: the one description that every analysis here starts from.

Dense form        mem_t = a mem_{t-1} + b u_t + e_mem
Tridiagonal form  f_i = -(mem_i + bet_i u/2) - lam_i f_{i-1} + e_f;  z_i = gam_i f_i + kap_i z_{i+1} + e_z;
                  mem'_i = mem_i + bet_i u + 2 z_i + e_mem

e_* is the error of the one rounding of each named tensor; sums are exact. Both forms are read as

    mem_t = a mem_{t-1} + b u_t + sum_s gain_s e_s        y_t = c mem_{t-1} + d u_t + sum_s direct_s e_s

with one such y for each sweep tensor. All coefficients are given as real numbers: pass the quantized ones for a
statement about the integer system.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from lmu_hls.fixed import FixedType

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rounding:
    """The error of one rounding: its largest magnitude, its variance and its mean, in units of the tensor.

    Round-to-nearest modes: at most LSB/2, mean 0. TRN (floor): at most LSB, mean -LSB/2. TRN_ZERO: at most LSB, and an
    error that follows the sign of the value, for which no noise power is predicted (``variance`` is NaN). The
    variance is that of a uniform error, LSB^2/12.
    """

    worst: float = 0.0
    variance: float = 0.0
    mean: float = 0.0

    @classmethod
    def from_type(cls, to: FixedType) -> Rounding:
        """The rounding of an assignment to ``to``."""
        lsb = to.lsb
        if to.rounding == "TRN_ZERO":
            return cls(lsb, float("nan"), 0.0)
        if to.rounding == "TRN":
            return cls(lsb, lsb * lsb / 12, -lsb / 2)
        return cls(lsb / 2, lsb * lsb / 12, 0.0)


EXACT = Rounding()


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A rounding error: it enters mem through ``gain`` (order, order)."""

    name: str
    rounding: Rounding
    gain: Array


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A sweep tensor y_t = c mem_{t-1} + d u_t + sum_s direct[s] e_s of the same step; (order, order) and (order,)."""

    name: str
    c: Array
    d: Array
    direct: dict[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class DenseMemory:
    """mem_t = a mem_{t-1} + b u_t, rounded once; ``a`` (order, order), ``b`` (order,).

    Raises ValueError for arrays of another shape, NaN or infinity.
    """

    a: Array
    b: Array
    mem: Rounding = EXACT

    def __post_init__(self) -> None:
        object.__setattr__(self, "b", _vector("b", self.b))
        object.__setattr__(self, "a", _finite("a", self.a, (self.b.size, self.b.size)))

    @property
    def order(self) -> int:
        return int(self.b.size)

    @property
    def sources(self) -> tuple[Source, ...]:
        return (Source("mem", self.mem, np.eye(self.order)),)

    @property
    def readers(self) -> tuple[Reader, ...]:
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class TridiagonalMemory:
    """The two-sweep form; each coefficient is (order,), lam[0] and kap[order-1] are not used.

    ``a`` and ``b`` are the dense coefficients that these factors, quantized or not, are equal to. ``sweep`` is the
    rounding of f and of z. Raises ValueError for arrays of another shape, NaN or infinity.
    """

    lam: Array
    gam: Array
    kap: Array
    bet: Array
    mem: Rounding = EXACT
    sweep: Rounding = EXACT
    a: Array = field(init=False)
    b: Array = field(init=False)
    forward: Array = field(init=False)  # f = forward (-(mem + bet u/2) + e_f)
    backward: Array = field(init=False)  # z = backward (gam f + e_z)

    def __post_init__(self) -> None:
        order = _vector("bet", self.bet).size
        for name in ("lam", "gam", "kap", "bet"):
            object.__setattr__(self, name, _finite(name, getattr(self, name), (order,)))
        eye = np.eye(order)
        lower = eye + np.diag(self.lam[1:], -1)
        upper = eye - np.diag(self.kap[:-1], 1)
        forward = scipy.linalg.solve_triangular(lower, eye, lower=True, unit_diagonal=True)
        backward = scipy.linalg.solve_triangular(upper, eye, unit_diagonal=True)
        sweeps = backward @ (self.gam[:, None] * forward)
        object.__setattr__(self, "forward", forward)
        object.__setattr__(self, "backward", backward)
        object.__setattr__(self, "a", eye - 2.0 * sweeps)
        object.__setattr__(self, "b", self.bet - sweeps @ self.bet)

    @property
    def order(self) -> int:
        return int(self.bet.size)

    @property
    def sources(self) -> tuple[Source, ...]:
        eye = np.eye(self.order)
        return (
            Source("mem", self.mem, eye),
            Source("f", self.sweep, eye - self.a),
            Source("z", self.sweep, 2.0 * self.backward),
        )

    @property
    def readers(self) -> tuple[Reader, ...]:
        eye = np.eye(self.order)
        sweeps = 0.5 * (eye - self.a)
        half = 0.5 * self.bet
        return (
            Reader("f", -self.forward, -self.forward @ half, {"f": self.forward}),
            Reader("z", -sweeps, -sweeps @ half, {"f": sweeps, "z": self.backward}),
        )


Memory = DenseMemory | TridiagonalMemory


def _vector(name: str, values: ArrayLike) -> Array:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} of shape {array.shape} is not allowed: give a vector (order,)")
    return _finite(name, array, array.shape)


def _finite(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Array:
    array = np.asarray(values, np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape} is not allowed: give {shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} holds NaN or infinite values: give finite coefficients")
    return array
