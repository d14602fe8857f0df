"""A network's Verilog as a folder that stands alone: sources, ROMs, vectors, test bench, Makefile, core file,
README and licence; where it has registers, the software for them.

The same network gives the same bytes: no dates, no absolute paths.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.naming import contained, markdown
from lmu_hls.records import dump, write_text
from lmu_hls.records.folder import BENCH, CORE, INTEGRATION, LICENSE, MAKEFILE, MANIFEST, README, ROM, RTL, VECTORS
from lmu_hls.rendering import render
from lmu_hls.resources import hdl_file, hdl_modules, license_text
from lmu_hls.rtl import layout, registers
from lmu_hls.rtl.affine import Rom
from lmu_hls.rtl.copies import without_formal
from lmu_hls.rtl.ends import End
from lmu_hls.rtl.manifest import Project, project
from lmu_hls.rtl.packed import TypeWord, Words
from lmu_hls.rtl.plan import NetworkPlan, checked_steps, utilisation
from lmu_hls.rtl.reuse import Settled
from lmu_hls.rtl.software import software_files

ROM_MODULE = "lmu_rom"
AROUND = ("lmu_registers", "lmu_restart", "lmu_mapped_in", "lmu_mapped_out", "lmu_together")  # with AXI4-Lite
PATIENCE = 16  # times the slowest step that the test bench waits for a beat

_INSTANCE = re.compile(r"^\s*(lmu_\w+)\s+(?:#\s*\(|\w+\s*\()", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Input integers (sequences, steps, n_in) and the outputs that must come: (sequences, [steps,] n_out).

    Of several inputs or outputs one such array each, by name. The outputs have the axis of the steps when the network
    gives every step. In streaming mode the sequences follow one another without a new start.

    ``lengths`` (sequences,) are the steps of each that are sent and that come out, all by default.
    """

    inputs: Ints | Mapping[str, Ints]
    outputs: Ints | Mapping[str, Ints]
    lengths: Ints | None = None

    def arrays(self, ends: Sequence[End], values: Ints | Mapping[str, Ints]) -> list[tuple[End, Ints]]:
        """Each of ``ends`` with its array."""
        given = values if isinstance(values, Mapping) else {ends[0].name: values}
        return [(end, np.asarray(given[end.name])) for end in ends]


def write_project(
    plan: NetworkPlan, folder: Path, vectors: Vectors | None = None, settled: Settled | None = None,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> Project:  # fmt: skip
    """Write the project of ``plan`` into ``folder``; files of an earlier one there are replaced.

    Without ``vectors`` there is no test bench; ``settled`` is quoted in the datasheet; ``extra`` are files for other
    tools, {path: text}. Raises LmuHlsError when the folder cannot be written, ValueError for vectors of another shape
    or range.
    """
    files = project_files(plan, vectors, settled, extra)
    _remove_earlier(folder)
    for name, text in files.items():
        write_text(folder / name, text, synced=False)  # the manifest has their hashes
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    written = project(plan, hashes, settled)
    dump(folder / MANIFEST, written)
    return written


def project_files(
    plan: NetworkPlan, vectors: Vectors | None = None, settled: Settled | None = None,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:  # fmt: skip
    """All files but the manifest: path below the folder -> text."""
    name, inline = plan.name, plan.options.inline_roms
    files = {f"{RTL}/{plan.top}.v": top_source(plan)}
    library = hdl_modules()
    for module in modules(plan):
        text = _inline_rom(plan) if inline and module == ROM_MODULE else source(module)
        files[f"{RTL}/{plan.names.module(module)}.v"] = plan.names.source(text, library)
    files |= {} if inline else {plan.names.rom(rom): rom.text() for rom in plan.net.roms.values()}
    beats: dict[str, int] = {}
    if vectors is not None:
        texts = _vector_files(plan, vectors)
        kinds = {end: "input" for end in plan.inputs} | {end: "output" for end in plan.outputs}
        files |= {f"{VECTORS}/{kinds[end]}{end.suffix}.hex": text for end, text in texts.items()}
        beats = {end.prefix: text.count("\n") for end, text in texts.items()}
        slowest = max(plan.cycles.ii, plan.cycles.latency, *(layer.ii_cycles for layer in plan.layers))
        patience = PATIENCE * slowest + 1000
        widest = max(end.bus for end in (*plan.inputs, *plan.outputs))
        ends = {"ins": [end.suffix for end in plan.inputs], "outs": [end.suffix for end in plan.outputs]}
        files[f"{BENCH}/{name}_tb.v"] = render(
            "rtl", "network_tb.v", plan=plan, name=name, beats=beats, patience=patience, widest=widest, **ends
        )
    software = software_files(plan) if plan.options.axi_lite else {}
    files |= software
    rtl, rom, data = (sorted(file for file in files if file.startswith(f"{part}/")) for part in (RTL, ROM, VECTORS))
    facts = {
        "register_table": registers.markdown_table(),
        "plan": plan,
        "name": name,
        "rtl": rtl,
        "rom": rom,
        "vectors": data,
        "software": list(software),
        "beats": beats,
        "constraints": {Path(file).suffix[1:]: file for file in extra if file.startswith(f"{INTEGRATION}/clock.")},
    }
    files[MAKEFILE] = render("rtl", "Makefile", **facts)
    files[CORE] = render("rtl", "fusesoc.core", **facts)
    request = markdown(settled.summary) if settled is not None else ""
    files[README] = render("rtl", "project_readme.md", utilisation=utilisation(plan), request=request, **facts)
    files[LICENSE] = license_text()
    return {**files, **extra}


def top_source(plan: NetworkPlan) -> str:
    """Verilog of the top."""
    roms = {file: f'{{ROM_DIR, "/{PurePosixPath(plan.names.rom(rom)).name}"}}' for file, rom in plan.net.roms.items()}
    if plan.options.inline_roms:
        roms = {file: str(number) for number, file in enumerate(plan.net.roms, 1)}
    rst = "core_rst" if plan.options.axi_lite else "rst"
    instances = [
        {
            "comment": item.comment,
            "text": layout.instance(
                plan.names.module(item.module),
                item.name,
                {name: parameter(value, roms) for name, value in item.parameters.items()},
                {"clk": "clk", "rst": rst, **item.ports},
            ),
        }
        for item in plan.net.instances
    ]
    return render("rtl", "network_top.v", plan=plan, instances=instances)


def parameter(value: int | str, roms: Mapping[str, str]) -> str:
    """A parameter in Verilog; ``roms`` has the text for each ROM file."""
    if isinstance(value, str):
        return roms[value]
    return value.verilog if isinstance(value, TypeWord | Words) else str(value)


def modules(plan: NetworkPlan) -> tuple[str, ...]:
    """The hand-written modules that the top needs, by their names in the library."""
    tops = [instance.module for instance in plan.net.instances]
    return with_submodules(tops + (list(AROUND) if plan.options.axi_lite else []))


def with_submodules(tops: Iterable[str]) -> tuple[str, ...]:
    """Modules of the library and all that they need, by name."""
    todo, needed = list(tops), set[str]()
    while todo:
        module = todo.pop()
        if module not in needed:
            needed.add(module)
            todo += _INSTANCE.findall(source(module))
    return tuple(sorted(needed))


def sources(plan: NetworkPlan) -> tuple[str, ...]:
    """The Verilog files of the accelerator, below the project's folder, the top first."""
    return tuple(f"{RTL}/{name}.v" for name in (plan.top, *map(plan.names.module, modules(plan))))


def rom_files(plan: NetworkPlan) -> tuple[str, ...]:
    """The ROM files of the accelerator, below the project's folder; none where their contents are in the source."""
    return () if plan.options.inline_roms else tuple(sorted(map(plan.names.rom, plan.net.roms.values())))


def _inline_rom(plan: NetworkPlan) -> str:
    return inline_rom(plan.net.roms.values())


def inline_rom(roms: Iterable[Rom]) -> str:
    """The module lmu_rom with the contents of ``roms``, which are numbered from 1."""
    return render("rtl", "lmu_rom_inline.v", roms=list(roms))


def source(module: str) -> str:
    """A module of the library as a project gets it, under its own name."""
    return without_formal(hdl_file(module).read_text(encoding="utf-8"))


def _vector_files(plan: NetworkPlan, vectors: Vectors) -> dict[End, str]:
    """One beat a line, hexadecimal: {tlast, tdata} of an input, {tuser, tlast, tdata} of an output."""
    network, texts, shapes = plan.network, {}, set()
    for end, x in vectors.arrays(plan.inputs, vectors.inputs):
        if x.ndim != 3 or x.shape[2] != end.count or not len(x):
            raise ValueError(f"vectors have inputs of shape {x.shape}, expected (sequences, steps, {end.count})")
        if checked_steps(network, plan.options) not in (0, x.shape[1]):
            raise ValueError(f"vectors have sequences of {x.shape[1]} steps, the network of {network.steps}")
        shapes.add(x.shape[:2])
        texts[end] = _beats(packed(_fitting(x, end), end), end.bus, 1, True, vectors.lengths)
    if len(shapes) > 1:
        raise ValueError(f"the inputs of the vectors have different numbers of sequences or steps: {sorted(shapes)}")
    ((sequences, arriving),) = shapes
    for end, y in vectors.arrays(plan.outputs, vectors.outputs):
        steps = end.given_steps(arriving)
        if y.size != sequences * steps * end.count:
            raise ValueError(f"vectors have outputs of shape {y.shape}, expected {(sequences, steps, end.count)}")
        lengths = vectors.lengths if end.every_step and end.steps is None else None
        if lengths is not None:
            lengths = np.array([end.given_steps(length) for length in lengths.tolist()])
        beats = packed(_fitting(y.reshape(sequences, steps, end.count), end), end)
        texts[end] = _beats(beats, end.bus, 2, plan.framed, lengths)
    return texts


def _fitting(values: Ints, end: End) -> Ints:
    if values.min() < end.type.min_int or values.max() > end.type.max_int:
        raise ValueError(f"vectors have values {values.min()}..{values.max()}, which do not fit {end.type}")
    return values


def packed(values: Ints, end: End) -> np.ndarray:
    """The beats of steps (sequences, steps, values): of each its values in slots, zeros beyond the last one."""
    if end.together == 1:
        return values
    slots = np.zeros((*values.shape[:2], end.beats * end.together), object)
    slots[..., : end.count] = values & ((1 << end.slot) - 1)
    slots = slots.reshape(*values.shape[:2], end.beats, end.together)
    return np.asarray(sum(slots[..., k] << end.slot * k for k in range(end.together)))


def _beats(values: np.ndarray, width: int, flags: int, last: bool, lengths: Ints | None) -> str:
    """A line for each beat, of the first ``lengths`` steps of each sequence; with ``last`` its last one has tlast."""
    digits = -(-(width + flags) // 4)
    mask = (1 << width) - 1
    lines = []
    for sequence, steps in zip(values, [None] * len(values) if lengths is None else lengths, strict=True):
        words = [int(value) & mask for value in sequence[:steps].ravel()]
        words[-1] |= int(last) << width  # tlast
        lines += [f"{word:0{digits}x}\n" for word in words]
    return "".join(lines)


def _remove_earlier(folder: Path) -> None:
    """Remove the files that the manifest in ``folder`` lists, so that no old module or ROM stays among the new ones."""
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    ours = isinstance(listed, dict) and ("schema" in listed or listed.get("format") == 1)  # whatever its version
    names: Iterable[Any] = listed.get("files", {}) if ours else ()
    for name in names:
        try:
            contained(folder, str(name), MANIFEST).unlink(missing_ok=True)
        except LmuHlsError:  # not one of ours
            continue
        except OSError as error:
            raise LmuHlsError(f"cannot write {folder}: {error.strerror or error}. Choose another folder.") from error
