"""The backends of hls4ml that the C++ is written for: one record each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FIRMWARE = Path(__file__).with_name("firmware")
LMU_HEADER, CELLS_HEADER, SOFTMAX_HEADER = "nnet_lmu.h", "nnet_lmu_cells.h", "nnet_lmu_softmax.h"


@dataclass(frozen=True, slots=True)
class Target:
    """A backend by hls4ml's ``name``, and the ``headers`` in firmware/ that its projects get.

    ``templates_of`` names the backend whose templates serve: hls4ml looks them up there, too. ``exact_bits`` is the
    widest type of inputs and outputs that its interface passes without rounding, None where it passes any.
    """

    name: str
    headers: tuple[str, ...] = (LMU_HEADER, CELLS_HEADER, SOFTMAX_HEADER)
    templates_of: str = "Vivado"
    exact_bits: int | None = None


TARGETS = (Target("Vivado"), Target("Vitis"), Target("VivadoAccelerator", exact_bits=24))
