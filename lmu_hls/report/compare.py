"""Several designs side by side: each figure of theirs, with the ratio to that of the first design."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from markupsafe import Markup
from rich.markup import escape
from rich.table import Table

from lmu_hls.naming import markdown, visible
from lmu_hls.report.page import environment
from lmu_hls.report.pictures import css, svg
from lmu_hls.report.pictures.bars import bars
from lmu_hls.report.pictures.drawing import Picture
from lmu_hls.report.record import Report

MORE, LESS = "more", "less"  # what is better
SHOWN = 6  # significant digits
ABSENT = "-"
OF_TARGETS = ("Resources", "Device")
LEFT_OUT = "Devices of one design alone, and resources that none of them takes, are left out."


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of every design, None where a design has none; `better` is "more" or "less".

    A figure in dB or in percent is compared by its `difference`, another by its ratio.
    """

    section: str
    name: str
    unit: str
    better: str
    values: tuple[float | None, ...]

    @property
    def difference(self) -> bool:
        return self.unit in ("%", "dB")

    def change(self, design: int) -> float | None:
        """The ratio to the first design, or the difference from it; None where either has no number."""
        first, value = self.values[0], self.values[design]
        if first is None or value is None or not isfinite(first) or not isfinite(value):
            return None
        if self.difference:
            return value - first
        return value / first if first else None

    def text(self, design: int) -> str:
        """The value of a design, with how it compares to the first."""
        value = self.values[design]
        if value is None:
            return ABSENT
        shown = f"{value:.{SHOWN}g}" if isfinite(value) else "exact"
        change = self.change(design) if design else None
        if change is None:
            return shown
        return f"{shown} ({change:+.3g})" if self.difference else f"{shown} ({change:.3g}x)"

    def better_than_first(self, design: int) -> bool | None:
        """None where the two are equal or cannot be compared."""
        change = self.change(design) if design else None
        still = 0.0 if self.difference else 1.0
        return None if change is None or change == still else (change > still) == (self.better == MORE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Designs by name, the verdict of each, and the figures that they can be compared by."""

    names: tuple[str, ...]
    verdicts: tuple[str, ...]
    figures: tuple[Figure, ...]


def compare(reports: Sequence[Report], names: Sequence[str]) -> Comparison:
    """The figures of all reports, in the order in which they are met; what is stale in a design it does not have.

    Left out is what says nothing here, see LEFT_OUT.
    """
    found = [{(section, name, unit, better): value for section, name, unit, better, value in _figures(report)}
             for report in reports]  # fmt: skip
    keys = list(dict.fromkeys(key for each in found for key in each))
    sections = list(dict.fromkeys(key[0] for key in keys))
    keys.sort(key=lambda key: sections.index(key[0]))
    figures = (Figure(*key, tuple(each.get(key) for each in found)) for key in keys)
    verdicts = tuple(report.verdict for report in reports)
    return Comparison(tuple(names), verdicts, tuple(figure for figure in figures if _says_something(figure)))


def _says_something(figure: Figure) -> bool:
    known = [value for value in figure.values if value is not None]
    return figure.section not in OF_TARGETS or (any(known) and (len(known) > 1 or len(figure.values) == 1))


def names_of(folders: Sequence[Path]) -> list[str]:
    """The last part of each path; the whole path where two would have one name."""
    short = [folder.resolve().name for folder in folders]
    return [name if short.count(name) == 1 else str(folder) for name, folder in zip(short, folders, strict=True)]


def _figures(report: Report) -> Iterator[tuple[str, str, str, str, float]]:
    for reference in report.references:
        if reference.accuracy:
            yield "Quality", "accuracy in fixed point", "%", MORE, reference.accuracy[-1].percent
        if reference.errors:
            yield "Quality", "RMSE in fixed point", "", LESS, reference.errors[-1].figures.rmse
        if reference.fidelity:
            yield "Quality", "SNR to the Keras model", "dB", MORE, reference.fidelity.closeness.snr_db
    if report.manifest:
        yield "Size", "parameters", "", LESS, float(report.manifest.model.parameters)
    if report.precision:
        yield "Size", "bits", "", LESS, float(report.precision.bits)
    if hardware := report.hardware:
        yield "Speed", "cycles a step", "cycles", LESS, float(hardware.ii_cycles)
        yield "Speed", "latency", "cycles", LESS, float(hardware.latency_cycles)
        yield "Speed", "a sequence", "cycles", LESS, float(hardware.sequence_cycles)
        yield "Resources", "multipliers", "", LESS, float(hardware.multipliers)
    for target in dict.fromkeys(item.target for item in report.resources):
        counts = [item.counts for item in report.resources if item.target == target]
        for kind in counts[0]:
            yield "Resources", f"{target}, {kind}", "", LESS, float(sum(each.get(kind, 0) for each in counts))
    for item in report.placements:
        if item.fmax_mhz is not None:
            yield "Device", f"{item.target}, clock", "MHz", MORE, item.fmax_mhz
        for what, cycles in (("a step", item.step_cycles), ("a sequence", item.sequence_cycles)):
            if time := item.microseconds(cycles):
                yield "Device", f"{item.target}, {what}", "µs", LESS, time
    if energy := report.energy:
        yield "Energy", f"an inference, estimate at {energy.node_nm} nm", "nJ", LESS, energy.energy_per_inference_nj


def comparison_table(comparison: Comparison) -> Table:
    """For rich: what is better than in the first design is green, what is worse red."""
    table = Table(title=f"Compared with {escape(visible(comparison.names[0]))}", title_justify="left")
    table.add_column("Figure")
    for name, verdict in zip(comparison.names, comparison.verdicts, strict=True):
        table.add_column(f"{escape(visible(name))}\n{verdict}", justify="right")
    for figure in comparison.figures:
        cells = []
        for design in range(len(comparison.names)):
            style = {True: "green", False: "red", None: ""}[figure.better_than_first(design)]
            text = escape(figure.text(design))
            cells.append(f"[{style}]{text}[/{style}]" if style else text)
        table.add_row(escape(visible(_title(figure))), *cells)
    return table


def comparison_markdown(comparison: Comparison) -> str:
    """One table; ratios and differences are to the first design."""
    heads = [
        f"{markdown(name)} ({verdict})" for name, verdict in zip(comparison.names, comparison.verdicts, strict=True)
    ]
    lines = ["# Designs compared", "", f"Ratios and differences are to {markdown(comparison.names[0])}. {LEFT_OUT}", ""]
    lines += [f"| Figure | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for figure in comparison.figures:
        cells = [figure.text(design) for design in range(len(heads))]
        lines.append(f"| {markdown(_title(figure))} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def comparison_html(comparison: Comparison) -> str:
    """A page like report.html, with a picture for each figure that every design has and that differs."""
    pictures = [
        _picture(f"figure-{k}", figure, comparison.names)
        for k, figure in enumerate(comparison.figures)
        if None not in figure.values and len(set(figure.values)) > 1 and all(isfinite(v or 0) for v in figure.values)
    ]
    return environment().get_template("compare.html.jinja").render(
        comparison=comparison,
        title=_title,
        left_out=LEFT_OUT,
        pictures=[(picture, Markup(svg(picture))) for picture in pictures],
        css=Markup(css()),
    )  # fmt: skip


def _title(figure: Figure) -> str:
    return f"{figure.name}, {figure.unit}" if figure.unit and figure.unit not in figure.name else figure.name


def _picture(name: str, figure: Figure, names: Sequence[str]) -> Picture:
    colors = {True: "c", False: "bad", None: "a"}
    rows = [
        (names[k], max(0.0, value or 0.0), figure.text(k), colors[figure.better_than_first(k)])
        for k, value in enumerate(figure.values)
    ]
    return bars(name, f"{figure.section}: {_title(figure)}", rows)
