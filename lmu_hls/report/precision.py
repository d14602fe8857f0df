"""The precision report: every tensor's type, range and SNR, as a table and as Markdown rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf

from rich.markup import escape
from rich.table import Table

from lmu_hls.naming import visible
from lmu_hls.records import Precision, TensorPrecision

ASSUMED = (
    "Observed: on the data, without saturation. Proven: for every input that fits the input's type (u), for every u "
    "that fits its type (mem, sweep). Predicted: for the error that u has on the data, where nothing overflows."
)
HEADINGS = ("Layer", "Tensor", "Type", "Observed", "Proven", "Headroom", "Overflows", "Predicted dB", "Measured dB")


def precision_rows(tensors: Sequence[TensorPrecision]) -> list[tuple[str, ...]]:
    """One row of text a tensor, in the order of HEADINGS; '-' where nothing is known, types without default modes.

    What has no number says so: a range that nothing bounds, the headroom of a tensor that is zero throughout, the SNR
    of values that are exact, or that have an error and no signal.
    """
    return [
        (
            item.layer,
            item.tensor,
            item.type.short,
            f"{item.observed:.4g}",
            _number(item.proven, ".4g", "unbounded"),
            _number(item.headroom, ".2f", "unused"),
            "-" if item.weight else str(item.overflows),
            decibels(item.predicted_db),
            decibels(item.measured_db),
        )
        for item in tensors
    ]


def precision_notes(tensors: Sequence[TensorPrecision]) -> list[str]:
    """What numbers do not say of tensors, a line each."""
    return [f"{item.layer} {item.tensor}: {item.note}" for item in tensors if item.note]


def precision_table(tensors: Sequence[TensorPrecision]) -> Table:
    """The rows for rich; tensors that overflow are red."""
    table = Table(title="Types, round to nearest even and saturate where not said otherwise", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in HEADINGS[:3] else "right", no_wrap=heading == "Type")
    for item, row in zip(tensors, precision_rows(tensors), strict=True):
        table.add_row(*(escape(visible(cell)) for cell in row), style="red" if item.overflows else "")
    table.caption = escape("\n".join([ASSUMED, *map(visible, precision_notes(tensors))]))
    table.caption_justify = "left"
    return table


def vanished_counts(precision: Precision) -> list[str]:
    """How many weights of each tensor became zero, such as "12 of lmu.hidden_mem"."""
    counts = Counter(name.partition("[")[0] for name in precision.vanished)
    return [f"{count} of {tensor}" for tensor, count in counts.items()]


def decibels(value: float | None) -> str:
    """An SNR, or the words for one that is no number."""
    return _number(value, ".1f", "exact")


def _number(value: float | None, form: str, infinite: str) -> str:
    if value is None:
        return "-"
    return {inf: infinite, -inf: "no signal"}.get(value, f"{value:{form}}")
