"""Gather the records of an output folder into a report, and write it there."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Accuracy, Manifest, Precision, Resources, Verification, dump, load, write_bytes, write_text
from lmu_hls.report.precision import precision_plot
from lmu_hls.report.record import Report
from lmu_hls.report.render import to_markdown

T = TypeVar("T")


def build_report(outdir: Path) -> Report:
    """Build the report from what is there of manifest, precision, accuracy, verify and synth (.json).

    Raises LmuHlsError when the folder has none of them, or when one holds something else.
    """
    manifest = _optional(outdir / "manifest.json", Manifest)
    accuracy = _optional(outdir / "accuracy.json", tuple[Accuracy, ...])
    verification = _optional(outdir / "verify.json", Verification)
    precision = _optional(outdir / "precision.json", Precision)
    resources = _optional(outdir / "synth.json", tuple[Resources, ...]) or ()
    if manifest is None and accuracy is None and verification is None and not resources:
        raise LmuHlsError(f"{outdir} holds no results. Run lmu-hls convert and lmu-hls verify first.")
    tools = {
        **(manifest.tools if manifest else {}),
        **(verification.tools if verification else {}),
        **{item.tool: item.tool_version for item in resources},
    }
    return Report(
        model=manifest.model if manifest else None,
        backend=manifest.backend if manifest else "",
        io_type=manifest.io_type if manifest else "",
        accuracy=accuracy or (),
        comparisons=verification.comparisons if verification else (),
        timing=verification.timing if verification else (),
        resources=resources,
        overruns=verification.overruns if verification else (),
        precision=precision,
        tools={name: tools[name] for name in sorted(tools)},
        parts=manifest.parts if manifest else (),
        multipliers=manifest.multipliers if manifest else 0,
        utilisation=manifest.utilisation if manifest else 0.0,
    )


def write_report(outdir: Path) -> Report:
    """Build the report; write report.json, report.md and, where types were chosen, precision.svg.

    Each file is replaced whole.

    Raises LmuHlsError as `build_report` does, or when the folder cannot be written.
    """
    report = build_report(outdir)
    dump(outdir / "report.json", report)
    write_text(outdir / "report.md", to_markdown(report))
    if report.precision:
        write_bytes(outdir / "precision.svg", precision_plot(report.precision.tensors))
    return report


def _optional(path: Path, kind: type[T]) -> T | None:
    return load(path, kind) if path.exists() else None
