"""Two products of at most 8 x 8 bits in one SB_MAC16, which Yosys gives one product each.

In its mode for that, the upper bytes of A and B make one product and the lower bytes the other, each with an output
register of its own that holds by itself; the registers of A and of B are common to both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmu_hls.synth.wires import Bit, Cell, reads

CELL = "SB_MAC16"
_BYTE, _HALF = 8, 16
# A product as Yosys leaves it: as it is, in the registers behind its four parts, or in the output registers, where it
# is added to C and D, which are 0
_PRODUCT = {"TOPOUTPUT_SELECT": 3, "BOTOUTPUT_SELECT": 3}
_PARTS = {"TOP_8x8_MULT_REG": 1, "BOT_8x8_MULT_REG": 1, "PIPELINE_16x16_MULT_REG1": 1}
_ADDER = {
    "TOPADDSUB_LOWERINPUT": 2, "TOPADDSUB_UPPERINPUT": 1, "TOPADDSUB_CARRYSELECT": 3,
    "BOTADDSUB_LOWERINPUT": 2, "BOTADDSUB_UPPERINPUT": 1, "BOTADDSUB_CARRYSELECT": 0,
}  # fmt: skip
_SUM = {"TOPOUTPUT_SELECT": 1, "BOTOUTPUT_SELECT": 1, **_ADDER}
_FACTORS = ("A_REG", "B_REG", "A_SIGNED", "B_SIGNED")  # parameters that say nothing about the product
_UNUSED = (
    "IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT", "OLOADTOP", "OLOADBOT", "ADDSUBTOP", "ADDSUBBOT", "CI", "ACCUMCI",
    "SIGNEXTIN", "C", "D",
)  # fmt: skip
_NOT = "0000000011111111"  # LUT_INIT of an inverter of I3


def pair(module: Mapping[str, Any]) -> None:
    """Put narrow products of a flat ``module`` of a netlist into common SB_MAC16, in place.

    First those whose factors have registers with the same enables, or none; of what is left, any two, with the
    registers of their factors in flip-flops. The netlist that comes out does in every cycle what the one that goes in
    does.
    """
    _Netlist(module).pair()


@dataclass(frozen=True, slots=True)
class _Product:
    """One that fits half a multiplier. ``hold``: of its output register, None without one."""

    name: str
    cell: Cell
    hold: Bit | None

    def factor(self, port: str) -> list[Bit]:
        bits: list[Bit] = self.cell["connections"][port][:_BYTE]
        return bits

    def held(self, port: str) -> Bit | None:
        """What holds the register at a factor; None without one."""
        bit: Bit = self.cell["connections"][f"{port}HOLD"][0]
        return bit if _number(self.cell, f"{port}_REG") else None

    @property
    def kind(self) -> Hashable:
        """What is common to both halves of a multiplier."""
        registered = self.hold is not None or any(self.held(port) is not None for port in "AB")
        clock = (self.cell["connections"]["CLK"][0], self.cell["connections"]["CE"][0]) if registered else None
        return clock, _number(self.cell, "A_SIGNED"), _number(self.cell, "B_SIGNED")


@dataclass(slots=True)
class _Netlist:
    module: Mapping[str, Any]
    cells: dict[str, Cell] = field(init=False)
    registers: dict[Hashable, Bit] = field(default_factory=dict)  # {(bit, clock, enable): the bit a cycle later}
    next_bit: int = field(init=False)
    read: set[Bit] = field(init=False)  # by a cell or a port that goes out

    def __post_init__(self) -> None:
        self.cells = self.module["cells"]
        bits = [bit for cell in self.cells.values() for pins in cell["connections"].values() for bit in pins]
        self.next_bit = max((bit for bit in bits if isinstance(bit, int)), default=1) + 1
        self.read = set(reads(self.module))

    def pair(self) -> None:
        products = [found for name in sorted(self.cells) if (found := self._product(name))]
        left: list[_Product] = []
        for alike in _alike(products, lambda item: (item.kind, item.held("A"), item.held("B"))):
            left += alike[len(alike) // 2 * 2 :]
            self._merge_all(alike)
        for alike in _alike(left, lambda item: item.kind):
            for item in alike[: len(alike) // 2 * 2]:
                self._move_registers_out(item)
            self._merge_all(alike)

    def _product(self, name: str) -> _Product | None:
        """The product of a multiplier, if it is narrow and nothing else is made of it."""
        cell = self.cells[name]
        if cell["type"] != CELL:
            return None
        at = cell["connections"]
        idle = all(bit in ("0", "x") for pin in _UNUSED for bit in at.get(pin, ()))
        silent = not any(bit in self.read for pin in ("CO", "ACCUMCO", "SIGNEXTOUT") for bit in at.get(pin, ()))
        if not (idle and silent and _narrow(cell, "A") and _narrow(cell, "B")):
            return None
        settings = {key: _number(cell, key) for key in cell["parameters"] if key not in _FACTORS}
        adder = {key: settings.pop(key, 0) for key in _ADDER}
        uses = {key: value for key, value in settings.items() if value}
        if uses == _PRODUCT:
            return _Product(name, cell, None)
        if at["CE"] == ["1"] and uses == _PRODUCT | _PARTS:
            return _Product(name, cell, "0")
        if at["CE"] == ["1"] and uses | adder == _SUM and at["OHOLDTOP"] == at["OHOLDBOT"]:
            return _Product(name, cell, at["OHOLDTOP"][0])
        return None

    def _merge_all(self, alike: Sequence[_Product]) -> None:
        for low, high in zip(alike[::2], alike[1::2], strict=False):
            self._merge(low, high)

    def _merge(self, low: _Product, high: _Product) -> None:
        """Two products in the multiplier of the first one."""
        signed = _number(low.cell, "A_SIGNED") or _number(low.cell, "B_SIGNED")
        result: list[Bit] = []
        for item in (low, high):
            half, rest = item.cell["connections"]["O"][:_HALF], item.cell["connections"]["O"][_HALF:]
            self._replace(dict.fromkeys(rest, half[-1] if signed else "0"))
            result += half
        at, settings = low.cell["connections"], low.cell["parameters"]
        for port in "AB":
            at[port] = low.factor(port) + high.factor(port)
        at["O"] = result
        for place, item in (("BOT", low), ("TOP", high)):
            registered = item.hold is not None
            at[f"OHOLD{place}"] = [item.hold if registered else "0"]
            settings[f"{place}OUTPUT_SELECT"] = f"{1 if registered else 2:02b}"
            settings[f"{place}ADDSUB_LOWERINPUT"] = f"{1:02b}"
            settings[f"{place}ADDSUB_UPPERINPUT"] = "1"
            settings[f"{place}ADDSUB_CARRYSELECT"] = "00"
        settings.update(dict.fromkeys(_PARTS, "0"))
        settings["MODE_8x8"] = "1"
        del self.cells[high.name]

    def _move_registers_out(self, product: _Product) -> None:
        at, settings = product.cell["connections"], product.cell["parameters"]
        for port in "AB":
            if (hold := product.held(port)) is not None:
                enable = self._inverse(hold, product.name)
                later = [self._register(bit, at["CLK"][0], enable, product.name) for bit in product.factor(port)]
                at[port] = later + [later[-1]] * (_HALF - _BYTE)
                at[f"{port}HOLD"], settings[f"{port}_REG"] = ["0"], "0"

    def _register(self, bit: Bit, clock: Bit, enable: Bit, owner: str) -> Bit:
        """``bit`` a cycle with ``enable`` later; a constant is one."""
        key = (bit, clock, enable)
        if isinstance(bit, str):
            return bit
        if key not in self.registers:
            kind, pins = ("SB_DFF", {}) if enable == "1" else ("SB_DFFE", {"E": enable})
            self.registers[key] = self._add(owner, kind, {"C": clock, "D": bit, **pins}, "Q", {})
        return self.registers[key]

    def _inverse(self, bit: Bit, owner: str) -> Bit:
        """Of an inverter its input, which stays where something else reads its output."""
        if isinstance(bit, str):
            return "0" if bit == "1" else "1"
        for cell in self.cells.values():
            if cell["type"] == "SB_LUT4" and cell["connections"]["O"] == [bit]:
                inverter = cell["parameters"]["LUT_INIT"] == _NOT and isinstance(cell["connections"]["I3"][0], int)
                return cell["connections"]["I3"][0] if inverter else self._inverter(bit, owner)
        return self._inverter(bit, owner)

    def _inverter(self, bit: Bit, owner: str) -> Bit:
        key = (bit, "inverse")
        if key not in self.registers:
            pins: dict[str, Bit] = {"I0": "0", "I1": "0", "I2": "0", "I3": bit}
            self.registers[key] = self._add(owner, "SB_LUT4", pins, "O", {"LUT_INIT": _NOT})
        return self.registers[key]

    def _add(self, owner: str, kind: str, inputs: Mapping[str, Bit], output: str, settings: Mapping[str, str]) -> Bit:
        """A cell beside ``owner``; the bit of its output, a new one."""
        bit, name = self.next_bit, f"{owner}_{kind}_{self.next_bit}"
        self.next_bit += 1
        self.cells[name] = {
            "hide_name": 0,
            "type": kind,
            "parameters": dict(settings),
            "attributes": {},
            "port_directions": dict.fromkeys(inputs, "input") | {output: "output"},
            "connections": {pin: [value] for pin, value in inputs.items()} | {output: [bit]},
        }
        self.module["netnames"][f"{name}_{output}"] = {"hide_name": 0, "bits": [bit], "attributes": {}}
        return bit

    def _replace(self, bits: Mapping[Bit, Bit]) -> None:
        """Read others in place of ``bits``."""
        if not self.read & bits.keys():
            return
        for cell in self.cells.values():
            for pin, pins in cell["connections"].items():
                if cell["port_directions"][pin] != "output":
                    cell["connections"][pin] = [bits.get(bit, bit) for bit in pins]
        for named in (*self.module["ports"].values(), *self.module["netnames"].values()):
            named["bits"] = [bits.get(bit, bit) for bit in named["bits"]]


def _number(cell: Cell, parameter: str) -> int:
    return int(str(cell["parameters"].get(parameter, "0")).strip() or "0", 2)


def _narrow(cell: Cell, port: str) -> bool:
    """Whether a factor is one byte: its upper bits repeat its sign, or are zeros where it has none."""
    bits = cell["connections"][port]
    fill = bits[_BYTE - 1] if _number(cell, f"{port}_SIGNED") else "0"
    return all(bit == fill for bit in bits[_BYTE:])


def _alike(products: Sequence[_Product], key: Any) -> list[list[_Product]]:
    groups = defaultdict[Hashable, list[_Product]](list)
    for item in products:
        groups[key(item)].append(item)
    return list(groups.values())
