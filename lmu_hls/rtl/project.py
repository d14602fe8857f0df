"""Writing a folder of Verilog that stands alone: modules, ROM files, one small top a layer, and its parameters."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2

from lmu_hls.errors import LmuHlsError
from lmu_hls.jsonfile import dump, write_text
from lmu_hls.resources import hdl_dir
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, Network

MANIFEST = "manifest.json"

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("lmu_hls.rtl"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def write_rtl(network: Network, outdir: Path) -> tuple[MemoryUnit, ...]:
    """Write the Verilog of every LMU layer's memory unit into ``outdir``; existing files of these names are replaced.

    Gets the modules that the units need, ``<name>_memory.v`` (the top) and ``rom/<name>.hex`` for each layer, and
    ``manifest.json``. Names of ROM files are relative to ``outdir``: simulate and synthesise there. Raises LmuHlsError
    for a layer that the unit cannot take, and when the folder cannot be written.
    """
    units = tuple(memory_unit(lmu) for lmu in network.lmus)
    twice = [name for name, count in Counter(unit.name for unit in units).items() if count > 1]
    if twice:
        raise LmuHlsError(f"two LMU layers become the same Verilog name {twice[0]!r}; rename one of them")
    modules = sorted({module for unit in units for module in unit.modules})
    sources = [hdl_dir() / f"{module}.v" for module in modules]
    try:
        (outdir / "rom").mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copyfile(source, outdir / source.name)
    except OSError as error:
        raise LmuHlsError(
            f"cannot write {outdir}: {error.strerror or error}. Free some space or choose another folder."
        ) from error
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
