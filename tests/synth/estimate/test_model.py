"""The committed models are those of the committed table, with the errors that they state."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from benchmarks.estimate import fit_family, read_table
from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.estimate.figures import STALE
from lmu_hls.synth.estimate.model import FITTED, Model, load, module_hashes

# Bounds on the held-out errors, in percent: median and worst
BOUNDS = {
    ("xc7", "LUT"): (10, 30), ("xc7", "FF"): (10, 30), ("ecp5", "LUT"): (10, 30), ("ecp5", "FF"): (10, 30),
    ("ice40", "LUT"): (10, 30), ("ice40", "FF"): (10, 30), ("gowin", "LUT"): (10, 30), ("gowin", "FF"): (10, 30),
}  # fmt: skip
ROWS = list(read_table().values())


@pytest.mark.parametrize("family", load().families)
def test_the_models_are_those_of_the_table(family: str) -> None:
    again, committed = fit_family(family, ROWS), load().families[family]
    for resource, model in committed.items():
        made = again[resource]
        assert made.rows == model.rows == sum(family in row["cells"] for row in ROWS)
        assert made.coefficients == pytest.approx(model.coefficients, abs=2e-3)
        assert (made.median_percent, made.worst_percent) == pytest.approx(
            (model.median_percent, model.worst_percent), abs=0.2
        )
        median, worst = BOUNDS[family, resource]
        assert model.median_percent <= median and model.worst_percent <= worst


def test_a_fault_in_the_table_raises_the_error() -> None:
    rows = json.loads(json.dumps(ROWS))
    for row in rows[::3]:
        row["cells"]["ecp5"] = {name: 2 * count for name, count in row["cells"].get("ecp5", {"LUT4": 1}).items()}
    assert fit_family("ecp5", rows)["FF"].worst_percent > BOUNDS["ecp5", "FF"][1]


def test_the_maintainer_hears_of_a_change_of_the_verilog() -> None:
    now = module_hashes()
    if changed := [name for name, known in load().sources.items() if now.get(name, known) != known]:
        warnings.warn(f"{', '.join(changed)}: {STALE}", stacklevel=1)


def test_outside_the_range() -> None:
    model = Model({"sum": 2.0}, "lutram", 9, {"sum": 10.0}, 4.0, 30.0, 1.0, 2.0)
    assert model.value({"sum": 5.0, "lutram": 3.0}) == 13.0
    assert model.beyond({"sum": 5.0, "lutram": 3.0}) == []
    assert model.beyond({"sum": 11.0, "lutram": 3.0}) == ["sum"]
    assert model.beyond({"sum": 1.0, "lutram": 0.0}) == ["result"]


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "coefficients.json"
    damaged.write_text(FITTED.read_text()[:-20])
    with pytest.raises(LmuHlsError, match="cannot be read"):
        load(damaged)
