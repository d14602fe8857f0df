"""The results that travel between verify, synth and report: frozen, plain, each number with its source.

Files in an output folder, written with `dump(path, record)` and read with `load(path, kind)`:

    manifest.json   Manifest       what was converted
    convert.json    Conversion     the files that the conversion wrote, by hash
    precision.json  Precision      the types that were chosen, and why
    verify.json     Verification   comparisons, timing, overruns and accuracy, by data set
    synth.json      Synthesis      what each unit takes, by target

Each holds its evidence (lmu_hls.evidence): what it is about. A file starts with the number of its schema and the
SHA-256 of the rest, so that a record of another version, or one that was edited, is refused and not misread.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lmu_hls import jsonfile
from lmu_hls.evidence import Evidence
from lmu_hls.figures import Closeness, ErrorFigures
from lmu_hls.jsonfile import RecordError, plain, write_bytes, write_text

__all__ = [
    "SCHEMA",
    "SOURCES",
    "Accuracy",
    "Check",
    "Comparison",
    "Conversion",
    "Deviation",
    "Difference",
    "Fidelity",
    "LayerSummary",
    "Manifest",
    "ModelSummary",
    "Number",
    "Overrun",
    "Part",
    "Precision",
    "Reference",
    "Resources",
    "Reuse",
    "Synthesis",
    "TargetSynthesis",
    "TensorPrecision",
    "Ties",
    "Timing",
    "Unit",
    "Verification",
    "dump",
    "load",
    "text_of",
    "unseal",
    "write_bytes",
    "write_text",
]

T = TypeVar("T")
SCHEMA = 2  # raise it whenever a field is added, removed or changes its meaning

SOURCES = ("formula", "count", "keras", "golden", "csim", "rtl_sim", "synth", "pnr", "csynth", "cosim")


def _check_source(source: str) -> None:
    if source not in SOURCES:
        raise ValueError(f"source {source!r} is none of {', '.join(SOURCES)}")


def _check_counts(record: object, *names: str) -> None:
    for name in names:
        value = getattr(record, name)
        if value < 0:
            raise ValueError(f"{name} is {value}, but a count cannot be negative")


@dataclass(frozen=True, slots=True)
class Number:
    """A value with its unit ("cycles", "%", "" for a bare count) and where it came from (one of SOURCES)."""

    value: int | float
    unit: str
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)

    def __str__(self) -> str:
        return f"{self.value} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One layer: Keras class, output shape without the batch, parameters, `precision` by tensor name."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    precision: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """The Keras model: its layers in order; `parameters` is the sum over them."""

    name: str
    layers: tuple[LayerSummary, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)


@dataclass(frozen=True, slots=True)
class Unit:
    """One Verilog unit: name in reports, top module, instance parameters, files below the output folder.

    ``folder`` is the one that the Verilog names its ROM files from, below the output folder.
    """

    name: str
    top: str
    parameters: Mapping[str, int | str]
    sources: tuple[str, ...]
    folder: str

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"unit {self.name} has no source files")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a layer in the Verilog, by formula: `products` of a step on `multipliers` in `cycles`."""

    layer: str
    name: str
    multipliers: int
    products: int
    cycles: int

    def __post_init__(self) -> None:
        _check_counts(self, "multipliers", "products", "cycles")


@dataclass(frozen=True, slots=True)
class Reuse:
    """What the Verilog made of the reuse factor `wanted`, in cycles a step, by formula.

    `fewest` to `most` cycles are possible, `text` says it in a sentence; `missed`: `wanted` is not among them.
    """

    wanted: int
    cycles: int
    fewest: int
    most: int
    text: str
    missed: bool

    def __post_init__(self) -> None:
        _check_counts(self, "wanted", "cycles", "fewest", "most")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `convert` wrote: the model, hls4ml backend and io_type, Verilog units, tool versions by name.

    `parts` are those of the network in Verilog; `multipliers` has also those of the gates of LSTM and GRU cells.
    `utilisation` (0 to 1) is the share of the multipliers' cycles that the products need. The input is (steps, n_in)
    values of one type; `sequence_cycles` go by from the start of one sequence to that of the next, by formula.
    """

    model: ModelSummary
    backend: str
    io_type: str
    units: tuple[Unit, ...]
    tools: Mapping[str, str]
    parts: tuple[Part, ...] = ()
    multipliers: int = 0
    utilisation: float = 0.0
    reuse: Reuse | None = None
    input_shape: tuple[int, ...] = ()
    input_type: str = ""
    sequence_cycles: int = 0


@dataclass(frozen=True, slots=True)
class Conversion:
    """What `convert` wrote, by hash; the manifest is the same for the same model, and a .keras file is not."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Correct answers of one implementation: `name` as in "float" or "fixed<16,6>", `source` its origin."""

    name: str
    correct: int
    samples: int
    source: str

    def __post_init__(self) -> None:
        _check_source(self.source)
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

    name: what was compared, as in "csim" or "rtlsim verilator". first_difference is None when all agree.
    """

    name: str
    samples: int
    exact: int
    values_compared: int
    first_difference: Difference | None

    def __post_init__(self) -> None:
        _check_counts(self, "samples", "exact", "values_compared")
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
        _check_source(self.source)


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
class TensorPrecision:
    """One tensor's type and what is known of it; magnitudes in the tensor's unit, SNRs in dB, None where unknown.

    `proven` is the largest magnitude possible, infinite where nothing bounds the tensor; `observed` the largest on the
    calibration data; `headroom` what the type holds over the observed one, infinite for a tensor that is zero
    throughout. `overflows` counts the values that did not fit. An SNR is infinite where the values are exact, and
    minus infinity where there is an error and no signal. `note` says in words what else there is to know.
    """

    layer: str
    tensor: str
    type: str
    weight: bool
    observed: float
    proven: float | None
    headroom: float
    overflows: int
    predicted_db: float | None
    measured_db: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Precision:
    """The types of a network on calibration data, and, where they were searched for, how: `target` and `reached`.

    `bits` counts every weight once, every value of one step once, and tables beyond 2048 entries; `start_bits` is where
    the search began.
    `accuracy` and `float_accuracy` are shares of right answers (0 to 1), None for a regression, which has `error` and
    `float_error` in their place; `snr_db` is that of the output.
    """

    tensors: tuple[TensorPrecision, ...]
    bits: int
    start_bits: int
    target: str
    reached: str
    accuracy: float | None
    float_accuracy: float | None
    snr_db: float
    vanished: tuple[str, ...] = ()
    error: ErrorFigures | None = None
    float_error: ErrorFigures | None = None
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def errors(self) -> str:
        """The errors of a regression in words, "" for another task."""
        return f"{self.error}; in float {self.float_error}" if self.error else ""


@dataclass(frozen=True, slots=True)
class Check:
    """One implementation on one data set against golden: `name` is "csim" or "rtlsim verilator".

    `comparison` is None while the check has not ended: `verify` writes it so before it starts, and an interruption or
    an error leaves it so.
    """

    name: str
    evidence: Evidence
    comparison: Comparison | None = None
    timing: Timing | None = None

    @property
    def topic(self) -> str:
        """The key of evidence.SUBJECTS."""
        return self.name.partition(" ")[0]

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
        _check_counts(self, "answers", "tied")

    def __str__(self) -> str:
        return (
            f"{self.layer}: in {self.tied} of {self.answers} answers the largest outputs are equal though their inputs "
            "differ, so that the first of them is the class; leave the softmax out with --logits, ask for "
            "output='argmax', or give its result more bits"
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """What golden and the Keras model gave on one data set.

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


@dataclass(frozen=True, slots=True)
class Verification:
    """All that `verify` found: a check for each implementation and data set, a reference for each data set."""

    checks: tuple[Check, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        return tuple(check.comparison for check in self.checks if check.comparison)

    @property
    def passed(self) -> bool:
        """At least one comparison was made, all have ended, and nothing failed; no bound of the user is missed."""
        far = any(item.fidelity and item.fidelity.failed for item in self.references)
        return bool(self.checks) and not far and all(check.comparison and not check.fault for check in self.checks)


@dataclass(frozen=True, slots=True)
class Resources:
    """What one unit takes on one target after synthesis, before placement.

    `counts` is {resource: how many}, with the names and in the order of the target (lmu_hls.synth.families): "BRAM18"
    on one, "DP16KD" on another. `cells` holds every cell type with its count.
    """

    unit: str
    target: str
    tool: str
    tool_version: str
    counts: Mapping[str, int]
    cells: Mapping[str, int]
    source: str = "synth"

    def __post_init__(self) -> None:
        _check_source(self.source)
        for name, value in self.counts.items():
            if value < 0:
                raise ValueError(f"{name} is {value}, but a count cannot be negative")


@dataclass(frozen=True, slots=True)
class TargetSynthesis:
    """What every unit of an output folder takes on one target."""

    target: str
    resources: tuple[Resources, ...]
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Synthesis:
    """All that `synth` found: an entry for each target."""

    targets: tuple[TargetSynthesis, ...]


def text_of(record: object) -> str:
    """The JSON text of a record, with its schema and the SHA-256 of the rest in front."""
    fields = plain(record)
    return jsonfile.encode({"schema": SCHEMA, "sha256": _seal(fields), **fields})


def unseal(data: Any) -> dict[str, Any]:
    """The fields in the parsed text of `text_of`. RecordError for another schema, and for text that was edited."""
    if not isinstance(data, dict):
        raise RecordError(f"expected an object, found {data!r:.60}")
    fields = {name: value for name, value in data.items() if name not in ("schema", "sha256")}
    schema = data.get("schema")
    if type(schema) is not int or schema != SCHEMA:
        age = "a newer" if type(schema) is int and schema > SCHEMA else "an older"
        found = f"schema {schema!r:.20}" if "schema" in data else "no schema"
        raise RecordError(f"it has {found}, of {age} version of lmu_hls; this one reads schema {SCHEMA}")
    if data.get("sha256") != _seal(fields):
        raise RecordError("it was changed after lmu_hls wrote it: its sha256 is that of other contents")
    return fields


def dump(path: Path, record: object) -> None:
    """Write a record. Raises LmuHlsError when it cannot be written."""
    write_text(path, text_of(record))


def load(path: Path, kind: type[T]) -> T:
    """Read back the record that `dump` wrote. Raises LmuHlsError when there is none, or something else."""
    return jsonfile.load(path, kind, unseal)


def _seal(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, allow_nan=False).encode()).hexdigest()
