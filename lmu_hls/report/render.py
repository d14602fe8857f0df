"""The report as Markdown for a file, and as a table for the screen."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from lmu_hls import rendering
from lmu_hls.energy.published import beside_the_paper
from lmu_hls.naming import markdown, markdown_code, visible
from lmu_hls.records import HlsLayer
from lmu_hls.report.precision import ASSUMED, HEADINGS, decibels, precision_notes, precision_rows, vanished_counts
from lmu_hls.report.record import Report
from lmu_hls.synth.families import target_of

NEAR = {
    "close": ", [green]close to the model[/green]",
    "doubtful": ", [yellow]doubtful whether close to the model[/yellow]",
    "failed": ", [red]not close to the model[/red]",
    "not judged": ", closeness to the model not judged on random data",
    "not measured": "",
}


NEAR_TEXT = {
    "close": "It is close to the Keras model.",
    "doubtful": "It is doubtful whether it is close to the Keras model.",
    "failed": "It is not close to the Keras model.",
    "not judged": "Closeness to the Keras model is not judged on random data.",
    "not measured": "",
}


def to_markdown(report: Report) -> str:
    """The whole report as Markdown with one table a section; the same report gives the same bytes."""
    environment = rendering.environment("report")
    environment.globals["precision_headings"] = HEADINGS
    environment.globals["precision_rows"] = precision_rows
    environment.globals["precision_assumed"] = ASSUMED
    environment.globals["precision_notes"] = precision_notes
    environment.globals["decibels"] = decibels
    environment.globals["vanished_counts"] = vanished_counts
    environment.globals["beside_the_paper"] = beside_the_paper
    environment.globals["target_of"] = target_of
    environment.globals["hls_rows"] = hls_rows
    environment.filters["code"] = markdown_code
    environment.filters["cell"] = markdown
    return environment.get_template("report.md.jinja").render(report=report)


def hls_rows(report: Report) -> list[tuple[str, str, HlsLayer]]:
    """Name, source and figures: every layer with all its sources side by side, then the totals."""
    pairs = [(layer, item.source) for item in report.hls_figures for layer in item.layers]
    names = list(dict.fromkeys(layer.name for layer, _ in pairs))
    layers = [(layer.name, source, layer) for name in names for layer, source in pairs if layer.name == name]
    return layers + [(item.total.name, item.source, item.total) for item in report.hls_figures]


def to_table(report: Report) -> Table:
    """The short table of `Report.rows` for rich: what was judged is green or red."""
    color = {"passed": "green", "failed": "red", "stale": "red", "not verified": "yellow"}[report.verdict]
    name = report.manifest.model.name if report.manifest else "Results"
    near = NEAR[report.near]
    table = Table(title=f"{escape(visible(name))}: [{color}]{report.verdict}[/{color}]{near}", title_justify="left")
    table.add_column("", style="bold")
    table.add_column("Quantity")
    table.add_column("Value")
    table.add_column("Source", style="dim")
    section = ""
    for row in report.rows():
        if section and row.section != section:
            table.add_section()
        style = "yellow" if row.warning else {True: "green", False: "red", None: ""}[row.good]
        value = escape(visible(row.value))
        first = row.section if row.section != section else ""
        table.add_row(first, escape(visible(row.name)), f"[{style}]{value}[/{style}]" if style else value, row.source)
        section = row.section
    return table
