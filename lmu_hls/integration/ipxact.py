"""The facts of component.xml, IP-XACT in IEEE 1685-2009, the edition that Vivado reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.integration.ports import Bus
from lmu_hls.rtl import registers
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.software import all_registers, constants

RANGE = 1 << NetworkPlan.ADDRESS_WIDTH  # bytes of the address block
_ACCESS = {"R": "read-only", "W": "write-only", "R/W": "read-write"}
_EFFECT = {"clear": "oneToClear", "pulse": "modify", "set": "modify", "beat": "modify"}


@dataclass(frozen=True, slots=True)
class BusType:
    """The name of a bus definition; its abstraction's ends in "_rtl". ``memory_map``: it has registers."""

    library: str
    name: str
    parameters: Mapping[str, str]
    memory_map: bool = False


STREAM = BusType("interface", "axis", {})
LITE = BusType("interface", "aximm", {"PROTOCOL": "AXI4LITE"}, memory_map=True)


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """A field of a register in IP-XACT's words."""

    name: str
    description: str
    low: int
    width: int
    volatile: bool
    access: str
    written: str


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """A register in IP-XACT's words; ``reset`` is its value for this network, ``copies`` the size of an array."""

    name: str
    description: str
    offset: int
    copies: int
    access: str
    reset: int
    fields: tuple[FieldEntry, ...]


def bus_type(bus: Bus) -> BusType:
    return LITE if "awaddr" in bus.ports else STREAM


def register_entries(plan: NetworkPlan) -> tuple[RegisterEntry, ...]:
    """The registers of the accelerator, with the values that they have for this network."""
    counters, values = len(plan.net.clips), constants(plan)
    fixed = [_entry(register, 1, values.get(register.name, 0)) for register in all_registers(plan)]
    return (*fixed, _entry(registers.CLIPPED, counters, 0)) if counters else tuple(fixed)


def _entry(register: registers.Register, copies: int, reset: int) -> RegisterEntry:
    fields = tuple(
        FieldEntry(
            item.name, item.contents, item.low, item.width, not item.constant, _ACCESS[item.access],
            _EFFECT.get(item.on_write, ""),
        )
        for item in register.fields
    )  # fmt: skip
    return RegisterEntry(
        register.name, register.contents, register.address, copies, _ACCESS[register.access], reset, fields
    )
