"""The rows of the tables that `lmu-hls estimate` is fitted to and judged with: what was found, and of what Verilog.

A row has a ``seed`` with its ``settings``, ``cells`` of families, ``mhz`` of devices, and for each of these ``made``:
of which of its ``designs`` and with which tools. A design is known by the digest of its netlist before optimisation and
has its ``operators`` and its ``modules``, each with the digest of what the estimator reads in it. So each number of a
row is stale or not by itself, and a table that is renewed in part says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hls.synth.estimate.model import Readings
from lmu_hls.synth.estimate.quantities import Operators, from_plain, to_plain

TABLE = Path(__file__).with_name("estimate_table.jsonl")
CHECK = Path(__file__).with_name("estimate_check.jsonl")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a synthesis gave: the design, by its digest, with its operators and {module: digest of what is read in it};
    the tools; the cells of a family, or the clock of a device."""

    design: str
    operators: Operators
    modules: Mapping[str, str]
    tools: str
    cells: Mapping[str, int] | None = None
    mhz: float | None = None


def read_table(path: Path = TABLE) -> dict[int, Row]:
    """{seed: row}; empty without a file."""
    if not path.is_file():
        return {}
    return {row["seed"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def write_table(rows: Mapping[int, Row], path: Path = TABLE) -> None:
    """One line a row, in the order of the seeds."""
    made = path.with_suffix(".new")
    made.write_text("".join(json.dumps(rows[seed], sort_keys=True) + "\n" for seed in sorted(rows)), encoding="utf-8")
    made.replace(path)


def empty_row(seed: int, settings: Mapping[str, Any]) -> Row:
    """A row in which nothing is known."""
    return {"seed": seed, "settings": dict(settings), "cells": {}, "mhz": {}, "made": {}, "designs": {}}


def known(operators: Operators, modules: Mapping[str, str]) -> dict[str, Any]:
    """What a row says of a design."""
    return {"operators": to_plain(operators), "modules": dict(modules)}


def put(row: Row, target: str, found: Found) -> None:
    """Put what was found on a family or device into the row; designs that nothing is left of go."""
    if found.cells is not None:
        row["cells"][target] = dict(found.cells)
    if found.mhz is not None:
        row["mhz"][target] = found.mhz
    row["made"][target] = {"design": found.design, "tools": found.tools}
    row["designs"][found.design] = known(found.operators, found.modules)
    _forget_unused(row)


def drop(row: Row, target: str) -> None:
    """Forget what was found on a family or device."""
    for part in ("cells", "mhz", "made"):
        row[part].pop(target, None)
    _forget_unused(row)


def _forget_unused(row: Row) -> None:
    used = {made["design"] for made in row["made"].values()}
    row["designs"] = {design: told for design, told in row["designs"].items() if design in used}


def is_stale(row: Row, target: str, design: str, tools: str) -> bool:
    """Whether the row has nothing of a target, or what was found of another netlist or with other tools."""
    return bool(row["made"].get(target) != {"design": design, "tools": tools})


def operators_of(row: Row, target: str) -> Operators:
    """Those of the Verilog with which the target's numbers were found."""
    return from_plain(row["designs"][row["made"][target]["design"]]["operators"])


def readings(rows: Iterable[Row], target: str) -> Readings:
    """{module: {digest of what is read in it: rows of the target whose design has it so}}."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        if target in row["made"]:
            for module, digest in row["designs"][row["made"][target]["design"]]["modules"].items():
                found.setdefault(module, Counter())[digest] += 1
    return found
