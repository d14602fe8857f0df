"""The report as a record: everything measured, each number with its source; no dates, hosts or paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.errors import LmuHlsError
from lmu_hls.jsonfile import decode, encode, parse
from lmu_hls.records import Accuracy, Comparison, ModelSummary, Number, Overrun, Part, Precision, Resources, Timing


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the short table; `good` is None where there is nothing to judge."""

    section: str
    name: str
    value: str
    source: str
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Results of one output folder. A section that was not run is empty; `tools` has versions by tool name."""

    model: ModelSummary | None
    backend: str
    io_type: str
    accuracy: tuple[Accuracy, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    timing: tuple[Timing, ...] = ()
    resources: tuple[Resources, ...] = ()
    overruns: tuple[Overrun, ...] = ()
    precision: Precision | None = None
    tools: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    multipliers: int = 0
    utilisation: float = 0.0

    @property
    def passed(self) -> bool:
        """Something was compared, all of it agrees, and every timing formula holds."""
        compared = all(item.passed for item in self.comparisons)
        return bool(self.comparisons) and compared and all(item.passed for item in self.timing)

    @property
    def verdict(self) -> str:
        """ "passed", "failed", or "not verified" where nothing was compared."""
        if not self.comparisons:
            return "not verified"
        return "passed" if self.passed else "failed"

    def rows(self) -> tuple[Row, ...]:
        """The short table: accuracy, exact samples, cycles, resources."""
        return (
            *(_accuracy_row(item) for item in self.accuracy),
            *(_precision_rows(self.precision) if self.precision else ()),
            *(_overrun_row(item) for item in self.overruns),
            *(_comparison_row(item) for item in self.comparisons),
            *(row for item in self.timing for row in _timing_rows(item)),
            *((_multipliers_row(self),) if self.parts else ()),
            *(row for item in self.resources for row in _resource_rows(item)),
        )


def to_json(report: Report) -> str:
    """The report as JSON; `from_json` gives it back equal."""
    return encode(report)


def from_json(text: str) -> Report:
    """Read what `to_json` wrote. Raises LmuHlsError for anything else."""
    try:
        report = decode(Report, parse(text))
    except ValueError as error:
        raise LmuHlsError(f"this is no report: {error}. Write it again with: lmu-hls report OUTDIR") from error
    assert isinstance(report, Report)
    return report


def _accuracy_row(item: Accuracy) -> Row:
    return Row("Accuracy", item.name, f"{item.percent:.2f} % ({item.correct} of {item.samples})", item.source)


def _precision_rows(item: Precision) -> tuple[Row, ...]:
    return (
        Row("Precision", "asked", item.target, "golden"),
        Row("Precision", "reached on the calibration data", item.reached, "golden"),
        Row("Precision", "bits in all", f"{item.bits} ({item.start_bits} at the start)", "count"),
    )


def _overrun_row(item: Overrun) -> Row:
    known = "" if item.calibrated is None else f", {item.calibrated:.4g} when calibrated"
    value = f"{item.overflows} values overflow; largest magnitude {item.seen:.4g}{known}"
    return Row("Overrun", f"{item.layer}, {item.tensor}", value, "golden")


def _comparison_row(item: Comparison) -> Row:
    value = f"{item.exact} of {item.samples} samples, {item.values_compared} values"
    if item.first_difference:
        value += f"; first difference {item.first_difference}"
    source = {"csim": "csim", "rtlsim": "rtl_sim"}.get(item.name.split()[0], "count")
    return Row("Bit-exact", item.name, value, source, item.passed)


def _timing_rows(item: Timing) -> tuple[Row, Row]:
    def row(name: str, formula: Number, measured: Number) -> Row:
        agree = formula.value == measured.value and item.steps > 0
        value = f"{measured} in {item.steps} steps" if agree else f"{measured}, by formula {formula}"
        return Row("Timing", f"{item.unit}, {name}", value, f"{measured.source} ({item.simulator})", agree)

    return (
        row("cycles a step", item.ii_formula, item.ii_measured),
        row("latency", item.latency_formula, item.latency_measured),
    )


def _multipliers_row(report: Report) -> Row:
    value = f"{report.multipliers}, {100 * report.utilisation:.1f} % of their cycles needed"
    return Row("Resources", "multipliers", value, "formula")


def _resource_rows(item: Resources) -> tuple[Row, ...]:
    numbers = {"LUT": item.lut + item.lutram + item.srl, "FF": item.ff, "DSP": item.dsp, "BRAM18": item.bram18}
    source = f"{item.source} ({item.tool}, {item.family})"
    return tuple(Row("Resources", f"{item.unit}, {kind}", str(n), source) for kind, n in numbers.items())
