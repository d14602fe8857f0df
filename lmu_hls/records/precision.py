"""The types of a network and what is known of every tensor; precision.json."""

from __future__ import annotations

from dataclasses import dataclass, field

from lmu_hls.figures import ErrorFigures
from lmu_hls.fixed import FixedType
from lmu_hls.records.evidence import Evidence


@dataclass(frozen=True, slots=True)
class TensorPrecision:
    """One tensor's type and what is known of it; magnitudes in the tensor's unit, SNRs in dB, None where unknown.

    It has `elements` values a step, or weights. `proven` is the largest magnitude possible, infinite where nothing
    bounds the tensor; `observed` the largest on the calibration data; `headroom` what the type holds over the observed
    one, infinite for a tensor that is zero throughout. `overflows` counts the values that did not fit. An SNR is
    infinite where the values are exact, and minus infinity where there is an error and no signal. A prediction is the
    analysis' SNR of mem, with its own rounding, its coefficients and the error that u has on the data as the noise;
    there is none where u or mem overflow. `note` says in words what else there is to know.
    """

    layer: str
    tensor: str
    type: FixedType
    elements: int
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
