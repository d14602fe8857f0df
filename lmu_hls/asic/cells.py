"""A network mapped to the standard cells osu018 (Oklahoma State University, 180 nm, 1.8 V) by Yosys and ABC."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hls import builds, yosys
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.evidence import digest
from lmu_hls.toolchain import need

LIBRARY = "osu018"
NETLIST, GATES, MODELS, STAT = "netlist.json", "netlist.v", "cells.v", "stat.json"
_SCRIPT, _LOG, _ABC = "cells.ys", "cells.log", "abc.script"
# Mapping for delay, then buffers for large fanouts and the sizes of cells. ABC reads its commands from a file
_ABC_COMMANDS = ("strash", "dch", "map -B 0.9", "topo", "buffer -c", "upsize", "dnsize")


@dataclass(frozen=True, slots=True)
class Cells:
    """What was mapped: areas in square micrometres, cells by type, and where each net is driven and read.

    ``pins``: (cell, pin) -> the net, a name and the place of its bit. The folder holds GATES and MODELS.
    """

    folder: Path
    top: str
    area_um2: float
    sequential_um2: float
    cells: Mapping[str, int]
    pins: Mapping[tuple[str, str], tuple[str, int]]


def mapped(sources: Sequence[Path], top: str, data_dir: Path, data: Sequence[Path], work: Path) -> Cells:
    """Map Verilog to standard cells; ``work`` gets script, log and statistics. The result is kept and found again.

    ROM files are named from ``data_dir``; ``data`` are all of them. Raises LmuHlsError when a tool is absent or fails.
    """
    tool, liberty = need("pyosys"), need(LIBRARY).path
    assert liberty is not None
    passes = _passes([os.path.relpath(path, data_dir) for path in sources], top, liberty)
    files = [f"{path.name} {digest(path)}" for path in (*sources, *sorted(data), liberty)]

    def make(folder: Path) -> None:
        (folder / _ABC).write_text("\n".join(_ABC_COMMANDS) + "\n", encoding="utf-8")
        script = [line.replace("{folder}", str(folder.resolve())) for line in passes]
        yosys.run(script, folder / _SCRIPT, folder / _LOG, data_dir, f"map {top} to standard cells")

    folder = builds.built(LIBRARY, [tool.identity, *passes, *_ABC_COMMANDS, *files], make)
    work.mkdir(parents=True, exist_ok=True)
    for name in (_SCRIPT, _LOG, STAT):
        shutil.copy(folder / name, work / name)
    return _read(folder, top)


def _passes(sources: Sequence[str], top: str, liberty: Path) -> list[str]:
    """Nets get short names, as OpenSTA and VCD take them; `splitnets` makes each a bit."""
    return [
        *(f'read_verilog -defer "{name}"' for name in sources),
        f"hierarchy -check -top {top}",
        f"synth -flatten -top {top}",
        f"dfflibmap -liberty {liberty}",
        f"abc -liberty {liberty} -script {{folder}}/{_ABC}",
        "setundef -zero",
        "splitnets",
        "opt_clean -purge",
        "delete t:$scopeinfo",
        "rename -hide",
        "rename -enumerate -pattern n%",
        f"tee -q -o {{folder}}/{STAT} stat -json -liberty {liberty}",
        f"write_verilog -noattr -noexpr -nohex -simple-lhs {{folder}}/{GATES}",
        f"write_json {{folder}}/{NETLIST}",
        "design -reset",
        f"read_liberty {liberty}",
        f"write_verilog -noattr {{folder}}/{MODELS}",
    ]


def _read(folder: Path, top: str) -> Cells:
    try:
        stat = json.loads((folder / STAT).read_text(encoding="utf-8"))["design"]
        module = json.loads((folder / NETLIST).read_text(encoding="utf-8"))["modules"][top]
        kinds = {str(name): int(count) for name, count in sorted(stat["num_cells_by_type"].items())}
        area, sequential = float(stat["area"]), float(stat["sequential_area"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LmuHlsError(f"Yosys wrote no netlist of standard cells that can be read ({folder}): {error!r}") from error
    unmapped = sorted(name for name in kinds if name.startswith(("$", "\\$")))
    if unmapped:
        raise LmuHlsError(f"{LIBRARY} has no cell for {', '.join(unmapped)}; see {folder / _LOG}")
    return Cells(folder, top, area, sequential, kinds, _pins(module))


def _pins(module: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, int]]:
    """Pins at constants are left out."""
    nets = {bit: (name, place) for name, entry in module["netnames"].items() for place, bit in enumerate(entry["bits"])}
    return {
        (name, pin): nets[bit]
        for name, cell in module["cells"].items()
        for pin, (bit,) in cell["connections"].items()
        if bit in nets and not isinstance(bit, str)
    }
