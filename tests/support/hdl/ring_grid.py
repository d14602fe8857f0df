"""Configurations of the memory unit without multipliers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU
from tests.support.hdl import dense_grid


@dataclass(frozen=True, slots=True)
class Config(dense_grid.Config):
    """As of the dense unit, with additions in ``stages`` (None: as many as the planner takes)."""

    lanes: int = 1
    stages: int | None = None

    def __str__(self) -> str:
        return f"order{self.order}-d{self.memory_d}-stages{self.stages}-{self.mem.partition('<')[2][:-1]}"

    def lmu(self, name: str) -> LMU:
        return replace(dense_grid.Config.lmu(self, name), adders=True)

    def unit(self, layer: LMU) -> MemoryUnit:
        return memory_unit(layer, pipeline=self.stages)


Grid = tuple[Config, ...]

GRID: Grid = (
    Config(4, 6),
    Config(3, 1),
    Config(3, 4, stages=1),
    Config(1, 1),
    Config(1, 9),
    Config(2, 12, stages=9),
    Config(5, 2, u="fixed<8,-2>", mem="fixed<12,1,TRN,WRAP>", a="fixed<10,1>", b="fixed<14,3>"),
    Config(3, 2, u="fixed<10,10>", mem="fixed<9,4,RND_INF,SAT_SYM>", a="fixed<7,1>", b="fixed<6,-3>"),
    Config(4, 1, u="fixed<12,2>", mem="fixed<14,2,TRN_ZERO,SAT_ZERO>", a="fixed<16,1>", b="fixed<12,12>"),
)


def random_grid(size: int, seed: int) -> Grid:
    """Those of the dense unit with other stages: up to order 12, whose simulation compiles in seconds."""
    drawn = (config for config in dense_grid.random_grid(4 * size, seed) if config.order <= 12)
    fields = ("order", "memory_d", "lanes", "u", "mem", "a", "b", "scale")
    values = [{name: getattr(config, name) for name in fields} for config, _ in zip(drawn, range(size), strict=False)]
    return tuple(Config(**value, stages=k % 5 or None) for k, value in enumerate(values))
