"""The report as a record: everything measured, each number with its source; no dates, hosts or paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lmu_hls.errors import LmuHlsError, NotVerified, VerificationFailed
from lmu_hls.records import (
    Accuracy,
    Check,
    Comparison,
    Energy,
    Hardware,
    HlsFigures,
    Manifest,
    Number,
    Overrun,
    Placement,
    Precision,
    Reference,
    Resources,
    StandardCells,
    Ties,
    Timing,
    Verification,
    text_of,
    unseal,
)
from lmu_hls.records.jsonfile import RecordError, decode, parse, plain
from lmu_hls.records.traces import Traces
from lmu_hls.report.standing import CURRENT, NOT_FINISHED, STALE, Standing
from lmu_hls.synth.families import family_of


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the short table; `good` is None where there is nothing to judge, `warning` where it is doubtful."""

    section: str
    name: str
    value: str
    source: str
    good: bool | None = None
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Results of one output folder, of the files that lie there: what is stale stands in `standings` and nowhere else.

    Without a `manifest` the model is not the one of the conversion, without its `hardware` and `hls` the projects are
    not.
    A section that was not run is empty; `tools` has versions by tool name. Checks and references name their data in
    their evidence; `labels` has the text that tells data sets apart, by the SHA-256 of x. `commands` made what is
    current, each once. ``hls`` is what AMD's tool says of the C++, beside the estimate in the manifest.
    """

    manifest: Manifest | None
    references: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()
    resources: tuple[Resources, ...] = ()
    placements: tuple[Placement, ...] = ()
    energy: Energy | None = None
    precision: Precision | None = None
    tools: Mapping[str, str] = field(default_factory=dict)
    standings: tuple[Standing, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    traces: Traces | None = None
    hls: HlsFigures | None = None
    asic: StandardCells | None = None

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    @property
    def verdict(self) -> str:
        """ "failed" where something differs; else "stale" where a file has changed since; else "not verified" where
        nothing was compared or a check has not ended; else "passed"."""
        return self._judgement[0]

    @property
    def because(self) -> str:
        """Why the verdict is not "passed": what differs, or the first record that is not current, and the remedy."""
        return self._judgement[1]

    @property
    def _judgement(self) -> tuple[str, str]:
        judged = [standing for standing in self.standings if standing.judged]
        reasons = (
            ("failed", Verification(self.checks, self.references).faults(self.data)),
            ("stale", [str(standing) for standing in judged if standing.state == STALE]),
            ("not verified", [str(standing) for standing in judged if standing.state == NOT_FINISHED]),
            ("not verified", [] if self.checks else ["nothing was compared; run: lmu-hls verify OUTDIR"]),
        )
        return next(((verdict, found[0]) for verdict, found in reasons if found), ("passed", ""))

    @property
    def hardware(self) -> Hardware | None:
        """What the Verilog takes by formula, where it is that of the conversion."""
        return self.manifest.hardware if self.manifest else None

    @property
    def hls_figures(self) -> tuple[HlsFigures, ...]:
        """What is known of the C++: the estimate, and the figures of AMD's tool."""
        estimate = self.manifest.hls if self.manifest else None
        return tuple(item for item in (estimate, self.hls) if item)

    @property
    def near(self) -> str:
        """Whether the integers are close to the Keras model: "close", "doubtful" or "failed", the worst of all data;
        "not judged" on nothing but random data, "not measured" on none. No word about the implementations."""
        found = {item.fidelity.verdict for item in self.references if item.fidelity}
        return next(
            (verdict for verdict in ("failed", "doubtful", "close", "not judged") if verdict in found), "not measured"
        )

    def require(self) -> None:
        """Raises VerificationFailed or NotVerified, whose exit status follows the verdict, unless it is "passed"."""
        if self.verdict == "failed":
            raise VerificationFailed(f"failed: {self.because}; see the table, and verify.json for the evidence")
        if not self.passed:
            raise NotVerified(f"{self.verdict}: {self.because}")

    def data(self, comparison: Check | Reference) -> str:
        """The label of its data."""
        about = comparison.evidence.data
        label = self.labels.get(about.x.sha256, about.label) if about else "unknown data"
        return comparison.named(label) if isinstance(comparison, Reference) else label

    def rows(self) -> tuple[Row, ...]:
        """The short table: accuracy, exact samples, cycles, resources, and what is not current."""
        return (
            *(row for of in self.references for row in _reference_rows(of, self.data(of))),
            *(_precision_rows(self.precision) if self.precision else ()),
            *(_overrun_row(item, self.data(of)) for of in self.references for item in of.overruns),
            *(_ties_row(of.ties, self.data(of)) for of in self.references if of.ties and of.ties.tied),
            *(_comparison_row(of.comparison, self.data(of)) for of in self.checks if of.comparison),
            *(row for of in self.checks if of.timing for row in _timing_rows(of.timing)),
            *(_hardware_rows(self.manifest, bool(self.checks)) if self.manifest else ()),
            *(row for item in self.resources for row in _resource_rows(item)),
            *(row for item in self.placements for row in _placement_rows(item)),
            *(row for item in self.hls_figures for row in _hls_rows(item)),
            *(_energy_rows(self.energy) if self.energy else ()),
            *(_asic_rows(self.asic) if self.asic else ()),
            *(_standing_row(item) for item in self.standings if item.state != CURRENT),
        )


VERDICTS = ("verdict", "because", "close_to_the_model")


def to_json(report: Report) -> str:
    """The report as JSON, its verdicts first; `from_json` gives it back equal."""
    return text_of({**_verdicts(report), **plain(report)})


def from_json(text: str) -> Report:
    """Read what `to_json` wrote. Raises LmuHlsError for anything else."""
    try:
        fields = unseal(parse(text), "this report")
        said = {name: fields.pop(name, None) for name in VERDICTS}
        report = decode(Report, fields)
        assert isinstance(report, Report)
        if said != _verdicts(report):
            raise RecordError(f"its verdicts are {said}, those of its contents are {_verdicts(report)}")
    except ValueError as error:
        raise LmuHlsError(f"this is no report: {error}. Write it again with: lmu-hls report OUTDIR") from error
    return report


def _verdicts(report: Report) -> dict[str, str]:
    """What to_json writes in front: it follows from the rest."""
    return dict(zip(VERDICTS, (report.verdict, report.because, report.near), strict=True))


def _accuracy_row(item: Accuracy, data: str) -> Row:
    value = f"{item.percent:.2f} % ({item.correct} of {item.samples}) on {data}"
    return Row("Accuracy", item.name, value, item.source)


def _reference_rows(reference: Reference, data: str) -> tuple[Row, ...]:
    """The figures of the task, and fixed point against float, on one data set."""
    rows = [Row("Accuracy", "task", reference.task, "")] if reference.task else []
    rows += [_accuracy_row(item, data) for item in reference.accuracy]
    rows += [Row("Accuracy", item.name, f"{item.figures}, on {data}", item.source) for item in reference.errors]
    if reference.fidelity:
        found = reference.fidelity
        bound = "" if found.min_snr_db is None else f" (at least {found.min_snr_db:g} dB asked)"
        good = {"close": True, "failed": False}.get(found.verdict)
        doubtful = good is None and bool(found.doubts)
        value = f"{found.verdict}: {found.closeness}{bound}, on {data}"
        rows.append(Row("Fixed to float", "close to the model", value, "golden, keras", good, doubtful))
        rows += [Row("Fixed to float", "why not", doubt, "golden, keras", good, doubtful) for doubt in found.doubts]
    return tuple(rows)


def _standing_row(item: Standing) -> Row:
    why = "".join((f": {item.reason}" if item.reason else "", f"; {item.remedy}" if item.remedy else ""))
    return Row("Not shown", item.name, item.state + why, "", False if item.state == STALE else None)


def _precision_rows(item: Precision) -> tuple[Row, ...]:
    error = (Row("Precision", "error on the calibration data", item.errors, "golden"),) if item.errors else ()
    return (
        *error,
        Row("Precision", "asked", item.target, "golden"),
        Row("Precision", "reached on the calibration data", item.reached, "golden"),
        Row("Precision", "bits in all", f"{item.bits} ({item.start_bits} at the start)", "count"),
    )


def _overrun_row(item: Overrun, data: str) -> Row:
    known = "" if item.calibrated is None else f", {item.calibrated:.4g} when calibrated"
    value = f"{item.overflows} values overflow; largest magnitude {item.seen:.4g}{known}, on {data}"
    return Row("Overrun", f"{item.layer}, {item.tensor}", f"{value}; {item.remedy}", "golden")


def _ties_row(item: Ties, data: str) -> Row:
    value = (
        f"{item.tied} of {item.answers} answers tie, not so the logits; use --logits, argmax or more bits, on {data}"
    )
    return Row("Softmax", item.layer, value, "golden")


def _comparison_row(item: Comparison, data: str) -> Row:
    value = f"{item.exact} of {item.samples} samples, {item.values_compared} values on {data}"
    if item.first_difference:
        value += f"; first difference {item.first_difference}"
    return Row("Bit-exact", item.name, value, item.source, item.passed)


def _timing_rows(item: Timing) -> tuple[Row, ...]:
    """One row a number. What was not measured says so, with the reason; it is not judged."""
    return tuple(_timing_row(item, *pair) for pair in item.pairs)


def _timing_row(item: Timing, name: str, formula: Number, measured: Number | None) -> Row:
    title = f"{item.unit}, {name}"
    if measured is None:
        return Row("Timing", title, f"not measured: {item.unmeasured}; by formula {formula}", "formula")
    agree = formula.value == measured.value
    steps = f" in {item.steps} steps" if name == "cycles a step" else " from last input to last output beat of a step"
    value = f"{measured}{steps}" if agree else f"{measured}, by formula {formula}"
    return Row("Timing", title, value, f"{measured.source} ({item.simulator})", agree)


def _hardware_rows(manifest: Manifest, checked: bool) -> tuple[Row, ...]:
    """By formula; of the cycles a sequence only where the others were measured."""
    hardware, rows = manifest.hardware, []
    if hardware is None:
        return ()
    if checked:
        steps = f" of {manifest.inputs[0].steps} steps" if manifest.inputs else ""
        value = f"{hardware.sequence_cycles} cycles a sequence{steps}"
        rows.append(Row("Timing", "cycles a sequence", value, "formula"))
    value = f"{hardware.multipliers}, {100 * hardware.utilisation:.1f} % of their cycles needed"
    rows.append(Row("Resources", "multipliers", value, "formula"))
    if reuse := hardware.reuse:
        value = f"{reuse.wanted} asked, {reuse.cycles} cycles a step ({reuse.fewest} to {reuse.most} possible)"
        rows.append(Row("Resources", "reuse factor", value, "formula"))
    if manifest.optimized:
        rows.append(Row("Resources", "chosen by", manifest.optimized, "estimate"))
    return (*rows, *_zero_rows(hardware))


def _zero_rows(hardware: Hardware) -> Iterator[Row]:
    """The parts in which blocks of zeros are left out."""
    for layer in hardware.layers:
        for part in layer.parts:
            if part.all_cycles is not None:
                share = f"{100 * part.cycles / part.all_cycles:.1f} % of the {part.all_cycles} with its zeros"
                value = f"{part.cycles} cycles a step, {share}"
                yield Row("Resources", f"{layer.name}, {part.name}", value, "formula")


def _hls_rows(item: HlsFigures) -> tuple[Row, ...]:
    """Layers and total of the HLS project; each row says whether it is an estimate of ours or what a tool says."""
    source = f"estimate (DSP of {item.multiplier}, {item.part})" if item.is_estimate else f"csynth ({item.source})"
    section = "HLS, estimate" if item.is_estimate else "HLS"
    rows = [Row(section, layer.name, str(layer), source) for layer in item.layers]
    if item.not_counted or not item.is_estimate:
        without = f"; without {', '.join(item.not_counted)}" if item.not_counted else ""
        rows.append(Row(section, item.total.name, f"{item.total}{without}", source))
    if item.clock_ns is not None:
        rows.append(Row(section, "clock period, expected", f"{item.clock_ns:g} ns", source))
    return tuple(rows)


def _resource_rows(item: Resources) -> tuple[Row, ...]:
    source = f"{item.source} ({item.tool}, {item.target})"
    short = (kind.name for kind in family_of(item.target).resources if kind.short)
    return tuple(Row("Resources", f"{item.unit}, {kind}", str(item.counts[kind]), source) for kind in short)


def _energy_rows(item: Energy) -> tuple[Row, ...]:
    """Energy and power; each says that it is an estimate."""
    source = f"estimate ({item.method}, {item.node_nm} nm)"
    energy = f"{item.energy_per_inference_nj:.4g} nJ, {item.energy_per_step_nj:.4g} nJ a step"
    power = f"{item.power_uw:.4g} uW, without leakage"
    return (
        Row("Energy", "an inference, estimate", energy, source),
        Row("Energy", f"a step every {item.step_ms:g} ms, estimate", power, source),
    )


def _asic_rows(item: StandardCells) -> tuple[Row, ...]:
    """Area, clock and energy; each says that it is an estimate."""
    section, source = "Standard cells", f"estimate before layout ({item.library}, 180 nm)"
    rows = [Row(section, "area, estimate", item.size, source)]
    if item.fmax_mhz is not None:
        energy = f"{item.energy_step_nj:.4g} nJ, {item.power_mw:.4g} mW at that clock"
        rows += [
            Row(section, "clock, estimate", f"{item.fmax_mhz:.1f} MHz", source),
            Row(section, "a step, estimate", energy, source),
        ]
    return tuple(rows)


def _placement_rows(item: Placement) -> tuple[Row, ...]:
    """Utilisation, and where the unit fits the clock, the time of a step and of a sequence, and the slowest path."""
    source, title = f"{item.source} ({item.tool}, {item.target})", f"{item.unit} on {item.target}"
    used = ", ".join(f"{name} {use}" for name, use in item.utilisation.items())
    if item.fmax_mhz is None:
        return (Row("Device", title, f"does not fit: {item.why}; {item.remedy}", source, False),)
    met = "" if item.met else f", {item.clock_mhz:g} MHz asked"
    seeds = f", seed {item.seed} of {len(item.runs)}, median {item.median_mhz:.1f}" if len(item.runs) > 1 else ""
    times = [
        (name, item.microseconds(cycles))
        for name, cycles in (("a step", item.step_cycles), ("a sequence", item.sequence_cycles))
    ]
    return (
        Row("Device", f"{title}, used", used, source),
        Row("Device", f"{title}, clock", f"{item.fmax_mhz:.1f} MHz{met}{seeds}", source, item.met),
        *(Row("Device", f"{title}, {name}", f"{time:.3g} us", "formula, pnr") for name, time in times if time),
        *((Row("Device", f"{title}, slowest path", str(item.critical_path), source),) if item.critical_path else ()),
    )
