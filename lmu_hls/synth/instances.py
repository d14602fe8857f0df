"""Which part of a flattened design a cell is of: by its name, that of the net which it was named after."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from lmu_hls.errors import LmuHlsError


class Outermost:
    """The instances that lie in no other one."""

    def __init__(self, scopes: Iterable[str]) -> None:
        """``scopes`` are all instances below the top, by their names from there."""
        self._names: set[str] = set()
        for scope in sorted(scopes, key=len):
            if not self.instance_of(scope):
                self._names.add(scope)

    def instance_of(self, name: str) -> str:
        """The instance that a cell or an instance of this name lies in; "" where it is the top itself."""
        end = name.find(".")
        while end >= 0:
            if name[:end] in self._names:
                return name[:end]
            end = name.find(".", end + 1)
        return ""


def cells_of_instances(netlist: Path, top: str, scopes: Iterable[str]) -> dict[str, dict[str, int]]:
    """{instance in ``top``, "" for the top itself: {type of cell: how many}} of a flattened netlist of Yosys.

    Raises LmuHlsError for a file that is no such netlist.
    """
    outermost, found = Outermost(scopes), defaultdict[str, Counter[str]](Counter)
    try:
        cells = json.loads(netlist.read_text(encoding="utf-8"))["modules"][top]["cells"]
        for name, cell in cells.items():
            found[outermost.instance_of(name)][cell["type"]] += 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LmuHlsError(f"the netlist {netlist} cannot be read: {error!r}") from error
    return {name: dict(sorted(found[name].items())) for name in sorted(found)}
