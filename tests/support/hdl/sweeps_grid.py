"""Configurations of the tridiagonal memory unit with both sweeps at the same time."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from lmu_hls.rtl.matrix import divisors
from lmu_hls.rtl.sweeps import BOTH, SweepsMemory, sweeps_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, TridiagonalUpdate
from tests.support.hdl import tridiag_grid


@dataclass(frozen=True, slots=True)
class Config(tridiag_grid.Config):
    """As of lmu_memory_tridiag, in groups of ``together`` channels."""

    together: int = 1

    def __str__(self) -> str:
        return f"{tridiag_grid.Config.__str__(self)}-together{self.together}"

    def unit(self, layer: LMU) -> MemoryUnit:
        assert isinstance(layer.update, TridiagonalUpdate)
        sizes = SweepsMemory(self.order, self.memory_d, BOTH, self.together, self.pipeline)
        return sweeps_unit(layer, layer.update, layer.name, sizes)


Grid = tuple[Config, ...]

# Two groups and more, waits and none, every PIPELINE with channels to spare and without, odd types and modes
GRID: Grid = (
    Config(6, 2, 1),
    Config(17, 4, 2, together=2),
    Config(2, 2, 1),
    Config(2, 3, 1),
    Config(5, 4, 2, together=2),
    Config(3, 6, 3, together=3),
    Config(3, 8, 4, together=4),
    Config(4, 8, 1, together=4),
    Config(4, 6, 1, "fixed<4,0>", "fixed<20,1,RND>", "fixed<6,3,RND>", "ufixed<8,0>", "ufixed<7,0>", "ufixed<5,0>"),
    Config(5, 2, 1, "fixed<8,-2>", "fixed<12,1,TRN,WRAP>", "fixed<14,1,TRN,WRAP>", lam="fixed<10,1>", gam="fixed<9,3>"),
    Config(
        4,
        9,
        3,
        "fixed<9,2>",
        "fixed<14,2,TRN_ZERO,SAT_ZERO>",
        "fixed<9,5,RND_MIN_INF,SAT_ZERO>",
        bet="fixed<9,9>",
        together=3,
    ),
)


def random_grid(size: int, seed: int) -> Grid:
    """Those of lmu_memory_tridiag that have two degrees and two channels, with other groups and pipelines."""
    rng, made = np.random.default_rng(seed), []
    for config in tridiag_grid.random_grid(4 * size, seed):
        if config.order > 1 and config.memory_d > 1 and len(made) < size:
            together = int(rng.choice(divisors(config.memory_d)[:-1]))
            values = {field.name: getattr(config, field.name) for field in fields(config)}
            values |= {"pipeline": int(rng.integers(1, min(4, together) + 1)), "pes": 1}
            made.append(Config(**values, together=together))
    return tuple(made)
