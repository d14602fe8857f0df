"""The covariance of a stable linear system driven by white noise: P = a P a^T + q."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Array = NDArray[np.float64]

SCIPY_ORDER = 256
_TOLERANCE = 1e-14


def covariance(a: Array, q: Array) -> Array:
    """P (order, order) of P = a P a^T + q, q symmetric. ValueError when ``a`` is not stable.

    scipy.linalg.solve_discrete_lyapunov up to order 256; above, :func:`by_doubling`.
    """
    if len(a) > SCIPY_ORDER:
        return by_doubling(a, q)
    radius = float(np.max(np.abs(np.linalg.eigvals(a))))
    if radius >= 1:
        raise ValueError(f"the memory is unstable (spectral radius {radius:.9g}); give its coefficients more bits")
    p = scipy.linalg.solve_discrete_lyapunov(a, q)
    return np.asarray(0.5 * (p + p.T))


def by_doubling(a: Array, q: Array) -> Array:
    """The same by squared Smith iteration, P <- P + a P a^T, a <- a a: three arrays of order^2, whatever the order."""
    p, power = q.copy(), a.copy()
    for _ in range(64):
        with np.errstate(over="ignore", invalid="ignore"):
            step = power @ p @ power.T
            p += step
            power = power @ power
        if not np.all(np.isfinite(p)):
            break
        if np.max(np.abs(step)) <= _TOLERANCE * np.max(np.abs(p)):
            return np.asarray(0.5 * (p + p.T))
    raise ValueError("the memory is unstable: its noise does not settle; give its coefficients more bits")
