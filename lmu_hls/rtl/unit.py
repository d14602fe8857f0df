"""What a memory unit is to the rest of the package, whichever Verilog module does the work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Rom
from lmu_hls.rtl.cycles import Beats

# How the states of a step follow one another in the output stream: degrees ascending, one channel after another; or
# degrees descending, at each degree the channels ascending.
CHANNELS, DEGREES_DESCENDING = "channels", "degrees_descending"


@dataclass(frozen=True, slots=True)
class MemorySizes(ABC):
    """A memory unit of ``memory_d`` channels of ``order`` states, ``lanes`` of which it works on: its cycles.

    ``stream`` is the order of the states. A subclass has the formulas in the header of its module, each once: they hold
    exactly, without gaps and back-pressure.
    """

    order: int
    memory_d: int
    lanes: int = 1

    multipliers_a_lane: ClassVar[int]
    stream: ClassVar[str]

    @property
    def states(self) -> int:
        return self.memory_d * self.order

    @property
    def multipliers(self) -> int:
        return self.lanes * self.multipliers_a_lane

    @property
    def together(self) -> int:
        """States of an output beat."""
        return self.lanes

    @property
    def queued(self) -> bool:
        """The states of a step wait in a queue behind it."""
        return False

    @property
    def group(self) -> int:
        """Channels whose states come together, where the degrees descend."""
        return self.memory_d

    def with_lanes(self, lanes: int) -> MemorySizes:
        return replace(self, lanes=lanes)

    def within(self, cycles: int) -> MemorySizes:
        """The one with the fastest clock that takes no more cycles a step than this one, or than ``cycles``."""
        return self

    @property
    @abstractmethod
    def ii_cycles(self) -> int:
        """From one step's first input beat to that of the next."""

    @property
    @abstractmethod
    def latency_cycles(self) -> int:
        """From a step's last input beat to its last output beat."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """That of :attr:`cycles`, for the reader of the manifest."""

    @property
    @abstractmethod
    def macs(self) -> int:
        """The multiplications of a step."""

    @property
    @abstractmethod
    def possible_lanes(self) -> list[int]: ...

    @abstractmethod
    def responder(self) -> Callable[[Beats], Beats]:
        """A unit with its serializer, from its reset on: u of a step in, one state after another out."""

    @abstractmethod
    def last_state(self, u: Beats) -> int:
        """When the last state leaves the serializer of an idle unit, whose inputs come at ``u``; a bound from below."""

    def cycles_behind(self, values: int) -> int:
        """Cycles a step when ``values`` go one a cycle between a step's last state and the first one of the next.

        No more than without them in a unit that keeps the states of a step.
        """
        return self.cycles

    @property
    def cycles(self) -> int:
        """Cycles a step; the states leave one a cycle."""
        return max(self.ii_cycles, self.states)

    @property
    def choices(self) -> dict[int, int]:
        """All possible lanes -> cycles a step; in a loop those that save no cycles here can still answer earlier."""
        return {n: self.with_lanes(n).cycles for n in self.possible_lanes}


@dataclass(frozen=True, slots=True)
class MemoryUnit:
    """The Verilog ``module`` that does the work of a memory of ``sizes``, with its ``parameters`` and ROMs."""

    sizes: MemorySizes
    module: str
    parameters: Mapping[str, int | str]
    roms: tuple[Rom, ...] = ()

    @property
    def rom(self) -> Rom:
        """The only one; ValueError where there is none."""
        (rom,) = self.roms
        return rom


def check_signed(layer: str, types: Mapping[str, FixedType]) -> None:
    """LmuHlsError for the first unsigned type; ``types`` by tensor name."""
    for tensor, kind in types.items():
        if not kind.signed:
            raise LmuHlsError(
                f"layer {layer!r}: {tensor} has the unsigned type {kind}, the Verilog memory unit takes signed "
                f"ones; use fixed<{kind.width + 1},{kind.integer + 1}>"
            )


def widths(prefix: str, fixed_type: FixedType) -> dict[str, int]:
    """Parameters <prefix>_W and <prefix>_F of an exact sum."""
    return {f"{prefix}_W": fixed_type.width, f"{prefix}_F": fixed_type.fraction}
