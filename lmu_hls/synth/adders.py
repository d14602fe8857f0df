"""Gates in front of an adder whose primitive has a look-up table of its own: they move into it.

Yosys leaves `a + (clear ? 0 : sum)` as a look-up table a bit in front of the carry chain, which the accumulator's loop
passes. The netlist that comes out does in every cycle what the one that goes in does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmu_hls.synth.family import Adder
from lmu_hls.synth.wires import Bit, Cell, reads

_FREE, _ON = "0", "1"
_SUM = 0b1001011010101010  # of A + B: A ^ B ^ C where D is 1; without C and D the carry where A = B, which is A


def fold(module: Mapping[str, Any], adder: Adder) -> None:
    """Move tables of two inputs that only an ``adder`` of a flat ``module`` of a netlist reads into it, in place.

    A bit takes one of them: its own table becomes A ^ gate(B, C) where D is 1, and stays A without C and D.
    """
    cells: dict[str, Cell] = module["cells"]
    times = reads(module)
    tables = {cell["connections"][adder.out][0]: name for name, cell in cells.items() if cell["type"] == adder.table}
    alone = {bit: name for bit, name in tables.items() if times[bit] == 1}
    for cell in [cell for cell in cells.values() if cell["type"] == adder.cell]:
        for half in adder.halves:
            _fold(cells, cell, half, adder, alone)


def _fold(cells: dict[str, Cell], cell: Cell, half: str, adder: Adder, alone: Mapping[Bit, str]) -> None:
    at, setting = cell["connections"], f"{adder.setting}{half}"
    a, b, c, d = (at[f"{pin}{half}"][0] for pin in adder.inputs)
    if (c, d) != (_FREE, _ON) or int(cell["parameters"][setting], 2) != _SUM:
        return
    for plain, gated in ((a, b), (b, a)):
        gate = cells[alone[gated]] if gated in alone else None
        pins = [pin for pin in adder.inputs if not isinstance(gate["connections"][pin][0], str)] if gate else []
        if gate is None or len(pins) != 2:
            continue
        inputs = [gate["connections"][pin][0] for pin in pins]
        for pin, bit in zip(adder.inputs, (plain, *inputs, _ON), strict=True):
            at[f"{pin}{half}"] = [bit]
        cell["parameters"][setting] = f"{_sum_with(gate, pins, adder):016b}"
        del cells[alone[gated]]
        return


def _sum_with(gate: Cell, pins: list[str], adder: Adder) -> int:
    """The table of A + gate(B, C), with ``gate``'s ``pins`` in the place of B and C."""
    table = int(gate["parameters"][adder.setting], 2)
    fixed = [gate["connections"][pin][0] == "1" for pin in adder.inputs]
    init = 0
    for index in range(16):
        a, b, c, d = (bool(index >> k & 1) for k in range(4))
        at = [
            dict(zip(pins, (b, c), strict=True)).get(pin, value) for pin, value in zip(adder.inputs, fixed, strict=True)
        ]
        gated = bool(table >> sum(value << k for k, value in enumerate(at)) & 1)
        init |= (a ^ gated if d else a) << index
    return init
