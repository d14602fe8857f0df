"""The synthesis targets: each module in this folder holds one, as ``FAMILY``. A new file here is a new target."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from lmu_hls.errors import LmuHlsError
from lmu_hls.suggest import nearest
from lmu_hls.synth.family import Family

DEFAULT = "xc7"


@cache
def families() -> Mapping[str, Family]:
    """Every target by its name, in the order of its modules' names."""
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return MappingProxyType({module.FAMILY.name: module.FAMILY for module in modules})


def family_of(target: str) -> Family:
    """The target of this name. LmuHlsError with the known ones when there is none."""
    if target not in families():
        near = nearest(target, families())
        hint = f"; did you mean {near!r}?" if near else ""
        raise LmuHlsError(f"synthesis target {target!r} is none of {', '.join(families())}{hint}")
    return families()[target]
