"""One LMU channel in integers whose u is the input itself, and the same memory as the analysis sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls import golden, legendre
from lmu_hls.fixed import FixedType, Ints, quantize, to_float
from lmu_hls.precision import (
    DenseMemory,
    Memory,
    Rounding,
    TridiagonalMemory,
    coefficient_type,
    quantize_dense,
    quantize_factors,
)
from lmu_hls.precision.stability import FACTORS
from lmu_hls.spec import LMU, DenseUpdate, TridiagonalUpdate, Weight

U = FixedType(12, 1)  # |u| <= 1


@dataclass(frozen=True, eq=False)
class Channel:
    """``lmu`` runs in golden; ``quantized`` is its analysis, ``exact`` the memory in float."""

    lmu: LMU
    quantized: Memory
    exact: Memory

    def run(self, u: Ints, every_step: bool = True) -> golden.LMUTrace:
        """u (batch, steps) -> the trace; its mem is (batch, steps, order)."""
        return golden.run_lmu(self.lmu, u[..., np.newaxis], every_step=every_step)

    def mem(self, u: Ints) -> np.ndarray:
        return to_float(self.run(u).tensors["mem"], self.lmu.mem)


def weight(values: np.ndarray, kind: FixedType) -> Weight:
    return Weight(quantize(values, kind), kind)


def channel(
    order: int,
    theta: float,
    fraction: int,
    *,
    form: str = "dense",
    basis: str = "orthonormal",
    integer: int = 3,
    sweep_integer: int = 5,
    guard: int = 3,
    coefficient_fraction: int | None = None,
    discretizer: str = "bilinear",
    rounding: str = "RND_CONV",
) -> Channel:
    """mem with ``fraction`` fraction bits, coefficients too unless said otherwise; the sweep has ``guard`` more."""
    bits = fraction if coefficient_fraction is None else coefficient_fraction
    mem = FixedType(fraction + integer, integer, rounding=rounding)
    sweep = FixedType(fraction + guard + sweep_integer, sweep_integer, rounding=rounding)
    if form == "dense":
        a_bar, b_bar = legendre.discretize(order, theta, discretizer, basis)
        a, b = coefficient_type(a_bar, bits), coefficient_type(b_bar, bits)
        update: DenseUpdate | TridiagonalUpdate = DenseUpdate(weight(a_bar, a), weight(b_bar, b))
        quantized: Memory = quantize_dense(a_bar, b_bar, a, b, Rounding.of(mem))
        exact: Memory = DenseMemory(a_bar, b_bar)
    else:
        factors = legendre.tridiagonal_factors(order, theta, basis)
        arrays = {name: getattr(factors, name) for name in FACTORS}
        types = {name: coefficient_type(array, bits) for name, array in arrays.items()}
        update = TridiagonalUpdate(**{name: weight(arrays[name], types[name]) for name in FACTORS}, sweep=sweep)
        quantized = quantize_factors(factors, types, Rounding.of(mem), Rounding.of(sweep))
        exact = TridiagonalMemory(**arrays)
    lmu = LMU(
        name="lmu",
        steps=1,
        x=U,
        encoder_x=Weight(np.array([[1]]), FixedType(2, 2)),
        encoder_h=None,
        encoder_mem=None,
        encoder_bias=None,
        u=U,
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


def float_mem(memory: Memory, u: np.ndarray) -> np.ndarray:
    """mem (batch, steps, order) of the float memory for u (batch, steps)."""
    state = np.zeros((len(u), memory.order))
    out = np.empty((*u.shape, memory.order))
    for t in range(u.shape[1]):
        state = state @ memory.a.T + u[:, t, None] * memory.b
        out[:, t] = state
    return out


def low_pass_noise(rng: np.random.Generator, batch: int, steps: int, cutoff: float, rms: float) -> Ints:
    """Gaussian noise, flat up to ``cutoff`` cycles a step, on the grid of U and clipped to it."""
    spectrum = np.fft.rfft(rng.standard_normal((batch, steps)), axis=1)
    spectrum[:, np.fft.rfftfreq(steps) > cutoff] = 0
    u = np.fft.irfft(spectrum, steps, axis=1)
    return quantize(rms * u / u.std(), U)
