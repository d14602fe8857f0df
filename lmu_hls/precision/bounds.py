"""Sums of absolute impulse responses, each with a proven bound on the part that was not summed.

Let w >= sum_{k<K} |a^k b| elementwise, w > 0, and q = max_i (|a^K| w)_i / w_i. Then, block by block of K steps,

    sum_{k>=K} |c a^k b| <= |c a^K| (I + |a^K| + |a^K|^2 + ...) w <= |c a^K| w / (1 - q)        for q < 1

(|.| elementwise). K grows in blocks until q <= TAIL, and the tail is added. q < 1 also proves that `a` is stable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lmu_hls.precision.memory import Array, Memory

TAIL = 1e-3
MAX_STEPS = 1 << 18
EXACT_WORK = 1 << 36  # multiplications that a sum over whole matrices may cost; half a minute on one core
BLOCK = 64  # steps in one matrix product, and between two looks at q


@dataclass(frozen=True, slots=True, eq=False)
class ImpulseSum:
    """|d|, sum_{k<K} |c a^k b| and a bound on the rest, each (order,), for y_t = c mem_{t-1} + d u_t."""

    direct: Array
    kept: Array
    tail: Array

    @property
    def total(self) -> Array:
        return np.asarray(self.direct + self.kept + self.tail)


def impulse_sums(memory: Memory) -> tuple[tuple[ImpulseSum, ...], int]:
    """One sum for mem and one for each reader, with |u| <= 1; and K. ValueError when the memory is unstable."""
    order = memory.order
    maps = [(np.eye(order), np.zeros(order)), *((r.c, np.abs(r.d)) for r in memory.readers)]
    block, jump = _first_steps(memory.a, memory.b)
    kept = [np.zeros(order) for _ in maps]
    for steps, power in powers(memory.a):
        for total, (c, _) in zip(kept, maps, strict=True):
            total += np.abs(c @ block).sum(axis=1)
        block = jump @ block
        rest = tail_weights(power, kept[0])
        if rest is not None:
            sums = (ImpulseSum(d, k, np.abs(c @ power) @ rest) for (c, d), k in zip(maps, kept, strict=True))
            return tuple(sums), steps
    raise unbounded(memory.a)


def peak_gain(a: Array, b: Array, weights: Array, c: Array | None = None) -> Array:
    """sum_{k>=0} |c a^k b| @ weights (p,), tail included, for b (n, m), weights (m,) >= 0 and c (p, n) or identity.

    Raises ValueError when ``a`` is unstable.
    """
    inner, x = np.zeros(len(a)), b
    total = inner if c is None else np.zeros(len(c))
    for _, power in powers(a):
        for _ in range(BLOCK):
            inner += np.abs(x) @ weights
            if c is not None:
                total += np.abs(c @ x) @ weights
            x = a @ x
        rest = tail_weights(power, inner)
        if rest is not None:
            return np.asarray(total + np.abs(power if c is None else c @ power) @ rest)
    raise unbounded(a)


def powers(a: Array) -> Iterator[tuple[int, Array]]:
    """(K, a^K) for K = BLOCK, 2 BLOCK, ... while the power is finite and K <= MAX_STEPS."""
    jump = np.linalg.matrix_power(a, BLOCK)
    power, steps = jump, BLOCK
    with np.errstate(over="ignore", invalid="ignore"):
        while steps <= MAX_STEPS and np.all(np.isfinite(power)):
            yield steps, power
            power = jump @ power
            steps += BLOCK


def tail_weights(power: Array, kept: Array) -> Array | None:
    """w / (1 - q) of the module's bound, with w = ``kept`` lifted off zero; None while q > TAIL."""
    top = float(np.max(kept))
    w = np.maximum(kept, 1e-9 * top) if top > 0 else np.ones_like(kept)
    q = float(np.max(np.abs(power) @ w / w))
    return w / (1 - q) if q <= TAIL else None


def spectral_radius(a: Array) -> float:
    """Largest absolute eigenvalue."""
    return float(np.max(np.abs(np.linalg.eigvals(a))))


def settling_steps(a: Array) -> float:
    """About how many steps it takes until an error has decayed to TAIL; infinite when unstable."""
    radius = spectral_radius(a)
    return math.log(TAIL) / math.log(radius) if 0 < radius < 1 else (0.0 if radius == 0 else math.inf)


def affordable(a: Array) -> bool:
    """Whether sums over whole powers of ``a`` stay within EXACT_WORK."""
    return len(a) ** 3 * settling_steps(a) <= EXACT_WORK


def unbounded(a: Array) -> ValueError:
    """The error for a memory of which no bound could be proven."""
    radius = spectral_radius(a)
    reason = "is unstable" if radius >= 1 else f"has not decayed after {MAX_STEPS} steps"
    return ValueError(
        f"the memory {reason} (spectral radius {radius:.9g}), so its range has no bound; "
        "give its coefficients more fraction bits"
    )


def _first_steps(a: Array, b: Array) -> tuple[Array, Array]:
    """(a^0 b .. a^(BLOCK-1) b) as columns, and a^BLOCK."""
    block, power = b[:, None], a
    while block.shape[1] < BLOCK:
        block = np.concatenate([block, power @ block], axis=1)
        power = power @ power
    return block, power
