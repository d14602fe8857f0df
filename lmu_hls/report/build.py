"""Gather the records of an output folder into a report, and write it there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import (
    Check,
    Conversion,
    Energy,
    HlsSynthesis,
    Manifest,
    Placements,
    Precision,
    Reference,
    StandardCells,
    Synthesis,
    TargetPlacement,
    TargetSynthesis,
    Verification,
    load,
    write_bytes,
    write_text,
)
from lmu_hls.records.evidence import DataSet, Digests, Evidence, digests
from lmu_hls.records.folder import OutputFolder
from lmu_hls.records.traces import Traces
from lmu_hls.report.page import to_html
from lmu_hls.report.pictures import pictures_of, png, svg_file
from lmu_hls.report.record import Report, to_json
from lmu_hls.report.render import to_markdown
from lmu_hls.report.standing import CURRENT, EDITED, NOT_FINISHED, NOT_RUN, STALE, Standing
from lmu_hls.synth.families import targets

T = TypeVar("T")
CONVERT = "lmu-hls convert MODEL.keras OUTDIR --force"
VERIFY = "lmu-hls verify OUTDIR"
VERIFY_DATA = f"{VERIFY} --data FILE.npz"
SYNTH = "lmu-hls synth OUTDIR"
UNJUDGED = (
    "synthesis",
    "placement",
    "csynth",
    "energy",
    "asic",
    "traces",
)  # records that the verdict does not depend on
CSYNTH = "lmu-hls build OUTDIR"
ASIC = "lmu-hls asic OUTDIR"
ENERGY = "lmu-hls energy OUTDIR --data FILE.npz"
PLACE = "lmu-hls synth OUTDIR --route --target DEVICE"


@dataclass(slots=True)
class _Judge:
    """Says of each record whether it holds, and remembers that in ``standings``. ``labels``: by the SHA-256 of x."""

    now: Digests
    labels: Mapping[str, str]
    standings: list[Standing] = field(default_factory=list)

    def holds(
        self, record: str, evidence: Evidence, remedy: str, topics: str | Sequence[str] = "", judged: bool = True
    ) -> bool:
        changed = evidence.difference(topics or record, self.now)
        state = CURRENT if not changed else STALE if judged or record != "project" else EDITED
        self.note(record, state, changed, remedy if changed else "", judged, evidence.data)
        return not changed

    def conversion(self, folder: OutputFolder) -> tuple[bool, bool]:
        """Whether the model, and the projects made of it, are those that `convert` wrote."""
        if not folder.conversion.exists():
            self.note("conversion", STALE, f"{folder.conversion.name} is gone", CONVERT)
        found = _read(folder.conversion, Conversion, "conversion", CONVERT, self.standings)
        if found is None:
            return False, False
        same = self.holds("conversion", found.evidence, CONVERT)
        return same, self.holds("project", found.evidence, CONVERT, judged=False) and same

    def check(self, comparison: Check) -> bool:
        if comparison.comparison or comparison.evidence.difference(comparison.topic, self.now):
            return self.holds(comparison.name, comparison.evidence, comparison.evidence.command, comparison.topic)
        self.note(
            comparison.name,
            NOT_FINISHED,
            "it was interrupted or ended in an error",
            comparison.evidence.command,
            True,
            comparison.evidence.data,
        )
        return False

    def reference(self, reference: Reference) -> Reference:
        """What holds of it."""
        overruns = self.holds("overruns", reference.evidence, reference.evidence.command)
        right = bool(reference.accuracy or reference.errors) and self.holds(
            "accuracy", reference.evidence, reference.evidence.command
        )
        near = reference.fidelity is not None and self.holds("fidelity", reference.evidence, reference.evidence.command)
        return Reference(
            reference.evidence,
            reference.accuracy if right else (),
            reference.overruns if overruns else (),
            reference.task if right else "",
            reference.errors if right else (),
            reference.fidelity if near else None,
            reference.ties if overruns else None,
            reference.output,
        )

    def synthesis(self, entry: TargetSynthesis) -> bool:
        record, remedy = f"synthesis {entry.target}", entry.evidence.command
        target = targets().get(entry.target)
        names = [kind.name for kind in target.family.resources] if target else []
        if any(list(item.counts) != names for item in entry.resources):
            reason = f"it counts other resources than this version does: {', '.join(names) or 'none'}"
            self.note(record, STALE, reason, remedy, judged=False)
            return False
        return self.holds(record, entry.evidence, remedy, "synthesis", judged=False)

    def placement(self, entry: TargetPlacement) -> bool:
        return self.holds(f"placement {entry.target}", entry.evidence, entry.evidence.command, "synthesis", False)

    def note(
        self, record: str, state: str, reason: str, remedy: str, judged: bool = True, data: DataSet | None = None
    ) -> None:
        label = self.labels.get(data.x.sha256, data.label) if data else ""
        standing = Standing(record, label, state, reason, remedy, judged)
        if standing not in self.standings:  # of several outputs on the same data
            self.standings.append(standing)


def build_report(outdir: Path) -> Report:
    """Build the report of what is there of the records, each only where its files are still those that it is about.

    Raises LmuHlsError when the folder holds no converted model, or when its manifest is damaged.
    """
    folder = OutputFolder(outdir).require()
    manifest = load(folder.manifest, Manifest)
    damaged: list[Standing] = []
    verification = _read(folder.verification, Verification, "verification", VERIFY, damaged) or Verification()
    rows: tuple[Check | Reference, ...] = (*verification.checks, *verification.references)
    traces = _read(folder.traces, Traces, "traces", VERIFY, damaged)
    energy = _read(folder.energy, Energy, "energy", ENERGY, damaged)
    about_data = (*rows, *((traces,) if traces else ()), *((energy,) if energy else ()))
    judge = _Judge(
        digests(outdir, [file for record in about_data for file in record.evidence.extra]),
        labels_of(row.evidence.data for row in rows),
        damaged,
    )
    same_model, same_project = judge.conversion(folder)
    checks = tuple(check for check in verification.checks if judge.check(check))
    references = tuple(map(judge.reference, verification.references))
    precision = _read(folder.precision, Precision, "precision", CONVERT, damaged)
    if precision and not judge.holds("precision", precision.evidence, CONVERT):
        precision = None
    synthesis = _read(folder.synthesis, Synthesis, "synthesis", SYNTH, damaged)
    synthesized = tuple(entry for entry in synthesis.targets if judge.synthesis(entry)) if synthesis else ()
    placing = _read(folder.placement, Placements, "placement", PLACE, damaged)
    placed = tuple(entry for entry in placing.targets if judge.placement(entry)) if placing else ()
    if traces and not judge.holds("traces", traces.evidence, traces.evidence.command or VERIFY, judged=False):
        traces = None
    if energy and not judge.holds("energy", energy.evidence, energy.evidence.command, judged=False):
        energy = None
    csynth = _read(folder.hls_synthesis, HlsSynthesis, "csynth", CSYNTH, damaged)
    if csynth and not judge.holds("csynth", csynth.evidence, csynth.evidence.command, judged=False):
        csynth = None
    asic = _read(folder.asic, StandardCells, "asic", ASIC, damaged)
    if asic and not judge.holds("asic", asic.evidence, asic.evidence.command, judged=False):
        asic = None
    _note_missing(judge)
    tools = dict(manifest.tools) if same_model else {}
    current = [
        entry.evidence
        for entry in (*checks, *references, *synthesized, *placed, csynth, energy, asic)
        if entry is not None
    ]
    for evidence in current:
        tools |= evidence.tools
    return Report(
        manifest=(manifest if same_project else replace(manifest, hardware=None, hls=None)) if same_model else None,
        references=tuple(
            item
            for item in references
            if item.accuracy or item.errors or item.overruns or item.fidelity or (item.ties and item.ties.tied)
        ),
        checks=checks,
        resources=tuple(item for entry in synthesized for item in entry.resources),
        placements=tuple(item for entry in placed for item in entry.placements),
        energy=energy,
        precision=precision,
        tools={name: tools[name] for name in sorted(tools)},
        standings=tuple(judge.standings),
        labels=judge.labels,
        commands=tuple(dict.fromkeys(evidence.command for evidence in current if evidence.command)),
        traces=traces,
        hls=csynth.figures if csynth else None,
        asic=asic,
    )


def write_report(outdir: Path) -> Report:
    """Build the report; write report.json, report.md, report.html, and its pictures as files of plots/.

    Those of an earlier state are removed first, so that they are gone when this fails. Each file is replaced whole.

    Raises LmuHlsError as `build_report` does, or when the folder cannot be written.
    """
    folder = OutputFolder(outdir).require()
    folder.forget()
    report = build_report(outdir)
    data, text, page = folder.reports
    write_text(data, to_json(report))
    write_text(text, to_markdown(report))
    write_text(page, to_html(report))
    for picture in chain.from_iterable(pictures_of(report).values()):
        write_text(folder.plots / f"{picture.name}.svg", svg_file(picture))
        write_bytes(folder.plots / f"{picture.name}.png", png(picture))
    return report


def labels_of(data: Iterable[DataSet | None]) -> dict[str, str]:
    """A label for each data set by the SHA-256 of its x; those of one name also show the start of that."""
    named = {item.x.sha256: item.label for item in data if item}
    often = Counter(named.values())
    return {of: f"{label} ({of[:8]})" if often[label] > 1 else label for of, label in named.items()}


def _read(path: Path, kind: type[T], record: str, remedy: str, damaged: list[Standing]) -> T | None:
    """The record, if there is one; one that cannot be read is noted as stale."""
    if not path.exists():
        return None
    try:
        return load(path, kind)
    except LmuHlsError as error:
        reason = f"{path.name} {str(error).removeprefix(str(path)).strip()}"
        damaged.append(Standing(record, "", STALE, reason, remedy, judged=record not in UNJUDGED))
        return None


def _note_missing(judge: _Judge) -> None:
    """What was never run."""
    seen = {standing.record.partition(" ")[0] for standing in judge.standings}
    for record, remedy in (("csim", VERIFY), ("rtlsim", VERIFY), ("accuracy", VERIFY_DATA), ("synthesis", SYNTH)):
        if record not in seen and not ("verification" in seen and remedy != SYNTH):
            judge.note(record, NOT_RUN, "", remedy)
