"""What `synth` found: resources by target and unit; synth.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.records.evidence import Evidence
from lmu_hls.records.number import check_source


@dataclass(frozen=True, slots=True)
class Resources:
    """What one unit takes on one target after synthesis, before placement.

    `counts` is {resource: how many}, with the names and in the order of the target (lmu_hls.synth.families): "BRAM18"
    on one, "DP16KD" on another. `cells` holds every cell type with its count. `parts` is {instance in the unit:
    {resource: how many}}, without zeros, "" what lies in none; a cell belongs to the instance whose net it was named
    after. Their sums are `counts`; they are empty where they are not known.
    """

    unit: str
    target: str
    tool: str
    tool_version: str
    counts: Mapping[str, int]
    cells: Mapping[str, int]
    source: str = "synth"
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_source(self.source)
        for name, value in self.counts.items():
            if value < 0:
                raise ValueError(f"{name} is {value}, but a count cannot be negative")
            if self.parts and value != sum(part.get(name, 0) for part in self.parts.values()):
                raise ValueError(f"{name} is {value}, but its parts have another sum")


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
