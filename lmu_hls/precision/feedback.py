"""Worst-case ranges of a whole LMU layer: u, mem, sweeps, pre-activation and h, with feedback taken into account.

Without feedback u is bounded by its weights. E_m closes a linear loop: with A_m = diag(a) + diag(b) E_m^T, driven by
the rest of u, the same L1 sums apply. E_h is bounded by functions with a limit (tanh, sigmoid); with linear and relu,
magnitudes obey |U| <= T |U| + t with T >= 0, which has the solution (I - T)^-1 t when the spectral radius of T is
below 1. Otherwise nothing can be proven and the bound is infinite: then only the saturation of u's type limits u.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from lmu_hls.activations import FUNCTIONS
from lmu_hls.precision.bounds import affordable, peak_gain, spectral_radius
from lmu_hls.precision.lyapunov import covariance
from lmu_hls.precision.memory import EXACT, Array, Memory, Rounding
from lmu_hls.precision.ranges import MemoryRange, memory_range

_REFINEMENTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Encoder:
    """u = x kernel_x [+ h kernel_h] [+ mem kernel_mem] [+ bias], |x_j| <= x_max_j; kernels (inputs, memory_d)."""

    kernel_x: Array
    x_max: Array
    kernel_h: Array | None = None
    kernel_mem: Array | None = None
    bias: Array | None = None
    rounding: Rounding = EXACT

    @property
    def own(self) -> Array:
        """Largest |u| (memory_d,) without feedback."""
        bias = 0.0 if self.bias is None else np.abs(self.bias)
        return np.asarray(self.x_max @ np.abs(self.kernel_x) + bias + self.rounding.worst)


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """h = activation(mem kernel_mem [+ x kernel_x] [+ bias]); kernels (inputs, units).

    ``index_error`` is the largest error of the activation's argument, that of the index of its table; ``alpha`` is a
    factor of its values below zero. Raises ValueError for an activation that nothing is known of.
    """

    kernel_mem: Array
    kernel_x: Array | None = None
    bias: Array | None = None
    activation: str = "linear"
    pre: Rounding = EXACT
    h: Rounding = EXACT
    index_error: float = 0.0
    alpha: float = 1.0

    @property
    def gain(self) -> float:
        """|h| is at most so many times what the function itself allows."""
        return max(1.0, self.alpha * FUNCTIONS[self.activation].below)

    def __post_init__(self) -> None:
        if self.activation not in FUNCTIONS:
            raise ValueError(f"activation {self.activation!r} has no known bound; known are {', '.join(FUNCTIONS)}")

    def offset(self, x_max: Array) -> Array:
        """Largest |pre| (units,) of a memory that is zero."""
        parts = [np.full(self.kernel_mem.shape[1], self.pre.worst)]
        if self.kernel_x is not None:
            parts.append(x_max @ np.abs(self.kernel_x))
        if self.bias is not None:
            parts.append(np.abs(self.bias))
        return np.asarray(sum(parts))


@dataclass(frozen=True, slots=True, eq=False)
class LayerRange:
    """Largest magnitudes: u (memory_d,), pre and h (units,) and mem, per channel for its own bound of u.

    ``channels`` is empty, and every magnitude infinite, where feedback has no bound; ``reason`` then says why.
    """

    u: Array
    pre: Array | None
    h: Array
    channels: tuple[MemoryRange, ...]
    reason: str = ""

    @property
    def bounded(self) -> bool:
        return not self.reason

    @property
    def mem_peak(self) -> float:
        """Largest |mem| over all channels."""
        return max((channel.mem.peak for channel in self.channels), default=np.inf)


def layer_range(memory: Memory, encoder: Encoder, hidden: Hidden | None = None) -> LayerRange:
    """Worst-case ranges of a layer whose ``memory_d`` channels all have ``memory``, without any saturation.

    Raises ValueError when the memory itself is unstable; a feedback loop without bound gives an unbounded result.
    """
    unit = memory_range(memory, 1.0)
    try:
        u = _u_bound(memory, unit, encoder, hidden)
    except ValueError as error:
        infinite = np.full(encoder.kernel_x.shape[1], np.inf)
        units = memory.order * len(infinite) if hidden is None else hidden.kernel_mem.shape[1]
        unknown = np.full(units, np.inf)
        return LayerRange(infinite, None if hidden is None else unknown, unknown, (), str(error))
    channels = tuple(memory_range_scaled(unit, float(peak)) for peak in u)
    mem = np.concatenate([channel.mem.total for channel in channels])
    if hidden is None:
        return LayerRange(u, None, mem, channels)
    pre = mem @ np.abs(hidden.kernel_mem) + hidden.offset(encoder.x_max)
    return LayerRange(u, pre, _activated(hidden, pre), channels)


def memory_range_scaled(unit: MemoryRange, u_max: float) -> MemoryRange:
    """The range for ``u_max`` from that for u_max = 1: signals scale, rounding does not."""
    scaled = [None if r is None else type(r)(u_max * r.signal, r.rounding) for r in (unit.mem, unit.f, unit.z)]
    assert scaled[0] is not None
    return MemoryRange(u_max, scaled[0], scaled[1], scaled[2], unit.steps, unit.tail)


def _activated(hidden: Hidden, pre: Array) -> Array:
    limited = hidden.gain * FUNCTIONS[hidden.activation].largest(pre + hidden.index_error)
    return np.asarray(limited + hidden.h.worst)


def _u_bound(memory: Memory, unit: MemoryRange, encoder: Encoder, hidden: Hidden | None) -> Array:
    """Largest |u| (memory_d,). Raises ValueError when no bound exists."""
    own = encoder.own
    loop, noise = np.eye(len(own)), np.zeros(len(own))  # |u| <= loop (|u| without mem feedback) + noise
    if encoder.kernel_mem is not None:
        loop, noise = _memory_loop(memory, encoder.kernel_mem)
    if encoder.kernel_h is None:
        return np.asarray(loop @ own + noise)
    if hidden is None:
        raise ValueError("h feeds back into u without a hidden cell; use memory_to_memory for that")
    from_h = loop @ np.abs(encoder.kernel_h).T  # (memory_d, units)
    channels = len(own)
    rounding = np.abs(hidden.kernel_mem).T @ np.tile(unit.mem.rounding, channels)
    gain = np.abs(hidden.kernel_mem).T @ np.kron(np.eye(channels), unit.mem.signal[:, None])  # (units, memory_d)
    rest = rounding + hidden.offset(encoder.x_max)
    known = FUNCTIONS[hidden.activation]
    limit = hidden.gain * known.limit
    if limit < np.inf:
        u = loop @ own + noise + from_h @ np.full(len(gain), limit + hidden.h.worst)
        for _ in range(_REFINEMENTS):  # each turn maps a bound to a bound
            u = np.minimum(u, loop @ own + noise + from_h @ _activated(hidden, gain @ u + rest))
        return np.asarray(u)
    if known.rise is None:
        raise ValueError(f"h feeds back into u through {hidden.activation}, of which no bound is known")
    steepest, rise = hidden.gain * known.gain, hidden.gain * known.rise
    turn = steepest * from_h @ gain
    radius = spectral_radius(turn)
    if radius >= 1:
        raise ValueError(
            f"h feeds back into u through {hidden.activation} with a worst-case gain of {radius:.3g}, it must be below "
            "1 for a bound; use a bounded activation, or rely on the saturation of u"
        )
    rest = rest + (hidden.index_error if known.whole else 0.0)
    fixed = loop @ own + noise + from_h @ (steepest * rest + rise + hidden.h.worst)
    return np.asarray(np.linalg.solve(np.eye(channels) - turn, fixed))


def _memory_loop(memory: Memory, kernel: Array) -> tuple[Array, Array]:
    """(memory_d, memory_d) and (memory_d,): |u| <= gain |v| + noise for u = v + mem kernel."""
    channels = kernel.shape[1]
    b = np.kron(np.eye(channels), memory.b[:, None]).astype(np.float64)
    a = np.kron(np.eye(channels), memory.a) + b @ kernel.T
    radius = spectral_radius(a)
    if radius >= 1:
        raise ValueError(f"mem feeds back into u and the loop is unstable (spectral radius {radius:.6g})")
    gain = np.eye(channels)
    for j in range(channels):
        gain[:, j] += peak_gain(a, b[:, j : j + 1], np.ones(1), kernel.T)
    worst = np.zeros(memory.order)
    for source in memory.sources:
        worst += source.rounding.worst * np.abs(source.gain).sum(axis=1)
    weights = np.tile(worst, channels)
    if not np.any(weights):
        return gain, np.zeros(channels)
    if affordable(a):
        return gain, peak_gain(a, np.eye(len(a)), weights, kernel.T)
    r = 1 - 0.2 * (1 - radius)
    root = scipy.linalg.norm(weights) / np.sqrt(1 - r * r)
    p = covariance(a / r, np.eye(len(a)))
    return gain, np.asarray(root * np.sqrt(np.einsum("ic,ij,jc->c", kernel, p, kernel, optimize=True)))
