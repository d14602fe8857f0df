"""Standard cells of 180 nm: areas and paths of designs that are known, activity, and a whole network against golden."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls.asic import estimate, words
from lmu_hls.asic.activity import Activity, count, simulate
from lmu_hls.asic.cells import GATES, MODELS, Cells, mapped
from lmu_hls.asic.timing import power, rates, shortest_period
from lmu_hls.errors import VerificationFailed
from lmu_hls.records import Manifest, ModelSummary, StandardCells, dump, load
from lmu_hls.records.folder import OutputFolder
from lmu_hls.report import build_report, from_json, to_json
from lmu_hls.report.page import to_html
from lmu_hls.toolchain import Tool, find
from tests.support.board_project import write_output
from tests.support.random_networks import random_spec_network
from tests.support.sample_records import BASIS

needs_library = pytest.mark.skipif(not find("osu018").found, reason="qflow-tech-osu018 is not installed")
needs_sta = pytest.mark.skipif(
    not all(find(name).found for name in ("osu018", "opensta", "icarus")), reason="osu018 or OpenSTA is not installed"
)
MODULE = sys.modules["lmu_hls.asic.estimate"]  # its name in the package is the function
DESIGN = """\
module top (input clk, input signed [1:0] d, output reg q);
    reg a;
    always @(posedge clk) begin
        a <= d[0];
        q <= !a;
    end
endmodule
"""
CAPACITANCE_F = {"INVX1/A": 9.32456e-15, "DFFPOSX1/D": 8.82947e-15}  # of osu018
VCD = """\
$scope module dut $end
$var wire 1 ! clk $end
$var wire 3 " bus [2:0] $end
$var wire 1 # late $end
$enddefinitions $end
$dumpvars
0!
bx "
x#
$end
#5
1!
b1 "
1#
#10
0!
b110 "
0#
"""


def test_changes_are_counted_bit_by_bit_and_unknown_ones_are_none() -> None:
    found = count(line for line in VCD.splitlines() if not line.startswith(("#", "$dumpvars", "$end")))
    assert found == count(VCD.splitlines())
    assert {key: n for key, n in found.items() if n} == {
        ("clk", 0): 2, ("bus", 0): 1, ("bus", 1): 1, ("bus", 2): 1, ("late", 0): 1,
    }  # fmt: skip


def two_registers(tmp_path: Path) -> Cells:
    (tmp_path / "top.v").write_text(DESIGN)
    return mapped([tmp_path / "top.v"], "top", tmp_path, [], tmp_path / "work")


@needs_library
def test_the_area_is_that_of_the_cells(tmp_path: Path) -> None:
    """DFFPOSX1 has 96 square micrometres, INVX1 16."""
    found = two_registers(tmp_path)
    assert found.cells == {"DFFPOSX1": 2, "INVX1": 1}
    assert (found.area_um2, found.sequential_um2) == (2 * 96 + 16, 2 * 96)


@needs_sta
def test_more_activity_takes_more_power_and_a_clock_is_found(tmp_path: Path) -> None:
    cells = two_registers(tmp_path)
    period, stages = shortest_period(cells, tmp_path)
    assert 0.1 < period < 2.0 and stages == 2  # the register and the inverter
    still, busy = (Activity(100, dict.fromkeys(cells.pins.values(), changes)) for changes in (0, 100))
    assert set(rates(cells, busy).values()) == {1.0}
    most, least = power(cells, busy, period, tmp_path), power(cells, still, period, tmp_path)
    assert most.total > least.total > least.switching == 0  # clock pins take some
    loads = sum(CAPACITANCE_F.values())  # the nets between the cells, each changes every cycle
    assert most.switching == pytest.approx(loads * 1.8**2 / 2 / (period * 1e-9), rel=0.02)


@needs_library
def test_without_opensta_there_is_the_area_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = Cells(tmp_path, "top", 208.0, 192.0, {"INVX1": 1}, {})
    monkeypatch.setattr(MODULE, "mapped", lambda *_: cells)
    monkeypatch.setattr(MODULE, "find", lambda name: Tool(name, None, "", False, ""))
    out = write_output(tmp_path / "out", random_spec_network(90, 4))
    found = estimate(out)
    assert found.fmax_mhz is None and "Without OpenSTA" in words(found)[-1]
    assert load(OutputFolder(out).asic, StandardCells) == found
    dump(OutputFolder(out).manifest, Manifest(ModelSummary("m", ()), "Vitis", "io_parallel", (), {}))
    shown = build_report(out)
    assert shown.asic == found and "0.0002 mm2, 92% of it registers, 1 cells" in str(shown.rows())
    assert from_json(to_json(shown)) == shown
    source = next((out / "verilog/rtl").glob("*.v"))
    source.write_text(source.read_text() + "// edited\n")
    stale = build_report(out)
    (standing,) = [item for item in stale.standings if item.record == "asic"]
    assert stale.asic is None and (standing.state, standing.remedy) == ("stale", "lmu-hls asic OUTDIR")


def test_the_report_has_clock_and_energy_and_calls_them_estimates() -> None:
    found = StandardCells("net", "osu018", 1e6, 2e5, {"INVX1": 3}, 147.0, 20, 1.5, 15.2, 100, 5, ("a",))
    report = replace(BASIS, asic=found)
    rows = [row for row in report.rows() if row.section == "Standard cells"]
    assert [(row.name, row.value) for row in rows] == [
        ("area, estimate", "1.0000 mm2, 20% of it registers, 3 cells"), ("clock, estimate", "147.0 MHz"),
        ("a step, estimate", "15.2 nJ, 1.5 mW at that clock"),
    ]  # fmt: skip
    assert all("estimate before layout" in row.source for row in rows) and "Standard cells" in to_html(report)
    with pytest.raises(ValueError, match="estimate is True"):
        replace(found, estimate=False)


@pytest.mark.slow
@needs_sta
def test_a_whole_network_equals_golden_and_a_wrong_cell_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = write_output(tmp_path / "out", random_spec_network(90, 4))
    found = estimate(out)
    assert found.fmax_mhz is not None and found.energy_step_nj is not None
    assert 20 < found.fmax_mhz < 1000 and found.energy_step_nj > 0 and found.area_um2 > found.sequential_um2 > 0

    def faulty(cells: Cells, bench: Path, work: Path) -> Activity:
        shutil.copy(cells.folder / MODELS, tmp_path / MODELS)
        changed_cells = (cells.folder / GATES).read_text().replace("  XOR2X1 ", "  XNOR2X1 ", 200)
        (tmp_path / GATES).write_text(changed_cells)
        return simulate(replace(cells, folder=tmp_path), bench, work)

    monkeypatch.setattr(MODULE, "simulate", faulty)
    with pytest.raises(VerificationFailed, match="in standard cells differs from golden"):
        estimate(out)
