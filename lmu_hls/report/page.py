"""report.html: the whole report as one page that needs no other file and no network."""

from __future__ import annotations

from typing import Any

import jinja2
from markupsafe import Markup

from lmu_hls import rendering
from lmu_hls.naming import visible
from lmu_hls.report.cards import cards
from lmu_hls.report.pictures import css, pictures_of, svg
from lmu_hls.report.precision import ASSUMED, HEADINGS, precision_notes, precision_rows
from lmu_hls.report.record import Report
from lmu_hls.report.render import NEAR_TEXT


def environment() -> jinja2.Environment:
    """Templates in which every text is escaped, and what cannot be seen is made visible."""
    return rendering.environment("report", autoescape=True, finalize=_shown)


def to_html(report: Report) -> str:
    """The page; the same report gives the same bytes."""
    sections = {
        name: [(picture, Markup(svg(picture))) for picture in group] for name, group in pictures_of(report).items()
    }
    return environment().get_template("report.html.jinja").render(
        report=report,
        cards=cards(report),
        sections=sections,
        css=Markup(css()),
        headings=HEADINGS,
        rows=precision_rows(report.precision.tensors) if report.precision else [],
        notes=precision_notes(report.precision.tensors) if report.precision else [],
        assumed=ASSUMED,
        near=NEAR_TEXT[report.near],
    )  # fmt: skip


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
