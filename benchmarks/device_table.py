"""Four networks on three devices: what they take, their clock, and which do not fit; the table of docs/synthesis.md.

    python -m benchmarks.device_table run [--network small] [--target up5k] [--renew] [--no-route] [-j 2]
    python -m benchmarks.device_table write

`run` converts the networks of lmu_hls.configurations with weights drawn from a fixed seed, synthesises them, places and
routes what fits, and keeps a row of each in device_table.json. With `--renew` rows stay that were made with today's
netlist before optimisation and tools. Netlists and routed designs are kept in the cache of builds: a run that was
interrupted goes on. `write` makes the table of these rows. The first run takes about half an hour of processor time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import typer

from benchmarks.netlist_digest import netlist_digest
from lmu_hls.configurations import ALL
from lmu_hls.records import Manifest, Synthesis, load, write_text
from lmu_hls.records.folder import MANIFEST, OutputFolder
from lmu_hls.records.jsonfile import decode, encode, parse
from lmu_hls.records.placement import Usage
from lmu_hls.resources import hdl_modules
from lmu_hls.rtl.manifest import Project
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.synth import Routing, place_units, results, synthesize_units
from lmu_hls.synth.estimate.model import reading_hashes
from lmu_hls.toolchain import need

R = TypeVar("R")
TABLE = Path(__file__).with_name("device_table.json")
PAGE = Path(__file__).parents[1] / "docs" / "synthesis.md"
BEGIN, END = "<!-- device table: begin -->", "<!-- device table: end -->"
SEED, PRECISION = 0, "fixed<16,6>"
TARGETS = ("ecp5-85k", "gw2a-18", "up5k")
TOOLS = {"yosys": "pyosys"}  # what a row calls otherwise than lmu_hls/toolchain.py
KINDS = {"DSP": ("DSP", "MULT18X18"), "Block RAM": ("DP16KD", "BSRAM", "EBR")}  # column: the families' names


@dataclass(frozen=True, slots=True)
class Network:
    """How a configuration is converted: the reuse factor that is asked for, and hls4ml's MemoryUpdate or ""."""

    reuse_factor: int
    update: str = ""


NETWORKS: Mapping[str, Network] = {
    "small": Network(8),
    "vowels": Network(96),
    "keywords": Network(4096),
    "psmnist": Network(16384, "tridiagonal"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A network on a device.

    `counts` are Yosys's, with what the device has; `verilog` is the SHA-256 of what was synthesised, `design` the
    digest of its netlist before optimisation, "" in rows from before it was kept; `modules` are those that it has, with
    the digest of what the estimator reads in each. `fmax_mhz` and `step_us` are None where it does not fit, with `why`,
    or was not routed.
    """

    network: str
    target: str
    precision: str
    reuse_factor: int
    step_cycles: int
    multipliers: int
    counts: Mapping[str, Usage]
    fits: bool
    why: str
    fmax_mhz: float | None
    step_us: float | None
    seed: int | None
    tools: Mapping[str, str]
    verilog: str
    design: str
    modules: Mapping[str, str]

    def is_older(self) -> bool:
        """Whether one of its modules is another one today."""
        return dict(self.modules) != reading_hashes(set(self.modules) & set(hdl_modules()))


app = typer.Typer(add_completion=False)


def measure(
    name: str, target: str, folder: Path, design: str, modules: Mapping[str, str], jobs: int, route: bool
) -> Row:
    """Synthesise one converted network for a device, and (``route``) place and route it where it fits."""
    asked, root = NETWORKS[name], OutputFolder(folder)
    resources = synthesize_units(folder, [target], jobs=jobs)
    (entry,) = (item for item in load(root.synthesis, Synthesis).targets if item.target == target)
    placed = place_units(folder, resources, Routing(jobs=jobs)) if route else ()
    (found,) = results(resources, placed)
    hardware = load(root.manifest, Manifest).hardware
    assert hardware is not None and found.fits is not None and found.utilisation is not None
    (counted,) = results(resources)
    files = "".join(f"{path} {digest}\n" for path, digest in sorted(entry.evidence.files.items()))
    return Row(
        name,
        target,
        PRECISION,
        asked.reuse_factor,
        hardware.ii_cycles,
        hardware.multipliers,
        counted.utilisation or {},
        found.fits,
        found.why,
        found.fmax_mhz,
        found.step_us,
        found.seed,
        {**entry.evidence.tools, **{item.tool: item.tool_version for item in placed}},
        hashlib.sha256(files.encode()).hexdigest(),
        design,
        modules,
    )


def design_of(folder: Path) -> tuple[str, dict[str, str]]:
    """`design` and `modules` of a row, of a converted network."""
    verilog = OutputFolder(folder).verilog
    project = load(verilog / MANIFEST, Project)
    sources = sorted(verilog / name for name in project.files if name.startswith("rtl/"))
    names = with_submodules(item.library for item in project.instances)
    with tempfile.TemporaryDirectory() as work:
        return netlist_digest(sources, project.top, verilog, Path(work)), reading_hashes(names)


def is_fresh(row: Row, design: str, route: bool) -> bool:
    """Whether a row was made with this netlist and today's tools, and routed where that is asked for."""
    if row.design != design:
        return False
    same = all(need(TOOLS.get(name, name)).version == version for name, version in row.tools.items())
    return same and not (route and row.fits and row.fmax_mhz is None)


def convert(name: str, folder: Path) -> None:
    import keras

    from lmu_hls import flow

    asked = NETWORKS[name]
    settings: dict[str, Any] | None = {"LayerName": {"lmu": {"MemoryUpdate": asked.update}}} if asked.update else None
    keras.utils.set_random_seed(SEED)
    model = ALL[name].keras_model()
    flow.convert(model, folder, config=settings, precision=PRECISION, reuse_factor=asked.reuse_factor, force=True)


def text_of(rows: Sequence[Row], digest: str) -> str:
    """The table in Markdown, between its markers; ``digest`` is the SHA-256 of the file that it is made of."""
    lines = [
        BEGIN,
        "| Network | Device | LUT | FF | DSP | Block RAM | Clock | A step | Fits |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
        *map(_line, rows),
        "",
        *(f"- {_words(name, rows)}" for name in dict.fromkeys(row.network for row in rows)),
        "",
        f"Made of `benchmarks/{TABLE.name}`, SHA-256 `{digest}`, with {_tools(rows)}.",
        END,
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    columns = [_use(row.counts, (name,)) for name in ("LUT", "FF")] + [_use(row.counts, KINDS[kind]) for kind in KINDS]
    clock = f"{row.fmax_mhz:.1f} MHz" if row.fmax_mhz else "not routed" if row.fits else "-"
    step = f"{row.step_us:.4g} us" if row.step_us else "-"
    over = max(row.counts.items(), key=lambda item: item[1].percent)
    fits = "yes" if row.fits else f"no: {over[0]} {over[1].percent:.0f} %" if not over[1].fits else f"no: {row.why}"
    name = f"{row.network} (older Verilog)" if row.is_older() else row.network
    return f"| {' | '.join([name, row.target, *columns, clock, step, fits])} |"


def _use(counts: Mapping[str, Usage], names: Sequence[str]) -> str:
    name = next(name for name in names if name in counts)
    share = f" ({counts[name].percent:.1f} %)" if counts[name].available else ""
    return f"{counts[name].used}{share}"


def _words(name: str, rows: Sequence[Row]) -> str:
    row, size = next(row for row in rows if row.network == name), ALL[name]
    update = f", {NETWORKS[name].update} memory update" if NETWORKS[name].update else ""
    return (
        f"**{name}**: {size.n_in} inputs, memory_d {size.memory_d}, order {size.order}, {size.units} units, "
        f"{size.classes} classes{update}; reuse factor {row.reuse_factor} asked, so {row.step_cycles} cycles a step on "
        f"{row.multipliers} multipliers"
    )


def _tools(rows: Sequence[Row]) -> str:
    tools = {name: version for row in rows for name, version in row.tools.items()}
    return ", ".join(f"{name} {tools[name]}" for name in sorted(tools))


def page_with(text: str, page: str) -> str:
    """The page with this text, which begins and ends with its markers, in the place of the one between them."""
    begin, *_, end = text.splitlines()
    before, _, rest = page.partition(begin)
    return before + text + rest.partition(end)[2]


def read(path: Path = TABLE) -> tuple[tuple[Row, ...], str]:
    """The rows, and the SHA-256 of their file."""
    return read_rows(Row, path)


def read_rows(kind: type[R], path: Path) -> tuple[tuple[R, ...], str]:
    """The records of one kind in a file, and its SHA-256."""
    data = path.read_bytes()
    return decode(tuple[kind, ...], parse(data.decode())), hashlib.sha256(data).hexdigest()  # type: ignore[valid-type]


@app.command()
def run(
    network: Annotated[list[str] | None, typer.Option(help="Networks (default: all).")] = None,
    target: Annotated[list[str] | None, typer.Option(help="Devices.")] = None,
    renew: Annotated[
        bool, typer.Option(help="Only what is not there, or was made with other Verilog or tools.")
    ] = False,
    route: Annotated[bool, typer.Option("--route/--no-route", help="Rows that were routed before stay so.")] = True,
    jobs: Annotated[int, typer.Option("-j")] = 1,
    work: Annotated[Path, typer.Option(help="Where the networks are converted.")] = Path("build/device-table"),
) -> None:
    """Measure, and put the rows into the table, one by one."""
    for name in network or NETWORKS:
        convert(name, work / name)
        design, modules = design_of(work / name)
        for device in target or TARGETS:
            rows = {(row.network, row.target): row for row in read()[0]} if TABLE.is_file() else {}
            before = rows.get((name, device))
            if renew and before is not None and is_fresh(before, design, route):
                row = replace(before, modules=modules)  # the netlist may be cut into other ones
            else:
                row = measure(name, device, work / name, design, modules, jobs, route)
            if route or before is None or before.verilog != row.verilog:
                rows[name, device] = row
            ordered = [rows[name, device] for name in NETWORKS for device in TARGETS if (name, device) in rows]
            write_text(TABLE, encode(ordered))
            print(_line(rows[name, device]), flush=True)


@app.command()
def write() -> None:
    """Put the table into the documentation."""
    page = PAGE.read_text(encoding="utf-8")
    write_text(PAGE, page_with(text_of(*read()), page))


if __name__ == "__main__":
    app()
