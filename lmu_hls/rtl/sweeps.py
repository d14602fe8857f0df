"""A tridiagonal memory update, both sweeps at the same time, as parameters and ROM words of ``lmu_memory_sweeps``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.affine import Rom
from lmu_hls.rtl.cycles import QUEUE, Beats
from lmu_hls.rtl.matrix import divisors
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.tridiag import SHARED_ORDER, TridiagonalMemory, apart, rom_words
from lmu_hls.rtl.unit import DEGREES_DESCENDING, MemorySizes, MemoryUnit, check_signed
from lmu_hls.spec import LMU, TridiagonalUpdate

MODULE = "lmu_memory_sweeps"
LEAST_ORDER = 2
BOTH = 2  # lanes: a degree of each sweep
# From reading f to writing the new state, for each depth of the recurrence
DEPTH = {1: 8, 2: 8, 3: 7, 4: 7}


@dataclass(frozen=True, slots=True)
class SweepsMemory(MemorySizes):
    """Groups of ``channels`` go through the forward and then the backward sweep, each while another group is
    in the other one. ``pipeline`` is the depth of a recurrence."""

    channels: int = 1
    pipeline: int = 1

    multipliers_a_lane = 2
    stream = DEGREES_DESCENDING

    @property
    def groups(self) -> int:
        return self.memory_d // self.channels

    @property
    def group(self) -> int:
        return self.channels

    @property
    def together(self) -> int:
        return 1

    @property
    def queued(self) -> bool:
        return True

    def with_lanes(self, lanes: int) -> MemorySizes:
        return FreeTridiagonalMemory(self.order, self.memory_d).with_lanes(lanes)

    def within(self, cycles: int) -> SweepsMemory:
        allowed = max(cycles, self.cycles)
        made = [sizes for sizes in _made(self.order, self.memory_d) if sizes.cycles <= allowed]
        return min(made, key=lambda sizes: (-sizes.pipeline, sizes.ii_cycles, sizes.latency_cycles))

    @property
    def sweep(self) -> int:
        """Cycles of a sweep of a group."""
        return self.order * self.channels

    @property
    def depth(self) -> int:
        """From reading f to writing the new state."""
        return DEPTH[self.pipeline]

    @property
    def to_back(self) -> int:
        return max(2, 8 - self.channels)

    @property
    def to_forward(self) -> int:
        return max(2, self.depth + 2 - self.channels)

    @property
    def ii_cycles(self) -> int:
        return max(self.groups * self.sweep, 2 * self.sweep + self.to_back + self.to_forward - 2)

    @property
    def latency_cycles(self) -> int:
        ahead = (self.groups - 1) * self.channels
        return (self.groups + 1) * self.sweep - ahead + self.to_back + self.depth + 1

    @property
    def formula(self) -> str:
        return "max(ORDER*MEMORY_D, 2*SWEEP + TO_BACK + TO_FORWARD - 2)"

    @property
    def macs(self) -> int:
        return 4 * self.states

    @property
    def possible_lanes(self) -> list[int]:
        return FreeTridiagonalMemory(self.order, self.memory_d).possible_lanes

    def responder(self) -> Callable[[Beats], Beats]:
        return _Groups(self)

    def last_state(self, u: Beats) -> int:
        return u[-1] + 2 * self.sweep + self.to_back + self.depth + 1 + QUEUE


class _Groups:
    def __init__(self, sizes: SweepsMemory) -> None:
        self.sizes = sizes
        self.up = self.down = -1  # last cycle of the last sweep
        self.swept = [-(1 << 20)] * sizes.groups  # last cycle of the backward sweep of each group
        self.freed = [-(1 << 20)] * sizes.groups  # and of its forward sweep
        self.taken = -1

    def __call__(self, beats: Beats) -> Beats:
        sizes, states = self.sizes, []
        for group in range(sizes.groups):
            for beat in beats[group * sizes.channels :][: sizes.channels]:
                self.taken = max(beat, self.taken + 1, self.freed[group] + 1)
            first = max(self.taken + 2, self.up + 1, self.swept[group] + sizes.to_forward)
            self.up = self.freed[group] = first + sizes.sweep - 1
            first = max(self.up + sizes.to_back, self.down + 1)
            self.down = self.swept[group] = first + sizes.sweep - 1
            states += [first + k + sizes.depth + 1 + QUEUE for k in range(sizes.sweep)]
        return states


@dataclass(frozen=True, slots=True)
class FreeTridiagonalMemory(TridiagonalMemory):
    """A tridiagonal memory of a layer without feedback: in the place of two units both sweeps go at the same time."""

    def with_lanes(self, lanes: int) -> MemorySizes:
        if lanes == BOTH and BOTH in self.possible_lanes:
            return sweeps_sizes(self.order, self.memory_d)
        return FreeTridiagonalMemory(self.order, self.memory_d, lanes)

    @property
    def possible_lanes(self) -> list[int]:
        both = [BOTH] if self.order >= LEAST_ORDER and self.memory_d > 1 else []
        return sorted({*divisors(self.memory_d), *both}) if self.order >= SHARED_ORDER else [1, *both]


def sweeps_sizes(order: int, memory_d: int) -> SweepsMemory:
    """Of the unit with the fewest cycles a step, and of those the one with the deepest recurrences.

    It has two channels and two degrees or more.
    """
    return min(_made(order, memory_d), key=lambda sizes: (sizes.ii_cycles, -sizes.pipeline, sizes.latency_cycles))


def _made(order: int, memory_d: int) -> list[SweepsMemory]:
    """All forms of the unit."""
    return [
        SweepsMemory(order, memory_d, BOTH, channels, pipeline)
        for channels in divisors(memory_d)[:-1]
        for pipeline in DEPTH
        if pipeline <= channels
    ]


def sweeps_unit(lmu: LMU, update: TridiagonalUpdate, file: str, sizes: SweepsMemory) -> MemoryUnit:
    """The unit for ``update``, the one of ``lmu``; its ROM is rom/<file>.hex. Raises LmuHlsError for what the unit
    cannot take."""
    check_signed(lmu.name, {"u": lmu.u, "mem": lmu.mem, "sweep": update.sweep})
    if sizes.order < LEAST_ORDER or sizes.groups < 2:
        raise LmuHlsError(f"layer {lmu.name!r}: both sweeps at the same time need two channels and two degrees or more")
    coefficients = apart(update)
    rom = Rom(f"rom/{file}.hex", sum(weight.type.width for weight in coefficients.values()), rom_words(coefficients))
    parameters: dict[str, int | str] = {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d, "TOGETHER": sizes.channels}
    parameters |= {"PIPELINE": sizes.pipeline}
    parameters |= typed("U", lmu.u) | typed("MEM", lmu.mem) | typed("SWEEP", update.sweep)
    for prefix in ("LAM", "GAM", "KAP", "BET"):
        parameters |= typed(prefix, coefficients[prefix].type)
    parameters["ROM_FILE"] = rom.file
    return MemoryUnit(sizes, MODULE, parameters, (rom,))
