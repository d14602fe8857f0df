"""Modules of hdl/ that say the same: pairs that share many lines of shape. Exit status 1 for a pair over the limit.

The shape of a line is the line without comments, with one letter for each name, number and string; keywords and signs
stay. What every module has is left out: lines of signs and begin/end alone, and the interface (parameters, ports), as
any two lists of ports look alike. A line is shared when it stands in a run of WINDOW lines or more that has the same
shape in the other module.
"""

from __future__ import annotations

import re
import sys
from itertools import combinations
from pathlib import Path

from lmu_hls.resources import hdl_modules, property_modules

WINDOW = 6
LIMIT = 40
_KEYWORD = re.compile(
    "always|assert|assign|assume|begin|case|cover|default|else|end|endcase|endfunction|for|function|genvar|if|initial|"
    "input|integer|localparam|module|negedge|output|parameter|posedge|reg|signed|wire"
)
_NUMBER = re.compile(r"\d*'s?[bdho][0-9a-fA-F_xz]+|(?<![\w$])\d+")
_INTERFACE = re.compile(r"(module|parameter|input|output)\b")
_EMPTY = re.compile(r"[^\w$]*|(end )?else begin|end|endcase|n|`(endif|default_nettype .*)")


def shape(line: str) -> str:
    """One line of Verilog without what tells it from others of its kind."""
    bare = re.sub(r'"[^"]*"', "s", line.partition("//")[0])
    bare = _NUMBER.sub("0", bare)
    named = re.sub(r"(?<![`$\w])[A-Za-z_]\w*", lambda name: name[0] if _KEYWORD.fullmatch(name[0]) else "n", bare)
    return " ".join(named.split())


def shapes(text: str) -> list[str]:
    """The shapes of the lines of a module that count."""
    lines = (line.strip() for line in text.splitlines() if not _INTERFACE.match(line.strip()))
    return [found for line in lines if not _EMPTY.fullmatch(found := shape(line))]


def shared(one: list[str], other: list[str]) -> int:
    """Lines of shape that both have in runs of WINDOW or more; of the two counts the smaller one."""
    return min(len(_within(one, _runs(other))), len(_within(other, _runs(one))))


def _runs(lines: list[str]) -> set[tuple[str, ...]]:
    return {tuple(lines[k : k + WINDOW]) for k in range(len(lines) - WINDOW + 1)}


def _within(lines: list[str], runs: set[tuple[str, ...]]) -> set[int]:
    starts = (k for k in range(len(lines) - WINDOW + 1) if tuple(lines[k : k + WINDOW]) in runs)
    return {k + step for k in starts for step in range(WINDOW)}


def pairs(files: dict[str, Path]) -> list[tuple[int, str, str]]:
    """All pairs of modules with the lines of shape that they share, most first."""
    lines = {name: shapes(path.read_text(encoding="utf-8")) for name, path in files.items()}
    found = ((shared(lines[one], lines[other]), one, other) for one, other in combinations(sorted(lines), 2))
    return sorted(found, reverse=True)


def main() -> int:
    """Print the worst pairs."""
    worst = [pair for pair in pairs({**hdl_modules(), **property_modules()}) if pair[0]]
    for count, one, other in worst[:10]:
        print(f"{count:4} lines of shape  {one}  {other}")
    return int(bool(worst) and worst[0][0] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
