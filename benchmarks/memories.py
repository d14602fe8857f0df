"""The forms of the memory unit at their best points: cycles, cells and clock of the demo's memory on a Lattice ECP5.

    python -m benchmarks.memories [FORM ...]

Each unit alone, placed and routed in a harness of registers with seeds 1, 2 and 3: the clock is the one in the middle.
ns x COMB is what a step takes times the look-up tables and carry cells, less is better. FORM: a row by its name.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.place_and_route import SEEDS, clock
from lmu_hls.configurations import DEMO
from lmu_hls.fixed import FixedType, integer_bits, quantize
from lmu_hls.legendre import discretize, tridiagonal_factors
from lmu_hls.resources import hdl_file
from lmu_hls.rtl import layout
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.standalone import parameter, with_submodules
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, DenseUpdate, TridiagonalUpdate, Weight
from lmu_hls.synth.families import target_of
from lmu_hls.synth.harness import harnessed
from lmu_hls.synth.yosys import NETLIST, netlist, synthesize

T = TypeVar("T")
TARGET, TOP = "ecp5-85k", "memory"
STATE, WIDTH = FixedType(16, 6), 16
SWEEP = FixedType(19, 6)


@dataclass(frozen=True, slots=True)
class Form:
    """A unit: its update and whether it is made of additions, its lanes and the stages of its pipeline."""

    update: str
    lanes: int | None = None
    pipeline: int | None = None
    adders: bool = False

    @property
    def name(self) -> str:
        if self.adders:
            return "additions" if self.pipeline is None else f"additions, {self.pipeline} stages"
        if self.update == "dense":
            return f"dense, {self.lanes} lanes"
        return "tridiagonal" if self.lanes == 1 else "tridiagonal, both sweeps at once"


FORMS = (
    Form("dense", 1),
    Form("dense", 3),
    Form("dense", 6),
    Form("tridiagonal", 1),
    Form("tridiagonal", 2),
    Form("dense", adders=True),
    Form("dense", pipeline=5, adders=True),
    Form("dense", pipeline=6, adders=True),
)


def _weight(values: np.ndarray) -> Weight:
    kind = FixedType(WIDTH, integer_bits(float(np.abs(values).max())))
    return Weight(quantize(values, kind), kind)


def update_of(name: str, order: int = DEMO.order) -> DenseUpdate | TridiagonalUpdate:
    """The update ``name``, dense or tridiagonal, with coefficients of 16 bits."""
    if name == "dense":
        a, b = discretize(order, DEMO.theta, DEMO.discretizer, "orthonormal")
        return DenseUpdate(_weight(a), _weight(b.ravel()))
    factors = tridiagonal_factors(order, DEMO.theta)
    return TridiagonalUpdate(
        **{name: _weight(getattr(factors, name)) for name in ("lam", "gam", "kap", "bet")}, sweep=SWEEP
    )


def unit_of(form: Form, order: int = DEMO.order, memory_d: int = DEMO.memory_d) -> MemoryUnit:
    """The memory of the demo: u and mem of 16 bits, coefficients of 16."""
    encoder = Weight(np.ones((1, memory_d), np.int64), FixedType(8, 4))
    update = update_of(form.update, order)
    layer = LMU("unit", 1, STATE, encoder, None, None, None, STATE, update, STATE, None, STATE, True, 1, DEMO.theta,
                "bilinear", "orthonormal")  # fmt: skip
    return memory_unit(replace(layer, adders=form.adders), form.lanes, form.pipeline)


def top_source(unit: MemoryUnit) -> str:
    """A module ``memory`` that has the ports of ``unit`` and nothing else."""
    u_w, out_w, lanes = STATE.width, unit.sizes.together * STATE.width, unit.sizes.together
    inputs = {"s_axis_tdata": u_w, "s_axis_tvalid": 1, "s_axis_tlast": 1, "s_axis_tuser": 1, "m_axis_tready": 1}
    outputs = {"m_axis_tdata": out_w, "m_axis_tvalid": 1, "m_axis_tlast": 1, "m_axis_tuser": lanes, "s_axis_tready": 1}
    sides = {"input": {"clk": 1, "rst": 1, **inputs}, "output": outputs}
    ports = [f"{side} wire [{w - 1}:0] {name}" for side, of in sides.items() for name, w in of.items()]
    ports[0] = "input wire clk"
    roms = {rom.file: f'"{rom.file}"' for rom in unit.roms}
    given = {name: parameter(value, roms) for name, value in unit.parameters.items()}
    wires = {name: name for name in ("clk", "rst", *inputs, *outputs)}
    return f"module {TOP} ({', '.join(ports)});\n{layout.instance(unit.module, 'unit', given, wires)}endmodule\n"


def measure(form: Form, folder: Path, seeds: Sequence[int] = SEEDS) -> list[str]:
    """A row of the table."""
    unit = unit_of(form)
    (folder / "rom").mkdir()
    for rom in unit.roms:
        (folder / rom.file).write_text(rom.text())
    (folder / "memory.v").write_text(top_source(unit))
    sources = [folder / "memory.v", *map(hdl_file, with_submodules([unit.module]))]
    data = [folder / rom.file for rom in unit.roms]
    return [form.name, *figures(sources, data, unit.sizes.ii_cycles, folder, seeds)]


def figures(
    sources: Sequence[Path], data: Sequence[Path], cycles: int, folder: Path, seeds: Sequence[int] = SEEDS
) -> list[str]:
    """What stands in a row for the module ``memory`` of ``sources``, with ROM files ``data``, that takes ``cycles``."""
    target = target_of(TARGET)
    counts = synthesize(sources, TOP, {}, folder, TARGET, data_dir=folder, data=data).counts
    alone = netlist(sources, TOP, {}, folder, target, folder, data) / NETLIST
    joined = harnessed(alone, TOP, target, folder).netlist
    mhz = median(clock(joined, target, seed, folder) for seed in seeds)
    step = 1000 * cycles / mhz
    cells = [str(counts.get(name, 0)) for name in ("LUT", "FF", "DSP")]
    return [str(cycles), *cells, f"{mhz:.1f}", f"{step:.0f}", f"{step * counts['LUT']:,.0f}"]


def table_of(rows: Iterable[Sequence[str]]) -> Table:
    """The table, with its heading."""
    table = Table("form", "cycles", "COMB", "FF", "DSP", "MHz", "ns a step", "ns x COMB")
    table.title = f"Memory of order {DEMO.order} with {DEMO.memory_d} channels, 16 bits, {TARGET}"
    for row in rows:
        table.add_row(*row)
    return table


def rows_of(forms: Sequence[T], row: Callable[[T, Path], list[str]]) -> Iterator[list[str]]:
    """A row of each form, made in a folder of its own."""
    for form in forms:
        with tempfile.TemporaryDirectory() as folder:
            yield row(form, Path(folder))


def main(names: Sequence[str]) -> None:
    Console().print(table_of(rows_of([form for form in FORMS if not names or form.name in names], measure)))


if __name__ == "__main__":
    main(sys.argv[1:])
