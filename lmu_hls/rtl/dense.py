"""A dense memory update as parameters and ROM words of ``lmu_memory_dense``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.rtl.affine import Rom, Source, common_fraction, split_lifts, turn_words
from lmu_hls.rtl.cycles import Beats
from lmu_hls.rtl.matrix import divisors
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import more_stages
from lmu_hls.rtl.unit import CHANNELS, MemorySizes, MemoryUnit, check_signed
from lmu_hls.spec import LMU, DenseUpdate, Weight

MODULE = "lmu_memory_dense"
Parameters = dict[str, int | str]
PIPELINE_CYCLES = 5  # from the last column of a group to its output beat, where a product has one stage
READ_AFTER_WRITE = 3  # from the last column of a step to where the next step may begin, if it read all at once


@dataclass(frozen=True, slots=True)
class DenseMemory(MemorySizes):
    """``lanes`` rows of [A_bar, B_bar] at a time, one multiplier each; they divide the order. A product has ``more``
    stages than one."""

    more: int = 0

    multipliers_a_lane = 1
    stream = CHANNELS

    @property
    def pipeline(self) -> int:
        """Cycles from the last column of a group to its output beat."""
        return PIPELINE_CYCLES + self.more

    @property
    def channel(self) -> int:
        """Cycles of one channel."""
        return self.order * (self.order + 1) // self.lanes

    @property
    def ii_cycles(self) -> int:
        slack = (self.order - self.lanes) + (self.memory_d - 1) * self.channel
        return self.memory_d * self.channel + max(0, READ_AFTER_WRITE + self.more - slack)

    @property
    def latency_cycles(self) -> int:
        return self.channel + self.pipeline

    @property
    def formula(self) -> str:
        return "MEMORY_D*ORDER*(ORDER+1)/LANES + WAIT"

    def cycles_behind(self, values: int) -> int:
        """The first word waits for the values, and stops the unit three cycles before the second one is due."""
        words = self.states // self.lanes
        return max(self.cycles, values + 3 + (words - 2) * (self.order + 1))

    @property
    def macs(self) -> int:
        return self.states * (self.order + 1)

    @property
    def possible_lanes(self) -> list[int]:
        return divisors(self.order)

    def responder(self) -> Callable[[Beats], Beats]:
        return _Rows(self)

    def last_state(self, u: Beats) -> int:
        end = max(beat + (self.memory_d - c) * self.channel for c, beat in enumerate(u)) + self.pipeline
        return end + (self.lanes if self.lanes > 1 else 0)


class _Rows:
    def __init__(self, sizes: DenseMemory) -> None:
        self.sizes = sizes
        self.free = -1  # earliest cycle for the next u

    def __call__(self, beats: Beats) -> Beats:
        sizes, lanes = self.sizes, self.sizes.lanes
        states: Beats = []
        for beat in beats:
            taken = max(beat, self.free)
            self.free = taken + sizes.channel
            words = [taken + (g + 1) * (sizes.order + 1) + sizes.pipeline for g in range(sizes.order // lanes)]
            states += words if lanes == 1 else [word + 1 + lane for word in words for lane in range(lanes)]
        self.free += sizes.ii_cycles - sizes.memory_d * sizes.channel
        return states


def dense_sizes(lmu: LMU, update: DenseUpdate) -> DenseMemory:
    """The sizes of the unit for ``update``, the one of ``lmu``, with one lane."""
    return DenseMemory(lmu.order, lmu.memory_d, more=_lifted(lmu, update)[2])


def dense_unit(lmu: LMU, update: DenseUpdate, file: str, lanes: int | None = None) -> MemoryUnit:
    """The unit for ``update``, the one of ``lmu``; its ROM is rom/<file>.hex.

    ``lanes`` must divide the order; by default it is the smallest divisor that gives as many multipliers as the
    reuse factor asks for (see :func:`lanes_for`). Raises LmuHlsError for what the unit cannot take.
    """
    check_signed(lmu.name, {"u": lmu.u, "mem": lmu.mem, "A_bar": update.a.type, "B_bar": update.b.type})
    if lanes is None:
        lanes = lanes_for(lmu.order, lmu.memory_d, lmu.reuse_factor)
    if lanes < 1 or lmu.order % lanes:
        allowed = ", ".join(map(str, divisors(lmu.order)))
        raise LmuHlsError(f"layer {lmu.name!r}: {lanes} lanes do not divide order {lmu.order}; use one of {allowed}")
    a, b, _ = _lifted(lmu, update)
    coef_width = max(a.type.width, b.type.width)
    words = rom_words(a.values, b.values, lanes, coef_width)
    rom = Rom(f"rom/{file}.hex", lanes * coef_width, words)
    parameters: dict[str, int | str] = {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "LANES": lanes}
    parameters |= typed("U", lmu.u) | typed("MEM", lmu.mem) | typed("A", a.type) | typed("B", b.type)
    parameters["ROM_FILE"] = rom.file
    return MemoryUnit(dense_sizes(lmu, update).with_lanes(lanes), MODULE, parameters, (rom,))


def parallel_memory(lmu: LMU, update: DenseUpdate, file: str, columns: int, pipeline: int) -> tuple[Parameters, Rom]:
    """Parameters and the ROM rom/<file>.hex of ``lmu_memory_parallel`` with so many columns of [B_bar, A_bar] a cycle.

    Raises LmuHlsError for what the unit cannot take.
    """
    check_signed(lmu.name, {"u": lmu.u, "mem": lmu.mem, "A_bar": update.a.type, "B_bar": update.b.type})
    a, b, _ = _lifted(lmu, update)
    width = max(a.type.width, b.type.width)
    matrix = np.concatenate([b.values[:, None], a.values], axis=1)
    rom = Rom(f"rom/{file}.hex", columns * width, turn_words(matrix, columns, width))
    parameters: Parameters = {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "COLUMNS": columns, "PIPELINE": pipeline}
    parameters |= typed("U", lmu.u) | typed("MEM", lmu.mem) | typed("A", a.type) | typed("B", b.type)
    return parameters | {"ROM_FILE": rom.file}, rom


def _lifted(lmu: LMU, update: DenseUpdate) -> tuple[Weight, Weight, int]:
    """A_bar and B_bar with the fraction bits that make the smallest multipliers, and :func:`more_stages` of their
    products. The unit shifts u or mem by the difference that is left."""
    sources = [Source("u", lmu.u, Weight(update.b.values[np.newaxis], update.b.type)), Source("mem", lmu.mem, update.a)]
    _, lifts = common_fraction(sources, [])
    op_width, coef_width, shifts = split_lifts(sources, lifts)
    b, a = (_shifted(weight, lift - own) for weight, lift, own in zip((update.b, update.a), lifts, shifts, strict=True))
    return a, b, more_stages(op_width, coef_width)


def _shifted(weight: Weight, bits: int) -> Weight:
    """The same values with ``bits`` more fraction bits."""
    return Weight(weight.values << bits, replace(weight.type, width=weight.type.width + bits))


def rom_words(a: Ints, b: Ints, lanes: int, width: int) -> tuple[int, ...]:
    """ROM contents for A_bar ``a`` (order, order) and B_bar ``b`` (order,), integers of ``width`` bits.

    Word g * (order + 1) + k holds column k of [B_bar, A_bar] for the rows g * lanes .. g * lanes + lanes - 1, lowest
    row in the low bits.
    """
    order = len(b)
    columns = np.concatenate([b[:, None], a], axis=1)  # (order, order + 1)
    groups = columns.reshape(order // lanes, lanes, order + 1).swapaxes(1, 2).reshape(-1, lanes)
    mask = (1 << width) - 1
    return tuple(sum((int(c) & mask) << (k * width) for k, c in enumerate(word)) for word in groups)


def lanes_for(order: int, memory_d: int, reuse_factor: int) -> int:
    """The smallest divisor of ``order`` with at least MACs / reuse_factor multipliers, or ``order``, which is the most.

    A step has memory_d * order * (order + 1) multiply-accumulates.
    """
    multipliers = memory_d * order * (order + 1) / reuse_factor
    return next((lanes for lanes in divisors(order) if lanes >= multipliers), order)
