"""The two forms of the memory update; ``assignments(mem, u)`` are its equations as data, a group for each channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.spec.assign import Assign, Tensor, Term, assign
from lmu_hls.spec.weight import Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class DenseUpdate:
    """mem_t = a mem_{t-1} + b u_t, assigned to ``mem``; ``a`` is (order, order), ``b`` is (order,)."""

    a: Weight
    b: Weight

    def __post_init__(self) -> None:
        check_shape("a", self.a, (self.order, self.order))

    @property
    def order(self) -> int:
        return self.b.shape[0]

    def joint(self, u: FixedType, mem: FixedType) -> tuple[Ints, int]:
        """[b, a] with the fraction bits that all products share: Python integers of (1 + order, order), by u and then
        the states, and the fraction bits of the sums."""
        own = [self.b.type.fraction + u.fraction, self.a.type.fraction + mem.fraction]
        b, a = (
            weight.values.T.astype(object) << max(own) - fraction
            for weight, fraction in zip((self.b, self.a), own, strict=True)
        )
        return np.vstack([b, a]), max(own)

    def assignments(self, mem: Tensor, u: Tensor) -> tuple[Assign, ...]:
        a, b = Weight(self.a.values.T, self.a.type), Weight(self.b.values[np.newaxis], self.b.type)
        groups = u.width
        return (assign(mem, Term(mem.before(), a, groups=groups), Term(u.now(), b, groups=groups)),)


@dataclass(frozen=True, slots=True, eq=False)
class TridiagonalUpdate:
    """The bilinear step in O(order): two sweeps with constant coefficients, each (order,).

    forward   f_i = -(mem_i + bet_i u / 2) - lam_i f_{i-1}    assigned to ``sweep``, i = 0 .. order-1
    backward  z_i = gam_i f_i + kap_i z_{i+1}                 assigned to ``sweep``, i = order-1 .. 0
    update    mem_i <= mem_i + bet_i u + 2 z_i                assigned to mem

    lam_0 and kap_{order-1} are zero. Source: elimination of the tridiagonal inverse of the LMU matrix.
    """

    lam: Weight
    gam: Weight
    kap: Weight
    bet: Weight
    sweep: FixedType

    def __post_init__(self) -> None:
        for name in ("lam", "gam", "kap"):
            check_shape(name, getattr(self, name), (self.order,))
        if self.lam.values[0] or self.kap.values[-1]:
            raise ValueError("lam_0 and kap_{order-1} must be zero")

    @property
    def order(self) -> int:
        return self.bet.shape[0]

    def assignments(self, mem: Tensor, u: Tensor) -> tuple[Assign, ...]:
        """f and z are parts of ``sweep``."""
        groups, bet = u.width, Weight(self.bet.values[np.newaxis], self.bet.type)
        f, z = (Tensor(f"sweep.{name}", self.sweep, mem.width) for name in "fz")
        return (
            assign(
                f,
                Term(mem.before(), negative=True),
                Term(u.now(), bet, negative=True, shift=-1, groups=groups),
                Term(f.beside(-1), self.lam, negative=True, groups=groups),
            ),
            assign(z, Term(f.now(), self.gam, groups=groups), Term(z.beside(1), self.kap, groups=groups)),
            assign(mem, Term(mem.before()), Term(u.now(), bet, groups=groups), Term(z.now(), shift=1)),
        )


MemoryUpdate = DenseUpdate | TridiagonalUpdate
