"""Wires of a flat module in Yosys's JSON netlists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Bit = int | str  # a wire's number, or a constant
Cell = dict[str, Any]


def reads(module: Mapping[str, Any]) -> Counter[Bit]:
    """How often cells, and ports that go out, read each bit of a ``module``."""
    found = Counter[Bit](
        bit for port in module["ports"].values() if port["direction"] != "input" for bit in port["bits"]
    )
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] != "output":
                found.update(bits)
    return found
