"""What a memory unit is to the rest of the package, whichever Verilog module does the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType

# How the states of a step follow one another in the output stream: degrees ascending, one channel after another; or
# degrees descending, at each degree the channels ascending.
CHANNELS, DEGREES_DESCENDING = "channels", "degrees_descending"

# Modules that both kinds of memory unit are made of.
COMMON = ("lmu_ram", "lmu_rom", "lmu_round_sat")


@dataclass(frozen=True, slots=True)
class MemoryUnit:
    """A memory unit for one LMU layer: ``parameters`` of the Verilog module ``module`` and its ``rom_words``.

    ``name`` is the layer's name as a Verilog identifier; ``types`` are those of the tensors, for the reader of the
    generated top. ``modules`` are the Verilog files that it needs. ``lanes`` is the number of states in an output beat
    and ``stream`` their order. ``ii_cycles`` (from one step's first input beat to that of the next) and
    ``latency_cycles`` (from a step's last input beat to its last output beat) follow the formulas in the header of the
    module: they hold exactly, without gaps and back-pressure.
    """

    name: str
    module: str
    modules: tuple[str, ...]
    types: Mapping[str, FixedType]
    parameters: Mapping[str, int | str]
    rom_words: tuple[int, ...]
    rom_width: int
    lanes: int
    stream: str
    ii_cycles: int
    latency_cycles: int

    @property
    def top(self) -> str:
        """The generated module that instantiates the unit."""
        return f"{self.name}_memory"

    @property
    def rom_file(self) -> str:
        """Path of the ROM file below the folder of the Verilog."""
        return str(self.parameters["ROM_FILE"])

    @property
    def order(self) -> int:
        return int(self.parameters["ORDER"])

    @property
    def memory_d(self) -> int:
        return int(self.parameters["MEMORY_D"])


def check_signed(layer: str, types: Mapping[str, FixedType]) -> None:
    """LmuHlsError for the first unsigned type; ``types`` by tensor name."""
    for tensor, kind in types.items():
        if not kind.signed:
            raise LmuHlsError(
                f"layer {layer!r}: {tensor} has the unsigned type {kind}, the Verilog memory unit takes signed "
                f"ones; use fixed<{kind.width + 1},{kind.integer + 1}>"
            )


def widths(prefix: str, kind: FixedType) -> dict[str, int]:
    """Parameters <prefix>_W and <prefix>_F."""
    return {f"{prefix}_W": kind.width, f"{prefix}_F": kind.fraction}


def modes(kind: FixedType, prefix: str = "") -> dict[str, int]:
    """Parameters <prefix>ROUNDING and <prefix>OVERFLOW, numbered as in lmu_round_sat."""
    return {
        f"{prefix}ROUNDING": ROUNDINGS.index(kind.rounding),
        f"{prefix}OVERFLOW": OVERFLOWS.index(kind.overflow),
    }


def divisors(number: int) -> list[int]:
    """From 1 up."""
    return [k for k in range(1, number + 1) if number % k == 0]
