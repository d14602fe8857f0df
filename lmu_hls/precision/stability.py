"""Whether quantized coefficients still make a stable memory, with what margin, and how many bits that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.legendre import TridiagonalFactors
from lmu_hls.precision.bounds import settling_steps, spectral_radius
from lmu_hls.precision.memory import EXACT, Array, DenseMemory, Memory, Rounding, TridiagonalMemory

MAX_FRACTION: Final = 40
RESOLUTION: Final = 1e-9  # a radius closer to 1 than this cannot be told from 1 in float64
FACTORS: Final = ("lam", "gam", "kap", "bet")


@dataclass(frozen=True, slots=True)
class Stability:
    """``radius`` is the largest absolute eigenvalue; ``settling`` the steps in which an error falls to 1/1000."""

    radius: float
    settling: float

    @property
    def margin(self) -> float:
        """Distance of the slowest pole from the unit circle; not positive when unstable."""
        return 1.0 - self.radius

    @property
    def stable(self) -> bool:
        return self.margin > RESOLUTION


def stability(memory: Memory) -> Stability:
    """The poles of ``memory``; for the tridiagonal form those of the dense matrix that its factors are equal to."""
    return Stability(spectral_radius(memory.a), settling_steps(memory.a))


def coefficient_type(values: Array, fraction: int, rounding: str = "RND_CONV") -> FixedType:
    """The narrowest signed type with ``fraction`` fraction bits that holds every one of ``values``, rounded."""
    if not -MAX_FRACTION <= fraction <= MAX_FRACTION:
        raise ValueError(f"fraction={fraction} is not allowed: give -{MAX_FRACTION} to {MAX_FRACTION}")
    wide = FixedType(62, 62 - fraction, rounding=rounding)
    q = quantize(values, wide)
    low, high = int(q.min(initial=0)), int(q.max(initial=0))
    width = max(1, 1 + max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0))
    return FixedType(width, width - fraction, rounding=rounding)


def quantize_dense(a_bar: Array, b_bar: Array, a: FixedType, b: FixedType, mem: Rounding = EXACT) -> DenseMemory:
    """The dense memory with its coefficients on the grids of types ``a`` and ``b``."""
    return DenseMemory(to_float(quantize(a_bar, a), a), to_float(quantize(b_bar, b), b), mem)


def quantize_factors(
    factors: TridiagonalFactors, types: Mapping[str, FixedType], mem: Rounding = EXACT, sweep: Rounding = EXACT
) -> TridiagonalMemory:
    """The tridiagonal memory with lam, gam, kap and bet on the grids of ``types[name]``."""
    values = {name: to_float(quantize(getattr(factors, name), types[name]), types[name]) for name in FACTORS}
    return TridiagonalMemory(**values, mem=mem, sweep=sweep)


def with_fraction(coefficients: DenseMemory | TridiagonalFactors, fraction: int) -> Memory:
    """The memory with all its coefficients on the grid of ``fraction`` fraction bits, none of them saturated."""
    if isinstance(coefficients, DenseMemory):
        a, b = (coefficient_type(values, fraction) for values in (coefficients.a, coefficients.b))
        return quantize_dense(coefficients.a, coefficients.b, a, b, coefficients.mem)
    if not isinstance(coefficients, TridiagonalFactors):
        raise TypeError(f"a {type(coefficients).__name__} is no memory that is known here")
    return quantize_factors(
        coefficients, {name: coefficient_type(getattr(coefficients, name), fraction) for name in FACTORS}
    )


def smallest_stable_fraction(
    coefficients: DenseMemory | TridiagonalFactors, margin: float = 0.0, max_fraction: int = MAX_FRACTION
) -> int:
    """The smallest number of fraction bits of the coefficients with which the memory is stable.

    Stable means a spectral radius below 1 - ``margin``. More bits than the smallest are not always stable: check the
    types that are used. Raises ValueError when ``max_fraction`` bits are not enough.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"margin={margin} is not allowed: give 0 <= margin < 1")
    for fraction in range(max_fraction + 1):
        if stability(with_fraction(coefficients, fraction)).margin > max(margin, RESOLUTION):
            return fraction
    raise ValueError(
        f"the memory is not stable with a margin of {margin:g} even with {max_fraction} fraction bits in its "
        "coefficients; ask for less margin, or use a larger theta"
    )


def check_quantized(memory: Memory, coefficients: DenseMemory | TridiagonalFactors, what: str = "memory") -> Stability:
    """The stability of ``memory``, the quantized form of ``coefficients``.

    Raises ValueError when it is unstable, with the fewest bits that are stable.
    """
    found = stability(memory)
    if found.stable:
        return found
    fraction = smallest_stable_fraction(coefficients)
    if isinstance(coefficients, TridiagonalFactors):
        names, values = "lam, gam, kap and bet", [getattr(coefficients, name) for name in FACTORS]
    else:
        names, values = "A_bar", [coefficients.a]
    width = max(coefficient_type(array, fraction).width for array in values)
    raise ValueError(
        f"{what}: the quantized coefficients are unstable (spectral radius {found.radius:.6g}, it must be below 1); "
        f"{names} need at least {fraction} fraction bits, that is {width} bits"
    )


def vanished(values: Mapping[str, Array], types: Mapping[str, FixedType]) -> tuple[str, ...]:
    """Names such as ``bet[3]`` of the coefficients that are not zero but become zero in their type."""
    names: list[str] = []
    for name, array in values.items():
        lost = (np.asarray(array) != 0) & (quantize(array, types[name]) == 0)
        names += [f"{name}[{', '.join(str(i) for i in index)}]" for index in np.argwhere(lost)]
    return tuple(names)
