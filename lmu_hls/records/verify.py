"""What `verify` found: comparisons, timing, overruns and figures by data set; verify.json."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lmu_hls.figures import Closeness, ErrorFigures
from lmu_hls.records.evidence import Evidence
from lmu_hls.records.number import Number, check_counts, check_source


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Correct answers of one implementation: `name` as in "float" or "fixed<16,6>", `source` its origin."""

    name: str
    correct: int
    samples: int
    source: str

    def __post_init__(self) -> None:
        check_source(self.source)
        if not 0 <= self.correct <= self.samples or self.samples == 0:
            raise ValueError(f"accuracy of {self.name}: {self.correct} correct of {self.samples} samples")

    @property
    def percent(self) -> float:
        return 100.0 * self.correct / self.samples


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two integer tensors differ: tensor, index (sample, step, ...), both values."""

    tensor: str
    index: tuple[int, ...]
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"{self.tensor}{list(self.index)}: expected {self.expected}, got {self.actual}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A bit-for-bit comparison with golden: `exact` of `samples` agree in all of `values_compared` integers.

    name: what was compared, as in "csim" or "rtlsim verilator"; source: what computed it.
    first_difference is None when all agree.
    """

    name: str
    source: str
    samples: int
    exact: int
    values_compared: int
    first_difference: Difference | None

    def __post_init__(self) -> None:
        check_source(self.source)
        check_counts(self, "samples", "exact", "values_compared")
        if self.exact > self.samples:
            raise ValueError(f"{self.name}: {self.exact} exact of {self.samples} samples")
        if (self.first_difference is None) != (self.exact == self.samples):
            raise ValueError(f"{self.name}: first_difference must be given exactly when a sample differs")

    @property
    def passed(self) -> bool:
        """Everything agrees, and something was compared."""
        return self.exact == self.samples > 0 and self.values_compared > 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Cycles of one unit without back-pressure, by formula and measured over `steps` steps in a simulator.

    ii: from the acceptance of a step's input to that of the next; latency: from a step's last input beat to
    its last output beat. Where steps differ, the measured number is the one farthest from the formula. What could not
    be measured is None, and `unmeasured` says why.
    """

    unit: str
    simulator: str
    steps: int
    ii_formula: Number
    ii_measured: Number | None
    latency_formula: Number
    latency_measured: Number | None
    unmeasured: str = ""

    def __post_init__(self) -> None:
        missing = self.ii_measured is None or self.latency_measured is None
        if missing != bool(self.unmeasured):
            raise ValueError(f"{self.unit}: a reason must be given exactly when a number is not measured")
        if (self.steps > 0) != (self.ii_measured is not None):
            raise ValueError(f"{self.unit}: {self.steps} steps, but the cycles a step are {self.ii_measured}")

    @property
    def pairs(self) -> tuple[tuple[str, Number, Number | None], ...]:
        """(what, formula, measured)."""
        return (
            ("cycles a step", self.ii_formula, self.ii_measured),
            ("latency", self.latency_formula, self.latency_measured),
        )

    @property
    def passed(self) -> bool:
        """Nothing that was measured differs from its formula."""
        return all(b is None or (a.value == b.value and a.unit == b.unit) for _, a, b in self.pairs)


@dataclass(frozen=True, slots=True)
class Overrun:
    """A tensor that went beyond what is known of it on the data of `verify`: golden is the source.

    `overflows` values did not fit its type; `seen` is the largest magnitude, `calibrated` that on the calibration
    data, None where there was no calibration.
    """

    layer: str
    tensor: str
    overflows: int
    seen: float
    calibrated: float | None

    def and_then(self, other: Overrun) -> Overrun:
        """Both runs of the same tensor together."""
        return replace(self, overflows=self.overflows + other.overflows, seen=max(self.seen, other.seen))

    @property
    def remedy(self) -> str:
        """What the user can do."""
        if self.overflows and self.layer == "input":
            return "scale the data, or give the input more integer bits"
        if self.overflows:
            return "more integer bits, or --precision auto"
        return "calibrate with these data, too"

    def __str__(self) -> str:
        limit = "" if self.calibrated is None else f", {self.calibrated:g} when calibrated"
        return f"{self.layer} {self.tensor}: {self.overflows} overflows, largest magnitude {self.seen:g}{limit}"


@dataclass(frozen=True, slots=True)
class Deviation:
    """Errors of one implementation's outputs against the values that they should have, `source` its origin."""

    name: str
    figures: ErrorFigures
    source: str

    def __post_init__(self) -> None:
        check_source(self.source)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How close the integers come to the Keras model on the data of `verify`; no word about the implementations.

    `min_snr_db` is the bound that the user set, None where there is none. `doubts` say what makes the types doubtful
    and what may be the cause; without any the integers are close to the model. Of random data (`drawn`) only a bound
    of the user is judged: they are far from any real data, and reach values that those never do.
    """

    closeness: Closeness
    min_snr_db: float | None = None
    doubts: tuple[str, ...] = ()
    drawn: bool = False

    @property
    def failed(self) -> bool:
        """The user's bound is missed."""
        return self.min_snr_db is not None and self.closeness.snr_db < self.min_snr_db

    @property
    def verdict(self) -> str:
        """ "close", "doubtful", "failed" where the user's bound is missed, "not judged" on random data without one."""
        if self.failed:
            return "failed"
        if self.drawn and self.min_snr_db is None:
            return "not judged"
        return "doubtful" if self.doubts else "close"


@dataclass(frozen=True, slots=True)
class Check:
    """One implementation on one data set against golden: `name` is "csim" or "rtlsim verilator", `topic` the key of
    evidence.SUBJECTS that says which files it depends on.

    `comparison` is None while the check has not ended: `verify` writes it so before it starts, and an interruption or
    an error leaves it so.
    """

    name: str
    topic: str
    evidence: Evidence
    comparison: Comparison | None = None
    timing: Timing | None = None

    @property
    def fault(self) -> str:
        """What is wrong, in words; "" when nothing is, or nothing is known."""
        if self.comparison is not None and not self.comparison.passed:
            of = self.comparison
            return f"{self.name} differs from the integer reference in {of.samples - of.exact} of {of.samples} samples"
        if self.timing is not None and not self.timing.passed:
            wrong = [
                name for name, a, b in self.timing.pairs if b is not None and b != Number(a.value, a.unit, b.source)
            ]
            return f"the {' and '.join(wrong)} that {self.name} measured differ from the formulas, the values do not"
        return ""


@dataclass(frozen=True, slots=True)
class Ties:
    """Answers of a final softmax: of ``answers``, those in which ``tied`` outputs are equal though their inputs differ.

    The first of several equal outputs is the class, so that it may be another than that of the inputs.
    """

    layer: str
    answers: int
    tied: int

    def __post_init__(self) -> None:
        check_counts(self, "answers", "tied")

    def __str__(self) -> str:
        return (
            f"{self.layer}: in {self.tied} of {self.answers} answers the largest outputs are equal though their inputs "
            "differ, so that the first of them is the class; leave the softmax out with --logits, ask for "
            "output='argmax', or give its result more bits"
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """What golden and the Keras model gave on one data set; ``output`` names the one of several that it is about.

    `task` says what counts as an answer where targets are known: classes then have `accuracy`, a regression `errors`.

    An overrun is not a failure: every implementation does the same with it. It is reported because the network may
    answer worse than on the data that its types were chosen for.
    """

    evidence: Evidence
    accuracy: tuple[Accuracy, ...] = ()
    overruns: tuple[Overrun, ...] = ()
    task: str = ""
    errors: tuple[Deviation, ...] = ()
    fidelity: Fidelity | None = None
    ties: Ties | None = None
    output: str = ""

    def named(self, data: str) -> str:
        """The data, with the output where there are several."""
        return f"{data}, output {self.output}" if self.output else data


@dataclass(frozen=True, slots=True)
class Verification:
    """All that `verify` found: a check for each implementation and data set, a reference for each data set."""

    checks: tuple[Check, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        return tuple(check.comparison for check in self.checks if check.comparison)

    def faults(self, label: Callable[[Reference], str] = lambda reference: _label(reference)) -> list[str]:
        """What differs, and where a bound of the user is missed, in words; ``label`` names the data of a reference."""
        far = "the integers are not as close to the Keras model as asked"
        missed = ((item, item.fidelity) for item in self.references if item.fidelity and item.fidelity.failed)
        return [
            *(check.fault for check in self.checks if check.fault),
            *(f"{far}, on {label(item)}: {fidelity.doubts[0]}" for item, fidelity in missed),
        ]

    @property
    def passed(self) -> bool:
        """At least one comparison was made, all have ended, and nothing failed."""
        return bool(self.checks) and all(check.comparison for check in self.checks) and not self.faults()


def _label(reference: Reference) -> str:
    about = reference.evidence.data
    return reference.named(about.label if about else "unknown data")
