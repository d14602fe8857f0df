"""What `verify` keeps to be drawn: one sequence in fixed point and in float, one step in Verilog, the answers.

traces.json is bounded whatever the network and the data: see the numbers below. `report` draws it and computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lmu_hls.records.evidence import Evidence

STEPS = 512  # of a sequence, the last ones
CURVES = 3  # elements of a tensor, those with the largest power
CLASSES = 64  # beyond them there is no matrix of answers
POINTS = 400  # of a scatter, evenly chosen
BEATS = 512  # of a stream, the first ones
DELAYS = 120  # into the past of a memory


@dataclass(frozen=True, slots=True)
class Signal:
    """Element `element` of a tensor over the steps from `first` on, as golden has it and as the Keras model has it."""

    layer: str
    tensor: str
    element: int
    first: int
    fixed: tuple[float, ...]
    real: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What channel `channel` of a memory still knows of its input at the end of a sequence.

    `delays` in steps into the past, within theta; `past` is u as it was, `recalled` what the Legendre polynomials with
    the coefficients in mem give. Both of golden, in fixed point.
    """

    layer: str
    channel: int
    order: int
    theta: float
    delays: tuple[float, ...]
    past: tuple[float, ...]
    recalled: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts[k][c]`: how often the answer was c where the target is k."""

    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Targets and the outputs in fixed point."""

    targets: tuple[float, ...]
    outputs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Beats:
    """The beats of one stream in one step: the clock cycle that each was taken in, and its integer of `width` bits.

    The input has the layer "" and the tensor "x", the output the layer "" and the tensor "output".
    """

    layer: str
    tensor: str
    width: int
    cycles: tuple[int, ...]
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One step through an idle accelerator, the last of a sequence, in a simulator; cycle 0 takes its first beat."""

    simulator: str
    streams: tuple[Beats, ...]

    @property
    def cycles(self) -> int:
        """From the first beat in to the last beat out."""
        return 1 + max((cycle for stream in self.streams for cycle in stream.cycles), default=0)


@dataclass(frozen=True, slots=True)
class Traces:
    """Of the data of the last `verify`: `sequence` is the index of the one that `signals` and `memories` show."""

    sequence: int
    signals: tuple[Signal, ...] = ()
    memories: tuple[Remembered, ...] = ()
    confusion: Confusion | None = None
    scatter: Scatter | None = None
    excerpt: Excerpt | None = None
    evidence: Evidence = field(default_factory=Evidence)
