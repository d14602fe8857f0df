"""How an instance stands in the Verilog: in one line where it fits, else a line for each group of ports.

A group is a stream (``s_axis_*``), an access to a memory (``wr_*``, ``rd_*``), or clk, rst and en. Parameters, and
ports of no group, follow one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

LINE = 120  # columns
_INDENT = 4
_GROUP = re.compile(r"(\w+_axi[sl])_|(wr|rd)_|(?:clk|rst|en)$")


def instance(module: str, name: str, parameters: Mapping[str, str], ports: Mapping[str, str], indent: int = 4) -> str:
    """Verilog of an instance, which ends with a line feed. Values and connections are Verilog text."""
    given = f" #({', '.join(_named(parameters))})" if parameters else ""
    head, wired = f"{' ' * indent}{module}{given} {name} (", ", ".join(_named(ports))
    whole = f"{head}{wired});"
    if len(whole) <= LINE:
        return f"{whole}\n"
    lines = [head]
    if len(head) > LINE:
        lines = [f"{' ' * indent}{module} #(", *_filled([_named(parameters)], indent), f"{' ' * indent}) {name} ("]
    groups = [list(wires) for _, wires in groupby(ports.items(), key=lambda wire: _group(wire[0]))]
    one_line = len(wired) + indent + _INDENT <= LINE
    lines += _filled([_named(ports)] if one_line else [_named(dict(wires)) for wires in groups], indent)
    return "\n".join([*lines, f"{' ' * indent});\n"])


def _group(port: str) -> str:
    match = _GROUP.match(port)
    return "" if match is None else match[1] or match[2] or "clk"


def _named(values: Mapping[str, str]) -> list[str]:
    return [f".{name}({value})" for name, value in values.items()]


def _filled(groups: Iterable[list[str]], indent: int) -> list[str]:
    """As many of a group as fit in a line, each group in lines of its own, with commas between them all."""
    start, lines = " " * (indent + _INDENT), []
    for group in groups:
        line = ""
        for entry in group:
            if line and len(start) + len(line) + len(entry) + 2 > LINE:
                lines.append(line)
                line = ""
            line += f"{' ' if line else ''}{entry},"
        lines.append(line)
    lines[-1] = lines[-1].removesuffix(",")
    return [start + line for line in lines]
