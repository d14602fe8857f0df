"""The backends of hls4ml that the C++ is written for: one record each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).with_name("firmware")


@dataclass(frozen=True, slots=True)
class Target:
    """A backend by hls4ml's ``name``; its projects get the headers in firmware/ that our layers need.

    ``templates_of`` names the backend whose templates serve: hls4ml looks them up there, too. ``exact_bits`` is the
    widest type of inputs and outputs that its interface passes without rounding, None where it passes any.
    """

    name: str
    templates_of: str = "Vivado"
    exact_bits: int | None = None


TARGETS = (Target("Vivado"), Target("Vitis"), Target("VivadoAccelerator", exact_bits=24))
