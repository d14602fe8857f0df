"""Synthesis of an output folder, and synth.json: one entry a target, with evidence of its own.

A run takes the entries of its targets out before it starts and puts each back when that target is done. Entries of
other targets stay as they are; `report` says of each whether its files have changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

from lmu_hls import process
from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import contained, is_identifier
from lmu_hls.records import Manifest, Resources, Synthesis, TargetSynthesis, Unit, dump, load
from lmu_hls.records.evidence import Digests, Evidence, digests, of_topics
from lmu_hls.records.folder import MANIFEST, OutputFolder
from lmu_hls.synth.families import DEFAULT, target_of
from lmu_hls.synth.roms import check_roms, data_files
from lmu_hls.synth.yosys import synthesize


class Incomplete(LmuHlsError):
    """Some targets failed; ``done`` are the results of the others."""

    def __init__(self, failures: Iterable[str], done: Sequence[Any]) -> None:
        super().__init__("; ".join(dict.fromkeys(failures)))
        self.done = tuple(done)


def synthesize_units(
    outdir: Path,
    targets: Sequence[str] = (DEFAULT,),
    progress: Callable[[str, int, int], None] = lambda *_: None,
    jobs: int = 1,
) -> tuple[Resources, ...]:
    """Synthesise every unit of an output folder's manifest.json for each target, and write synth.json there.

    Sources are named relative to `outdir`, memory files relative to the folder of the unit. Logs go to
    work/synth/<target>/<unit>/. Verilog that was edited is taken as it is, and the record says by hash what that was;
    ROM files have to be those of the conversion. ``jobs`` targets are worked on at a time.
    Raises Incomplete when a target fails as `synthesize` does, after the others; LmuHlsError before any work when the
    manifest is absent or names no unit, or a ROM file is altered.
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
    made: dict[str, tuple[Resources, ...]] = {}
    failures: list[str] = []
    progress("synthesis", 0, len(targets))
    with process.threads(jobs) as pool:
        started = {pool.submit(_synthesized, folder, units, target, before): target for target in targets}
        for done, future in enumerate(as_completed(started), 1):
            try:
                entry = future.result()
                _write(folder, (*_earlier(folder), entry))
                made[entry.target] = entry.resources
            except LmuHlsError as error:
                failures.append(str(error))
            progress("synthesis", done, len(targets))
    results = tuple(item for target in targets for item in made.get(target, ()))
    if failures:
        raise Incomplete(failures, results)
    return results


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
            data=unit_files(folder, unit),
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


def unit_files(folder: OutputFolder, unit: Unit) -> list[Path]:
    """The files that the Verilog of a unit may read beside its sources."""
    return data_files(folder.root / unit.folder, (folder.root / name for name in unit.sources), unit.parameters)


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
        raise LmuHlsError(f"{MANIFEST} has a unit {unit.name!r}, which is no name; convert the model again")
    for path in (*unit.sources, unit.folder, *(f"work/synth/{target}/{unit.name}" for target in targets)):
        contained(outdir, path, MANIFEST)
