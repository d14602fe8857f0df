"""The memory update in integers, dense and tridiagonal.

Both take mem (batch, memory_d, order) and u (batch, memory_d) and return the new mem, in the number format ``dtype``
in which they compute exactly.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lmu_hls.fixed import FixedType
from lmu_hls.golden.affine import Affine, Numbers, Rounder, exact_dtype
from lmu_hls.spec import LMU, DenseUpdate, TridiagonalUpdate, Weight


class Memory(Protocol):
    """mem_t from mem_{t-1} and u_t; ``overflows`` counts the values that did not fit, by named tensor."""

    dtype: np.dtype

    @property
    def overflows(self) -> dict[str, int]: ...

    def __call__(self, mem: Numbers, u: Numbers) -> Numbers: ...


def make_memory(lmu: LMU) -> Memory:
    """The memory update that ``lmu`` asks for."""
    if isinstance(lmu.update, TridiagonalUpdate):
        return TridiagonalMemory(lmu.update, lmu.u, lmu.mem)
    return DenseMemory(lmu.update, lmu.u, lmu.mem)


class DenseMemory:
    """mem = round(a mem + b u)."""

    def __init__(self, update: DenseUpdate, u: FixedType, mem: FixedType) -> None:
        a = Weight(update.a.values.T, update.a.type)
        b = Weight(update.b.values[np.newaxis, :], update.b.type)
        self._sums = Affine("mem", [(mem, a), (u, b)])
        self._round = Rounder(self._sums.fraction, mem)
        self.dtype = self._sums.dtype

    @property
    def overflows(self) -> dict[str, int]:
        return {"mem": self._round.overflows}

    def __call__(self, mem: Numbers, u: Numbers) -> Numbers:
        return self._round(self._sums(mem, u[..., np.newaxis]))


class TridiagonalMemory:
    """The two sweeps of :class:`lmu_hls.spec.TridiagonalUpdate`, vectorised over batch and channels."""

    def __init__(self, update: TridiagonalUpdate, u: FixedType, mem: FixedType) -> None:
        lam, gam, kap, bet, sweep = update.lam, update.gam, update.kap, update.bet, update.sweep
        self._order = update.order
        drive = bet.type.fraction + u.fraction
        # Fraction bits of the three exact sums; u/2 has one more than u.
        forward = max(mem.fraction, drive + 1, lam.type.fraction + sweep.fraction)
        backward = max(gam.type.fraction, kap.type.fraction) + sweep.fraction
        final = max(mem.fraction, drive, sweep.fraction - 1)
        terms = {
            "sweep (forward)": (
                (mem.max_abs, 1, forward - mem.fraction),
                (u.max_abs, _largest(bet), forward - drive - 1),
                (sweep.max_abs, _largest(lam), forward - lam.type.fraction - sweep.fraction),
            ),
            "sweep (backward)": (
                (sweep.max_abs, _largest(gam), backward - gam.type.fraction - sweep.fraction),
                (sweep.max_abs, _largest(kap), backward - kap.type.fraction - sweep.fraction),
            ),
            "mem": (
                (mem.max_abs, 1, final - mem.fraction),
                (u.max_abs, _largest(bet), final - drive),
                (sweep.max_abs, 1, final - sweep.fraction + 1),
            ),
        }
        bounds = {name: sum((x * w) << lift for x, w, lift in parts) for name, parts in terms.items()}
        self.dtype = np.result_type(*(exact_dtype(name, bound) for name, bound in bounds.items()))
        (mem_f, bet_f, lam_f), (gam_b, kap_b), (mem_m, bet_m, z_m) = (
            tuple(lift for _, _, lift in parts) for parts in terms.values()
        )
        self._mem_f, self._mem_m, self._z_m = (self.dtype.type(1 << lift) for lift in (mem_f, mem_m, z_m))
        self._bet_f, self._bet_m = self._lifted(bet, bet_f), self._lifted(bet, bet_m)
        self._lam = self._lifted(lam, lam_f)
        self._gam, self._kap = self._lifted(gam, gam_b), self._lifted(kap, kap_b)
        self._to_f, self._to_z = Rounder(forward, sweep), Rounder(backward, sweep)
        self._to_mem = Rounder(final, mem)

    def _lifted(self, weight: Weight, lift: int) -> Numbers:
        return (weight.values << lift).astype(self.dtype)

    @property
    def overflows(self) -> dict[str, int]:
        return {"sweep": self._to_f.overflows + self._to_z.overflows, "mem": self._to_mem.overflows}

    def __call__(self, mem: Numbers, u: Numbers) -> Numbers:
        mem, u = mem.astype(self.dtype, copy=False), u.astype(self.dtype, copy=False)
        states = np.ascontiguousarray(np.moveaxis(mem, -1, 0))  # the loop runs over the order
        f = np.empty_like(states)
        previous = np.zeros_like(u)
        for i in range(self._order):
            previous = self._to_f(-(states[i] * self._mem_f + u * self._bet_f[i]) - previous * self._lam[i])
            f[i] = previous
        z = f  # z_i takes the place of f_i, which is not read again
        previous = np.zeros_like(u)
        for i in reversed(range(self._order)):
            previous = self._to_z(f[i] * self._gam[i] + previous * self._kap[i])
            z[i] = previous
        drive = u * self._bet_m.reshape(-1, *[1] * u.ndim)
        return np.moveaxis(self._to_mem(states * self._mem_m + drive + z * self._z_m), 0, -1)


def _largest(weight: Weight) -> int:
    return int(np.abs(weight.values).max(initial=0))
