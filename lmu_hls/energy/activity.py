"""The activity of a simulation, put to what drives each bit: toggles by kind and module, accesses of every memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lmu_hls.energy.drivers import KINDS, MULTIPLIER, REGISTER, Drivers, Memory
from lmu_hls.energy.saif import Saif, Toggles, read_saif
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.energy import Activity

TOP = "TOP.harness.dut."  # where the simulation of lmu_hls.verify has the top module


@dataclass(frozen=True, slots=True)
class Access:
    """A memory, and how often a word of it was read and written."""

    memory: Memory
    reads: int
    writes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What the Verilog did in ``cycles`` cycles."""

    cycles: int
    rows: tuple[Activity, ...]
    accesses: tuple[Access, ...]

    def toggles(self, *kinds: str) -> int:
        return sum(row.toggles for row in self.rows if row.kind in kinds)


def measure(saif: Path, drivers: Drivers) -> Measured:
    """The activity in a file of the simulation of the Verilog of ``drivers``.

    Raises LmuHlsError where the file is damaged or is that of another design: every register must be in it.
    """
    return join(read_saif(saif), drivers, str(saif))


def join(saif: Saif, drivers: Drivers, where: str) -> Measured:
    """The same of a file that was read; ``where`` names it in messages."""
    bits: Counter[tuple[str, str]] = Counter()
    toggles: Counter[tuple[str, str]] = Counter()
    for bit in drivers.bits:
        found = next((saif.nets[TOP + name] for name in bit.names if TOP + name in saif.nets), None)
        if found is None:
            if bit.kind in (REGISTER, MULTIPLIER):
                raise LmuHlsError(
                    f"{where} has no count for {bit.names[0]}: it is not of this Verilog; run lmu-hls energy again"
                )
            continue
        bits[bit.module, bit.kind] += 1
        toggles[bit.module, bit.kind] += found.changes
    accesses = tuple(_access(saif, memory, where) for memory in drivers.memories)
    for memory in drivers.memories:
        key = (f"lmu_{memory.kind.lower()}", memory.kind)
        bits[key] += memory.width * memory.words
        toggles[key] += sum(net.changes for net in _port(saif, memory, "rd_data", where))
    order = {kind: place for place, kind in enumerate(KINDS)}
    keys = sorted(bits, key=lambda key: (order[key[1]], key[0]))
    return Measured(saif.duration, tuple(Activity(*key, bits[key], toggles[key]) for key in keys), accesses)


def _access(saif: Saif, memory: Memory, where: str) -> Access:
    reads, writes = (
        sum(net.high for net in _port(saif, memory, port, where)) if port == "rd_en" or memory.kind == "RAM" else 0
        for port in ("rd_en", "wr_en")
    )
    return Access(memory, reads, writes)


def _port(saif: Saif, memory: Memory, port: str, where: str) -> list[Toggles]:
    width = memory.width if port == "rd_data" else 1
    name = f"{TOP}{memory.path}.{port}"
    names = [name] if width == 1 and name in saif.nets else [f"{name}[{bit}]" for bit in range(width)]
    try:
        return [saif.nets[item] for item in names]
    except KeyError as error:
        raise LmuHlsError(f"{where} has no count for {error}: it is not of this Verilog") from error
