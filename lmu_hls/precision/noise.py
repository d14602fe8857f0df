"""Rounding noise and coefficient errors at mem and at whatever reads mem, and the SNR they leave.

Rounding: every error is white and uniform, independent of the others and of the signal, so its covariance at mem is
the P of P = a P a^T + sum_s variance_s gain_s gain_s^T; TRN adds its mean. Coefficients: the error is the difference
of two impulse responses driven by the same input, deterministic once the input's spectrum is given. Both add, and a
reader y = w^T mem sees w^T P w. The prediction is for the steady state, of an input that is fixed-point already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from lmu_hls.precision.bounds import TAIL, settling_steps, unbounded
from lmu_hls.precision.lyapunov import covariance
from lmu_hls.precision.memory import EXACT, Array, DenseMemory, Memory, Rounding

_CHUNK = 32  # outputs whose spectra are held at once
MAX_RESPONSE = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The input's power over frequency: ``density`` (n,) at n equally spaced frequencies 0 .. 1/2 cycles a step.

    The mean of a symmetric density is the power of u. Raises ValueError unless it is finite, not negative, not zero.
    """

    density: Array

    def __post_init__(self) -> None:
        density = np.asarray(self.density, np.float64)
        if density.ndim != 1 or len(density) < 2 or not np.all(np.isfinite(density)) or np.any(density < 0):
            raise ValueError("a spectrum needs at least two finite values that are not negative")
        if not np.any(density > 0):
            raise ValueError("the input's spectrum is zero everywhere: an SNR needs a signal")
        object.__setattr__(self, "density", density)

    @classmethod
    def white(cls, power: float = 1.0) -> Spectrum:
        """The same power at every frequency; ``power`` is E u^2."""
        return cls(np.full(2, float(power)))

    @classmethod
    def low_pass(cls, cutoff: float, power: float = 1.0, points: int = 1 << 14) -> Spectrum:
        """Flat up to ``cutoff`` (0 to 1/2, cycles a step) and zero above; ``power`` is E u^2."""
        if not 0 < cutoff <= 0.5:
            raise ValueError(f"cutoff={cutoff} is not allowed: give 0 < cutoff <= 0.5 cycles a step")
        inside = np.linspace(0, 0.5, points) <= cutoff
        return cls(np.where(inside, power / _symmetric_mean(inside.astype(float)), 0.0))

    @classmethod
    def from_autocorrelation(cls, lags: Array, points: int = 1 << 14) -> Spectrum:
        """From E u_t u_{t+l}, l = 0, 1, ... (zero beyond); small negative values of a window are set to zero."""
        lags = np.asarray(lags, np.float64)
        if lags.ndim != 1 or not len(lags) or len(lags) > points:
            raise ValueError(f"lags of shape {lags.shape} is not allowed: give a vector of 1 to {points} values")
        circular = np.zeros(2 * (points - 1))
        circular[: len(lags)] = lags
        circular[len(circular) - len(lags) + 1 :] += lags[:0:-1]
        return cls(np.maximum(scipy.fft.rfft(circular).real, 0.0))

    @property
    def power(self) -> float:
        """E u^2."""
        return _symmetric_mean(self.density)

    def sampled(self, points: int) -> Array:
        """The density at ``points`` equally spaced frequencies; the power is kept."""
        own = np.linspace(0, 1, len(self.density))
        values = np.interp(np.linspace(0, 1, points), own, self.density)
        return np.asarray(values * (self.power / _symmetric_mean(values)))


@dataclass(frozen=True, slots=True, eq=False)
class Snr:
    """Powers (outputs,) of signal, rounding noise and coefficient error, at mem or at the readers of mem."""

    signal: Array
    rounding: Array
    coefficients: Array

    @property
    def noise(self) -> Array:
        return np.asarray(self.rounding + self.coefficients)

    @property
    def db(self) -> float:
        """All signal power over all noise power, in dB; infinite without noise."""
        return decibel(float(self.signal.sum()), float(self.noise.sum()))


def rounding_noise(memory: Memory, u: Rounding = EXACT) -> Array:
    """E e e^T (order, order) of the rounding error at mem in the steady state; ``u`` is an error of the input itself.

    Raises ValueError when the memory is unstable, and for TRN_ZERO, whose error follows the signal.
    """
    sources = [(s.rounding, s.gain) for s in memory.sources] + [(u, memory.b[:, None])]
    if any(np.isnan(rounding.variance) for rounding, _ in sources):
        raise ValueError("TRN_ZERO has no predictable noise power; use RND_CONV, RND or TRN")
    q = sum((r.variance * (g @ g.T) for r, g in sources), np.zeros((memory.order, memory.order)))
    bias = sum((r.mean * g.sum(axis=1) for r, g in sources), np.zeros(memory.order))
    offset = np.linalg.solve(np.eye(memory.order) - memory.a, bias)
    return covariance(memory.a, q) + np.outer(offset, offset)


def at_reader(noise: Array, weights: Array) -> Array:
    """Noise power (outputs,) at y = weights^T mem, for the covariance ``noise`` and weights (order, outputs)."""
    weights = np.asarray(weights, np.float64)
    if weights.ndim != 2 or len(weights) != len(noise):
        raise ValueError(f"weights of shape {weights.shape} are not allowed: give ({len(noise)}, outputs)")
    return np.asarray(np.einsum("io,ij,jo->o", weights, noise, weights, optimize=True))


def predict_snr(
    memory: Memory,
    spectrum: Spectrum,
    exact: Memory | None = None,
    weights: Array | None = None,
    u: Rounding = EXACT,
) -> Snr:
    """The SNR of ``memory`` (quantized coefficients) against ``exact`` (the float ones; default: no difference).

    At mem itself, or at y = weights^T mem with weights (order, outputs). Raises ValueError when either is unstable.
    """
    noise = rounding_noise(memory, u)
    rounding = np.diagonal(noise).copy() if weights is None else at_reader(noise, weights)
    wanted = memory if exact is None else exact
    if wanted.order != memory.order:
        raise ValueError(f"memories of order {memory.order} and {wanted.order} cannot be compared")
    steps = _response_steps(memory, wanted)
    response = impulse_response(wanted, steps, weights)
    error = impulse_response(memory, steps, weights) - response
    return Snr(power_of(response, spectrum), rounding, power_of(error, spectrum))


def impulse_response(memory: Memory, steps: int, weights: Array | None = None) -> Array:
    """(steps, outputs): a^k b, or weights^T a^k b, for k = 0 .. steps-1."""
    block, power = memory.b[:, None], memory.a
    while block.shape[1] < steps:
        block = np.concatenate([block, power @ block], axis=1)
        power = power @ power
    block = block[:, :steps]
    return np.asarray(block.T if weights is None else block.T @ weights)


def power_of(response: Array, spectrum: Spectrum) -> Array:
    """E y^2 (outputs,) of the output of an impulse response (steps, outputs) driven by an input of ``spectrum``."""
    size = scipy.fft.next_fast_len(4 * len(response), real=True)
    size += size % 2
    density = spectrum.sampled(size // 2 + 1)
    powers = []
    for start in range(0, response.shape[1], _CHUNK):
        transfer = np.abs(scipy.fft.rfft(response[:, start : start + _CHUNK], size, axis=0)) ** 2
        weighted = transfer * density[:, None]
        powers.append((2 * weighted[1:-1].sum(axis=0) + weighted[0] + weighted[-1]) / size)
    return np.concatenate(powers)


def _response_steps(*memories: DenseMemory | Memory) -> int:
    """Steps after which every impulse response has lost at least 120 dB or so."""
    settle = max(settling_steps(memory.a) for memory in memories)
    if not settle < MAX_RESPONSE:
        raise unbounded(max((m.a for m in memories), key=settling_steps))
    return max(64, int(2 * np.log(1e-6) / np.log(TAIL) * settle))


def _symmetric_mean(density: Array) -> float:
    return float((2 * density[1:-1].sum() + density[0] + density[-1]) / (2 * (len(density) - 1)))


def decibel(signal: float, noise: float) -> float:
    """``signal`` power over ``noise`` power in dB: infinite without noise, minus infinity for noise alone."""
    if noise == 0:
        return np.inf
    return float(10 * (np.log10(signal) - np.log10(noise))) if signal > 0 else -np.inf
