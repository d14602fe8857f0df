"""Clocks of single units, placed and routed alone, for docs/synthesis.md; tridiagonal memories of order 256.

    python -m benchmarks.place_and_route run [UNIT ...] [--renew]
    python -m benchmarks.place_and_route write
    python -m benchmarks.place_and_route tridiagonal

`run` takes each unit from a network that benchmarks/estimate_networks.py draws, with the sizes and contents of ROMs
that it has there, and keeps a row in place_and_route.json; with `--renew` only units whose Verilog is another one
since. `write` makes the table of these rows. `tridiagonal` measures the memory of psMNIST's size on several devices.

Cells are those of the unit alone, after synthesis by Yosys. The clock is that of the placed and routed unit in a
harness of registers, by nextpnr; 7-series has no open place and route.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median_low
from typing import Annotated

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.device_table import page_with, read_rows
from lmu_hls.configurations import PSMNIST
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.legendre import tridiagonal_factors
from lmu_hls.records import write_text
from lmu_hls.records.jsonfile import encode
from lmu_hls.records.placement import Place
from lmu_hls.resources import hdl_file
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.netlist import Netlist
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.rtl.unit import MemoryUnit
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from lmu_hls.synth.constraints import constraints
from lmu_hls.synth.estimate.model import reading_hashes
from lmu_hls.synth.families import Target, target_of
from lmu_hls.synth.harness import CLOCK, harnessed
from lmu_hls.synth.route import REPORT, route
from lmu_hls.synth.timing import Timing, read_scopes, read_timing
from lmu_hls.synth.yosys import NETLIST, SCOPES, netlist, synthesize
from lmu_hls.toolchain import find, need

TABLE = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parents[1] / "docs" / "synthesis.md"
BEGIN, END = "<!-- unit table: begin -->", "<!-- unit table: end -->"
TARGET = "ecp5-25k"
SEEDS = (1, 2, 3)
# Units by module, and the seed of the network that they are taken from: there its ROMs are large
NETWORKS: Mapping[str, int] = {
    "lmu_activation": 3, "lmu_activations": 3013, "lmu_affine": 6, "lmu_argmax": 3002, "lmu_average": 3012,
    "lmu_concat": 6, "lmu_dense": 5, "lmu_encoder": 7, "lmu_engine": 3003, "lmu_engine_gated": 28,
    "lmu_fifo": 3, "lmu_fork": 4,
    "lmu_frame": 3, "lmu_gather": 3008, "lmu_gru": 3005, "lmu_gru_before": 6, "lmu_history": 3015, "lmu_join": 3000,
    "lmu_lstm": 3012, "lmu_matvec": 3008, "lmu_memory_dense": 13, "lmu_memory_parallel": 3000,
    "lmu_memory_ring": 3002,
    "lmu_memory_sweeps": 3004, "lmu_memory_tridiag": 3005, "lmu_memory_tridiag_pes": 3010, "lmu_merge": 3009,
    "lmu_normalize": 3003, "lmu_pool": 3007, "lmu_recurrent": 5, "lmu_scale": 3001, "lmu_serializer": 3000,
    "lmu_softmax": 3001, "lmu_step_start": 3, "lmu_vector_buffer": 3004, "lmu_window": 3005,
}  # fmt: skip
# In no top by themselves, or in no network that is drawn: with the parameters that they have by default
ALONE = ("lmu_divider", "lmu_window_any")
UNITS = tuple(sorted((*NETWORKS, *ALONE)))

ORDER, THETA = PSMNIST.order, PSMNIST.theta
STATE, SWEEP, COEFFICIENT, BET = FixedType(16, 2), FixedType(19, 2), FixedType(16, 1), FixedType(16, -4)


@dataclass(frozen=True, slots=True)
class Unit:
    """A module of the library, its parameters, and its ROM files with what they hold."""

    module: str
    parameters: Mapping[str, int | str]
    roms: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A unit on TARGET: `network` is the seed of the network that it is of, None of one with its default parameters.

    `mhz` are the clocks of SEEDS, `start`, `end`, `logic_ns` and `wires_ns` the slowest path of the seed in the middle;
    `reading` is the digest of the module's operators, by which a row of older Verilog is known.
    """

    module: str
    network: int | None
    counts: Mapping[str, int]
    mhz: tuple[float, ...]
    start: Place
    end: Place
    logic_ns: float
    wires_ns: float
    tools: Mapping[str, str]
    reading: str

    @property
    def middle(self) -> float:
        """The clock of the seed in the middle, in MHz."""
        return median_low(self.mhz)

    def is_older(self) -> bool:
        """Whether the module is another one today."""
        return self.reading != reading_hashes([self.module])[self.module]


@cache
def _network(seed: int) -> Netlist:
    from benchmarks.estimate_networks import design_of, draw

    return design_of(draw(seed), seed).plan.net


def unit_named(module: str) -> Unit:
    """The one of the module with the most bits of ROM. Raises ValueError when its network has none any more."""
    if module in ALONE:
        return Unit(module, {}, {})
    net = _network(NETWORKS[module])
    found = [
        Unit(module, item.parameters, _roms(net, item.parameters)) for item in net.instances if item.module == module
    ]
    if not found:
        raise ValueError(
            f"the network drawn with seed {NETWORKS[module]} has no {module}: name another one in NETWORKS"
        )
    return max(found, key=lambda unit: sum(map(len, unit.roms.values())))


def _roms(net: Netlist, parameters: Mapping[str, int | str]) -> dict[str, str]:
    return {file: net.roms[file].text() for file in parameters.values() if isinstance(file, str) and file in net.roms}


def row_of(module: str, folder: Path, seeds: Sequence[int] = SEEDS) -> Row:
    """Measure a unit."""
    unit, target = unit_named(module), target_of(TARGET)
    names = {file: f"r{number}.hex" for number, file in enumerate(unit.roms)}
    for file, name in names.items():
        (folder / name).write_text(unit.roms[file])
    data = [folder / name for name in names.values()]
    given = {name: _plain(value, names) for name, value in unit.parameters.items()}
    sources = list(map(hdl_file, with_submodules([module])))
    counts = synthesize(sources, module, given, folder, TARGET, data_dir=folder, data=data).counts
    alone = netlist(sources, module, given, folder, target, folder, data)
    joined = harnessed(alone / NETLIST, module, target, folder).netlist
    timings = [timing(joined, target, seed, folder, read_scopes(alone / SCOPES), module) for seed in seeds]
    slowest = sorted(timings, key=lambda found: found.fmax_mhz)[(len(timings) - 1) // 2].path
    assert slowest is not None and target.family.router is not None
    tools = {name: need(name).version for name in ("pyosys", target.family.router.tool)}
    taken = {kind.name: counts[kind.name] for kind in target.family.resources if kind.short and counts[kind.name]}
    mhz = tuple(round(found.fmax_mhz, 1) for found in timings)
    delays = (slowest.logic_ns, slowest.routing_ns)
    reading = reading_hashes([module])[module]
    return Row(module, NETWORKS.get(module), taken, mhz, slowest.start, slowest.end, *delays, tools, reading)


def _plain(value: int | str, names: Mapping[str, str]) -> int | str:
    return names.get(value, value) if isinstance(value, str) else int(value)


@dataclass(frozen=True, slots=True)
class Case:
    """One target and one shape of the tridiagonal unit."""

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
    """A row of the table of tridiagonal memories."""
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


def timing(joined: Path, target: Target, seed: int, folder: Path, scopes: Mapping[str, str], top: str) -> Timing:
    """Clock and slowest path after place and route of the unit ``top`` in its harness."""
    device, router = target.routable
    pins = constraints(router.constraints, CLOCK, device.clock_mhz, {})
    routed = route(joined, target, seed, device.clock_mhz, pins, folder / f"nextpnr-seed{seed}.log")
    return read_timing(routed / REPORT, scopes, top, target.family.costs, "unit")


def clock(joined: Path, target: Target, seed: int, folder: Path) -> float:
    """MHz after place and route of the unit in its harness."""
    return timing(joined, target, seed, folder, {}, "harness").fmax_mhz


def text_of(rows: Sequence[Row], digest: str) -> str:
    """The table in Markdown, between its markers; ``digest`` is the SHA-256 of the file that it is made of."""
    tools = {name: version for row in rows for name, version in row.tools.items()}
    named = ", ".join(f"{name} {tools[name]}" for name in sorted(tools))
    return "\n".join(
        [
            BEGIN,
            "| Unit | Network | LUT | FF | DSP | Block RAM | MHz, seeds 1, 2, 3 | Slowest path, ns logic + wires |",
            "|---|---:|---:|---:|---:|---:|---|---|",
            *map(_line, sorted(rows, key=lambda row: (-row.middle, row.module))),
            "",
            f"Made of `benchmarks/{TABLE.name}`, SHA-256 `{digest}`, with {named}.",
            END,
        ]
    )


def _line(row: Row) -> str:
    counts = [str(row.counts.get(name, 0)) for name in ("LUT", "FF", "DSP", "DP16KD")]
    clocks = f"**{row.middle:.1f}** ({', '.join(f'{mhz:.1f}' for mhz in row.mhz)})"
    path = f"{_net(row.start)} to {_net(row.end)}, {row.logic_ns:.1f} + {row.wires_ns:.1f}"
    return f"| `{row.module}` | {'-' if row.network is None else row.network} | {' | '.join([*counts, clocks, path])} |"


def _net(place: Place) -> str:
    inside = f"{place.instance}." if place.instance and place.module != "the harness" else ""
    return f"`{inside}{place.net}`"


def read(path: Path = TABLE) -> tuple[tuple[Row, ...], str]:
    """The rows, and the SHA-256 of their file."""
    return read_rows(Row, path)


app = typer.Typer(add_completion=False)


@app.command()
def run(
    units: Annotated[list[str] | None, typer.Argument(help="Modules (default: all).")] = None,
    renew: Annotated[bool, typer.Option(help="Only what is not there, or was made with other Verilog.")] = False,
) -> None:
    """Measure units, and put the rows into the table, one by one."""
    for module in units or UNITS:
        before = {row.module: row for row in read()[0]} if TABLE.is_file() else {}
        if renew and module in before and not before[module].is_older():
            continue
        with tempfile.TemporaryDirectory() as folder:
            made = row_of(module, Path(folder))
        rows = ({row.module: row for row in read()[0]} if TABLE.is_file() else {}) | {module: made}
        write_text(TABLE, encode([rows[name] for name in UNITS if name in rows]))
        print(_line(made), flush=True)


@app.command()
def write() -> None:
    """Put the table into the documentation."""
    write_text(PAGE, page_with(text_of(*read()), PAGE.read_text(encoding="utf-8")))


def tridiagonal_rows(cases: Sequence[Case] = CASES) -> Iterator[list[str]]:
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            yield measure(case, Path(folder))


@app.command()
def tridiagonal() -> None:
    """Print the tridiagonal memory of order 256 on several devices."""
    table = Table("target", "memory_d", "PIPELINE", "cycles a step", "cells of the unit", f"MHz, seeds {SEEDS}")
    table.title = f"lmu_memory_tridiag, order {ORDER}, 16-bit state"
    for row in tridiagonal_rows():
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    app()
