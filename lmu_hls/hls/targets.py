"""The backends of hls4ml that the C++ is written for: one record each."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).with_name("firmware")
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """A backend by hls4ml's ``name``; its projects get the headers in firmware/ that our layers need.

    ``numbers`` are the fixed-point types of its tool, "ap" or "ac", and the folder in firmware/ that puts the headers
    onto them; ``numbers_from`` is where hls4ml's templates have those types. ``templates_of`` names the backend whose
    templates and passes serve: hls4ml looks them up there, too. ``exact_bits`` is the widest type of inputs and outputs
    that its interface passes without rounding, None where it passes any. ``tool`` is AMD's, by its name in
    ``lmu_hls.toolchain``. ``io_types`` are hls4ml's words for arrays and streams between the layers.
    """

    name: str
    numbers: str = "ap"
    numbers_from: str = "vivado/ap_types/ap_fixed.h"
    templates_of: str = "Vivado"
    exact_bits: int | None = None
    tool: str = "vivado_hls"
    io_types: tuple[str, ...] = ("io_parallel", "io_stream")

    @property
    def is_amd(self) -> bool:
        """Whether AMD's tools take the project: those that read ``#pragma HLS``."""
        return self.templates_of == TARGETS[0].name

    def headers(self, included: frozenset[str]) -> tuple[Path, ...]:
        """Our headers that a project gets, where its C++ includes the files ``included``: those, and what they include.

        What they need of the types beyond arithmetic is in the folder :attr:`numbers` of firmware/.
        """
        return _reached(included, (FIRMWARE, FIRMWARE / self.numbers))


TARGETS = (
    Target("Vivado"),
    Target("Vitis", tool="vitis_hls"),
    Target("VivadoAccelerator", exact_bits=24),
    Target("Quartus", numbers="ac", numbers_from="quartus/ac_types/ac_fixed.h", templates_of="Quartus"),
    Target("Catapult", numbers="ac", numbers_from="catapult/ac_types/include/ac_fixed.h", templates_of="Catapult"),
)


@functools.cache
def _reached(included: frozenset[str], folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files in ``folders`` that these files lead to, by name; others are hls4ml's or of the compiler."""
    reached: dict[str, Path] = {}
    names = set(included)
    while names:
        name = names.pop()
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path is not None and name not in reached:
            reached[name] = path
            names |= set(_INCLUDE.findall(path.read_text(encoding="utf-8")))
    return tuple(reached[name] for name in sorted(reached))
