"""What is asked of the types, and golden as the judge of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from lmu_hls.figures import REGRESSION, ErrorFigures, Head, Targets, snr_db
from lmu_hls.precision import stability
from lmu_hls.tuning.calibration import Samples
from lmu_hls.tuning.draft import Key, Types
from lmu_hls.tuning.plan import Floats, Fractions, Plan, memory_layers, memory_of

SAFETY: Final = 7.0  # about what types found on training utterances of the demo need to hold on test utterances


@dataclass(frozen=True, slots=True)
class Measure:
    """One choice of types on the calibration data. ``accuracy``, ``kept`` and ``sure`` are shares of all answers.

    ``snr_db`` is that of the network's output against the float model; ``kept`` counts the answers that are the float
    model's own, ``sure`` those that would still be with an error ``safety`` times as large; ``error`` is that of a
    regression, where the three are 0. ``bits`` is the total of :meth:`Plan.bits`. ``problem`` says why a choice is not
    possible at all.
    """

    bits: int
    snr_db: float = -np.inf
    accuracy: float = 0.0
    kept: float = 0.0
    sure: float = 0.0
    problem: str = ""
    error: ErrorFigures | None = None


class Target(Protocol):
    """A wish: whether a measure fulfils it, and words for what was asked and what was reached."""

    def met(self, measure: Measure, reference: Measure) -> bool: ...

    def asked(self) -> str: ...

    def reached(self, measure: Measure, reference: Measure) -> str: ...

    @property
    def start_db(self) -> float: ...

    def weaker(self) -> Target | None:
        """What to try where this is out of reach and still fulfils what was asked for; None when there is nothing."""


@dataclass(frozen=True, slots=True)
class AccuracyDrop:
    """At most ``points`` percentage points fewer right answers than the float model, and no more answers changed.

    Changed answers are counted with an error ``safety`` times as large as it is: a search finds types that happen to
    be right on its data, above all on data that the model was trained on, and new data are closer to the borders.
    Where the float model itself is undecided, as in the first steps of a sequence, no types give that much safety; a
    search then goes on with less. Raises ValueError unless 0 <= points <= 100 and safety >= 1.
    """

    points: float = 0.5
    safety: float = SAFETY

    def __post_init__(self) -> None:
        if not 0 <= self.points <= 100:
            raise ValueError(f"accuracy drop of {self.points} points is not possible; give 0 to 100")
        if not (np.isfinite(self.safety) and self.safety >= 1):
            raise ValueError(f"safety={self.safety} is not possible; give 1 or more")

    def met(self, measure: Measure, reference: Measure) -> bool:
        allowed = self.points / 100 + 1e-12
        drop = max(reference.accuracy - measure.accuracy, 1 - measure.sure)
        return not measure.problem and drop <= allowed

    def asked(self) -> str:
        return f"an accuracy drop of at most {self.points:g} points"

    def reached(self, measure: Measure, reference: Measure) -> str:
        drop = 100 * (reference.accuracy - measure.accuracy)
        changed = f"{100 * (1 - measure.kept):.2f} % of the answers changed"
        if self.safety > 1:
            changed += f", {100 * (1 - measure.sure):.2f} % with errors {self.safety:g} times as large"
        return f"a drop of {drop:.2f} points, {changed}"

    @property
    def start_db(self) -> float:
        return 35.0

    def weaker(self) -> AccuracyDrop | None:
        return replace(self, safety=max(1.0, self.safety / 2)) if self.safety > 1 else None


@dataclass(frozen=True, slots=True)
class SnrDb:
    """At least ``db`` dB at the network's output, against the float model. Raises ValueError unless 0 < db <= 120."""

    db: float

    def __post_init__(self) -> None:
        if not 0 < self.db <= 120:
            raise ValueError(f"an SNR of {self.db} dB is not a target; give more than 0 and at most 120")

    def met(self, measure: Measure, reference: Measure) -> bool:
        return not measure.problem and measure.snr_db >= self.db

    def asked(self) -> str:
        return f"an SNR of {self.db:g} dB at the output"

    def reached(self, measure: Measure, reference: Measure) -> str:
        return f"{measure.snr_db:.1f} dB"

    @property
    def start_db(self) -> float:
        return self.db + 10.0

    def weaker(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class BitBudget:
    """At most ``bits`` bits in all (see :meth:`Plan.bits`), with the best SNR that was found."""

    bits: int

    def __post_init__(self) -> None:
        if self.bits < 1:
            raise ValueError(f"a budget of {self.bits} bits is not possible; give a positive number")

    def met(self, measure: Measure, reference: Measure) -> bool:
        return not measure.problem and measure.bits <= self.bits

    def asked(self) -> str:
        return f"at most {self.bits:,} bits"

    def reached(self, measure: Measure, reference: Measure) -> str:
        return f"{measure.bits:,} bits"

    @property
    def start_db(self) -> float:
        return 50.0

    def weaker(self) -> None:
        return None


class Judge:
    """Runs golden for a choice of fraction bits and measures its output; remembers what it has measured."""

    def __init__(
        self,
        plan: Plan,
        samples: Samples,
        targets: Targets | None,
        head: Head,
        output: Floats,
        safety: float = 1.0,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self._plan, self._samples, self._output, self._progress = plan, samples, output, progress
        self._safety, self._head, self._targets = safety, head, targets
        self._answers = head.answers(output)
        self._known: dict[tuple[int, ...], Measure] = {}
        self._stable: dict[tuple[object, ...], bool] = {}
        self._order = plan.keys
        self.reference = self._judged(0, output)

    @property
    def evaluations(self) -> int:
        """How many different choices were run."""
        return len(self._known)

    def __call__(self, fractions: Fractions) -> Measure:
        """The measure of ``fractions``."""
        choice = tuple(fractions[key] for key in self._order)
        if choice not in self._known:
            self._known[choice] = self._measure(fractions)
            self._progress(len(self._known))
        return self._known[choice]

    def best(self, target: Target) -> Measure:
        """The measure nearest to ``target`` so far: fewest bits for a budget, else the best SNR."""
        return self._known[self._best_choice(target)]

    def best_fractions(self, target: Target) -> dict[Key, int]:
        """The fraction bits of :meth:`best`."""
        return dict(zip(self._order, self._best_choice(target), strict=True))

    def _best_choice(self, target: Target) -> tuple[int, ...]:
        known = self._known
        possible = [choice for choice, m in known.items() if not m.problem] or list(known)
        return min(possible, key=lambda c: known[c].bits if isinstance(target, BitBudget) else -known[c].snr_db)

    def _measure(self, fractions: Fractions) -> Measure:
        return self.measure(self._plan.types(fractions), self._plan.bits(fractions))

    def measure(self, types: Types, bits: int = 0) -> Measure:
        """The measure of any ``types``, which is not remembered."""
        plan = self._plan
        for layer in memory_layers(plan.source):
            if not self._is_stable(layer, types):
                return Measure(bits, problem=f"layer {layer!r}: its quantized memory is unstable")
        try:
            network = plan.source.network(types)
            result = self._samples.predict(network)
        except ValueError as error:  # a sum beyond the contract's 62 bits
            return Measure(bits, problem=str(error))
        return self._judged(bits, result)

    def _judged(self, bits: int, result: Floats) -> Measure:
        """The measure of outputs; without targets the float model's own answers count as right."""
        difference = result - self._output
        snr = snr_db(self._output, difference)
        if self._targets is not None and self._targets.task == REGRESSION:
            return Measure(bits, snr, error=self._targets.error(result))
        answers = self._head.answers(result)
        kept = float(np.mean(answers == self._answers))
        sure = float(np.mean(self._head.answers(self._output + self._safety * difference) == self._answers))
        right = kept if self._targets is None else self._targets.right(result) / answers.size
        return Measure(bits, snr, right, kept, sure)

    def _is_stable(self, layer: str, types: Types) -> bool:
        names = [key for key in self._order if key[0] == layer and key[1] in ("a", "lam", "gam", "kap")]
        mark = (layer, *(types[key] for key in names))
        if mark not in self._stable:
            self._stable[mark] = stability(memory_of(self._plan.source, layer, types)).stable
        return self._stable[mark]
