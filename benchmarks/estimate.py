"""The table that `lmu-hls estimate` is fitted to, and the fit.

    python -m benchmarks.estimate synth [--seeds 0:72] [--target xc7 --target ecp5] [-j 2]

    python -m benchmarks.estimate measure
    python -m benchmarks.estimate fit

`synth` draws configurations (estimate_networks.py), writes the accelerator of each, synthesises it with Yosys, and puts
the cells into estimate_table.jsonl, one line a configuration. What is there already is left out, and netlists are kept
in the cache of builds: a run that was interrupted goes on. `measure` reads the operators of each, `fit` writes the
coefficients. 72 configurations on xc7 and ecp5 take about 20 minutes of processor time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import typer

from benchmarks.estimate_networks import Settings, design_of, draw, plain, settings_of
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import write_text
from lmu_hls.records.jsonfile import encode
from lmu_hls.rtl.standalone import write_project
from lmu_hls.synth.estimate import model
from lmu_hls.synth.estimate.features import LUTRAM, features
from lmu_hls.synth.estimate.operators import from_plain, operators, to_plain
from lmu_hls.synth.estimate.primitives import PRIMITIVES, Primitives, counts
from lmu_hls.synth.families import family_of
from lmu_hls.synth.roms import MANIFEST, data_files
from lmu_hls.synth.yosys import synthesize
from lmu_hls.toolchain import need

TABLE = Path(__file__).with_name("estimate_table.jsonl")
READ = (".v", ".hex")
LEAST_ROWS = 20
# ice40 and gowin have rows, but block RAMs (ice40), small multipliers and LUTs (gowin) miss the bounds of the tests
FAMILIES = ("xc7", "ecp5")
app = typer.Typer(add_completion=False)


def read_table(path: Path = TABLE) -> dict[int, dict[str, Any]]:
    """{seed: row}; empty without a file."""
    if not path.is_file():
        return {}
    return {row["seed"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def write_table(rows: dict[int, dict[str, Any]], path: Path = TABLE) -> None:
    made = path.with_suffix(".new")
    made.write_text("".join(json.dumps(rows[seed], sort_keys=True) + "\n" for seed in sorted(rows)), encoding="utf-8")
    made.replace(path)


def written(settings: Settings, seed: int, folder: Path) -> tuple[str, list[Path]]:
    """Write the project of a configuration unless it is there; its top and its Verilog."""
    design = design_of(settings, seed)
    if not (folder / MANIFEST).is_file():
        write_project(design.plan, folder)
    return design.plan.top, design.sources(folder)


def counted(top: str, sources: Sequence[Path], folder: Path, target: str) -> dict[str, int]:
    """The cells of one project on one target, by type."""
    with tempfile.TemporaryDirectory() as work:
        made = synthesize(sources, top, {}, Path(work), target, data_dir=folder, data=data_files(folder))
        return dict(made.cells)


@app.command()
def synth(
    seeds: Annotated[str, typer.Option(help="The first, and the one after the last.")] = "0:72",
    target: Annotated[list[str] | None, typer.Option(help="Families.")] = None,
    jobs: Annotated[int, typer.Option("-j")] = 2,
    work: Annotated[Path, typer.Option(help="Where the projects are written.")] = Path("estimate-work"),
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
) -> None:
    """Synthesise what the table has not."""
    first, end = map(int, seeds.split(":"))
    rows = read_table(table)
    for seed in range(first, end):
        rows.setdefault(seed, {"seed": seed, "settings": plain(draw(seed)), "cells": {}})
    missing = [
        (seed, name)
        for seed in range(first, end)
        for name in target or ["xc7", "ecp5"]
        if name not in rows[seed]["cells"]
    ]
    projects = {}
    for seed in dict.fromkeys(seed for seed, _ in missing):
        try:
            projects[seed] = written(draw(seed), seed, work / f"drawn{seed}")
        except LmuHlsError as error:  # a draw that no accelerator can have
            print(f"{seed}: {error}", file=sys.stderr)
            del rows[seed]
    with ThreadPoolExecutor(jobs) as pool:
        running = {
            pool.submit(counted, *projects[seed], work / f"drawn{seed}", name): (seed, name)
            for seed, name in missing
            if seed in projects
        }
        for done, future in enumerate(as_completed(running), 1):
            seed, name = running[future]
            try:
                rows[seed]["cells"][name] = future.result()
            except LmuHlsError as error:
                print(f"{seed} {name}: {error}", file=sys.stderr)
                continue
            write_table({seed: row for seed, row in rows.items() if row["cells"]}, table)
            print(f"{done} of {len(running)}: {seed} {name}", flush=True)


@app.command()
def measure(
    work: Annotated[Path, typer.Option(help="Where the projects are written.")] = Path("estimate-work"),
    table: Annotated[Path, typer.Option(help="The table.")] = TABLE,
) -> None:
    """Read the Verilog of each row again: its operators."""
    rows = read_table(table)
    for seed, row in rows.items():
        folder = work / f"drawn{seed}"
        if not (folder / MANIFEST).is_file():
            written(settings_of(row["settings"]), seed, folder)
        files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.suffix in READ}
        row["operators"] = to_plain(operators(files, f"drawn{seed}_top"))
    write_table(rows, table)


@app.command()
def fit(table: Annotated[Path, typer.Option(help="The table.")] = TABLE) -> None:
    """Fit the coefficients to the table, and print the errors of rows that were left out."""
    rows = list(read_table(table).values())
    families = {name: made for name in FAMILIES if (made := fit_family(name, rows))}
    rules = {name: judge_rules(name, PRIMITIVES[name], rows) for name in families}
    fitted = model.Fitted(need("pyosys").version, model.module_hashes(), families, rules)
    write_text(model.FITTED, encode(fitted))
    for name, models in fitted.families.items():
        for resource, made in models.items():
            print(f"{name} {resource}: {made.rows} rows, median {made.median_percent} %, worst {made.worst_percent} %")
        for resource, rule in fitted.rules[name].items():
            print(f"{name} {resource}: right in {rule.right} of {rule.rows}, at most {rule.largest} off")


def fit_family(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, model.Model]:
    """The models of a family; {} with fewer rows than LEAST_ROWS."""
    rows = [row for row in rows if name in row["cells"]]
    if len(rows) < LEAST_ROWS:
        return {}
    found = [features(name, from_plain(row["operators"])) for row in rows]
    counted = [family_of(name).count(row["cells"][name]) for row in rows]
    lut = model.fit(name, "LUT", found, [count["LUT"] for count in counted], "lutram")
    return {"LUT": lut, "FF": model.fit(name, "FF", found, [count["FF"] for count in counted], "")}


def judge_rules(name: str, primitives: Primitives, rows: Sequence[dict[str, Any]]) -> dict[str, model.Rule]:
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
