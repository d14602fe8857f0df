"""A folder with the memory units of a network alone: modules, ROM files, one small top a layer."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from lmu_hls.records.jsonfile import write_text
from lmu_hls.rendering import environment
from lmu_hls.resources import hdl_file
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU

_TEMPLATES = environment(str(Path(__file__).parent))


def write_rtl(layers: Sequence[LMU], outdir: Path) -> tuple[MemoryUnit, ...]:
    """Write the Verilog of the memory unit of each layer into ``outdir``; existing files of these names are replaced.

    Gets the modules that the units need, ``<name>_memory.v`` (the top) and ``rom/<name>.hex`` for each layer. Names of
    ROM files are relative to ``outdir``: simulate and synthesise there.
    """
    units = tuple(memory_unit(lmu) for lmu in layers)
    (outdir / "rom").mkdir(parents=True, exist_ok=True)
    for module in with_submodules(unit.module for unit in units):
        shutil.copyfile(hdl_file(module), outdir / f"{module}.v")
    for lmu, unit in zip(layers, units, strict=True):
        write_text(outdir / f"{top_name(unit)}.v", top_source(lmu, unit))
        write_text(outdir / unit.rom.file, unit.rom.text())
    return units


def top_source(lmu: LMU, unit: MemoryUnit) -> str:
    """Verilog of the top of ``unit``."""
    numbers = {name: value for name, value in unit.parameters.items() if isinstance(value, int)}
    lanes = next((name for name in ("LANES", "PES") if name in numbers), "1")
    template = _TEMPLATES.get_template("memory_top.v.jinja")
    return template.render(
        lmu=lmu,
        unit=unit,
        top=top_name(unit),
        numbers=numbers,
        lanes=lanes,
        data_width=f"{lanes}*(MEM_TYPE%256)",
    )


def unit_name(unit: MemoryUnit) -> str:
    """The layer's name as an identifier."""
    return Path(unit.rom.file).stem


def top_name(unit: MemoryUnit) -> str:
    """The generated module that instantiates the unit."""
    return f"{unit_name(unit)}_memory"
