"""A tridiagonal memory update as parameters and ROM words of ``lmu_memory_tridiag``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Rom
from lmu_hls.rtl.cycles import QUEUE, Beats
from lmu_hls.rtl.matrix import divisors
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.unit import DEGREES_DESCENDING, MemorySizes, MemoryUnit, check_signed
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight

MODULE, SHARED_MODULE = "lmu_memory_tridiag", "lmu_memory_tridiag_pes"
# From reading a state to writing it, for each depth of the recurrence
DEPTH = {1: 7, 2: 7, 3: 9, 4: 10}
TURN = 3  # between the sweeps, where a degree takes one cycle
SHARED_ORDER = 3  # from which on several units share the channels: their cycles would not be constant below


@dataclass(frozen=True, slots=True)
class TridiagonalMemory(MemorySizes):
    """``lanes`` units share the channels; they divide memory_d. ``pipeline`` is the depth of the recurrence.

    Without ``pipeline`` it is as deep as the channels of a unit hide. A deeper one takes more cycles of a faster clock.
    """

    pipeline: int | None = None

    multipliers_a_lane = 3
    stream = DEGREES_DESCENDING

    @property
    def channels(self) -> int:
        """Of a unit."""
        return self.memory_d // self.lanes

    @property
    def deepest(self) -> int:
        """That costs no cycle. Up to order 2 a second one takes no more than the turn of one channel alone."""
        return min(max(DEPTH), max(self.channels, 2 if self.order <= 2 else 1))

    @property
    def depth(self) -> int:
        """Cycles from reading a state to writing it."""
        return DEPTH[self.recurrence]

    @property
    def recurrence(self) -> int:
        """Cycles from a degree to the next one of the same channel, without others in between."""
        return self.deepest if self.pipeline is None else self.pipeline

    @property
    def slots(self) -> int:
        """Cycles of a degree of all channels."""
        return max(self.channels, self.recurrence)

    @property
    def _sweeps(self) -> int:
        return (2 * self.order - 1) * self.slots + self.channels + (TURN if self.slots == 1 else 0) + 1

    @property
    def ii_cycles(self) -> int:
        return self._sweeps + max(0, self.depth - self.channels) + self.memory_d - self.channels

    @property
    def latency_cycles(self) -> int:
        return self._sweeps + self.depth

    @property
    def formula(self) -> str:
        if self.lanes == 1:
            return "2*ORDER*SLOTS - GAP + TURN + WAIT + 1"
        return "max(ORDER*MEMORY_D, 2*ORDER*SLOTS - GAP + TURN + WAIT + 1 + LOAD)"

    @property
    def macs(self) -> int:
        return 4 * self.states

    @property
    def possible_lanes(self) -> list[int]:
        return divisors(self.memory_d) if self.order >= SHARED_ORDER else [1]

    @property
    def queued(self) -> bool:
        return self.lanes > 1

    @property
    def words(self) -> int:
        """Output beats of the unit a step."""
        return self.states // self.lanes

    def within(self, cycles: int) -> TridiagonalMemory:
        made = (replace(self, pipeline=pipeline) for pipeline in sorted(DEPTH, reverse=True))
        allowed = max(cycles, self.cycles)
        return next(sizes for sizes in made if sizes.cycles <= allowed)

    @property
    def outputs(self) -> list[int]:
        """When the words of a step leave, from the first one on."""
        return [row * self.slots + channel for row in range(self.order) for channel in range(self.channels)]

    def responder(self) -> Callable[[Beats], Beats]:
        return _Sweeps(self)

    def last_state(self, u: Beats) -> int:
        end = u[-1] + (QUEUE if self.memory_d > 1 else 0) + self.latency_cycles
        if self.lanes == 1:
            return end
        # Behind its queue, the states of a word leave one a cycle
        return max(end + QUEUE + self.lanes, end - self.outputs[-1] + QUEUE + self.states)


class _Sweeps:
    def __init__(self, sizes: TridiagonalMemory) -> None:
        self.sizes = sizes
        self.free = -1  # earliest cycle for the next u

    def __call__(self, beats: Beats) -> Beats:
        sizes = self.sizes
        wait = QUEUE if sizes.memory_d > 1 else 0  # u of all channels wait for one another
        for beat in beats:
            taken = max(beat + wait, self.free)
            self.free = taken + 1
        self.free = taken + sizes.ii_cycles - sizes.memory_d + 1
        first = taken + sizes.latency_cycles - sizes.outputs[-1]
        if sizes.lanes == 1:
            return [first + output for output in sizes.outputs]
        states: Beats = []
        for output in sizes.outputs:
            serialized = max(first + output + QUEUE, states[-1] if states else 0)
            states += [serialized + 1 + lane for lane in range(sizes.lanes)]
        return states


def tridiagonal_unit(
    lmu: LMU,
    update: TridiagonalUpdate,
    file: str,
    pes: int | None = None,
    pipeline: int | None = None,
    cycles: int = 0,
) -> MemoryUnit:
    """The unit for ``update``, the one of ``lmu``; its ROM is rom/<file>.hex.

    ``pes`` units, by default one, share the channels; it divides memory_d, and is 1 below order 3. ``pipeline`` is the
    number of cycles of the recurrence, 1 to 4; by default as many as cost no cycle more than ``cycles`` a step. Each
    unit has three multipliers. Raises LmuHlsError for what the unit cannot take.
    """
    check_signed(lmu.name, {"u": lmu.u, "mem": lmu.mem, "sweep": update.sweep})
    pes = 1 if pes is None else pes
    if pes < 1 or lmu.memory_d % pes:
        allowed = ", ".join(map(str, divisors(lmu.memory_d)))
        raise LmuHlsError(
            f"layer {lmu.name!r}: {pes} units do not divide memory_d {lmu.memory_d}; use one of {allowed}"
        )
    if pes > 1 and lmu.order < SHARED_ORDER:
        raise LmuHlsError(f"layer {lmu.name!r}: {pes} units need an order of {SHARED_ORDER} or more; use one unit")
    sizes = TridiagonalMemory(lmu.order, lmu.memory_d, pes, pipeline)
    if pipeline is not None and pipeline not in DEPTH:
        raise LmuHlsError(f"layer {lmu.name!r}: pipeline {pipeline} is not possible; use 1 to {max(DEPTH)}")
    if pipeline is None:
        sizes = sizes.within(cycles)
    coefficients = _coefficients(update)
    lam, bet, gam, kap = (weight.type.width for weight in coefficients.values())
    last_gam = (lmu.order - 1, ((1 << gam) - 1) << (lam + bet))  # the unit adds z of a degree that is not there
    rom = Rom(f"rom/{file}.hex", lam + bet + gam + kap, rom_words(coefficients), last_gam)
    parameters: dict[str, int | str] = {} if pes == 1 else {"PES": pes}
    parameters |= {"ORDER": lmu.order, "MEMORY_D": lmu.memory_d}
    parameters |= {"PIPELINE": sizes.recurrence}
    parameters |= typed("U", lmu.u) | typed("MEM", lmu.mem) | typed("SWEEP", update.sweep)
    for prefix in ("LAM", "GAM", "KAP", "BET"):
        parameters |= typed(prefix, coefficients[prefix].type)
    parameters["ROM_FILE"] = rom.file
    return MemoryUnit(sizes, MODULE if pes == 1 else SHARED_MODULE, parameters, (rom,))


def rom_words(coefficients: dict[str, Weight]) -> tuple[int, ...]:
    """ROM contents: one word a degree, the coefficients in the order of the mapping from the low bits up.

    A single degree is followed by a word of zeros, because a ROM has at least two words.
    """
    words = [0] * max(2, len(next(iter(coefficients.values())).values))
    place = 0
    for weight in coefficients.values():
        mask = (1 << weight.type.width) - 1
        for i, value in enumerate(weight.values):
            words[i] |= (int(value) & mask) << place
        place += weight.type.width
    return tuple(words)


def _coefficients(update: TridiagonalUpdate) -> dict[str, Weight]:
    """-lam, bet, gam and kap as the ROM holds them, signed; the last gam is in the place of the last kap."""
    gam, kap = update.gam, update.kap
    fraction = max(gam.type.fraction, kap.type.fraction)
    last_gam = int(gam.values[-1]) << (fraction - gam.type.fraction)
    kaps = [int(value) << (fraction - kap.type.fraction) for value in kap.values[:-1]] + [last_gam]
    width = max(_signed_width(w.type) + fraction - w.type.fraction for w in (gam, kap))
    return {
        "LAM": _weight([-int(value) for value in update.lam.values], _signed_width(update.lam.type), update.lam.type),
        "BET": _weight([int(value) for value in update.bet.values], _signed_width(update.bet.type), update.bet.type),
        "GAM": _weight([int(value) for value in gam.values[:-1]] + [0], _signed_width(gam.type), gam.type),
        "KAP": Weight(np.array(kaps, np.int64), FixedType(width, width - fraction)),
    }


def apart(update: TridiagonalUpdate) -> dict[str, Weight]:
    """-lam, bet, gam and kap, signed, each in its own place and type."""
    weights = {"LAM": update.lam, "BET": update.bet, "GAM": update.gam, "KAP": update.kap}
    signs = {"LAM": -1}
    return {
        name: _weight(
            [signs.get(name, 1) * int(value) for value in weight.values], _signed_width(weight.type), weight.type
        )
        for name, weight in weights.items()
    }


def _weight(values: list[int], width: int, fixed_type: FixedType) -> Weight:
    """Values on the grid of ``fixed_type`` in a signed type of ``width`` bits, or one more if the largest needs it."""
    wide = width + int(max(values) >= 1 << (width - 1))
    return Weight(np.array(values, np.int64), FixedType(wide, wide - fixed_type.fraction))


def _signed_width(fixed_type: FixedType) -> int:
    return fixed_type.width + int(not fixed_type.signed)
