"""A folder with the memory units of a network alone: modules, ROM files, one small top a layer, and its parameters."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import jinja2

from lmu_hls.records.jsonfile import dump, write_text
from lmu_hls.resources import hdl_file
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, Network

MANIFEST = "manifest.json"

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def write_rtl(network: Network, outdir: Path) -> tuple[MemoryUnit, ...]:
    """Write the Verilog of every LMU layer's memory unit into ``outdir``; existing files of these names are replaced.

    Gets the modules that the units need, ``<name>_memory.v`` (the top) and ``rom/<name>.hex`` for each layer, and
    ``manifest.json``. Names of ROM files are relative to ``outdir``: simulate and synthesise there.
    """
    units = tuple(memory_unit(lmu) for lmu in network.lmus)
    (outdir / "rom").mkdir(parents=True, exist_ok=True)
    for module in sorted({module for unit in units for module in unit.modules}):
        shutil.copyfile(hdl_file(module), outdir / f"{module}.v")
    for lmu, unit in zip(network.lmus, units, strict=True):
        write_text(outdir / f"{unit.top}.v", top_source(lmu, unit))
        write_text(outdir / unit.rom_file, rom_source(unit))
    dump(outdir / MANIFEST, [_manifest(unit) for unit in units])
    return units


def top_source(lmu: LMU, unit: MemoryUnit) -> str:
    """Verilog of the top of ``unit``."""
    numbers = {name: value for name, value in unit.parameters.items() if isinstance(value, int)}
    lanes = next((name for name in ("LANES", "PES") if name in numbers), "1")
    template = _TEMPLATES.get_template("memory_top.v.jinja")
    return template.render(
        lmu=lmu, unit=unit, numbers=numbers, lanes=lanes, data_width="MEM_W" if lanes == "1" else f"{lanes}*MEM_W"
    )


def rom_source(unit: MemoryUnit) -> str:
    """The ROM file of ``unit``: one word a line, hexadecimal, all of the same length."""
    digits = -(-unit.rom_width // 4)
    return "".join(f"{word:0{digits}x}\n" for word in unit.rom_words)


def _manifest(unit: MemoryUnit) -> dict[str, Any]:
    return {
        "name": unit.name,
        "top": unit.top,
        "stream": unit.stream,
        "lanes": unit.lanes,
        "ii_cycles": unit.ii_cycles,
        "latency_cycles": unit.latency_cycles,
        "parameters": dict(unit.parameters),
    }
