"""The quantized network as hardware: converted, verified, and what it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from examples.keyword_spotting.dataset import Split
from lmu_hls import flow
from lmu_hls.energy.published import PAPER
from lmu_hls.errors import VerificationFailed
from lmu_hls.flow.accelerator import written_accelerator
from lmu_hls.records import Energy
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.spec import store
from lmu_hls.synth import synthesize_units
from lmu_hls.synth.estimate import estimate
from lmu_hls.toolchain import find

TARGETS = ("up5k", "ecp5-25k")
FRAME_MS = 20.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """``compared``: a line for each implementation. ``left_out``: what blocks of zeros save, in words, "" where the
    Verilog leaves none out. ``figures``: target -> what it takes, in words.
    """

    compared: tuple[str, ...]
    frame_cycles: int
    multipliers: int
    left_out: str
    figures: dict[str, str]
    energy: Energy | None = None
    synthesized: dict[str, str] = field(default_factory=dict)

    @property
    def power(self) -> str:
        """Beside the paper's."""
        if self.energy is None:
            return "not estimated: Verilator is absent, or left out"
        return (
            f"{self.energy.energy_per_step_nj:.3g} nJ a frame, {self.energy.power_uw:.3g} uW dynamic at "
            f"{self.energy.node_nm} nm (estimate; {PAPER.power_uw} uW in all for {PAPER.model_kbit} kbit in the paper)"
        )


def measure(
    folder: flow.OutputFolder, test: Split, clips: int, label: str, synth: bool, energy: bool, progress: Progress
) -> Measured:
    """Compare csim on ``clips`` clips of ``test`` and the Verilog on one with golden, and say what the Verilog takes.

    Raises VerificationFailed where an integer differs.
    """
    data = flow.Data(test.x[:clips].astype(np.float64), test.y[:clips], label=label)
    simulators = [name for name in ("verilator", "icarus") if find(name).found][:1]
    verification = flow.verify(
        folder, data, simulators=simulators, rtl_samples=dict.fromkeys(simulators, 1), progress=progress
    )
    if not verification.passed:
        raise VerificationFailed(
            f"C++ or Verilog of {folder.root} differ from golden; run lmu-hls report {folder.root}"
        )
    plan = written_accelerator(folder, store.load(folder.spec)).plan
    made = estimate(plan, TARGETS)
    found = None
    if energy and simulators == ["verilator"]:
        found = flow.energy(folder, data, sequences=min(2, clips), step_ms=FRAME_MS, progress=progress)
    counts = _synthesized(folder.root, progress) if synth else {}
    return Measured(
        tuple(
            f"{item.name}: {item.samples} clips, {item.values_compared:,} values equal"
            for item in verification.comparisons
        ),
        made.step_cycles,
        made.multipliers,
        _left_out(plan),
        {item.target: _figures(item.figures, item.lacking) for item in made.targets},
        found,
        counts,
    )


def _left_out(plan: NetworkPlan) -> str:
    sparse = [part for layer in plan.layers for part in layer.parts if part.all_cycles is not None]
    cycles, whole = sum(part.cycles for part in sparse), sum(part.all_cycles or 0 for part in sparse)
    names = ", ".join(part.name for part in sparse)
    return f"{cycles:,} cycles of {whole:,} ({100 * cycles / whole:.1f} %) in {names}" if sparse else ""


def _figures(figures: Sequence[Any], lacking: str) -> str:
    fits = f"does not fit: {lacking}" if lacking else "fits"
    return f"{', '.join(f'{figure.count:,} {figure.resource}' for figure in figures)} (estimate); {fits}"


def _synthesized(root: Path, progress: Progress) -> dict[str, str]:
    return {
        f"{resources.target}, Yosys": ", ".join(f"{count:,} {name}" for name, count in resources.counts.items())
        for resources in synthesize_units(root, TARGETS, progress)
    }
