"""Synthesis of an output folder, and synth.json: one entry a target, with evidence of its own.

A run takes the entries of its targets out before it starts and puts each back when that target is done. Entries of
other targets stay as they are; `report` says of each whether its files have changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import contained, is_identifier
from lmu_hls.records import Manifest, Resources, Synthesis, TargetSynthesis, Unit, dump, load
from lmu_hls.records.evidence import Digests, Evidence, digests, of_topics
from lmu_hls.records.folder import OutputFolder
from lmu_hls.synth.families import DEFAULT, target_of
from lmu_hls.synth.roms import check_roms
from lmu_hls.synth.yosys import synthesize


def synthesize_units(
    outdir: Path, targets: Sequence[str] = (DEFAULT,), progress: Callable[[str, int, int], None] = lambda *_: None
) -> tuple[Resources, ...]:
    """Synthesise every unit of an output folder's manifest.json for each target, and write synth.json there.

    Sources are named relative to `outdir`, memory files relative to the folder of the unit. Logs go to
    work/synth/<target>/<unit>/. Verilog that was edited is taken as it is, and the record says by hash what that was;
    ROM files have to be those of the conversion.
    Raises LmuHlsError as `synthesize` does, and when the manifest is absent or names no unit, a ROM file is altered, or
    a file changes during the synthesis.
    """
    targets = [target_of(target).name for target in dict.fromkeys(targets)]  # refused before any work is done
    folder = OutputFolder(outdir)
    _write(folder, (entry for entry in _earlier(folder) if entry.target not in targets))
    units = load(folder.manifest, Manifest).units
    if not units:
        raise LmuHlsError(f"{outdir} holds no Verilog unit to synthesise. Convert a model with an LMU layer.")
    for unit in units:
        _check_places(outdir, unit, targets)
    before = digests(outdir)
    for place in sorted({unit.folder for unit in units}):
        check_roms(outdir / place)
    results: list[Resources] = []
    for done, target in enumerate(targets):
        progress("synthesis", done, len(targets))
        made = _synthesized(folder, units, target, before)
        _write(folder, (*_earlier(folder), made))
        results.extend(made.resources)
    progress("synthesis", len(targets), len(targets))
    return tuple(results)


def _synthesized(folder: OutputFolder, units: Sequence[Unit], target: str, before: Digests) -> TargetSynthesis:
    results = tuple(
        synthesize(
            [folder.root / source for source in unit.sources],
            unit.top,
            unit.parameters,
            folder.work("synth", target, unit.name),
            target,
            unit=unit.name,
            data_dir=folder.root / unit.folder,
        )
        for unit in units
    )
    tools = {item.tool: item.tool_version for item in results}
    command = f"lmu-hls synth OUTDIR --target {target}"
    about = Evidence(of_topics("synthesis", before), None, command, tools)
    changed = about.difference("synthesis", digests(folder.root)) if about.files else ""
    if changed:
        raise LmuHlsError(f"{changed} while {folder.root} was being synthesised; run the command again")
    return TargetSynthesis(target, results, about)


def _earlier(folder: OutputFolder) -> tuple[TargetSynthesis, ...]:
    """The entries that stand in synth.json. A record that cannot be read has none."""
    try:
        return load(folder.synthesis, Synthesis).targets
    except LmuHlsError:
        return ()


def _write(folder: OutputFolder, entries: Iterable[TargetSynthesis]) -> None:
    """synth.json with these entries, in the order of the targets, or no file without any; reports go."""
    kept = tuple(sorted(entries, key=lambda entry: entry.target))
    if kept:
        folder.forget()
        dump(folder.synthesis, Synthesis(kept))
    else:
        folder.forget(folder.synthesis)


def _check_places(outdir: Path, unit: Unit, targets: Sequence[str]) -> None:
    """LmuHlsError when the manifest leads to a place outside ``outdir``."""
    if not is_identifier(unit.name):
        raise LmuHlsError(f"manifest.json has a unit {unit.name!r}, which is no name; convert the model again")
    for path in (*unit.sources, unit.folder, *(f"work/synth/{target}/{unit.name}" for target in targets)):
        contained(outdir, path, "manifest.json")
