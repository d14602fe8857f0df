"""Vivado out of context: the script, a Vivado of our own that runs it, and its reports in the documented form."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.records.placement import Usage
from lmu_hls.synth import Incomplete, Routing, place_units, synthesize_units
from lmu_hls.synth.families import target_of
from lmu_hls.synth.vivado import implement, read_reports, read_utilization, script
from lmu_hls.toolchain import find
from tests.synth.test_placing import outdir_of

USED = """\
Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
| Device       : xc7z020clg400-1

1. Slice Logic
--------------

+----------------------------+------+-------+------------+-----------+-------+
|          Site Type         | Used | Fixed | Prohibited | Available | Util% |
+----------------------------+------+-------+------------+-----------+-------+
| Slice LUTs                 | 1960 |     0 |          0 |     53200 |  3.68 |
|   LUT as Logic             | 1800 |     0 |          0 |     53200 |  3.38 |
| Slice Registers            | 1663 |     0 |          0 |    106400 |  1.56 |
+----------------------------+------+-------+------------+-----------+-------+

3. Memory
---------

+-------------------+------+-------+------------+-----------+-------+
|     Site Type     | Used | Fixed | Prohibited | Available | Util% |
+-------------------+------+-------+------------+-----------+-------+
| Block RAM Tile    |  4.5 |     0 |          0 |       140 |  3.21 |
|   RAMB36/FIFO*    |    0 |     0 |          0 |       140 |  0.00 |
|   RAMB18          |    9 |     0 |          0 |       280 |  3.21 |
+-------------------+------+-------+------------+-----------+-------+

4. DSP
------

+----------------+------+-------+------------+-----------+-------+
|    Site Type   | Used | Fixed | Prohibited | Available | Util% |
+----------------+------+-------+------------+-----------+-------+
| DSPs           |   25 |     0 |          0 |       220 | 11.36 |
|   DSP48E1 only |   25 |       |            |           |       |
+----------------+------+-------+------------+-----------+-------+
"""
PLUS = """\
+----------------------------+------+-------+-----------+-------+
|          Site Type         | Used | Fixed | Available | Util% |
+----------------------------+------+-------+-----------+-------+
| CLB LUTs*                  |  330 |     0 |   1728000 |  0.02 |
| CLB Registers              |  581 |     0 |   3456000 |  0.02 |
| Block RAM Tile             |    0 |     0 |      2688 |  0.00 |
|   URAM                     |    3 |     0 |      1280 |  0.23 |
| DSPs                       |    3 |     0 |     12288 |  0.02 |
+----------------------------+------+-------+-----------+-------+
"""
TIMING = """\
------------------------------------------------------------------------------------------------
| Design Timing Summary
| ---------------------
------------------------------------------------------------------------------------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)
    -------      -------  ---------------------  -------------------      -------      -------
     -0.345      -12.100                     60                 4567        0.052        0.000


Timing constraints are not met.

Max Delay Paths
--------------------------------------------------------------------------------------
Slack (VIOLATED) :        -0.345ns  (required time - arrival time)
  Source:                 first/count_reg[1]/C
                            (rising edge-triggered cell FDRE clocked by clk  {rise@0.000ns fall@2.500ns period=5.000ns})
  Destination:            first/y_reg[3]/D
                            (rising edge-triggered cell FDRE clocked by clk  {rise@0.000ns fall@2.500ns period=5.000ns})
  Path Group:             clk
  Path Type:              Setup (Max at Slow Process Corner)
  Requirement:            5.000ns  (clk rise@5.000ns - clk rise@0.000ns)
  Data Path Delay:        5.112ns  (logic 2.100ns (41.080%)  route 3.012ns (58.920%))
  Logic Levels:           6  (CARRY4=4 LUT3=1 LUT6=1)
"""
VIVADO = f"""\
#!/bin/sh
echo "$PWD" >> "$CALLS"
ls rtl/small.v rom/a.hex clock.xdc vivado.tcl || exit 1
[ -n "$FAIL" ] && echo "ERROR: [Synth 8-4445] could not open $FAIL" && exit 1
cat > utilization.rpt <<'END'
{USED}END
cat > timing.rpt <<'END'
{TIMING}END
"""


@pytest.fixture
def outdir(tmp_path: Path) -> Path:
    return outdir_of(tmp_path)


@pytest.fixture
def vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of our own, in a folder of its own as each version has; the file has a line for each run."""
    program = tmp_path / f"2024.{uuid.uuid4().int}" / "bin" / "vivado"
    program.parent.mkdir(parents=True)
    program.write_text(VIVADO)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def run(outdir: Path):
    target, root = target_of("xc7z020"), outdir / "verilog"
    files = [root / "rtl" / "small.v"], "small", {}, target, 200.0, outdir / "work", root, [root / "rom" / "a.hex"]
    return implement(*files)


def test_the_script_names_everything_and_loses_no_memory() -> None:
    text = script(["rtl/a.v", "rtl/b.v"], "top", {"W": 4}, "xc7z020clg400-1")
    lines = text.splitlines()
    assert "read_verilog {rtl/a.v}" in lines and "set_msg_config -id {Synth 8-4445} -new_severity ERROR" in lines
    assert "synth_design -mode out_of_context -top top -part xc7z020clg400-1 -generic W=4" in lines
    order = ["synth_design", "place_design", "route_design", "report_utilization", "report_timing_summary"]
    assert [line.split()[0] for line in lines if line.split()[0] in order] == order
    for bad in ("a b.v", "a];exec x.v", "$x.v"):
        with pytest.raises(LmuHlsError, match="cannot name"):
            script([bad], "top", {}, "part")


def test_the_reports_are_read(outdir: Path, vivado: Path) -> None:
    folder = run(outdir)
    found = read_reports(folder, {"first": "inner"}, "small", 200.0)
    assert found.usage == {
        "LUT": Usage(1960, 53200), "FF": Usage(1663, 106400), "BRAM18": Usage(9, 280), "DSP": Usage(25, 220),
    }  # fmt: skip
    assert found.fmax_mhz == pytest.approx(1000 / 5.345)
    assert found.path is not None and (found.path.delay_ns, found.path.logic_ns, found.path.routing_ns) == (
        5.112, 2.1, 3.012,
    )  # fmt: skip
    assert (str(found.path.start), str(found.path.end)) == ("count[1] in first (inner)", "y[3] in first (inner)")
    assert run(outdir) == folder and len(vivado.read_text().splitlines()) == 1
    assert (outdir / "work" / "clock.xdc").read_text() == "create_clock -name clk -period 5.000 [get_ports {clk}]\n"


def test_ultrascale_plus() -> None:
    assert read_utilization(PLUS) == {
        "LUT": Usage(330, 1728000), "FF": Usage(581, 3456000), "BRAM18": Usage(0, 5376), "URAM": Usage(3, 1280),
        "DSP": Usage(3, 12288),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("utilization.rpt", "| Slice LUTs | 1960 |\n", "no rows for LUTs and registers"),
        ("utilization.rpt", USED.replace("Slice Registers", "Registers"), "no rows for LUTs and registers"),
        ("timing.rpt", "nothing", "no Design Timing Summary"),
        ("timing.rpt", TIMING.replace("-0.345      -12.100", "     NA           NA"), "times nothing"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    for file, content in (("utilization.rpt", USED), ("timing.rpt", TIMING), (name, text)):
        (tmp_path / file).write_text(content)
    with pytest.raises(LmuHlsError, match=said):
        read_reports(tmp_path, {}, "small", 200.0)


def test_a_lost_memory_is_an_error(outdir: Path, vivado: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL", "rom/a.hex")
    with pytest.raises(LmuHlsError, match=r"vivado could not implement small .*could not open rom/a.hex"):
        run(outdir)
    assert "8-4445" in (outdir / "work" / "vivado.log").read_text()


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_a_folder_with_and_without_vivado(outdir: Path, vivado: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = synthesize_units(outdir, ["xc7z020"])
    (found,) = place_units(outdir, resources, Routing(clock_mhz=200.0, seeds=3))
    assert (found.tool, found.fits, found.met, len(found.runs)) == ("vivado", True, False, 1)
    assert found.utilisation["BRAM18"] == Usage(9, 280) and not found.harness
    monkeypatch.setattr("lmu_hls.toolchain._which", lambda program: None)
    with pytest.raises(Incomplete, match=r"xc7z020 needs Vivado .*those before placement. The script is .*vivado.tcl"):
        place_units(outdir, resources, Routing())
    assert (outdir / "work" / "synth" / "xc7z020" / "net" / "vivado.tcl").is_file()
