"""The estimate of a tiny network beside its synthesis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.estimate_networks import design_of, draw
from benchmarks.estimate_table import CHECK, TABLE, read_table
from lmu_hls.errors import LmuHlsError
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import modules, write_project
from lmu_hls.spec import chain
from lmu_hls.synth import synthesize
from lmu_hls.synth.estimate import estimate, unknown_units
from lmu_hls.synth.estimate.figures import STALE, Figure
from lmu_hls.synth.estimate.model import Errors, Model, Older, Rule, load, reading_hashes
from lmu_hls.toolchain import find
from tests.support.hdl.dense_grid import Config

NEVER = 1 + max(seed for table in (TABLE, CHECK) for seed in read_table(table))


@pytest.fixture(scope="module")
def plan() -> NetworkPlan:
    """Two channels of order 4, 16 bits."""
    layer = Config(4, 2, 2, u="fixed<16,3>", mem="fixed<16,2>", a="fixed<16,1>", b="fixed<16,1>").lmu("lmu")
    return plan_network(chain("tiny", layer.x, layer.steps, 1, (replace(layer, reuse_factor=20),)))


def beside(plan: NetworkPlan, folder: Path) -> list[tuple[Figure, int]]:
    """The figures for ecp5, each with what Yosys counts."""
    (made,) = estimate(plan, ["ecp5"]).targets
    write_project(plan, folder / "verilog")
    sources, data = sorted((folder / "verilog/rtl").glob("*.v")), sorted((folder / "verilog/rom").glob("*"))
    real = synthesize(sources, plan.top, {}, folder, "ecp5", data_dir=folder / "verilog", data=data).counts
    return [(figure, real[figure.resource]) for figure in made.figures]


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_multipliers_and_memories_are_those_of_the_synthesis(plan: NetworkPlan, tmp_path: Path) -> None:
    found = [(figure.count, real) for figure, real in beside(plan, tmp_path) if figure.rule]
    assert found == [(3, 3), (0, 0)]


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_a_network_of_no_table_is_within_the_errors_that_are_told(tmp_path: Path) -> None:
    """The first that is drawn after those of the tables: an LSTM, two thousand look-up tables."""
    for figure, real in beside(design_of(draw(NEVER), NEVER).plan, tmp_path):
        if figure.rule:
            assert figure.count == real
        else:
            assert figure.held_out is not None
            assert abs(figure.count / real - 1) <= figure.held_out.worst_percent / 100


def test_cycles_and_multipliers_are_those_of_the_plan(plan: NetworkPlan) -> None:
    made = estimate(plan, ["xc7", "ecp5-25k"])
    assert (made.step_cycles, made.sequence_cycles, made.multipliers) == (
        plan.cycles.ii, plan.cycles.sequence, plan.multipliers,
    )  # fmt: skip
    family, device = made.targets
    assert family.fits is None and device.fits and device.usage["LUT"].available == 24288


def test_a_device_with_a_model_has_a_clock(plan: NetworkPlan) -> None:
    clock = Model({"one": 8.0}, "", 24, {"one": 1.0}, 7.0, 10.0, Errors(24, 3.0, 9.0), Errors(0, 0.0, 0.0))
    clocks = replace(load(), clocks={"ecp5-25k": clock}, tables={})
    device, family = estimate(plan, ["ecp5-25k", "ecp5"], clocks).targets
    assert str(device.figures[-1]) == "125 MHz (held-out error: median 3 %, worst 9 %)"
    assert "MHz" not in {figure.resource for figure in family.figures} | set(device.usage)
    fresh = {name: {digest: 5} for name, digest in reading_hashes(modules(plan)).items()}
    (read,) = fresh["lmu_ram"]
    for older, told in ((2, True), (3, False)):  # of five networks; most of them decide
        tables = {"ecp5-25k": fresh | {"lmu_ram": {read: 5 - older, "other": older}}}
        made = estimate(plan, ["ecp5-25k"], replace(clocks, tables=tables))
        assert ("MHz" in {figure.resource for figure in made.targets[0].figures}) == told
        assert ("so no clock is told for ecp5-25k: lmu-hls synth --route" in made.warning) != told


def test_a_clock_without_a_module_is_outside_the_fitted_range(plan: NetworkPlan) -> None:
    fresh = {name: {digest: 5} for name, digest in reading_hashes(modules(plan)).items()}
    without, fitted = {name: found for name, found in fresh.items() if name != "lmu_ram"}, load()
    for table, outside in ((fresh, False), (without, True)):
        made = estimate(plan, ["ecp5-25k"], replace(fitted, tables={**fitted.tables, "ecp5-25k": table}))
        clock = made.targets[0].figures[-1]
        assert clock.resource == "MHz" and ("lmu_ram" in clock.outside) == str(clock).endswith("lmu_ram)") == outside
        said = "no network of the table has lmu_ram on ecp5-25k; so the clock of ecp5-25k is a guess: lmu-hls synth"
        assert (said in made.warning) == outside


def test_networks_with_older_verilog_are_counted(plan: NetworkPlan) -> None:
    fresh = {name: {digest: 4} for name, digest in reading_hashes(modules(plan)).items()}
    fitted = replace(load(), tables={"xc7": fresh, "ecp5": fresh | {"lmu_memory_dense": {"other": 3}}})
    assert estimate(plan, ["xc7"], fitted).warning == ""
    assert estimate(plan, ["xc7", "ecp5"], fitted).warning == f"{Older('ecp5', 'lmu_memory_dense', 3, 3)}; {STALE}"


def test_a_unit_that_no_table_has_is_refused(plan: NetworkPlan) -> None:
    """By name; each family by its own table, and units inside of others are only warned of."""
    known = {name: {digest: 4} for name, digest in reading_hashes(modules(plan)).items()}
    without = {name: found for name, found in known.items() if name != "lmu_memory_dense"}
    fitted = replace(load(), tables={"xc7": known, "ecp5": without})
    assert estimate(plan, ["xc7"], fitted).targets and not unknown_units(plan, ["xc7"], fitted)
    with pytest.raises(LmuHlsError, match="no network of the table of ecp5 has lmu_memory_dense; use lmu-hls synth"):
        estimate(plan, ["xc7", "ecp5-25k"], fitted)
    inside = {name: found for name, found in known.items() if name != "lmu_mac"}
    assert "has lmu_mac on xc7" in estimate(plan, ["xc7"], replace(load(), tables={"xc7": inside})).warning


def test_the_error_and_the_range_stand_beside_the_number() -> None:
    figure = Figure("LUT", 1960, None, Errors(72, 4.0, 18.5), Errors(24, 5.0, 11.0), ("sum",))
    assert str(figure) == (
        "1,960 LUT (held-out error: median 4 %, worst 18.5 %; on 24 others: median 5 %, worst 11 %; "
        "outside the fitted range: sum)"
    )
    assert str(Figure("DSP", 25, Rule(61, 61, 0))) == "25 DSP (exact in 61 of 61 designs)"
    assert str(Figure("BRAM18", 9, Rule(60, 61, 1))) == "9 BRAM18 (exact in 60 of 61 designs; at most 1 off)"


@pytest.mark.parametrize("target", ["xcup", "hx8k", "gw2a-18"])
def test_no_estimate_where_nothing_was_fitted(plan: NetworkPlan, target: str) -> None:
    with pytest.raises(LmuHlsError, match=f"no estimate for {target}: .*lmu-hls synth OUTDIR --target {target}"):
        estimate(plan, [target])
    with pytest.raises(LmuHlsError, match="'ecp6' is none of"):
        estimate(plan, ["ecp6"])
