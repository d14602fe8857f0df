"""The two forms of the memory update."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
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


MemoryUpdate = DenseUpdate | TridiagonalUpdate
