"""The most that rounding alone can do to mem and the sweep tensors, every error at its worst at every step.

Without input this is also the bound on limit cycles: whatever mem was, it ends within these magnitudes of zero.
Up to a certain amount of work the sums are computed (see `bounds`). Above, Cauchy-Schwarz and a Lyapunov equation
bound them at a cost of order^3, up to about five times larger:

    sum_k |c_i a^k g| 1 <= sqrt(order / (1 - r^2)) sqrt(c_i P c_i^T),    P = (a/r) P (a/r)^T + g g^T,    radius < r < 1
"""

from __future__ import annotations

import numpy as np

from lmu_hls.precision.bounds import (
    BLOCK,
    affordable,
    peak_gain,
    powers,
    spectral_radius,
    tail_weights,
    unbounded,
)
from lmu_hls.precision.lyapunov import covariance
from lmu_hls.precision.memory import Array, DenseMemory, Memory, TridiagonalMemory


def rounding_bounds(memory: Memory) -> dict[str, Array]:
    """For "mem" (and "f", "z") the largest magnitude (order,) that rounding can cause. ValueError when unstable."""
    if all(source.rounding.worst == 0 for source in memory.sources):
        return {name: np.zeros(memory.order) for name in ("mem", *(r.name for r in memory.readers))}
    if spectral_radius(memory.a) >= 1:
        raise unbounded(memory.a)
    if not affordable(memory.a):
        return by_energy(memory)
    if isinstance(memory, DenseMemory):
        return {"mem": peak_gain(memory.a, np.eye(memory.order), np.full(memory.order, memory.mem.worst))}
    return _by_summing(memory) if isinstance(memory, TridiagonalMemory) else by_energy(memory)


def _by_summing(memory: TridiagonalMemory) -> dict[str, Array]:
    """All three sources into all three tensors with two matrix products a step.

    With P_k = a^k: e_f enters mem as P_k - P_{k+1}, and e_z as (P_k - P_{k+1}) (I + lam shift) / gam; z reads mem as
    -(P_k - P_{k+1}) / 2. The same holds for every tensor that reads mem, with c P_k in place of P_k.
    """
    order, a = memory.order, memory.a
    to_mem, sweep = memory.mem.worst, memory.sweep.worst
    c_f = -memory.forward
    total = {name: np.zeros(order) for name in ("mem", "f", "z")}
    now, then = np.eye(order), a
    f_now, f_then = c_f, c_f @ a
    for _, power in powers(a):
        for _ in range(BLOCK):
            last = a @ then
            f_last = c_f @ last
            pairs = {"mem": (now, then), "f": (f_now, f_then), "z": (0.5 * (then - now), 0.5 * (last - then))}
            for name, (x, y) in pairs.items():
                total[name] += to_mem * np.abs(x).sum(axis=1)
                total[name] += sweep * (np.abs(x - y).sum(axis=1) + np.abs(_into_z(x, y, memory)).sum(axis=1))
            now, then, f_now, f_then = then, last, f_then, f_last
        rest = tail_weights(power, total["mem"])
        if rest is not None:
            maps = {"mem": np.eye(order), **{r.name: r.c for r in memory.readers}}
            summed = {name: total[name] + np.abs(c @ power) @ rest for name, c in maps.items()}
            return _with_direct(memory, summed)
    raise unbounded(a)


def _into_z(x: Array, y: Array, memory: TridiagonalMemory) -> Array:
    """x (2 backward) from x and y = x a."""
    if np.any(memory.gam == 0):
        return np.asarray(x @ (2.0 * memory.backward))
    moved = x - y
    moved[:, :-1] += moved[:, 1:] * memory.lam[1:]
    return np.asarray(moved / memory.gam)


def by_energy(memory: Memory) -> dict[str, Array]:
    """The same bounds by Cauchy-Schwarz, as the module says; larger, and quick at every order."""
    radius = spectral_radius(memory.a)
    if radius >= 1:
        raise unbounded(memory.a)
    r = 1 - 0.2 * (1 - radius)
    maps = {"mem": np.eye(memory.order), **{reader.name: reader.c for reader in memory.readers}}
    bounds = {name: np.zeros(memory.order) for name in maps}
    for source in memory.sources:
        p = covariance(memory.a / r, source.gain @ source.gain.T)
        for name, c in maps.items():
            energy = np.maximum(np.einsum("ij,ij->i", c @ p, c), 0)
            bounds[name] += source.rounding.worst * np.sqrt(energy * memory.order / (1 - r * r))
    return _with_direct(memory, bounds)


def _with_direct(memory: Memory, bounds: dict[str, Array]) -> dict[str, Array]:
    """``bounds`` plus the errors of the same step."""
    worst = {source.name: source.rounding.worst for source in memory.sources}
    for reader in memory.readers:
        for name, matrix in reader.direct.items():
            bounds[reader.name] = bounds[reader.name] + worst[name] * np.abs(matrix).sum(axis=1)
    return bounds
