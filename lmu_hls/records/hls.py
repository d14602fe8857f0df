"""What the HLS project takes, by a model of the tool's schedule: estimates, never measured numbers."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.records.number import check_counts


@dataclass(frozen=True, slots=True)
class HlsLayer:
    """An LMU layer of the C++ with its ``strategy``, an estimate.

    ``latency_cycles`` go by from a step's input to its h, ``ii_cycles`` from one step to the next and
    ``sequence_cycles`` in a sequence. ``multipliers`` are products side by side, ``dsp`` and ``bram18`` what they and
    the ROMs of weights and tables take.
    """

    name: str
    strategy: str
    reuse_factor: int
    latency_cycles: int
    ii_cycles: int
    sequence_cycles: int
    multipliers: int
    dsp: int
    bram18: int

    def __post_init__(self) -> None:
        check_counts(self, "latency_cycles", "ii_cycles", "sequence_cycles", "multipliers", "dsp", "bram18")

    def __str__(self) -> str:
        return (
            f"{self.ii_cycles} cycles a step, latency {self.latency_cycles}, a sequence {self.sequence_cycles}; "
            f"{self.multipliers} multipliers, {self.dsp} DSP, {self.bram18} BRAM18"
        )


@dataclass(frozen=True, slots=True)
class HlsEstimate:
    """The estimate of all LMU layers; the layers of hls4ml are not in it. ``multiplier`` is the size of a DSP."""

    layers: tuple[HlsLayer, ...]
    part: str
    multiplier: str
    estimate: bool = True

    def __post_init__(self) -> None:
        if not self.estimate:
            raise ValueError("what the HLS project takes is an estimate")
