"""What a synthesis target is: Yosys passes, the resources that are counted, and what each primitive costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.device import Device, Router


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of resource: `name` in records and tables, `meaning` with its size. `short`: also in the short table."""

    name: str
    meaning: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Models:
    """Yosys's simulation models of a family's primitives: ``files`` below its folder `share`, read with ``defines``.

    Primitives of which those say only that they exist are modelled in ``models/FAMILY.v`` beside this file, if at all.
    """

    files: tuple[str, ...]
    defines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlipFlop:
    """The flip-flop ``cell`` with the pins CLK, CE, LSR, DI and Q, as Lattice has it.

    ``settings``: parameters of those that can be moved, with the values that they may have; CEMUX tells the enable.
    """

    cell: str
    settings: Mapping[str, tuple[str, ...]]

    def plain(self, cell: Mapping[str, Any]) -> bool:
        """Without a reset, and with a clock and an enable that are not inverted."""
        parameters = {name: str(value).strip() for name, value in cell["parameters"].items()}
        known = all(parameters.get(name) in values for name, values in self.settings.items())
        return known and cell["connections"].get("LSR", ["0"]) == ["0"]

    def enabled(self, cell: Mapping[str, Any]) -> bool:
        return str(cell["parameters"]["CEMUX"]).strip() == "CE"


@dataclass(frozen=True, slots=True)
class RegisterBank:
    """Registers of their own that a primitive ``cell`` has at ``pins``: at its inputs, or at its ``output``.

    ``clock`` and ``enable`` are the pins for them, with the value that they have while no bank uses them, None where
    they are not connected. ``settings`` are the parameters that switch the bank on, ``ties`` pins that it needs.
    """

    cell: str
    pins: tuple[str, ...]
    output: bool
    clock: tuple[str, str | None]
    enable: tuple[str, str | None]
    settings: Mapping[str, str]
    ties: Mapping[str, str] = field(default_factory=dict)
    widths: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def fits(self, cell: Mapping[str, Any], clock: int | str, enable: int | str) -> bool:
        """Whether the widths are right, and the pins are free or have this clock and this enable."""
        if any(int(cell["parameters"][name], 2) not in numbers for name, numbers in self.widths.items()):
            return False
        at = cell["connections"]
        pins = ((self.clock, clock), (self.enable, enable))
        return all(at.get(pin, [idle])[0] in (idle, bit) for (pin, idle), bit in pins)

    def settle(self, cell: Mapping[str, Any], clock: int | str, enable: int | str) -> None:
        """Switch the bank of ``cell`` on."""
        cell["parameters"].update(self.settings)
        for pin, bit in {self.clock[0]: clock, self.enable[0]: enable, **self.ties}.items():
            cell["connections"][pin] = [bit]
            cell["port_directions"][pin] = "input"


@dataclass(frozen=True, slots=True)
class Adder:
    """A primitive ``cell`` that adds a bit in each of its ``halves``, with a look-up table in front of the carry.

    ``inputs`` of the table, lowest first, and its ``setting``, end with the name of the half; those of ``table``, the
    family's look-up table with the output ``out``, have the same names without it.
    """

    cell: str
    halves: tuple[str, ...]
    table: str
    inputs: tuple[str, str, str, str]
    setting: str
    out: str


@dataclass(frozen=True, slots=True)
class Family:
    """One device family.

    `device` is its name in words. `passes` map a flattened design to its primitives, without pads. `costs` has what
    one cell of each primitive takes, {resource: how many}; {} where that is nothing that is counted. `devices` are
    the chips that are known by name, `router` how they are placed and routed with open tools; where none does,
    `vendor` is the manufacturer's tool for that, a name in lmu_hls.toolchain. `models` simulate its netlists.
    `register_banks` are registers of primitives that Yosys does not use: each `flip_flop` beside them moves there.
    `adder` takes gates in front of it that Yosys leaves outside.
    `finish` changes the flat netlist of Yosys in place, before its cells are counted.
    """

    name: str
    device: str
    passes: tuple[str, ...]
    resources: tuple[Resource, ...]
    costs: Mapping[str, Mapping[str, int]]
    devices: tuple[Device, ...] = ()
    router: Router | None = None
    vendor: str = ""
    models: Models | None = None
    flip_flop: FlipFlop | None = None
    register_banks: tuple[RegisterBank, ...] = ()
    adder: Adder | None = None
    finish: Callable[[Mapping[str, Any]], None] | None = None

    def __post_init__(self) -> None:
        known = {resource.name for resource in self.resources}
        for cell, cost in self.costs.items():
            if not set(cost) <= known or min(cost.values(), default=1) < 1:
                raise ValueError(f"{self.name}: cell {cell} costs {dict(cost)}, known are {', '.join(sorted(known))}")
        known |= set(self.router.bels.values()) if self.router else set()
        for device in self.devices:
            if not device.available or not set(device.available) <= known or min(device.available.values()) < 0:
                raise ValueError(f"{device.name} has {dict(device.available)}, known are {', '.join(sorted(known))}")

    def count(self, cells: Mapping[str, int]) -> dict[str, int]:
        """The cost of all cells together: {each resource: how many}, in the order of `resources`.

        Raises LmuHlsError for a cell type without a known cost, so that nothing is left out in silence.
        """
        unknown = sorted(set(cells) - set(self.costs))
        if unknown:
            raise LmuHlsError(
                f"synthesis left cells of unknown cost: {', '.join(unknown)}. "
                f"The design uses something that {self.name} has no primitive for; see yosys.log."
            )
        return {
            kind.name: sum(self.costs[cell].get(kind.name, 0) * n for cell, n in cells.items())
            for kind in self.resources
        }
