"""The tables that `lmu-hls estimate` is fitted to and judged with, and the fit.

    python -m benchmarks.estimate synth [--seeds 0:72] [--target xc7 --target ecp5-25k] [--renew] [-j 2]
    python -m benchmarks.estimate synth --seeds 1000:1024 --table benchmarks/estimate_check.jsonl
    python -m benchmarks.estimate measure
    python -m benchmarks.estimate fit

`synth` draws configurations (estimate_networks.py), writes the accelerator of each, synthesises it with Yosys, for a
device places and routes it, too, and puts cells and clock into estimate_table.jsonl, one line a configuration. What is
there already is left out, and netlists are kept in the cache of builds: a run that was interrupted goes on. Each row
has the hash of the Verilog that it was made with; `measure` reads the operators of each again and says which were made
with other Verilog than today's, `synth --renew` makes these anew. `fit` writes the coefficients. What is in
estimate_check.jsonl is never fitted. A configuration takes 4 to 20 seconds of processor time on a family, the small
ones from seed 2000 on as long on a device.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import typer

from benchmarks.estimate_networks import Settings, design_of, draw, plain, settings_of
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import write_text
from lmu_hls.records.jsonfile import encode
from lmu_hls.rtl.standalone import write_project
from lmu_hls.synth.constraints import constraints
from lmu_hls.synth.estimate import model
from lmu_hls.synth.estimate.features import CLOCK_TERMS, LUTRAM, clock_features, features, terms
from lmu_hls.synth.estimate.operators import Operators, from_plain, operators, to_plain
from lmu_hls.synth.estimate.primitives import PRIMITIVES, Primitives, counts
from lmu_hls.synth.families import family_of, target_of
from lmu_hls.synth.harness import CLOCK, PINS, harnessed
from lmu_hls.synth.roms import data_files
from lmu_hls.synth.route import REPORT, route
from lmu_hls.synth.timing import read_timing
from lmu_hls.synth.yosys import NETLIST, netlist, synthesize
from lmu_hls.toolchain import need

TABLE = Path(__file__).with_name("estimate_table.jsonl")
CHECK = Path(__file__).with_name("estimate_check.jsonl")
Row = dict[str, Any]
READ = (".v", ".hex")
LEAST_ROWS = 20
CLOCK_BOUND = (10.0, 30.0)  # median and worst error in percent up to which a clock is told
FAMILIES = tuple(PRIMITIVES)
app = typer.Typer(add_completion=False)


def read_table(path: Path = TABLE) -> dict[int, Row]:
    """{seed: row}; empty without a file."""
    if not path.is_file():
        return {}
    return {row["seed"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def write_table(rows: dict[int, Row], path: Path = TABLE) -> None:
    made = path.with_suffix(".new")
    made.write_text("".join(json.dumps(rows[seed], sort_keys=True) + "\n" for seed in sorted(rows)), encoding="utf-8")
    made.replace(path)


@dataclass(frozen=True, slots=True)
class Written:
    """The project of a configuration: its folder, top and Verilog. ``digest`` is of all that a synthesis depends on."""

    folder: Path
    top: str
    sources: Sequence[Path]
    digest: str
    operators: Operators


def written(settings: Settings, seed: int, work: Path) -> Written:
    """Write the project of a configuration."""
    design, folder = design_of(settings, seed), work / f"drawn{seed}"
    write_project(design.plan, folder)
    paths = [path for path in folder.rglob("*") if path.suffix in READ]
    files = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}
    found = operators(files, design.plan.top)
    return Written(folder, design.plan.top, design.sources(folder), project_digest(folder), found)


def project_digest(folder: Path) -> str:
    """Of the Verilog without comments and layout, and of the contents of the ROMs."""
    made = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in READ and path.parent.name != "tb"):
        text = model.without_comments(path.read_text(encoding="utf-8"))
        made.update(f"{path.relative_to(folder)}\n{text}\n".encode())
    return made.hexdigest()[:16]


def synthesized(project: Written, target: str) -> dict[str, int]:
    """The cells of one project on one target, by type."""
    with tempfile.TemporaryDirectory() as work:
        data = data_files(project.folder, project.sources, {})
        made = synthesize(project.sources, project.top, {}, Path(work), target, data_dir=project.folder, data=data)
        return dict(made.cells)


def routed(project: Written, target: str) -> float:
    """The clock that one project reaches on one device, in MHz, in a harness of registers (docs/synthesis.md)."""
    wanted = target_of(target)
    device, router = wanted.routable
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        data = data_files(project.folder, project.sources, {})
        alone = netlist(project.sources, project.top, {}, work, wanted, project.folder, data) / NETLIST
        joined = harnessed(alone, project.top, wanted, work).netlist
        pins = dict(zip(PINS, device.pins, strict=True)) if device.pins else {}
        text = constraints(router.constraints, CLOCK, device.clock_mhz, pins)
        place = route(joined, wanted, 1, device.clock_mhz, text, work / "nextpnr.log")
        return round(read_timing(place / REPORT, {}, project.top, wanted.family.costs).fmax_mhz, 2)


@app.command()
def synth(
    seeds: Annotated[str, typer.Option(help="The first, and the one after the last; or some, with commas.")] = "0:72",
    target: Annotated[list[str] | None, typer.Option(help="Families, counted; devices, placed and routed.")] = None,
    renew: Annotated[bool, typer.Option(help="Also what was made with other Verilog.")] = False,
    jobs: Annotated[int, typer.Option("-j")] = 2,
    work: Annotated[Path, typer.Option(help="Where the projects are written.")] = Path("estimate-work"),
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
) -> None:
    """Synthesise, or place and route, what the table has not."""
    rows = read_table(table)
    todo = []
    for seed in numbers(seeds):
        row = rows.setdefault(seed, {"seed": seed, "settings": plain(draw(seed)), "cells": {}})
        lacking = [name for name in target or FAMILIES if name not in row["cells"] | row.get("mhz", {})]
        if not lacking and not renew:
            continue
        try:
            project = written(draw(seed), seed, work)
        except LmuHlsError as error:  # a draw that no accelerator can have
            print(f"{seed}: {error}", file=sys.stderr)
            del rows[seed]
            continue
        old = [name for name in target or FAMILIES if renew and of_other_verilog(row, name, project)]
        todo += [(seed, project, name) for name in dict.fromkeys([*lacking, *old])]
    todo.sort(key=lambda item: item[1].operators.bits.total())  # small ones first
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(_made, project, name): (seed, project, name) for seed, project, name in todo}
        for done, future in enumerate(as_completed(running), 1):
            seed, project, name = running[future]
            try:
                rows[seed]["cells"][family_of(name).name], clock = future.result()
            except LmuHlsError as error:
                print(f"{seed} {name}: {error}", file=sys.stderr)
                continue
            rows[seed].setdefault("made", {})[family_of(name).name] = project.digest
            if clock:
                rows[seed].setdefault("mhz", {})[name] = clock
            rows[seed]["operators"] = to_plain(project.operators)
            write_table({seed: row for seed, row in rows.items() if row["cells"]}, table)
            print(f"{done} of {len(running)}: {seed} {name}", flush=True)


def _made(project: Written, name: str) -> tuple[dict[str, int], float]:
    """The cells, and of a device the clock in MHz."""
    target = target_of(name)
    return synthesized(project, target.family.name), routed(project, name) if target.device else 0.0


def of_other_verilog(row: Row, target: str, project: Written) -> bool:
    """Whether what the row says of a target was found with another Verilog than today's."""
    return bool(row.get("made", {}).get(family_of(target).name) != project.digest)


def numbers(seeds: str) -> Iterable[int]:
    """`0:72` or `1,2,5`."""
    first, colon, end = seeds.partition(":")
    return range(int(first), int(end)) if colon else map(int, seeds.split(","))


@app.command()
def measure(
    work: Annotated[Path, typer.Option(help="Where the projects are written.")] = Path("estimate-work"),
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
) -> None:
    """Read the operators of each row's Verilog again, and say which rows were made with other Verilog than today's."""
    rows = read_table(table)
    for seed, row in rows.items():
        project = written(settings_of(row["settings"]), seed, work)
        made = to_plain(project.operators)
        if old := [name for name in row["cells"] if of_other_verilog(row, name, project)]:
            same = "the operators are the same" if made == row.get("operators") else "with other operators"
            print(f"{seed}: other Verilog for {', '.join(old)}; {same}")
        row["operators"] = made
    write_table(rows, table)


@app.command()
def fit(
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
    check: Annotated[Path, typer.Option(help="The table of designs that are not fitted.")] = CHECK,
) -> None:
    """Fit the coefficients to the table, and print the errors of rows that were left out."""
    fitted = fit_all(*(list(read_table(path).values()) for path in (table, check)))
    write_text(model.FITTED, encode(fitted))
    models = {f"{name} {kind}": made for name, kinds in fitted.families.items() for kind, made in kinds.items()}
    for name, made in (models | {f"{name} clock": made for name, made in fitted.clocks.items()}).items():
        print(f"{name}: {made.rows} rows, left out: {made.held_out}; {made.others.rows} others: {made.others}")
    for name, rules in fitted.rules.items():
        for resource, rule in rules.items():
            print(f"{name} {resource}: right in {rule.right} of {rule.rows}, at most {rule.largest} off")


def fit_all(rows: Sequence[Row], others: Sequence[Row]) -> model.Fitted:
    """All models of a table, judged with the other one."""
    families = {name: made for name in FAMILIES if (made := fit_family(name, rows, others))}
    rules = {name: judge_rules(name, PRIMITIVES[name], (*rows, *others)) for name in families}
    devices = sorted({name for row in rows for name in row.get("mhz", {})})
    clocks = {name: made for name in devices if (made := fit_clock(name, rows, others)) and is_good(made)}
    hashes = model.module_hashes()
    return model.Fitted(need("pyosys").version, hashes, model.reading_hashes(hashes), families, rules, clocks)


def fit_family(name: str, rows: Sequence[Row], others: Sequence[Row]) -> dict[str, model.Model]:
    """The models of a family; {} with fewer rows than LEAST_ROWS."""
    tables = [[row for row in table if name in row["cells"]] for table in (rows, others)]
    if len(tables[0]) < LEAST_ROWS:
        return {}
    found = [[features(name, from_plain(row["operators"])) for row in table] for table in tables]
    counted = [[family_of(name).count(row["cells"][name]) for row in table] for table in tables]
    return {
        kind: model.fit(
            terms(name, kind),
            *map(model.Rows, found, [[count[kind] for count in table] for table in counted]),
            offset,
        )
        for kind, offset in (("LUT", "lutram"), ("FF", ""))
    }


def fit_clock(name: str, rows: Sequence[Row], others: Sequence[Row]) -> model.Model | None:
    """The model of a device's period in ns; None with fewer rows than LEAST_ROWS."""
    tables = [[row for row in table if name in row.get("mhz", {})] for table in (rows, others)]
    if len(tables[0]) < LEAST_ROWS:
        return None
    family = family_of(name).name
    found = [[clock_features(family, from_plain(row["operators"])) for row in table] for table in tables]
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
            found = from_plain(row["operators"])
            real = family_of(name).count(row["cells"][name])
            for resource, count in counts(primitives, found.products.items(), found.memories).items():
                off.setdefault(resource, []).append(abs(count - real[resource]))
    off.pop(LUTRAM, None)
    return {resource: model.Rule(found.count(0), len(found), max(found)) for resource, found in off.items()}


if __name__ == "__main__":
    app()
