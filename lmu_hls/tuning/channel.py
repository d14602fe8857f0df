"""One memory channel on its own, u being the input: to measure what the analysis predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hls import golden, legendre
from lmu_hls.fixed import FixedType, Ints, quantize, to_float
from lmu_hls.precision import DenseMemory, Memory, Rounding, TridiagonalMemory, coefficient_type
from lmu_hls.precision.stability import FACTORS, quantize_dense, quantize_factors
from lmu_hls.spec import LMU, DenseUpdate, TridiagonalUpdate, Weight

Floats = NDArray[np.float64]
FORMS = ("dense", "tridiagonal")


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """``lmu`` is what golden runs; ``quantized`` the same memory for the analysis, ``exact`` the one in float."""

    lmu: LMU
    quantized: Memory
    exact: Memory

    def run(self, u: Ints, every_step: bool = True) -> golden.RecurrentTrace:
        """u (batch, steps) from the zero state; the trace's mem is (batch, steps, order)."""
        return golden.run_lmu(self.lmu, u[..., np.newaxis], every_step=every_step)

    def mem(self, u: Ints) -> Floats:
        """mem (batch, steps, order) of the integers u (batch, steps), as real numbers."""
        return to_float(self.run(u).tensors["mem"], self.lmu.mem)

    def exact_mem(self, u: Ints) -> Floats:
        """mem (batch, steps, order) of the float memory for the same integers u."""
        real = to_float(u, self.lmu.u)
        state = np.zeros((len(u), self.exact.order))
        out = np.empty((*u.shape, self.exact.order))
        for t in range(u.shape[1]):
            state = state @ self.exact.a.T + real[:, t, np.newaxis] * self.exact.b
            out[:, t] = state
        return out


def make_channel(
    order: int,
    theta: float,
    *,
    u: FixedType,
    mem: FixedType,
    sweep: FixedType | None = None,
    coefficients: int,
    discretizer: str = "bilinear",
    basis: str = "orthonormal",
) -> Channel:
    """A channel whose coefficients have ``coefficients`` fraction bits and as many integer bits as they need.

    Tridiagonal (bilinear only) with a type for the sweep, dense without. Raises ValueError for anything else.
    """
    if sweep is not None and discretizer != "bilinear":
        raise ValueError(f"discretizer={discretizer!r} has no tridiagonal form; use 'bilinear'")
    arrays = coefficient_arrays(order, theta, "dense" if sweep is None else "tridiagonal", discretizer, basis)
    types = {name: coefficient_type(array, coefficients) for name, array in arrays.items()}
    weights = {name: Weight(quantize(arrays[name], kind), kind) for name, kind in types.items()}
    rounding = Rounding.from_type(mem)
    update: DenseUpdate | TridiagonalUpdate
    quantized: Memory
    exact: Memory
    if sweep is None:
        update, exact = DenseUpdate(**weights), DenseMemory(arrays["a"], arrays["b"])
        quantized = quantize_dense(arrays["a"], arrays["b"], types["a"], types["b"], rounding)
    else:
        update = TridiagonalUpdate(**weights, sweep=sweep)
        exact = TridiagonalMemory(arrays["lam"], arrays["gam"], arrays["kap"], arrays["bet"])
        factors = legendre.tridiagonal_factors(order, theta, basis)
        quantized = quantize_factors(factors, types, rounding, Rounding.from_type(sweep))
    lmu = LMU(
        name="channel",
        steps=1,
        x=u,
        encoder_x=Weight(np.ones((1, 1), np.int64), FixedType(2, 2)),
        encoder_h=None,
        encoder_mem=None,
        encoder_bias=None,
        u=u,
        update=update,
        mem=mem,
        hidden=None,
        h=mem,
        return_sequences=True,
        reuse_factor=1,
        theta=float(theta),
        discretizer=discretizer,
        basis=basis,
    )
    return Channel(lmu, quantized, exact)


def coefficient_arrays(order: int, theta: float, form: str, discretizer: str, basis: str) -> Mapping[str, Floats]:
    """The float coefficients of a memory by name: a, b of the dense form; lam, gam, kap, bet of the tridiagonal one."""
    if form not in FORMS:
        raise ValueError(f"form={form!r} is not allowed: choose from {', '.join(FORMS)}")
    if form == "dense":
        return dict(zip(("a", "b"), legendre.discretize(order, theta, discretizer, basis), strict=True))
    factors = legendre.tridiagonal_factors(order, theta, basis)
    return {name: getattr(factors, name) for name in FACTORS}


def low_pass_noise(rng: np.random.Generator, batch: int, steps: int, cutoff: float, rms: float, to: FixedType) -> Ints:
    """Gaussian noise (batch, steps), flat up to ``cutoff`` cycles a step, as integers of ``to`` and clipped to it."""
    spectrum = np.fft.rfft(rng.standard_normal((batch, steps)), axis=1)
    spectrum[:, np.fft.rfftfreq(steps) > cutoff] = 0
    u = np.fft.irfft(spectrum, steps, axis=1)
    return quantize(rms * u / u.std(), to)
