"""Faults in a netlist: a bit of one look-up table is another."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_LUT = re.compile(r"LUT\d #\(\s*\.(?:LUT_)?INIT\(\d+'h(?P<table>[0-9a-f]+)\)")


def flipped_tables(netlist: str, count: int) -> Sequence[str]:
    """``count`` netlists in Verilog, always the same ones: in each, the lowest 1 of another table is 0.

    A bit of many tables is never looked up, or makes no difference to few values: not every one of them is wrong.
    """
    tables = [found for found in _LUT.finditer(netlist) if int(found["table"], 16)]
    made = []
    for found in random.Random(0).sample(tables, count):
        value = int(found["table"], 16)
        faulty = f"{value & (value - 1):0{len(found['table'])}x}"
        made.append(netlist[: found.start("table")] + faulty + netlist[found.end("table") :])
    return made
