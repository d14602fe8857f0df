"""What `energy` found: activity of a simulation, and an estimate of the energy of an inference; energy.json."""

from __future__ import annotations

from dataclasses import dataclass, field

from lmu_hls.records.evidence import Evidence
from lmu_hls.records.number import check_counts, check_source


@dataclass(frozen=True, slots=True)
class Activity:
    """What the bits of one `kind` in all instances of one `module` did in the simulation.

    `kind` is register, multiplier, adder, logic, ROM or RAM. `toggles` are changes of a bit, without glitches. Of ROM
    and RAM `bits` is what they hold, `toggles` are those of what was read.
    """

    module: str
    kind: str
    bits: int
    toggles: int

    def __post_init__(self) -> None:
        check_counts(self, "bits", "toggles")


@dataclass(frozen=True, slots=True)
class OperationEnergy:
    """One kind of operation: how many there are in an inference, of `bits` bits in all, by `source`.

    `picojoules` is the energy of all of them.
    """

    name: str
    count: float
    bits: float
    picojoules: float
    source: str

    def __post_init__(self) -> None:
        check_source(self.source)


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of a step and of an inference, which is a sequence of `steps`, by the `method`: an estimate.

    `power_uw` is that of a step every `step_ms`. `sequences` went through the simulation in `cycles` cycles.
    `memory_bits` are those of all ROMs and RAMs; `step_cycles` is the pace by formula.
    """

    method: str
    node_nm: int
    voltage: float
    step_ms: float
    energy_per_step_nj: float
    energy_per_inference_nj: float
    power_uw: float
    steps: int
    step_cycles: int
    sequences: int
    cycles: int
    memory_bits: int
    operations: tuple[OperationEnergy, ...]
    activity: tuple[Activity, ...]
    assumptions: tuple[str, ...]
    evidence: Evidence = field(default_factory=Evidence)
    estimate: bool = True

    def __post_init__(self) -> None:
        check_counts(self, "steps", "step_cycles", "sequences", "cycles", "memory_bits")
        if not self.estimate:
            raise ValueError("no energy here is a measurement: estimate is True")
