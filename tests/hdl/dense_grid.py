"""Configurations of the dense memory unit, all side by side in one top so that one build serves them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, Ints, requantize
from lmu_hls.resources import hdl_dir
from lmu_hls.rtl import MemoryUnit, memory_unit
from lmu_hls.rtl.project import MODULES, rom_source
from lmu_hls.spec import LMU, DenseUpdate, Weight

U = "fixed<16,3,RND_CONV,SAT>"
MEM = "fixed<16,2,RND_CONV,SAT>"
COEF = "fixed<18,2>"
STEPS = 6


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
        """A layer with random coefficients; its encoder is a single weight that no test uses."""
        rng = np.random.default_rng([self.order, self.memory_d, self.lanes])
        types = [FixedType.parse(text) for text in (self.u, self.mem, self.a, self.b)]
        u, mem, a, b = types
        update = DenseUpdate(
            Weight(_random(rng, (self.order, self.order), a, self.scale), a),
            Weight(_random(rng, (self.order,), b, 1.0), b),
        )
        encoder = Weight(np.ones((1, self.memory_d), np.int64), FixedType(8, 4))
        nothing = (None, None, None)
        return LMU(name, STEPS, u, encoder, *nothing, u, update, mem, None, mem, True, 1, 10.0, "zoh", "orthonormal")


Grid = tuple[Config, ...]

GRID: Grid = (
    *(Config(6, memory_d, lanes) for memory_d in (1, 4) for lanes in (1, 2, 6)),
    Config(1, 1, 1),
    Config(1, 4, 1),
    Config(4, 1, 2),
    Config(5, 2, 5, u="fixed<8,-2>", mem="fixed<12,1,TRN,WRAP>", a="fixed<10,1>", b="fixed<14,3>"),
    Config(3, 2, 1, u="fixed<10,10>", mem="fixed<9,4,RND_INF,SAT_SYM>", a="fixed<7,1>", b="fixed<6,-3>"),
    Config(4, 1, 4, u="fixed<12,2>", mem="fixed<14,2,TRN_ZERO,SAT_ZERO>", a="fixed<16,1>", b="fixed<12,12>"),
)


def _random(rng: np.random.Generator, shape: tuple[int, ...], of: FixedType, scale: float) -> Ints:
    """Integers over `scale` of the range of `of`, with its two ends among them."""
    values = rng.integers(int(of.min_int * scale), int(of.max_int * scale) + 1, shape)
    ends = rng.random(shape)
    return np.where(ends < 0.05, of.min_int, np.where(ends > 0.95, of.max_int, values)).astype(np.int64)


def random_u(config: Config, sequences: int, seed: int) -> Ints:
    """u of shape (sequences, STEPS, memory_d) over its whole range."""
    return _random(np.random.default_rng(seed), (sequences, STEPS, config.memory_d), FixedType.parse(config.u), 1.0)


def reference(lmu: LMU, u: Ints, reset_state: Ints, abort: Ints | None = None) -> Ints:
    """mem of shape (N, T, memory_d * order) by the definition: state runs on unless reset or cut short."""
    a, b = lmu.update.a, lmu.update.b
    fractions = (a.type.fraction + lmu.mem.fraction, b.type.fraction + lmu.u.fraction)
    fraction = max(fractions)
    mem = np.zeros((lmu.memory_d, lmu.order), np.int64)
    out = np.empty((*u.shape[:2], mem.size), np.int64)
    for n in range(u.shape[0]):
        for t in range(u.shape[1]):
            if reset_state[n, t]:
                mem = np.zeros_like(mem)
            sums = ((mem @ a.values.T) << (fraction - fractions[0])) + (
                (u[n, t][:, None] * b.values) << (fraction - fractions[1])
            )
            mem = requantize(sums, fraction, lmu.mem)
            out[n, t] = mem.ravel()
        if abort is not None and abort[n] >= 0:
            mem = np.zeros_like(mem)
    return out


@cache
def units(grid: Grid) -> list[tuple[LMU, MemoryUnit]]:
    """Layer and unit of each configuration, named c0, c1, ..."""
    layers = [config.lmu(f"c{k}") for k, config in enumerate(grid)]
    return [(layer, memory_unit(layer, config.lanes)) for layer, config in zip(layers, grid, strict=True)]


def grid_sources(folder: Path) -> list[Path]:
    return [*(hdl_dir() / f"{module}.v" for module in MODULES), folder / "grid.v"]


def write_grid(folder: Path, grid: Grid) -> None:
    """Write the top `grid` and the ROM files."""
    (folder / "rom").mkdir(parents=True)
    ports, instances = ["input wire clk", "input wire rst"], []
    for _, unit in units(grid):
        (folder / unit.rom_file).write_text(rom_source(unit))
        ports += _ports(unit)
        instances.append(_instance(unit))
    text = "module grid (\n    " + ",\n    ".join(ports) + "\n);\n" + "".join(instances) + "endmodule\n"
    (folder / "grid.v").write_text(text)


def _signals(unit: MemoryUnit) -> Mapping[str, tuple[str, int]]:
    return {
        "s_axis_tdata": ("input", int(unit.parameters["U_W"])),
        "s_axis_tvalid": ("input", 1),
        "s_axis_tready": ("output", 1),
        "s_axis_tlast": ("input", 1),
        "s_axis_tuser": ("input", 1),
        "m_axis_tdata": ("output", unit.lanes * int(unit.parameters["MEM_W"])),
        "m_axis_tvalid": ("output", 1),
        "m_axis_tready": ("input", 1),
        "m_axis_tlast": ("output", 1),
    }


def _ports(unit: MemoryUnit) -> list[str]:
    return [f"{way} wire [{width - 1}:0] {unit.name}_{signal}" for signal, (way, width) in _signals(unit).items()]


def _instance(unit: MemoryUnit) -> str:
    values = {k: f'"{v}"' if isinstance(v, str) else str(v) for k, v in unit.parameters.items()}
    parameters = ", ".join(f".{name}({value})" for name, value in values.items())
    ports = ", ".join(f".{signal}({unit.name}_{signal})" for signal in _signals(unit))
    return f"    lmu_memory_dense #({parameters})\n        {unit.name} (.clk(clk), .rst(rst), {ports});\n"


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
