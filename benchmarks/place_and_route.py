"""Size and speed of the tridiagonal memory unit at order 256 on iCE40 UP5K, ECP5 and 7-series, with open tools.

    python benchmarks/place_and_route.py

Cells are those of the unit alone, after synthesis by Yosys. The clock is that of the placed and routed unit in a
harness of registers (docs/synthesis.md), by nextpnr; 7-series has no open place and route.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from lmu_hls.configurations import PSMNIST
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.legendre import tridiagonal_factors
from lmu_hls.resources import hdl_file
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from lmu_hls.synth.constraints import constraints
from lmu_hls.synth.families import Target, target_of
from lmu_hls.synth.harness import CLOCK, harnessed
from lmu_hls.synth.route import REPORT, route
from lmu_hls.synth.timing import read_timing
from lmu_hls.synth.yosys import NETLIST, netlist, synthesize
from lmu_hls.toolchain import find

ORDER, THETA = PSMNIST.order, PSMNIST.theta
STATE, SWEEP, COEFFICIENT, BET = FixedType(16, 2), FixedType(19, 2), FixedType(16, 1), FixedType(16, -4)

SEEDS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Case:
    """One target and one shape of the unit."""

    target: str
    memory_d: int
    pipeline: int


CASES = (Case("up5k", 1, 1), Case("ecp5-85k", 1, 1), Case("ecp5-85k", 4, 3), Case("xc7", 1, 1))


def unit_of(case: Case) -> MemoryUnit:
    """Order 256, theta 784: state and coefficients of 16 bits, three more fraction bits in the sweeps."""
    factors = tridiagonal_factors(ORDER, THETA)
    kinds = {"lam": COEFFICIENT, "gam": COEFFICIENT, "kap": COEFFICIENT, "bet": BET}
    weights = {name: Weight(quantize(getattr(factors, name), kind), kind) for name, kind in kinds.items()}
    encoder = Weight(np.ones((1, case.memory_d), np.int64), FixedType(8, 4))
    update = TridiagonalUpdate(**weights, sweep=SWEEP)
    layer = LMU("unit", 1, STATE, encoder, None, None, None, STATE, update, STATE, None, STATE, True, 1, THETA,
                "bilinear", "orthonormal")  # fmt: skip
    return memory_unit(layer, pipeline=case.pipeline)


def measure(case: Case, folder: Path) -> list[str]:
    """A row of the table."""
    unit, target = unit_of(case), target_of(case.target)
    rom = folder / unit.rom.file
    rom.parent.mkdir()
    rom.write_text(unit.rom.text())
    sources = list(map(hdl_file, with_submodules([unit.module])))
    made = (sources, unit.module, unit.parameters, folder, case.target)
    counts = synthesize(*made, data_dir=folder, data=[rom]).counts
    cells = ", ".join(f"{counts[kind.name]} {kind.name}" for kind in target.family.resources if kind.short)
    row = [case.target, str(case.memory_d), str(case.pipeline), str(unit.sizes.ii_cycles), cells]
    if target.device is None:
        return [*row, "-"]
    _, router = target.routable
    if not find(router.tool).found:
        return [*row, f"{router.tool} is not installed"]
    alone = netlist(sources, unit.module, unit.parameters, folder, target, folder, [rom]) / NETLIST
    joined = harnessed(alone, unit.module, target, folder).netlist
    return [*row, ", ".join(f"{clock(joined, target, seed, folder):.1f}" for seed in SEEDS)]


def clock(joined: Path, target: Target, seed: int, folder: Path) -> float:
    """MHz after place and route of the unit in its harness."""
    device, router = target.routable
    pins = constraints(router.constraints, CLOCK, device.clock_mhz, {})
    routed = route(joined, target, seed, device.clock_mhz, pins, folder / f"nextpnr-seed{seed}.log")
    return read_timing(routed / REPORT, {}, "harness", target.family.costs).fmax_mhz


def main() -> None:
    table = Table("target", "memory_d", "PIPELINE", "cycles a step", "cells of the unit", f"MHz, seeds {SEEDS}")
    table.title = f"lmu_memory_tridiag, order {ORDER}, 16-bit state"
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            table.add_row(*measure(case, Path(folder)))
    Console().print(table)


if __name__ == "__main__":
    main()
