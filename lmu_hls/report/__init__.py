"""One report out of what convert, verify and synth left in an output folder."""

from lmu_hls.report.build import build_report, write_report
from lmu_hls.report.compare import compare, comparison_html, comparison_markdown, comparison_table, names_of
from lmu_hls.report.page import to_html
from lmu_hls.report.precision import precision_table
from lmu_hls.report.record import Report, Row, from_json, to_json
from lmu_hls.report.render import to_markdown, to_table
from lmu_hls.report.standing import Standing

__all__ = [
    "Report",
    "Row",
    "Standing",
    "build_report",
    "compare",
    "comparison_html",
    "comparison_markdown",
    "comparison_table",
    "from_json",
    "names_of",
    "precision_table",
    "to_html",
    "to_json",
    "to_markdown",
    "to_table",
    "write_report",
]
