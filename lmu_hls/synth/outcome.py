"""What `lmu-hls synth` says: one result a target and unit, and whether the clock was met."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmu_hls.errors import LmuHlsError, VerificationFailed
from lmu_hls.records.placement import CriticalPath, Placement, SeedRun, Usage
from lmu_hls.records.synth import Resources
from lmu_hls.synth.families import target_of
from lmu_hls.synth.fit import lacking, usage_of

_CLOCK = re.compile(r"(\d+(?:\.\d+)?)\s*(|k|M|G)(?:Hz)?", re.IGNORECASE)
_UNIT = {"": 1.0, "k": 1e-3, "m": 1.0, "g": 1e3}


@dataclass(frozen=True, slots=True)
class Result:
    """One unit on one target. `utilisation` and `fits` are None for a family, which has no size.

    They are counts of Yosys before placement (`source` synth), or those of place and route (pnr), which alone gives the
    fields from `fmax_mhz` on. `met` is whether the clock that was asked for is reached.
    """

    unit: str
    target: str
    tool: str
    tool_version: str
    counts: Mapping[str, int]
    cells: Mapping[str, int]
    source: str
    utilisation: Mapping[str, Usage] | None
    fits: bool | None
    why: str
    remedy: str
    fmax_mhz: float | None = None
    median_mhz: float | None = None
    seed: int | None = None
    runs: tuple[SeedRun, ...] = ()
    clock_mhz: float | None = None
    met: bool | None = None
    critical_path: CriticalPath | None = None
    step_us: float | None = None
    sequence_us: float | None = None


def results(resources: Sequence[Resources], placements: Sequence[Placement] = ()) -> tuple[Result, ...]:
    """A result for each of the resources, with what place and route found of it, if anything."""
    placed = {(item.unit, item.target): item for item in placements}
    return tuple(_result(item, placed.get((item.unit, item.target))) for item in resources)


def _result(item: Resources, placed: Placement | None) -> Result:
    usage = usage_of(target_of(item.target), item.counts)
    why = lacking(usage)
    fields = (item.unit, item.target, item.tool, item.tool_version, item.counts, item.cells)
    if placed is None:
        return Result(*fields, item.source, usage or None, not why if usage else None, why, "")
    return Result(
        *fields,
        source=placed.source,
        utilisation=placed.utilisation,
        fits=placed.fits,
        why=placed.why,
        remedy=placed.remedy,
        fmax_mhz=placed.fmax_mhz,
        median_mhz=placed.median_mhz,
        seed=placed.seed,
        runs=placed.runs,
        clock_mhz=placed.clock_mhz,
        met=placed.met,
        critical_path=placed.critical_path,
        step_us=placed.microseconds(placed.step_cycles),
        sequence_us=placed.microseconds(placed.sequence_cycles),
    )


def megahertz(text: str) -> float:
    """ "100MHz", "0.1 GHz" or "100" in MHz. LmuHlsError for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    value = float(found[1]) * _UNIT[found[2].lower()] if found else 0.0
    if not 0.001 <= value <= 10_000:
        raise LmuHlsError(f"--clock {text!r} is no clock from 1 kHz to 10 GHz; write it as 100MHz")
    return value


def require_timing(placements: Sequence[Placement]) -> None:
    """Raises VerificationFailed, whose exit status is 3, unless every unit fits and reaches its clock."""
    missed = [
        f"{item.unit} on {item.target} reaches {item.fmax_mhz:.1f} of {item.clock_mhz:g} MHz"
        if item.fmax_mhz is not None
        else f"{item.unit} does not fit {item.target}: {item.why}"
        for item in placements
        if not item.met
    ]
    if missed:
        raise VerificationFailed("; ".join(missed))
