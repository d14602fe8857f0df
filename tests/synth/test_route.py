"""nextpnr itself on a counter: bitstreams, and wrong constraint files, which it would take in part without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.constraints import check_constraints, constraints
from lmu_hls.synth.families import families, target_of
from lmu_hls.synth.layout import layout_of, read_cells
from lmu_hls.synth.route import CELLS, REPORT, pack, route, usage
from lmu_hls.synth.timing import read_timing
from lmu_hls.synth.yosys import NETLIST, netlist
from lmu_hls.toolchain import find

COUNTER = """\
module counter (input wire clk, input wire a, output reg [3:0] y);
  always @(posedge clk) y <= y + a;
endmodule
"""
PINS = {
    "up5k": {"clk": "35", "a": "2", "y[0]": "3"},
    "ecp5-25k": {"clk": "G2", "a": "A3", "y[0]": "A4"},
    "gw1nr-9": {"clk": "52", "a": "25", "y[0]": "10", "y[1]": "11", "y[2]": "13", "y[3]": "14"},
}
FREE = {"up5k": "4", "ecp5-25k": "A5", "gw1nr-9": "15"}
MHZ = 20.0


def needs(target: str):
    tools = ["pyosys", *(getattr(target_of(target).family.router, name) for name in ("tool", "packer"))]
    missing = [name for name in tools if not find(name).found]
    return pytest.param(target, marks=pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed"))


def text(target: str, pins: dict[str, str], mhz: float = MHZ, clock: str = "clk") -> str:
    router = target_of(target).family.router
    assert router is not None
    return constraints(router.constraints, clock, mhz, pins)


def routed(folder: Path, target: str, pins: str, mhz: float = MHZ, source: str = COUNTER) -> Path:
    (folder / "counter.v").write_text(source)
    made = (
        netlist([folder / "counter.v"], "counter", {}, folder / target, target_of(target), folder, [], pads=True)
        / NETLIST
    )
    return route(made, target_of(target), 1, mhz, pins, folder / target / "nextpnr.log")


@pytest.mark.parametrize("target", [needs(target) for target in PINS])
def test_a_counter_becomes_a_bitstream(tmp_path: Path, target: str) -> None:
    found = routed(tmp_path, target, text(target, PINS[target]))
    router = target_of(target).family.router
    assert router is not None
    used = usage(found / REPORT, router)
    assert {"up5k": used.get("LC"), "ecp5-25k": used.get("FF"), "gw1nr-9": used.get("FF")}[target].used in (4, 5, 6)
    timing = read_timing(found / REPORT, {}, "counter", target_of(target).family.costs)
    assert timing.fmax_mhz > 50 and timing.path is not None and timing.path.start.module == "counter"
    assert timing.path.start.net[0] in "ya"
    layout = layout_of(read_cells(found / CELLS), [], target_of(target), "nothing")
    assert (len(layout.rows[0]), len(layout.rows)) == target_of(target).device.grid
    assert "".join(layout.rows).count("-") >= 1  # all of it lies outside of "nothing"
    bits = pack(found, target_of(target), tmp_path / "bits", tmp_path / "pack.log")
    assert bits.suffix == f".{router.bitstream}" and bits.stat().st_size > 50_000


@pytest.mark.parametrize("target", [needs(target) for target in PINS])
def test_a_wrong_constraint_file_is_caught(tmp_path: Path, target: str) -> None:
    right = PINS[target]
    wrong = {
        text(target, right | {"absent": FREE[target]}): "names no port of the design: its ports are clk, a, y",
        text(target, right | {"a": "Z99"}): "could not place and route.*Z99",
        text(target, right | {"a": right["y[0]"]}): "could not place and route.*already",
        f"set_nonsense 3\n{text(target, right)}": "line 1 of the constraints.*is no [A-Z]+ statement",
    }
    if target != "gw1nr-9":  # a CST file has no clock
        wrong[text(target, right, clock="klc")] = "'klc'|names no port|klc"
        wrong[text(target, right, mhz=33.0)] = "the constraints ask for 33 MHz, and --clock for 20 MHz"
    for pins, said in wrong.items():
        with pytest.raises(LmuHlsError, match=said):
            routed(tmp_path, target, pins)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("lpf", 'IOBUF PORT "led" PULLMODE=UP IO_TYPE=LVCMOS33 DRIVE=4; # a comment'),
        ("lpf", "BLOCK RESETPATHS;"),
        ("lpf", 'FREQUENCY NET "fast" 48.0 MHZ;'),
        ("pcf", "set_io -nowarn -pullup yes led 4"),
        ("pcf", "set_frequency fast 48"),
        ("cst", 'IO_PORT "led" PULL_MODE=UP IO_TYPE=LVCMOS33;'),
    ],
)
def test_usual_statements_are_known(language: str, line: str) -> None:
    check_constraints(language, line, ["led"], ["fast"])
    with pytest.raises(LmuHlsError, match=r"is no .* statement"):
        check_constraints(language, f"x{line}", ["led"], ["fast"])
    if "led" in line or "fast" in line:
        with pytest.raises(LmuHlsError, match="names no port"):
            check_constraints(language, line, [], [])


@pytest.mark.slow
@pytest.mark.parametrize("device", [d.name for f in families().values() if f.router for d in f.devices])
def test_a_device_has_what_nextpnr_counts(tmp_path: Path, device: str) -> None:
    target = target_of(device)
    chip, router = target.routable
    pins = dict(zip(("clk", "a", "y0"), chip.pins, strict=False))
    source = COUNTER.replace("output reg [3:0] y);", "output wire y0); reg [3:0] y; assign y0 = ^y;")
    found = usage(routed(tmp_path, device, text(device, pins), source=source) / REPORT, router)
    assert {name: use.available for name, use in found.items()}.items() <= chip.available.items()
