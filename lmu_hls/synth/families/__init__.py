"""The synthesis targets: each module here holds a family, with its devices, as ``FAMILY``. A new file is a new one."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType

from lmu_hls.errors import LmuHlsError
from lmu_hls.suggest import nearest
from lmu_hls.synth.device import Device, Router
from lmu_hls.synth.family import Family

DEFAULT = "xc7"


@dataclass(frozen=True, slots=True)
class Target:
    """What `--target` names: a family, or one device of it."""

    name: str
    family: Family
    device: Device | None = None

    @property
    def title(self) -> str:
        """In words, such as "Lattice ECP5, LFE5U-85F-6BG381C"."""
        return f"{self.family.device}, {self.device.part}" if self.device else self.family.device

    @property
    def passes(self) -> tuple[str, ...]:
        """The Yosys passes to its primitives."""
        return (self.device.passes if self.device else ()) or self.family.passes

    @property
    def pad_passes(self) -> tuple[str, ...]:
        """The passes for a design whose ports are pads."""
        replaced = self.family.router.pads if self.family.router else {}
        return tuple(_replaced(line, replaced) for line in self.passes)

    @property
    def routable(self) -> tuple[Device, Router]:
        """What place and route needs. LmuHlsError for a family without a device, and where no open tool routes it."""
        if self.family.router is None:
            raise LmuHlsError(
                f"no open tool places and routes {self.family.device}: --route takes a device of "
                f"{', '.join(family.name for family in families().values() if family.router)}"
                + (f", or one of {self.name} with {self.family.vendor}" if self.family.vendor else "")
            )
        if self.device is None:
            raise LmuHlsError(
                f"{self.name} is a family, and --route needs a device: "
                f"{', '.join(device.name for device in self.family.devices)}"
            )
        return self.device, self.family.router


def _replaced(text: str, replaced: Mapping[str, str]) -> str:
    for was, now in replaced.items():
        text = text.replace(was, now)
    return text


@cache
def families() -> Mapping[str, Family]:
    """Every target by its name, in the order of its modules' names."""
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return MappingProxyType({module.FAMILY.name: module.FAMILY for module in modules})


def targets() -> Mapping[str, Target]:
    """Every target by its name: the families, then their devices."""
    named = {name: Target(name, family) for name, family in families().items()}
    for family in families().values():
        named |= {device.name: Target(device.name, family, device) for device in family.devices}
    return MappingProxyType(named)


def target_of(name: str) -> Target:
    """The family or device of this name. LmuHlsError with the known ones when there is none."""
    known = targets()
    if name not in known:
        near = nearest(name, known)
        hint = f"; did you mean {near!r}?" if near else ""
        chips = ", ".join(target.name for target in known.values() if target.device)
        raise LmuHlsError(f"synthesis target {name!r} is none of {', '.join(families())}, nor of {chips}{hint}")
    return known[name]


def family_of(name: str) -> Family:
    """The family of this target. LmuHlsError as :func:`target_of`."""
    return target_of(name).family
