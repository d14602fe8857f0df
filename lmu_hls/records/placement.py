"""What place and route found: clock, utilisation, critical path, by target and unit; place.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from lmu_hls.records.evidence import Evidence
from lmu_hls.records.number import check_counts, check_source

LETTERS = "abcdefghijklmnopqrstuvwxyz"
REST = "the rest"


@dataclass(frozen=True, slots=True)
class Usage:
    """How many of a resource are `used` and how many the device has."""

    used: int
    available: int

    def __post_init__(self) -> None:
        check_counts(self, "used", "available")

    @property
    def fits(self) -> bool:
        return self.used <= self.available

    @property
    def percent(self) -> float:
        """Of the device; infinite for what it has none of."""
        return 100.0 * self.used / self.available if self.available else (float("inf") if self.used else 0.0)

    def __str__(self) -> str:
        share = f" ({self.percent:.1f} %)" if self.available else ""
        return f"{self.used} of {self.available}{share}"


@dataclass(frozen=True, slots=True)
class Place:
    """A net of the design: the instance that it lies in, from the top down ("" for the top), and its module."""

    instance: str
    module: str
    net: str

    def __str__(self) -> str:
        return f"{self.net} in {self.instance or 'the top'} ({self.module})"


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The slowest way from register to register: its delay, of which in logic and on wires, and the nets on it.

    `start` is what the first register drives, `end` what the last one takes, `through` the instances that it passes, in
    order. Names of nets that synthesis made are those of the nearest net in the source.
    """

    delay_ns: float
    logic_ns: float
    routing_ns: float
    start: Place
    end: Place
    through: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.delay_ns:.2f} ns ({self.routing_ns:.2f} on wires) from {self.start} to {self.end}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a unit lies on the chip: `rows` of tiles from y = 0, in each a character for every tile from x = 0.

    "." is a tile without cells; a letter is the place in `parts` (a first) of the instance that most of its cells are
    of, upper case for multipliers and block RAMs; "-" is the harness alone. The last of `parts` may be REST, all the
    instances that have no letter of their own.
    """

    parts: tuple[str, ...]
    rows: tuple[str, ...]

    def __post_init__(self) -> None:
        known = {*".-", *LETTERS[: len(self.parts)], *LETTERS[: len(self.parts)].upper()}
        if len(self.parts) > len(LETTERS) or not set().union(*self.rows) <= known:
            raise ValueError(
                f"a layout of {len(self.parts)} parts has other letters: {set().union(*self.rows) - known}"
            )
        if len(set(map(len, self.rows))) != 1 or not self.rows[0]:
            raise ValueError("a layout has no rows, or they differ in length")


@dataclass(frozen=True, slots=True)
class SeedRun:
    """The clock that one seed of place and route reached."""

    seed: int
    fmax_mhz: float


@dataclass(frozen=True, slots=True)
class Placement:
    """One unit, placed and routed on one device by `tool`, in a harness that gives each port a register.

    `clock_mhz` is the clock that was asked for. `runs` has the seeds in their order, empty where the unit does not fit;
    `utilisation`, without the cells of the harness, which are in `harness`, `critical_path`, `layout` are of the best.
    `fits` is False with `why`, which names what is lacking, and `remedy`. Cycles are those of the project, by formula;
    0 where they are not known.
    """

    unit: str
    target: str
    part: str
    tool: str
    tool_version: str
    clock_mhz: float
    runs: tuple[SeedRun, ...]
    utilisation: Mapping[str, Usage]
    harness: Mapping[str, int]
    fits: bool
    why: str = ""
    remedy: str = ""
    critical_path: CriticalPath | None = None
    step_cycles: int = 0
    sequence_cycles: int = 0
    source: str = "pnr"
    layout: Layout | None = None

    def __post_init__(self) -> None:
        check_source(self.source)
        check_counts(self, "step_cycles", "sequence_cycles")
        if self.fits != bool(self.runs):
            raise ValueError(f"{self.unit} on {self.target}: fits is {self.fits} with {len(self.runs)} runs")

    @property
    def best(self) -> SeedRun | None:
        """The fastest seed, the first of equals."""
        return max(self.runs, key=lambda run: run.fmax_mhz, default=None)

    @property
    def fmax_mhz(self) -> float | None:
        """The clock of the best seed."""
        return self.best.fmax_mhz if self.best else None

    @property
    def seed(self) -> int | None:
        return self.best.seed if self.best else None

    @property
    def median_mhz(self) -> float | None:
        return median(run.fmax_mhz for run in self.runs) if self.runs else None

    @property
    def met(self) -> bool:
        """Whether the best seed reaches the clock that was asked for."""
        return self.fmax_mhz is not None and self.fmax_mhz >= self.clock_mhz

    def microseconds(self, cycles: int) -> float | None:
        """The time of so many cycles at the clock of the best seed; None where either is not known."""
        return cycles / self.fmax_mhz if self.fmax_mhz and cycles else None


@dataclass(frozen=True, slots=True)
class TargetPlacement:
    """Every unit of an output folder, placed on one target."""

    target: str
    placements: tuple[Placement, ...]
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Placements:
    """All that `synth --route` found: an entry for each target."""

    targets: tuple[TargetPlacement, ...]
