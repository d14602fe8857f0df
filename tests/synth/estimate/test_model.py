"""The committed models are those of the committed table, with the errors that they state."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.estimate import fit_clock, fit_family, is_good
from benchmarks.estimate_table import CHECK, read_table, readings
from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.estimate.features import CLOCK_TERMS
from lmu_hls.synth.estimate.figures import STALE
from lmu_hls.synth.estimate.model import FITTED, Errors, Model, Older, load, module_hashes, older, reading_hashes

# Bounds on the errors, in percent: median and worst
BOUNDS = {
    ("xc7", "LUT"): (10, 30), ("xc7", "FF"): (10, 30), ("ecp5", "LUT"): (10, 30), ("ecp5", "FF"): (10, 30),
    ("ice40", "LUT"): (10, 30), ("ice40", "FF"): (10, 30), ("gowin", "LUT"): (10, 30), ("gowin", "FF"): (10, 30),
}  # fmt: skip
ROWS, OTHERS = (list(read_table(*path).values()) for path in ((), (CHECK,)))


def agree(made: Model, committed: Model) -> None:
    assert (made.rows, made.others.rows) == (committed.rows, committed.others.rows)
    assert made.coefficients == pytest.approx(committed.coefficients, abs=2e-3)
    for found, told in ((made.held_out, committed.held_out), (made.others, committed.others)):
        assert (found.median_percent, found.worst_percent) == pytest.approx(
            (told.median_percent, told.worst_percent), abs=0.2
        )


@pytest.mark.parametrize("family", load().families)
def test_the_models_are_those_of_the_table(family: str) -> None:
    again, committed = fit_family(family, ROWS, OTHERS), load().families[family]
    for resource, model in committed.items():
        agree(again[resource], model)
        assert model.others.rows >= 10
        median, worst = BOUNDS[family, resource]
        for errors in (model.held_out, model.others):
            assert errors.median_percent <= median and errors.worst_percent <= worst, resource


@pytest.mark.parametrize("device", load().clocks)
def test_the_clocks_are_those_of_the_table(device: str) -> None:
    again, committed = fit_clock(device, ROWS, OTHERS), load().clocks[device]
    assert again is not None
    agree(again, committed)
    assert is_good(committed)
    assert committed.others.rows >= 5 and committed.others.worst_percent <= 30


def test_a_clock_that_is_too_wrong_is_not_told() -> None:
    """Rows whose sweeps are said to have registers behind their products, but run at the clock of those without."""
    rows = [_renamed(row) for row in ROWS if "ecp5-25k" in row["mhz"]]
    made = fit_clock("ecp5-25k", rows, OTHERS)
    assert made is not None and not is_good(made)


def test_tables_in_block_ram_explain_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    without = {name: theory for name, theory in CLOCK_TERMS.items() if name != "table"}
    monkeypatch.setattr("benchmarks.estimate.CLOCK_TERMS", without)
    made, told = fit_clock("ecp5-25k", ROWS, OTHERS), load().clocks["ecp5-25k"]
    assert made is not None and not is_good(made)
    assert made.others.worst_percent > 2 * told.others.worst_percent


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with more bits of lmu_delay."""
    made = json.loads(json.dumps(row))
    for design in made["designs"].values():
        design["operators"]["bits"]["q_delay"] = 10_000
    return dict(made)


def test_the_errors_stand_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs/synthesis.md").read_text()
    for family, models in load().families.items():
        errors = [made for kind in ("LUT", "FF") for made in (models[kind].held_out, models[kind].others)]
        told = " | ".join(f"{made.median_percent:g} / {made.worst_percent:g} %" for made in errors)
        assert f"| {family} | {told} |" in text
    for device, clock in load().clocks.items():
        errors = (clock.held_out, clock.others)
        told = " | ".join(f"{made.median_percent:g} / {made.worst_percent:g} % ({made.rows})" for made in errors)
        assert f"| {device} | {told} |" in text


def test_a_fault_in_the_table_raises_the_error() -> None:
    rows = json.loads(json.dumps(ROWS))
    for row in [row for row in rows if "ecp5" in row["cells"]][::3]:
        row["cells"]["ecp5"] = {name: 2 * count for name, count in row["cells"]["ecp5"].items()}
        row["mhz"] = {name: mhz / 2 for name, mhz in row["mhz"].items()}
    assert fit_family("ecp5", rows, OTHERS)["FF"].held_out.worst_percent > BOUNDS["ecp5", "FF"][1]
    for device in load().clocks:
        model = fit_clock(device, rows, OTHERS)
        assert model and model.held_out.worst_percent > 30


def test_the_committed_models_know_their_tables() -> None:
    fitted = load()
    assert set(fitted.tables) == {*fitted.families, *fitted.clocks}
    for target, table in fitted.tables.items():
        assert table == readings(ROWS, target)


def test_the_maintainer_hears_of_a_change_of_the_verilog() -> None:
    fitted = load()
    if found := older(fitted, fitted.tables, fitted.tables["xc7"]):
        warnings.warn(f"{'; '.join(map(str, found))}; {STALE}", stacklevel=1)


def test_only_what_the_estimator_reads_makes_networks_old() -> None:
    """Another text does not, other operators do; the module that is known least is named."""
    modules = ["lmu_fork", "lmu_ram"]
    read = reading_hashes(modules)
    fresh = {module: {digest: 9} for module, digest in read.items()}
    fitted = replace(load(), sources=dict.fromkeys(module_hashes(), ""), tables={"xc7": fresh, "ecp5": fresh})
    assert older(fitted, ["xc7", "ecp5", "no model"], modules) == []
    half = {"lmu_fork": {read["lmu_fork"]: 8, "other": 1}, "lmu_ram": {read["lmu_ram"]: 3, "other": 6}}
    found = older(replace(fitted, tables={"xc7": fresh, "ecp5": half}), ["xc7", "ecp5"], modules)
    assert found == [Older("ecp5", "lmu_ram", 6, 9)]
    assert str(found[0]).startswith("6 of the 9 networks with lmu_ram that ecp5 is fitted to have another lmu_ram")
    assert older(replace(fitted, tables={"xc7": {"lmu_fork": half["lmu_fork"]}}), ["xc7"], modules) == [
        Older("xc7", "lmu_ram", 0, 0)
    ]


def test_the_readings_of_the_fit_hold_while_the_text_is_the_same() -> None:
    fitted = replace(load(), sources=module_hashes(), reading={"lmu_ram": "as then"})
    table = {"lmu_ram": {"as then": 4}}
    assert older(replace(fitted, tables={"xc7": table}), ["xc7"], ["lmu_ram"]) == []


def test_outside_the_range() -> None:
    model = Model({"sum": 2.0}, "lutram", 9, {"sum": 10.0}, 4.0, 30.0, Errors(9, 1.0, 2.0), Errors(0, 0.0, 0.0))
    assert model.value({"sum": 5.0, "lutram": 3.0}) == 13.0
    assert model.beyond({"sum": 5.0, "lutram": 3.0}) == []
    assert model.beyond({"sum": 11.0, "lutram": 3.0}) == ["sum"]
    assert model.beyond({"sum": 1.0, "lutram": 0.0}) == ["result"]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "coefficients.json"
    damaged.write_text(FITTED.read_text()[:-20])
    with pytest.raises(LmuHlsError, match="cannot be read"):
        load(damaged)
