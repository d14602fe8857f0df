"""Memory units as cases: what goes in and what has to come out, by the definition of one step of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.rtl.unit import CHANNELS, MemoryUnit
from lmu_hls.spec import LMU, Weight
from tests.support.hdl.core_grid import Case, Phase, last_beats, signed
from tests.support.hdl.stream_grid import Stream, Unit, beats

U = "fixed<16,3,RND_CONV,SAT>"
MEM = "fixed<16,2,RND_CONV,SAT>"


class Config(Protocol):
    """One configuration: its layer, its unit, and one step of one channel by the definition."""

    u: str
    mem: str

    @property
    def memory_d(self) -> int: ...

    def lmu(self, name: str) -> LMU: ...

    def unit(self, layer: LMU) -> MemoryUnit: ...

    def step(self, layer: LMU, mem: Ints, u: int) -> Ints: ...


def layer(name: str, types: tuple[FixedType, FixedType], update: object, memory_d: int) -> LMU:
    """A layer with this update and types of u and mem; its encoder is a single weight that no test uses."""
    u, mem = types
    encoder = Weight(np.ones((1, memory_d), np.int64), FixedType(8, 4))
    nothing = (None, None, None)
    return LMU(name, 6, u, encoder, *nothing, u, update, mem, None, mem, True, 1, 10.0, "zoh", "orthonormal")


def random_integers(rng: np.random.Generator, shape: tuple[int, ...], of: FixedType, scale: float) -> Ints:
    """Integers over `scale` of the range of `of`, with its two ends among them."""
    values = rng.integers(int(of.min_int * scale), int(of.max_int * scale) + 1, shape)
    ends = rng.random(shape)
    return np.where(ends < 0.05, of.min_int, np.where(ends > 0.95, of.max_int, values)).astype(np.int64)


def reference(config: Config, lmu: LMU, u: Ints, reset_state: Ints) -> Ints:
    """mem of shape (steps, memory_d, order) by the definition, for u (steps, memory_d): it runs on unless reset."""
    mem = np.zeros((lmu.memory_d, lmu.order), np.int64)
    out = np.empty((len(u), *mem.shape), np.int64)
    for step, values in enumerate(u):
        if reset_state[step]:
            mem = np.zeros_like(mem)
        mem = np.stack([config.step(lmu, mem[c], int(values[c])) for c in range(lmu.memory_d)])
        out[step] = mem
    return out


def words(mem: Ints, unit: MemoryUnit, width: int) -> Ints:
    """Output beats (steps, beats a step) of states (steps, memory_d, order), in the order of the unit's stream."""
    if unit.sizes.stream != CHANNELS:
        groups = mem[:, :, ::-1].reshape(len(mem), -1, unit.sizes.group, unit.sizes.order)
        mem = groups.transpose(0, 1, 3, 2)
    states = (mem.reshape(len(mem), -1, unit.sizes.together) & ((1 << width) - 1)).astype(object)
    return sum(states[..., lane] << (lane * width) for lane in range(unit.sizes.together))


def memory(name: str, config: Config) -> Case:
    """A unit; reset_state comes with any step, and has no meaning beside a step's first value."""
    lmu = config.lmu(name)
    unit, u_w, mem_w = config.unit(lmu), lmu.u.width, lmu.mem.width
    out_w = unit.sizes.together * mem_w

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        steps = sum(lengths)
        u = signed(rng, (steps, lmu.memory_d), u_w)
        user = rng.integers(0, 2, u.shape)
        user[:, 0] = rng.random(steps) < 0.3  # after rst a step starts from zero without it
        states = words(reference(config, lmu, u, user[:, 0]), unit, mem_w)
        given = beats(states, out_w, last_beats(lengths, states.shape[1]))
        return {
            "inputs": {"s_axis": beats(u, u_w, last_beats(lengths, lmu.memory_d), user)},
            "outputs": {"m_axis": given},
        }

    ports = ((Stream("s_axis", u_w, user=1),), (Stream("m_axis", out_w),))
    steps = {"inputs": {"s_axis": lmu.memory_d}, "outputs": {"m_axis": unit.sizes.states // unit.sizes.together}}
    roms = {rom.file: rom.text() for rom in unit.roms}
    cycles = (unit.sizes.latency_cycles, unit.sizes.ii_cycles)
    return Case(Unit(unit.module, unit.parameters, *ports), phase, steps, *cycles, roms)


def memories(prefix: str, grid: tuple[Config, ...]) -> Mapping[str, Case]:
    """{<prefix><k>: case}."""
    return {f"{prefix}{k}": memory(f"{prefix}{k}", config) for k, config in enumerate(grid)}
