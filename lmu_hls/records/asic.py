"""What `asic` found: area, clock and energy of the network in standard cells, estimates before layout; asic.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hls.records.evidence import Evidence


@dataclass(frozen=True, slots=True)
class StandardCells:
    """Areas in square micrometres. From `fmax_mhz` on None where OpenSTA is not installed.

    `path_cells` are the cells on the slowest path, its first register too. `power_mw` is at `fmax_mhz`.
    `energy_step_nj` is that of the `cycles` of the simulation over its `steps`.
    """

    network: str
    library: str
    area_um2: float
    sequential_um2: float
    cells: Mapping[str, int]
    fmax_mhz: float | None
    path_cells: int | None
    power_mw: float | None
    energy_step_nj: float | None
    cycles: int | None
    steps: int | None
    assumptions: tuple[str, ...]
    evidence: Evidence = field(default_factory=Evidence)
    estimate: bool = True

    def __post_init__(self) -> None:
        if not self.estimate:
            raise ValueError("nothing here is a measurement: estimate is True")

    @property
    def size(self) -> str:
        """Area, and what of it is registers."""
        share = self.sequential_um2 / self.area_um2
        return f"{self.area_um2 / 1e6:.4f} mm2, {share:.0%} of it registers, {sum(self.cells.values())} cells"
