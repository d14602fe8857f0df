"""The tables that `lmu-hls estimate` is fitted to and judged with, and the fit.

    python -m benchmarks.estimate synth [--seeds 0:72] [--target xc7 --target ecp5-25k] [--renew] [-j 2]
    python -m benchmarks.estimate measure
    python -m benchmarks.estimate fit

`synth` draws configurations (estimate_networks.py), writes the accelerator of each, synthesises it with Yosys, for a
device places and routes it, and puts cells or clock into the table of its seed, one line a configuration: what is in
estimate_check.jsonl is never fitted. Target by target, small ones come first. What is there already is left out, and
netlists are kept in the cache of builds: a run that was interrupted goes on. Each number has the digest of the netlist
before optimisation that it was found with (netlist_digest.py), and the tools: `measure` says which are of other Verilog
or tools than today's and reads the operators of the others again, `synth --renew` makes the stale ones anew, no others.
`measure --drop` takes what is stale out. `fit` writes the coefficients; tables may be renewed in part. A configuration
takes 2 to 20 seconds of processor time on a family, the small ones from seed 2000 on as long on a device.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import typer

from benchmarks.estimate_networks import CHECKED, FITTED, Settings, design_of, draw, plain, settings_of
from benchmarks.estimate_table import (
    CHECK,
    TABLE,
    Found,
    Row,
    drop,
    empty_row,
    is_stale,
    known,
    operators_of,
    put,
    read_table,
    readings,
    write_table,
)
from benchmarks.netlist_digest import netlist_digest
from lmu_hls.builds import built
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import write_text
from lmu_hls.records.evidence import digest
from lmu_hls.records.jsonfile import encode
from lmu_hls.rtl.standalone import modules, write_project
from lmu_hls.synth.constraints import constraints
from lmu_hls.synth.estimate import model
from lmu_hls.synth.estimate.features import CLOCK_TERMS, LUTRAM, clock_features, features, terms
from lmu_hls.synth.estimate.operators import operators
from lmu_hls.synth.estimate.primitives import PRIMITIVES, Primitives, counts
from lmu_hls.synth.estimate.quantities import Operators
from lmu_hls.synth.families import family_of, target_of
from lmu_hls.synth.harness import CLOCK, PINS, harnessed
from lmu_hls.synth.roms import data_files
from lmu_hls.synth.route import REPORT, route
from lmu_hls.synth.timing import read_timing
from lmu_hls.synth.yosys import NETLIST, netlist, steps_of, synthesize, yosys_cells
from lmu_hls.toolchain import need

READ = (".v", ".hex")
DIGEST = "digest.txt"
LEAST_ROWS = 20
CLOCK_BOUND = (10.0, 30.0)  # median and worst error in percent up to which a clock is told
FAMILIES = tuple(PRIMITIVES)
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Written:
    """The project of a configuration: its folder, top and Verilog. ``modules`` are those that it has, with the digest
    of what is read in each."""

    folder: Path
    top: str
    sources: Sequence[Path]
    modules: Mapping[str, str]
    operators: Operators

    @property
    def data(self) -> list[Path]:
        """The files that the Verilog reads."""
        return data_files(self.folder, self.sources, {})

    @property
    def digest(self) -> str:
        """That of its netlist, kept in the cache of builds."""

        def make(folder: Path) -> None:
            with tempfile.TemporaryDirectory() as scratch:
                found = netlist_digest(self.sources, self.top, self.folder, Path(scratch))
            (folder / DIGEST).write_text(found, encoding="utf-8")

        files = [f"{os.path.relpath(path, self.folder)} {digest(path)}" for path in (*self.sources, *sorted(self.data))]
        made = hashlib.sha256(Path(netlist_digest.__code__.co_filename).read_bytes()).hexdigest()
        parts = [need("pyosys").version, made, self.top, *files]
        return (built("netlist-digest", parts, make) / DIGEST).read_text(encoding="utf-8")


def written(settings: Settings, seed: int, work: Path) -> Written:
    """Write the project of a configuration."""
    design, folder = design_of(settings, seed), work / f"drawn{seed}"
    write_project(design.plan, folder)
    paths = [path for path in folder.rglob("*") if path.suffix in READ]
    files = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}
    sources, top = design.sources(folder), design.plan.top
    return Written(folder, top, sources, model.reading_hashes(modules(design.plan)), operators(files, top))


def synthesized(project: Written, target: str) -> dict[str, int]:
    """The cells of one project on one target by type, as Yosys counts them."""
    with tempfile.TemporaryDirectory() as work:
        data, sources = project.data, project.sources
        synthesize(sources, project.top, {}, Path(work), target, data_dir=project.folder, data=data)
        return yosys_cells(Path(work))


def routed(project: Written, target: str) -> float:
    """The clock that one project reaches on one device, in MHz, in a harness of registers (docs/synthesis.md)."""
    wanted = target_of(target)
    device, router = wanted.routable
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        alone = netlist(project.sources, project.top, {}, work, wanted, project.folder, project.data) / NETLIST
        joined = harnessed(alone, project.top, wanted, work).netlist
        pins = dict(zip(PINS, device.pins, strict=True)) if device.pins else {}
        text = constraints(router.constraints, CLOCK, device.clock_mhz, pins)
        place = route(joined, wanted, 1, device.clock_mhz, text, work / "nextpnr.log")
        return round(read_timing(place / REPORT, {}, project.top, wanted.family.costs).fmax_mhz, 2)


@app.command()
def synth(
    seeds: Annotated[str, typer.Option(help="The first, and the one after the last; or some, with commas.")] = "",
    target: Annotated[list[str] | None, typer.Option(help="Families, counted; devices, placed and routed.")] = None,
    renew: Annotated[bool, typer.Option(help="Also what was made with other Verilog or tools.")] = False,
    jobs: Annotated[int, typer.Option("-j")] = 2,
    work: Annotated[Path, typer.Option(help="Where the projects are written.")] = Path("estimate-work"),
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
    check: Annotated[Path, typer.Option(help="The table of designs that are not fitted.")] = CHECK,
) -> None:
    """Synthesise, or place and route, what the tables have not."""
    tables = {path: read_table(path) for path in (table, check)}
    names, todo = list(dict.fromkeys(target or FAMILIES)), []
    for seed in numbers(seeds) if seeds else (*FITTED, *CHECKED):
        rows = tables[check if seed in CHECKED else table]
        row = rows.get(seed) or empty_row(seed, plain(draw(seed)))
        wanted = [name for name in names if renew or name not in row["made"]]
        if not wanted:
            continue
        try:
            project = written(settings_of(row["settings"]), seed, work)
        except LmuHlsError as error:  # a draw that no accelerator can have
            print(f"{seed}: {error}", file=sys.stderr)
            continue
        rows[seed] = row
        todo += [(row, project, name) for name in wanted]
    todo.sort(key=lambda item: (names.index(item[2]), item[1].operators.bits.total()))
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(_made, *item): (item[0], item[2]) for item in todo}
        try:
            _put_all(running, tables)
        except BaseException:  # what has begun ends, the rest is left
            pool.shutdown(cancel_futures=True)
            raise


def _put_all(running: Mapping[Future[Found | None], tuple[Row, str]], tables: Mapping[Path, dict[int, Row]]) -> None:
    """What is found, into its row as soon as it comes."""
    for done, future in enumerate(as_completed(running), 1):
        row, name = running[future]
        try:
            found = future.result()
        except LmuHlsError as error:
            print(f"{row['seed']} {name}: {error}", file=sys.stderr)
            continue
        if found is not None:
            put(row, name, found)
            for path, rows in tables.items():
                write_table({seed: row for seed, row in rows.items() if row["made"]}, path)
            print(f"{done} of {len(running)}: {row['seed']} {name}", flush=True)


def _made(row: Row, project: Written, name: str) -> Found | None:
    """The cells of a family, the clock of a device in MHz; None where the row has them, of today."""
    found, used = project.digest, tools(name)
    if not is_stale(row, name, found, used):
        return None
    about = (found, project.operators, project.modules, used)
    if target_of(name).device:
        return Found(*about, mhz=routed(project, name))
    return Found(*about, cells=synthesized(project, name))


def tools(target: str) -> str:
    """What a target's numbers depend on beside the Verilog: the tools, and a digest of what they are told; of a device
    also of what is done to the netlist behind Yosys, of the harness and of the options of place and route."""
    chosen, names = target_of(target), ["pyosys"]
    steps = [repr(chosen.passes)]
    if chosen.device and chosen.family.router:
        device, router = chosen.routable
        names.append(router.tool)
        steps += [*steps_of(chosen, ()), digest(Path(inspect.getfile(harnessed)))]
        steps += [*device.route, *router.arguments, f"{device.clock_mhz:g}", *device.pins]
    made = hashlib.sha256("\n".join(steps).encode()).hexdigest()[:8]
    return ", ".join([*(f"{name} {need(name).identity}" for name in names), f"passes {made}"])


def numbers(seeds: str) -> Iterable[int]:
    """`0:72` or `1,2,5`."""
    first, colon, end = seeds.partition(":")
    return range(int(first), int(end)) if colon else map(int, seeds.split(","))


@app.command()
def measure(
    forget: Annotated[bool, typer.Option("--drop", help="Take what is stale out of the tables.")] = False,
    work: Annotated[Path, typer.Option(help="Where the projects are written.")] = Path("estimate-work"),
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
    check: Annotated[Path, typer.Option(help="The table of designs that are not fitted.")] = CHECK,
) -> None:
    """Say which numbers are of other Verilog or tools than today's; read the operators of the others again."""
    stale, total = Counter[str](), Counter[str]()
    for path in (table, check):
        rows = read_table(path)
        for seed, row in rows.items():
            project = written(settings_of(row["settings"]), seed, work)
            today = project.digest
            old = [name for name in row["made"] if is_stale(row, name, today, tools(name))]
            stale.update(old)
            total.update(list(row["made"]))
            print(f"{seed}: {', '.join(old) or 'nothing'} is stale", flush=True)
            for name in old if forget else ():
                drop(row, name)
            if today in row["designs"]:
                row["designs"][today] = known(project.operators, project.modules)
        write_table({seed: row for seed, row in rows.items() if row["made"]}, path)
    for name, count in sorted(total.items()):
        print(f"{name}: {stale[name]} of {count} are stale")


@app.command()
def fit(
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
    check: Annotated[Path, typer.Option(help="The table of designs that are not fitted.")] = CHECK,
) -> None:
    """Fit the coefficients to the table, and print the errors of rows that were left out."""
    rows, others = (list(read_table(path).values()) for path in (table, check))
    fitted = fit_all(rows, others)
    write_text(model.FITTED, encode(fitted))
    models = {f"{name} {kind}": made for name, kinds in fitted.families.items() for kind, made in kinds.items()}
    for name, clock in fit_clocks(rows, others).items():
        models[f"{name} clock{'' if name in fitted.clocks else ', not told'}"] = clock
    for name, made in models.items():
        print(f"{name}: {made.rows} rows, left out: {made.held_out}; {made.others.rows} others: {made.others}")
    for name, rules in fitted.rules.items():
        for resource, rule in rules.items():
            print(f"{name} {resource}: right in {rule.right} of {rule.rows}, at most {rule.largest} off")


def fit_all(rows: Sequence[Row], others: Sequence[Row]) -> model.Fitted:
    """All models of a table, judged with the other one."""
    families = {name: made for name in FAMILIES if (made := fit_family(name, rows, others))}
    rules = {name: judge_rules(name, PRIMITIVES[name], (*rows, *others)) for name in families}
    clocks = {name: made for name, made in fit_clocks(rows, others).items() if is_good(made)}
    hashes = model.module_hashes()
    read = model.reading_hashes(hashes)
    tables = {name: readings(rows, name) for name in (*families, *clocks)}
    return model.Fitted(need("pyosys").version, hashes, read, families, rules, clocks, tables)


def fit_family(name: str, rows: Sequence[Row], others: Sequence[Row]) -> dict[str, model.Model]:
    """The models of a family; {} with fewer rows than LEAST_ROWS."""
    tables = [[row for row in table if name in row["cells"]] for table in (rows, others)]
    if len(tables[0]) < LEAST_ROWS:
        return {}
    found = [[features(name, operators_of(row, name)) for row in table] for table in tables]
    counted = [[family_of(name).count(row["cells"][name]) for row in table] for table in tables]
    return {
        kind: model.fit(
            terms(name, kind),
            *map(model.Rows, found, [[count[kind] for count in table] for table in counted]),
            offset,
        )
        for kind, offset in (("LUT", "lutram"), ("FF", ""))
    }


def fit_clocks(rows: Sequence[Row], others: Sequence[Row]) -> dict[str, model.Model]:
    """The models of the periods of all devices that have enough rows, good or not."""
    devices = sorted({name for row in rows for name in row["mhz"]})
    return {name: made for name in devices if (made := fit_clock(name, rows, others))}


def fit_clock(name: str, rows: Sequence[Row], others: Sequence[Row]) -> model.Model | None:
    """The model of a device's period in ns; None with fewer rows than LEAST_ROWS."""
    tables = [[row for row in table if name in row["mhz"]] for table in (rows, others)]
    if len(tables[0]) < LEAST_ROWS:
        return None
    family = family_of(name).name
    found = [[clock_features(family, operators_of(row, name)) for row in table] for table in tables]
    periods = [[1e3 / row["mhz"][name] for row in table] for table in tables]
    return model.fit(CLOCK_TERMS, *map(model.Rows, found, periods))


def is_good(clock: model.Model) -> bool:
    """Whether its errors on rows that were left out are within CLOCK_BOUND."""
    median, worst = CLOCK_BOUND
    return clock.held_out.median_percent <= median and clock.held_out.worst_percent <= worst


def judge_rules(name: str, primitives: Primitives, rows: Sequence[Row]) -> dict[str, model.Rule]:
    """How often multipliers and block RAMs are those that Yosys counted."""
    off: dict[str, list[int]] = {}
    for row in rows:
        if name in row["cells"]:
            found = operators_of(row, name)
            real = family_of(name).count(row["cells"][name])
            for resource, count in counts(primitives, found.products.items(), found.memories).items():
                off.setdefault(resource, []).append(abs(count - real[resource]))
    off.pop(LUTRAM, None)
    return {resource: model.Rule(found.count(0), len(found), max(found)) for resource, found in off.items()}


if __name__ == "__main__":
    app()
