"""Many memory units side by side in one top, so that one build serves them all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.resources import hdl_file
from lmu_hls.rtl import MemoryUnit
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.spec import LMU, Weight
from tests.support.hdl.memory_project import unit_name

U = "fixed<16,3,RND_CONV,SAT>"
MEM = "fixed<16,2,RND_CONV,SAT>"
STEPS = 6


class Config(Protocol):
    """One configuration: its layer, its unit, and one step of one channel by the definition."""

    u: str
    mem: str

    @property
    def memory_d(self) -> int: ...

    def lmu(self, name: str) -> LMU: ...

    def unit(self, layer: LMU) -> MemoryUnit: ...

    def step(self, layer: LMU, mem: Ints, u: int) -> Ints: ...


Grid = tuple[Config, ...]


def layer(name: str, types: tuple[FixedType, FixedType], update: object, memory_d: int) -> LMU:
    """A layer with this update and types of u and mem; its encoder is a single weight that no test uses."""
    u, mem = types
    encoder = Weight(np.ones((1, memory_d), np.int64), FixedType(8, 4))
    nothing = (None, None, None)
    return LMU(name, STEPS, u, encoder, *nothing, u, update, mem, None, mem, True, 1, 10.0, "zoh", "orthonormal")


def random_integers(rng: np.random.Generator, shape: tuple[int, ...], of: FixedType, scale: float) -> Ints:
    """Integers over `scale` of the range of `of`, with its two ends among them."""
    values = rng.integers(int(of.min_int * scale), int(of.max_int * scale) + 1, shape)
    ends = rng.random(shape)
    return np.where(ends < 0.05, of.min_int, np.where(ends > 0.95, of.max_int, values)).astype(np.int64)


def random_u(config: Config, sequences: int, seed: int) -> Ints:
    """u of shape (sequences, STEPS, memory_d) over its whole range."""
    shape = (sequences, STEPS, config.memory_d)
    return random_integers(np.random.default_rng(seed), shape, FixedType.parse(config.u), 1.0)


def reference(config: Config, lmu: LMU, u: Ints, reset_state: Ints, abort: Ints | None = None) -> Ints:
    """mem of shape (N, T, memory_d * order) by the definition: state runs on unless reset or cut short."""
    mem = np.zeros((lmu.memory_d, lmu.order), np.int64)
    out = np.empty((*u.shape[:2], mem.size), np.int64)
    for n in range(u.shape[0]):
        for t in range(u.shape[1]):
            if reset_state[n, t]:
                mem = np.zeros_like(mem)
            mem = np.stack([config.step(lmu, mem[c], int(u[n, t, c])) for c in range(lmu.memory_d)])
            out[n, t] = mem.ravel()
        if abort is not None and abort[n] >= 0:
            mem = np.zeros_like(mem)
    return out


@cache
def units(grid: Grid) -> list[tuple[LMU, MemoryUnit]]:
    """Layer and unit of each configuration, named c0, c1, ..."""
    layers = [config.lmu(f"c{k}") for k, config in enumerate(grid)]
    return [(layer, config.unit(layer)) for layer, config in zip(layers, grid, strict=True)]


def grid_sources(grid: Grid, folder: Path) -> list[Path]:
    modules = with_submodules(unit.module for _, unit in units(grid))
    return [*map(hdl_file, modules), folder / "grid.v"]


def write_grid(folder: Path, grid: Grid) -> None:
    """Write the top `grid` and the ROM files."""
    (folder / "rom").mkdir(parents=True)
    ports, instances = ["input wire clk", "input wire rst"], []
    for _, unit in units(grid):
        (folder / unit.rom.file).write_text(unit.rom.text())
        ports += _ports(unit)
        instances.append(_instance(unit))
    text = "module grid (\n    " + ",\n    ".join(ports) + "\n);\n" + "".join(instances) + "endmodule\n"
    (folder / "grid.v").write_text(text)


def _signals(unit: MemoryUnit) -> Mapping[str, tuple[str, int]]:
    return {
        "s_axis_tdata": ("input", int(unit.parameters["U_TYPE"]) % 256),
        "s_axis_tvalid": ("input", 1),
        "s_axis_tready": ("output", 1),
        "s_axis_tlast": ("input", 1),
        "s_axis_tuser": ("input", 1),
        "m_axis_tdata": ("output", unit.sizes.lanes * (int(unit.parameters["MEM_TYPE"]) % 256)),
        "m_axis_tvalid": ("output", 1),
        "m_axis_tready": ("input", 1),
        "m_axis_tlast": ("output", 1),
    }


def _ports(unit: MemoryUnit) -> list[str]:
    return [f"{way} wire [{width - 1}:0] {unit_name(unit)}_{signal}" for signal, (way, width) in _signals(unit).items()]


def _instance(unit: MemoryUnit) -> str:
    values = {k: f'"{v}"' if isinstance(v, str) else str(v) for k, v in unit.parameters.items()}
    parameters = ", ".join(f".{name}({value})" for name, value in values.items())
    ports = ", ".join(f".{signal}({unit_name(unit)}_{signal})" for signal in _signals(unit))
    return f"    {unit.module} #({parameters})\n        {unit_name(unit)} (.clk(clk), .rst(rst), {ports});\n"
