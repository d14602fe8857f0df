"""Registers in front of and behind a primitive that has some of its own: they move into it.

Yosys leaves the flip-flops of a pipelined product beside the multiplier on some families. The netlist that comes out
does in every cycle what the one that goes in does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmu_hls.synth.family import FlipFlop, RegisterBank
from lmu_hls.synth.wires import Bit, Cell, reads

Cells = dict[str, Cell]


def absorb(module: Mapping[str, Any], flip_flop: FlipFlop, banks: Sequence[RegisterBank]) -> None:
    """Move flip-flops into the ``banks`` of the cells of a flat ``module`` of a netlist, in place.

    A bank takes its flip-flops all together or not at all: those of one clock and one enable, without a reset.
    """
    cells: Cells = module["cells"]
    wires = _Wires(cells, flip_flop, reads(module))
    for bank in banks:
        for cell in [cell for cell in cells.values() if cell["type"] == bank.cell]:
            wires.fill(cell, bank)


@dataclass(frozen=True, slots=True)
class _Control:
    """Clock and enable of flip-flops; ``enable`` is "1" without one."""

    clock: Bit
    enable: Bit


@dataclass(slots=True)
class _Wires:
    """The flip-flops of a netlist that can move, and how often each bit is read."""

    cells: Cells
    flip_flop: FlipFlop
    reads: Counter[Bit]
    by_output: dict[Bit, str] = field(default_factory=dict)
    by_input: dict[Bit, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for name, cell in self.cells.items():
            if cell["type"] == self.flip_flop.cell and self.flip_flop.plain(cell):
                self.by_output[cell["connections"]["Q"][0]] = name
                self.by_input[cell["connections"]["DI"][0]].append(name)

    def fill(self, cell: dict[str, Any], bank: RegisterBank) -> None:
        """Move the flip-flops at ``bank`` of ``cell`` into it, if all of its pins have one."""
        at = cell["connections"]
        bits: list[Bit] = [at[pin][0] for pin in bank.pins if pin in at]
        found = self._behind(bits) if bank.output else self._before(bits)
        controls = {self._control(name) for name in found.values()}
        if len(controls) != 1 or not found:
            return
        (control,) = controls
        if not bank.fits(cell, control.clock, control.enable):
            return
        bank.settle(cell, control.clock, control.enable)
        moved = {bit: self._pin(name, "Q" if bank.output else "DI") for bit, name in found.items()}
        for pin in bank.pins:
            if pin in at:
                at[pin] = [moved.get(at[pin][0], at[pin][0])]
        if bank.output:
            for name in found.values():
                self._remove(name)
            return
        for bit in bits:
            if bit in found:
                self.reads[moved[bit]] += 1
                self.reads[bit] -= 1
        for bit, name in found.items():
            if not self.reads[bit]:
                self._remove(name)

    def _before(self, bits: Sequence[Bit]) -> dict[Bit, str]:
        """The flip-flop that drives each of ``bits``, constant zeros aside; none if one of them has none."""
        wanted = {bit for bit in bits if bit not in ("0", "x")}
        return {bit: self.by_output[bit] for bit in wanted} if wanted <= self.by_output.keys() else {}

    def _behind(self, bits: Sequence[Bit]) -> dict[Bit, str]:
        """The flip-flop that alone reads each of ``bits``, those aside that nobody reads; none if one is not."""
        wanted = [bit for bit in bits if self.reads[bit]]
        alone = all(self.reads[bit] == 1 and len(self.by_input.get(bit, ())) == 1 for bit in wanted)
        return {bit: self.by_input[bit][0] for bit in wanted} if alone else {}

    def _pin(self, name: str, pin: str) -> Bit:
        bit: Bit = self.cells[name]["connections"][pin][0]
        return bit

    def _control(self, name: str) -> _Control:
        cell = self.cells[name]
        at = cell["connections"]
        return _Control(at["CLK"][0], at["CE"][0] if self.flip_flop.enabled(cell) else "1")

    def _remove(self, name: str) -> None:
        at = self.cells.pop(name)["connections"]
        del self.by_output[at["Q"][0]]
        self.by_input[at["DI"][0]].remove(name)
        self.reads.subtract(bit for pin in ("DI", "CLK", "CE") for bit in at.get(pin, ()))
