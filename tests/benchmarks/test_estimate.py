"""The table of the estimator: drawn configurations are those that its rows name, and enough of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import estimate
from benchmarks.estimate_networks import (
    CHECKED,
    ENGINE,
    FITTED,
    KINDS,
    LARGE,
    MOST_MULTIPLIERS,
    RING,
    SWEEPS,
    UNITS,
    WIDE,
    WINDOW,
    design_of,
    draw,
    plain,
    settings_of,
)
from benchmarks.estimate_table import Found, drop, is_stale, operators_of, put, read_table, readings, write_table
from lmu_hls.rtl.standalone import modules
from lmu_hls.synth.estimate.quantities import Operators
from lmu_hls.synth.families import target_of

ROWS = read_table()


def test_the_rows_are_what_is_drawn() -> None:
    assert all(settings_of(row["settings"]) == draw(seed) for seed, row in ROWS.items())
    assert all(row["made"].keys() == row["cells"].keys() | row["mhz"].keys() for row in ROWS.values())
    settings = [row["settings"] for row in ROWS.values()]
    for name, values in (
        ("cell", {"none", "dense", "rnn", "lstm", "gru", "gru_before"}),
        ("head", {"none", "dense", "softmax", "argmax"}), ("update", {"dense", "tridiagonal"}), ("layers", {1, 2}),
    ):  # fmt: skip
        assert {row[name] for row in settings} == values


def test_a_drawn_accelerator_has_not_too_many_multipliers() -> None:
    seed = next(seed for seed in range(LARGE) if draw(seed).cell == "lstm")
    assert design_of(draw(seed), seed).plan.multipliers <= MOST_MULTIPLIERS
    assert plain(draw(seed)) == plain(draw(seed)) != plain(draw(seed + 1))


@pytest.mark.parametrize(
    ("kind", "module"),
    [
        (WIDE, "lmu_matvec"),
        (RING, "lmu_shift_add"),
        (SWEEPS, "lmu_sweep"),
        (ENGINE, "lmu_engine"),
        (WINDOW, "lmu_window"),
    ],
)
def test_each_kind_of_unit_is_drawn(kind: str, module: str) -> None:
    seed = UNITS + KINDS.index(kind)
    assert module in modules(design_of(draw(seed), seed).plan)
    assert {kind, ""} >= {draw(seed).form, draw(seed).behind} and not draw(seed - UNITS).form


def test_no_seed_is_in_both_tables() -> None:
    assert not set(FITTED) & set(CHECKED) and set(FITTED) >= set(ROWS)
    assert set(KINDS) == {draw(seed).form or draw(seed).behind for seed in CHECKED if seed >= UNITS}


def test_the_tools_of_a_number_are_all_that_it_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family's cells are counted before what is done for a device."""
    before = {name: estimate.tools(name) for name in ("ice40", "up5k")}
    chosen = target_of("up5k")
    family, device, router = chosen.family, chosen.device, chosen.family.router
    assert device is not None and router is not None and family.finish is not None
    faults = (
        replace(chosen, family=replace(family, passes=(*family.passes, "opt"))),
        replace(chosen, family=replace(family, finish=None)),
        replace(chosen, family=replace(family, adder=target_of("ecp5").family.adder)),
        replace(chosen, family=replace(family, router=replace(router, arguments=(*router.arguments, "--more")))),
        replace(chosen, device=replace(device, clock_mhz=device.clock_mhz + 1)),
    )
    for fault in faults:
        monkeypatch.setattr(estimate, "target_of", lambda name, fault=fault: fault)
        assert estimate.tools("up5k") != before["up5k"]
    monkeypatch.setattr(estimate, "target_of", lambda name: replace(faults[1], device=None))
    assert estimate.tools("ice40") == before["ice40"]


def test_the_table_is_written_as_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    write_table(ROWS, path)
    assert read_table(path) == ROWS and read_table(tmp_path / "absent") == {}


def test_each_number_of_a_row_is_stale_by_itself() -> None:
    """After one of two targets is made anew, the other keeps the operators of its own Verilog."""
    row = {"seed": 1, "settings": {}, "cells": {}, "mhz": {}, "made": {}, "designs": {}}
    before, after = Operators(bits=Counter(sum=3)), Operators(bits=Counter(sum=5))
    put(row, "xc7", Found("d1", before, {"lmu_ram": "r1"}, "pyosys 1", cells={"LUT6": 7}))
    put(row, "up5k", Found("d1", before, {"lmu_ram": "r1"}, "pyosys 1, nextpnr 1", mhz=30.0))
    assert not is_stale(row, "xc7", "d1", "pyosys 1")
    assert is_stale(row, "xc7", "d2", "pyosys 1") and is_stale(row, "xc7", "d1", "pyosys 2")
    assert is_stale(row, "ecp5", "d1", "pyosys 1")
    put(row, "xc7", Found("d2", after, {"lmu_ram": "r2"}, "pyosys 1", cells={"LUT6": 8}))
    assert (operators_of(row, "xc7"), operators_of(row, "up5k")) == (after, before)
    assert is_stale(row, "up5k", "d2", "pyosys 1, nextpnr 1") and row["cells"] == {"xc7": {"LUT6": 8}}
    assert readings([row], "xc7") == {"lmu_ram": {"r2": 1}} and readings([row], "up5k") == {"lmu_ram": {"r1": 1}}
    put(row, "up5k", Found("d2", after, {"lmu_ram": "r2"}, "pyosys 1, nextpnr 1", mhz=31.0))
    assert list(row["designs"]) == ["d2"]
    drop(row, "xc7")
    assert row["made"].keys() == row["mhz"].keys() == {"up5k"} and not row["cells"]
    drop(row, "up5k")
    assert not row["made"] and not row["designs"]
