"""Where nextpnr put the cells of a unit: from the netlist that it writes to the layout of a record."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.placement import LETTERS, REST, Layout
from lmu_hls.synth.families import Target
from lmu_hls.synth.instances import Outermost

_BEL = re.compile(r"X(\d+)/?Y(\d+)/")
_LOGIC = {"LUT", "FF", "LC", "CARRY", "ALU"}  # resources whose tiles are not drawn as blocks
_HARNESS = "\0"


class Cell(NamedTuple):
    """A placed cell: the column and row of its tile, its type as nextpnr names it, its name."""

    x: int
    y: int
    type: str
    name: str


def keep_cells(placed: Path, cells: Path) -> None:
    """Write the places of all cells in ``placed``, the netlist of nextpnr's `--write`: a line each, x, y, type, name.

    It is a hundredth of the netlist. Raises LmuHlsError for a file that cannot be read or has no places.
    """
    found = []
    try:
        for module in json.loads(placed.read_text(encoding="utf-8"))["modules"].values():
            for name, cell in module["cells"].items():
                if bel := _BEL.match(cell["attributes"].get("NEXTPNR_BEL", "")):
                    found.append(f"{bel[1]} {bel[2]} {cell['type']} {name}\n")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LmuHlsError(f"nextpnr wrote no places that can be read ({placed}): {error!r}") from error
    if not found:
        raise LmuHlsError(f"nextpnr wrote the place of no cell ({placed})")
    cells.write_text("".join(found), encoding="utf-8")


def read_cells(cells: Path) -> list[Cell]:
    """What `keep_cells` wrote. Raises LmuHlsError for anything else."""
    try:
        lines = (line.split(" ", 3) for line in cells.read_text(encoding="utf-8").splitlines())
        return [Cell(int(x), int(y), kind, name) for x, y, kind, name in lines]
    except (OSError, ValueError) as error:
        raise LmuHlsError(f"the places of cells {cells} cannot be read: {error!r}") from error


def layout_of(cells: Iterable[Cell], scopes: Iterable[str], target: Target, within: str) -> Layout:
    """The layout of a unit, the instance ``within`` of the design, whose instances are ``scopes``.

    Cells that are none of the family's resources, such as pads and buffers of clocks, are left out.
    """
    outermost, blocks = Outermost(scopes), _blocks(target)
    tiles: defaultdict[tuple[int, int], Counter[tuple[str, bool]]] = defaultdict(Counter)
    for cell in cells:
        if cell.type in blocks:
            inside = cell.name.startswith(f"{within}.")
            part = outermost.instance_of(cell.name.removeprefix(f"{within}.")) if inside else _HARNESS
            tiles[cell.x, cell.y][part, blocks[cell.type]] += 1
    sizes = Counter[str]()
    for counts in tiles.values():
        for (part, _), count in counts.items():
            sizes[part] += count
    sizes.pop(_HARNESS, None)
    order = [part for part, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))]
    shown = order if len(order) <= len(LETTERS) else [*order[: len(LETTERS) - 1], REST]
    letters = dict(zip(shown, LETTERS, strict=False))
    return Layout(tuple(shown), _rows(target, {place: _character(counts, letters) for place, counts in tiles.items()}))


def _blocks(target: Target) -> dict[str, bool]:
    """{type of cell that is a resource, as nextpnr or Yosys names it: whether it is a multiplier or a block RAM}."""
    family = target.family
    bels = {bel: {name} for bel, name in family.router.bels.items()} if family.router else {}
    known = bels | {cell: set(cost) for cell, cost in family.costs.items()}
    return {cell: not names & _LOGIC for cell, names in known.items() if names}


def _character(counts: Counter[tuple[str, bool]], letters: Mapping[str, str]) -> str:
    """Of the unit's part that has most cells in a tile; those of the harness count only where there are no others."""
    mine = {key: count for key, count in counts.items() if key[0] != _HARNESS}
    if not mine:
        return "-"
    part, block = min(mine, key=lambda key: (-mine[key], key))
    letter = letters.get(part, letters.get(REST, "."))
    return letter.upper() if block else letter


def _rows(target: Target, tiles: Mapping[tuple[int, int], str]) -> tuple[str, ...]:
    """All rows of the chip, or as many as there are cells in where its size is not known."""
    columns, rows = target.device.grid if target.device else (0, 0)
    columns = max(columns, 1 + max((x for x, _ in tiles), default=-1))
    rows = max(rows, 1 + max((y for _, y in tiles), default=-1))
    return tuple("".join(tiles.get((x, y), ".") for x in range(columns)) for y in range(rows))
