"""The figures at the top of the page: what everyone asks first, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lmu_hls.records import Placement, Reference
from lmu_hls.report.precision import decibels
from lmu_hls.report.record import Report
from lmu_hls.report.standing import CURRENT

GOOD, BAD, WARN, PLAIN, NONE = "good", "bad", "warn", "plain", "none"
# Record that a card is about -> its title: shown as stale or not run where there is no figure
AWAITED = (("accuracy", "Accuracy"), ("csim", "Bit-exact"), ("placement", "Clock"))
PLACE = "lmu-hls synth OUTDIR --route --target DEVICE"


@dataclass(frozen=True, slots=True)
class Card:
    """`state`: "good", "bad" or "warn" for what is judged, "plain" for a number, "none" for what is not known."""

    title: str
    value: str
    note: str
    state: str = PLAIN


def cards(report: Report) -> list[Card]:
    """The cards of a report; a record that is stale or was never run is one, too, with its command."""
    shown = [
        *_quality(report),
        *_exactness(report),
        *_cycles(report),
        *_devices(report),
        *_energy(report),
        *_standard_cells(report),
    ]
    titles = {card.title for card in shown}
    missing = [_missing(report, record, title) for record, title in AWAITED if title not in titles]
    return shown + [card for card in missing if card and not (card.title == "Accuracy" and "RMSE" in titles)]


def _quality(report: Report) -> Iterator[Card]:
    for reference in report.references:
        yield from _reference_cards(reference, report.data(reference))


def _reference_cards(reference: Reference, data: str) -> Iterator[Card]:
    if reference.accuracy:
        *others, mine = reference.accuracy
        beside = ", ".join(f"{item.percent:.2f} % {item.name}" for item in others)
        yield Card("Accuracy", f"{mine.percent:.2f} %", f"{mine.correct} of {mine.samples} on {data}; {beside}")
    if reference.errors:
        *rest, error = reference.errors
        beside = ", ".join(f"{item.figures.rmse:.4g} {item.name}" for item in rest)
        yield Card("RMSE", f"{error.figures.rmse:.4g}", f"{error.name} on {data}; {beside}")
    if reference.fidelity:
        state = {"close": GOOD, "failed": BAD, "doubtful": WARN}.get(reference.fidelity.verdict, PLAIN)
        snr = reference.fidelity.closeness.snr_db
        unit = " dB" if abs(snr) != float("inf") else ""
        note = f"SNR to the Keras model on {data}: {reference.fidelity.verdict}"
        yield Card("Fixed to float", f"{decibels(snr)}{unit}", note, state)


def _exactness(report: Report) -> Iterator[Card]:
    ended = [check for check in report.checks if check.comparison]
    if ended:
        same = [check for check in ended if check.comparison and check.comparison.passed]
        names = ", ".join(dict.fromkeys(check.name for check in ended))
        values = sum(check.comparison.values_compared for check in ended if check.comparison)
        value = "yes" if len(same) == len(ended) else "no"
        state = GOOD if value == "yes" else BAD
        yield Card("Bit-exact", value, f"{values:,} integers compared: {names}", state)


def _cycles(report: Report) -> Iterator[Card]:
    hardware = report.hardware
    if not hardware:
        return
    measured = [check.timing for check in report.checks if check.timing and check.timing.ii_measured]
    right = all(timing.passed for timing in measured)
    note = f"latency {hardware.latency_cycles}, a sequence {hardware.sequence_cycles}; "
    note += "measured in simulation" if measured else "by formula"
    yield Card("Cycles a step", str(hardware.ii_cycles), note, GOOD if measured and right else PLAIN if right else BAD)


def _devices(report: Report) -> Iterator[Card]:
    for item in report.placements:
        yield from _placement_cards(item)


def _placement_cards(item: Placement) -> Iterator[Card]:
    on = f"{item.unit} on {item.target}"
    if item.fmax_mhz is None:
        yield Card("Fits?", "no", f"{on}: {item.why}; {item.remedy}", BAD)
        return
    fullest = max(item.utilisation.items(), key=lambda pair: pair[1].percent, default=None)
    most = f"; {fullest[0]} {fullest[1].percent:.1f} %" if fullest else ""
    yield Card("Fits?", "yes", f"{on}{most}", GOOD)
    asked = f"{item.clock_mhz:g} MHz asked"
    yield Card("Clock", f"{item.fmax_mhz:.1f} MHz", f"{on}; {asked}", GOOD if item.met else WARN)
    step, sequence = item.microseconds(item.step_cycles), item.microseconds(item.sequence_cycles)
    if step:
        whole = f"; a sequence {sequence:.4g} µs" if sequence else ""
        yield Card("A step", f"{step:.3g} µs", f"{item.step_cycles} cycles on {item.target}{whole}")


def _energy(report: Report) -> Iterator[Card]:
    if item := report.energy:
        note = f"estimate: {item.energy_per_step_nj:.4g} nJ a step, {item.power_uw:.4g} µW with a step every "
        note += f"{item.step_ms:g} ms; {item.node_nm} nm"
        yield Card("An inference", f"{item.energy_per_inference_nj:.4g} nJ", note)


def _standard_cells(report: Report) -> Iterator[Card]:
    if item := report.asic:
        clock = f"; {item.fmax_mhz:.1f} MHz, {item.energy_step_nj:.4g} nJ a step" if item.fmax_mhz is not None else ""
        note = f"estimate before layout, {item.library}, 180 nm, memories as flip-flops{clock}"
        yield Card("Standard cells", f"{item.area_um2 / 1e6:.4g} mm²", note)


def _missing(report: Report, record: str, title: str) -> Card | None:
    """A card for a figure that is stale or was never measured."""
    for standing in report.standings:
        if standing.record.partition(" ")[0] == record and standing.state != CURRENT:
            why = f"{standing.reason}; " if standing.reason else ""
            return Card(title, standing.state, f"{why}run: {standing.remedy}", WARN if standing.reason else NONE)
    return Card(title, "not run", f"run: {PLACE}", NONE) if record == "placement" else None
