"""``report``: what verify and synth found, as pages, or several folders side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lmu_hls.cli.options import Json, alone_each
from lmu_hls.cli.terminal import out, print_json, print_report, say
from lmu_hls.errors import LmuHlsError


def _compare(folders: Sequence[Path], output: Path | None, json_: bool) -> None:
    from lmu_hls import report as reports
    from lmu_hls.records import write_text

    compared = reports.compare([reports.build_report(folder) for folder in folders], reports.names_of(folders))
    if output is not None:
        write_text(output / "comparison.md", reports.comparison_markdown(compared))
        write_text(output / "comparison.html", reports.comparison_html(compared))
        say(f"The comparison is {output / 'comparison.html'}")
    if json_:
        print_json(compared)
    else:
        out.print(reports.comparison_table(compared))


def report(
    outdirs: Annotated[
        list[Path],
        typer.Argument(metavar="OUTDIR...", callback=alone_each, help="An output folder, or several to compare."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Of several folders: write comparison.md and comparison.html there."),
    ] = None,
    json_: Json = False,
) -> None:
    """Write report.html, report.json, report.md and plots/ from what verify and synth found, and print the table.

    Several folders are compared instead, with ratios to the first one; their reports are not written.
    """
    from lmu_hls.report import write_report

    if len(outdirs) > 1:
        _compare(outdirs, output, json_)
        return
    if output is not None:
        raise LmuHlsError("--output is for several folders; the report of one is written into it. Leave it out")
    (outdir,) = outdirs
    print_report(write_report(outdir), outdir, json_)
