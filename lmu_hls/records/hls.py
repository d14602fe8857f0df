"""What the HLS project takes: estimates by a model of the schedule, and the figures of AMD's tool; hls.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.records.evidence import Evidence
from lmu_hls.records.number import check_counts

ESTIMATE = "estimate"  # the source of what no tool has confirmed
_TIMES = {"ii_cycles": "{} cycles a step", "latency_cycles": "latency {}", "sequence_cycles": "a sequence {}"}
_USES = {"multipliers": "{} multipliers", "dsp": "{} DSP", "bram18": "{} BRAM18", "ff": "{} FF", "lut": "{} LUT"}


@dataclass(frozen=True, slots=True)
class HlsLayer:
    """A layer of the C++, or all of them; None for what its source does not tell.

    ``latency_cycles`` go by from a step's input to its h, ``ii_cycles`` from one step to the next and
    ``sequence_cycles`` in a sequence. ``multipliers`` are products side by side; ``dsp``, ``bram18``, ``ff`` and
    ``lut`` are what it takes of a device. ``strategy`` is empty where there is none.
    """

    name: str
    strategy: str = ""
    reuse_factor: int | None = None
    latency_cycles: int | None = None
    ii_cycles: int | None = None
    sequence_cycles: int | None = None
    multipliers: int | None = None
    dsp: int | None = None
    bram18: int | None = None
    ff: int | None = None
    lut: int | None = None

    def __post_init__(self) -> None:
        known = [name for name in self.__slots__ if isinstance(getattr(self, name), int)]
        check_counts(self, *known)

    def __str__(self) -> str:
        """What is known, "64 cycles a step, latency 64, a sequence 320; 9 multipliers, 9 DSP, 4 BRAM18"."""
        parts = [", ".join(text.format(n) for text, n in self._known(kind)) for kind in (_TIMES, _USES)]
        return "; ".join(filter(None, parts))

    def _known(self, kind: Mapping[str, str]) -> list[tuple[str, int]]:
        pairs = [(text, getattr(self, name)) for name, text in kind.items()]
        return [(text, value) for text, value in pairs if value is not None]


@dataclass(frozen=True, slots=True)
class HlsFigures:
    """Layers of the C++ and their ``total``, by one ``source``: ESTIMATE, or a tool with its version.

    ``not_counted`` are layers that are not in the total. ``multiplier`` is the size of a DSP, where the source took
    one for granted; ``clock_ns`` is the period that a tool expects to reach, None for an estimate.
    """

    source: str
    layers: tuple[HlsLayer, ...]
    total: HlsLayer
    part: str
    multiplier: str = ""
    not_counted: tuple[str, ...] = ()
    clock_ns: float | None = None

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("figures of an HLS project need a source")
        if self.is_estimate and self.clock_ns is not None:
            raise ValueError("an estimate has no clock period")

    @property
    def version(self) -> str:
        """Of the tool; "" where its report does not tell it."""
        last = self.source.rpartition(" ")[2]
        return last if last[:1].isdigit() else ""

    @property
    def is_estimate(self) -> bool:
        return self.source == ESTIMATE


@dataclass(frozen=True, slots=True)
class HlsSynthesis:
    """The figures of AMD's HLS tool for the project of an output folder."""

    figures: HlsFigures
    evidence: Evidence = field(default_factory=Evidence)

    def __post_init__(self) -> None:
        if self.figures.is_estimate:
            raise ValueError("the figures of a tool have its name, not that of an estimate")
