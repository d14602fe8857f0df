"""Configurations of the dense memory unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, Ints, requantize
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, DenseUpdate, Weight
from tests.support.hdl.memory_grid import MEM, U, layer, random_integers

COEF = "fixed<18,2>"


@dataclass(frozen=True, slots=True)
class Config:
    """One unit: sizes, types of u, mem, A_bar, B_bar, and how large the random coefficients are."""

    order: int
    memory_d: int
    lanes: int
    u: str = U
    mem: str = MEM
    a: str = COEF
    b: str = COEF
    scale: float = 0.5

    def __str__(self) -> str:
        return f"order{self.order}-d{self.memory_d}-lanes{self.lanes}-{self.mem.partition('<')[2][:-1]}"

    def lmu(self, name: str) -> LMU:
        """A layer with random coefficients."""
        rng = np.random.default_rng([self.order, self.memory_d, self.lanes])
        types = [FixedType.parse(text) for text in (self.u, self.mem, self.a, self.b)]
        u, mem, a, b = types
        update = DenseUpdate(
            Weight(random_integers(rng, (self.order, self.order), a, self.scale), a),
            Weight(random_integers(rng, (self.order,), b, 1.0), b),
        )
        return layer(name, (u, mem), update, self.memory_d)

    def unit(self, layer: LMU) -> MemoryUnit:
        return memory_unit(layer, self.lanes)

    def step(self, layer: LMU, mem: Ints, u: int) -> Ints:
        """round(A_bar mem + B_bar u)."""
        a, b = layer.update.a, layer.update.b
        fractions = (a.type.fraction + layer.mem.fraction, b.type.fraction + layer.u.fraction)
        fraction = max(fractions)
        sums = ((a.values @ mem) << (fraction - fractions[0])) + ((b.values * u) << (fraction - fractions[1]))
        return requantize(sums, fraction, layer.mem)


Grid = tuple[Config, ...]

GRID: Grid = (
    *(Config(6, memory_d, lanes) for memory_d in (1, 4) for lanes in (1, 2, 6)),
    Config(1, 1, 1),
    Config(1, 4, 1),
    Config(4, 1, 2),
    Config(5, 2, 5, u="fixed<8,-2>", mem="fixed<12,1,TRN,WRAP>", a="fixed<10,1>", b="fixed<14,3>"),
    Config(3, 2, 1, u="fixed<10,10>", mem="fixed<9,4,RND_INF,SAT_SYM>", a="fixed<7,1>", b="fixed<6,-3>"),
    Config(4, 1, 4, u="fixed<12,2>", mem="fixed<14,2,TRN_ZERO,SAT_ZERO>", a="fixed<16,1>", b="fixed<12,12>"),
    Config(12, 1, 12),
)


def random_grid(size: int, seed: int) -> Grid:
    """`size` random configurations: order 1..24, memory_d 1..6, widths 4..24, every mode."""
    rng = np.random.default_rng(seed)

    def kind(low: int, high: int, modes: str = "") -> str:
        width = int(rng.integers(low, high + 1))
        return f"fixed<{width},{int(rng.integers(-1, 5))}{modes}>"

    grid = []
    for _ in range(size):
        order = int(rng.integers(1, 25))
        lanes = int(rng.choice([k for k in range(1, order + 1) if order % k == 0]))
        modes = f",{rng.choice(ROUNDINGS)},{rng.choice(OVERFLOWS)}"
        types = (kind(4, 20), kind(4, 24, modes), kind(4, 20), kind(4, 20))
        grid.append(Config(order, int(rng.integers(1, 7)), lanes, *types, scale=float(rng.uniform(0.05, 0.6))))
    return tuple(grid)
