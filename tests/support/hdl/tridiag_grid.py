"""Configurations of the tridiagonal memory unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, Ints, requantize
from lmu_hls.rtl.tridiag import tridiagonal_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from tests.support.hdl.memory_grid import MEM, U, layer, random_integers

SWEEP = "fixed<19,2,RND_CONV,SAT>"
COEF = "fixed<16,1>"


@dataclass(frozen=True, slots=True)
class Config:
    """One unit: sizes, types of u, mem, f and z, lam, gam, kap, bet, and how large the random coefficients are."""

    order: int
    memory_d: int
    pipeline: int
    u: str = U
    mem: str = MEM
    sweep: str = SWEEP
    lam: str = COEF
    gam: str = COEF
    kap: str = COEF
    bet: str = COEF
    scale: float = 0.7
    pes: int = 1

    def __str__(self) -> str:
        kind = self.mem.partition("<")[2][:-1]
        return f"order{self.order}-d{self.memory_d}-pipeline{self.pipeline}-pes{self.pes}-{kind}"

    def lmu(self, name: str) -> LMU:
        """A layer with random coefficients."""
        rng = np.random.default_rng([self.order, self.memory_d, self.pipeline])
        u, mem, sweep = (FixedType.parse(text) for text in (self.u, self.mem, self.sweep))
        kinds = {name: FixedType.parse(getattr(self, name)) for name in ("lam", "gam", "kap", "bet")}
        values = {name: random_integers(rng, (self.order,), kind, self.scale) for name, kind in kinds.items()}
        values["lam"][0] = values["kap"][-1] = 0
        update = TridiagonalUpdate(**{name: Weight(values[name], kinds[name]) for name in kinds}, sweep=sweep)
        return layer(name, (u, mem), update, self.memory_d)

    def unit(self, layer: LMU) -> MemoryUnit:
        assert isinstance(layer.update, TridiagonalUpdate)
        return tridiagonal_unit(layer, layer.update, layer.name, self.pes, self.pipeline)

    def step(self, layer: LMU, mem: Ints, u: int) -> Ints:
        """The two sweeps and the update, in integers with enough fraction bits for all of them."""
        update, n = layer.update, layer.order
        sweep, lam, gam, kap, bet = update.sweep, update.lam, update.gam, update.kap, update.bet
        drive = [int(b) * u for b in bet.values]  # with `drive_f` fraction bits
        drive_f = bet.type.fraction + layer.u.fraction

        def assign(terms: list[tuple[int, int]], to: FixedType) -> int:
            """The sum of (value, its fraction bits), assigned to a type."""
            fraction = max(f for _, f in terms)
            total = sum(value << (fraction - f) for value, f in terms)
            return int(requantize(np.array(total), fraction, to))

        f, z = [0] * n, [0] * (n + 1)
        for i in range(n):
            loop = -int(lam.values[i]) * (f[i - 1] if i else 0)
            terms = [(-int(mem[i]), layer.mem.fraction), (-drive[i], drive_f + 1)]
            f[i] = assign([*terms, (loop, lam.type.fraction + sweep.fraction)], sweep)
        for i in reversed(range(n)):
            terms = [(int(gam.values[i]) * f[i], gam.type.fraction + sweep.fraction)]
            z[i] = assign([*terms, (int(kap.values[i]) * z[i + 1], kap.type.fraction + sweep.fraction)], sweep)
        states = [
            [(int(mem[i]), layer.mem.fraction), (drive[i], drive_f), (z[i], sweep.fraction - 1)] for i in range(n)
        ]
        return np.array([assign(terms, layer.mem) for terms in states])


Grid = tuple[Config, ...]

# What each one adds: sizes at the edges, every PIPELINE with channels to spare, without and fewer, odd types and modes
GRID: Grid = (
    Config(6, 1, 1),
    Config(1, 1, 1),
    Config(2, 1, 1),
    Config(4, 1, 1, "fixed<4,0>", "fixed<20,1,RND>", "fixed<6,3,RND>", "ufixed<8,0>", "ufixed<7,0>", "ufixed<5,0>"),
    Config(5, 2, 1, "fixed<8,-2>", "fixed<12,1,TRN,WRAP>", "fixed<14,1,TRN,WRAP>", lam="fixed<10,1>", gam="fixed<9,3>"),
    Config(5, 2, 2, "fixed<10,10>", "fixed<9,4,RND_INF,SAT_SYM>", "fixed<13,5,RND_ZERO,SAT_SYM>", kap="fixed<7,3>"),
    Config(6, 3, 2),
    Config(4, 3, 3, "fixed<9,2>", "fixed<14,2,TRN_ZERO,SAT_ZERO>", "fixed<9,5,RND_MIN_INF,SAT_ZERO>", bet="fixed<9,9>"),
    Config(1, 3, 3),
    Config(6, 4, 1),
    Config(3, 4, 3),
    Config(4, 4, 2, pes=2),
    Config(3, 3, 1, pes=3),
    Config(3, 6, 3, pes=2),
    Config(4, 8, 2, pes=4),
    Config(4, 1, 2),
    Config(5, 1, 4, "fixed<20,2>", sweep="fixed<21,2,RND>", lam="fixed<19,1>"),
    Config(3, 2, 3),
    Config(3, 6, 4, pes=2),
    Config(2, 5, 4),
)  # fmt: skip


def random_grid(size: int, seed: int) -> Grid:
    """`size` random configurations: order 1..40, memory_d 1..6, widths 4..24, every mode."""
    rng = np.random.default_rng(seed)

    def kind(low: int, high: int, modes: bool = False) -> str:
        width = int(rng.integers(low, high + 1))
        names = f",{rng.choice(ROUNDINGS)},{rng.choice(OVERFLOWS)}" if modes else ""
        return f"fixed<{width},{int(rng.integers(-1, 5))}{names}>"

    grid = []
    for _ in range(size):
        memory_d = int(rng.integers(1, 7))
        types = [kind(4, 20), kind(4, 24, True), kind(4, 24, True), *(kind(4, 16) for _ in range(4))]
        sizes = int(rng.integers(1, 41)), memory_d, int(rng.integers(1, 5))
        grid.append(Config(*sizes, *types, scale=float(rng.uniform(0.05, 1.0))))
    return tuple(grid)
