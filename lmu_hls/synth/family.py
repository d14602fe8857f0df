"""What a synthesis target is: Yosys passes, the resources that are counted, and what each primitive costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.device import Device, Router


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of resource: `name` in records and tables, `meaning` with its size. `short`: also in the short table."""

    name: str
    meaning: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Models:
    """Yosys's simulation models of a family's primitives: ``files`` below its folder `share`, read with ``defines``.

    Primitives of which those say only that they exist are modelled in ``models/FAMILY.v`` beside this file, if at all.
    """

    files: tuple[str, ...]
    defines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """One device family.

    `device` is its name in words. `passes` map a flattened design to its primitives, without pads. `costs` has what
    one cell of each primitive takes, {resource: how many}; {} where that is nothing that is counted. `devices` are
    the chips that are known by name, `router` how they are placed and routed with open tools; where none does,
    `vendor` is the manufacturer's tool for that, a name in lmu_hls.toolchain. `models` simulate its netlists.
    """

    name: str
    device: str
    passes: tuple[str, ...]
    resources: tuple[Resource, ...]
    costs: Mapping[str, Mapping[str, int]]
    devices: tuple[Device, ...] = ()
    router: Router | None = None
    vendor: str = ""
    models: Models | None = None

    def __post_init__(self) -> None:
        known = {resource.name for resource in self.resources}
        for cell, cost in self.costs.items():
            if not set(cost) <= known or min(cost.values(), default=1) < 1:
                raise ValueError(f"{self.name}: cell {cell} costs {dict(cost)}, known are {', '.join(sorted(known))}")
        known |= set(self.router.bels.values()) if self.router else set()
        for device in self.devices:
            if not device.available or not set(device.available) <= known or min(device.available.values()) < 0:
                raise ValueError(f"{device.name} has {dict(device.available)}, known are {', '.join(sorted(known))}")

    def count(self, cells: Mapping[str, int]) -> dict[str, int]:
        """The cost of all cells together: {each resource: how many}, in the order of `resources`.

        Raises LmuHlsError for a cell type without a known cost, so that nothing is left out in silence.
        """
        unknown = sorted(set(cells) - set(self.costs))
        if unknown:
            raise LmuHlsError(
                f"synthesis left cells of unknown cost: {', '.join(unknown)}. "
                f"The design uses something that {self.name} has no primitive for; see yosys.log."
            )
        return {
            kind.name: sum(self.costs[cell].get(kind.name, 0) * n for cell, n in cells.items())
            for kind in self.resources
        }
