"""Every module of hdl/ is found by its name, and hdl/lmu_hdl.core lists it."""

import re

import pytest
import yaml

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_dir, hdl_file, hdl_modules, property_modules
from tools.format_hdl import formatted, head


def test_every_module_is_found_by_its_name() -> None:
    """One module a file, named after it; no two of one name."""
    files = {**hdl_modules(), **property_modules()}
    assert sorted(files.values()) == sorted(hdl_dir().rglob("*.v"))
    for name, path in files.items():
        assert re.findall(r"^module (\w+)", path.read_text(), re.MULTILINE) == [name]
    assert hdl_file("lmu_fifo") == hdl_dir() / "stream" / "lmu_fifo.v"
    with pytest.raises(LmuHlsError, match="no module lmu_fifa"):
        hdl_file("lmu_fifa")


def test_every_module_is_listed() -> None:
    marker, text = (hdl_dir() / "lmu_hdl.core").read_text().split("\n", 1)
    core = yaml.safe_load(text)
    assert marker == "CAPI=2:"
    assert core["filesets"]["rtl"]["files"] == sorted(
        path.relative_to(hdl_dir()).as_posix() for path in hdl_modules().values()
    )
    assert core["targets"]["default"]["filesets"] == ["rtl"]


def test_every_file_names_its_licence() -> None:
    for path in hdl_dir().rglob("*.v"):
        assert path.read_text().startswith("// SPDX-License-Identifier: Apache-2.0\n"), path


def test_files_have_one_layout() -> None:
    for path in (*hdl_modules().values(), *property_modules().values()):
        assert head(formatted(path.read_text())) == path.read_text(), f"run tools/format_hdl.py: {path}"


def test_the_layout_of_an_instance() -> None:
    short = "    lmu_align #(.SHIFT(2)) align (.in_data(a[0]), .out_data({b, c}));\n"
    loose = "    lmu_align #(\n        .SHIFT( 2)\n    )\n    align (\n  .in_data(a[0]),\n  .out_data({b,\n c}) );\n"
    assert formatted(loose) == formatted(short) == short
    names = [f"{stream}_axis_t{signal}" for stream in "sm" for signal in ("data", "valid", "ready", "last")]
    ports = ", ".join(f".{name}({name})" for name in ("clk", "rst", *names))
    lines = formatted(f"lmu_fifo fifo ({ports});\n").splitlines()
    assert lines[1] == "    .clk(clk), .rst(rst),"
    assert lines[2].endswith(".s_axis_tready(s_axis_tready),") and lines[3] == "    .s_axis_tlast(s_axis_tlast),"
    assert lines[4].startswith("    .m_axis_tdata")
    assert max(map(len, lines)) <= 120 and lines[-1] == ");"
    commented = "lmu_rom rom (\n    .clk(clk) // rising\n);\n"
    assert formatted(commented) == commented
    conditional = "lmu_rom rom (\n    .clk(clk)\n`ifdef FORMAL\n    , .state(state)\n`endif\n);\n"
    assert formatted(conditional) == conditional


def test_the_layout_of_a_head() -> None:
    """A stream has a line, and so have parameters of one type below one comment; long lines are broken."""
    before = "module a #(\n    // Bits\n    parameter integer A_W = 1,\n    parameter integer B_W = 2,\n"
    before += '    parameter FILE = "a.hex"\n) (\n    input wire clk,\n    input wire rst,\n\n'
    before += "    input  wire [A_W-1:0] s_axis_tdata,\n    input  wire           s_axis_tvalid,\n"
    before += "    output wire           s_axis_tready,\n"
    before += "    output reg  [B_W-1:0] y, z\n);\nendmodule\n"
    after = "module a #(\n    // Bits\n    parameter integer A_W = 1, B_W = 2,\n"
    after += '    parameter FILE = "a.hex"\n) (\n    input wire clk, rst,\n'
    after += "    input wire [A_W-1:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready,\n"
    after += "    output reg [B_W-1:0] y, z\n);\nendmodule\n"
    assert head(before) == head(after) == after
    names = [f"s_axis_t{'x' * 30}{k}" for k in range(4)]
    lines = head("module b (\n" + ",\n".join(f"    input wire {name}" for name in names) + "\n);\n").splitlines()
    assert lines[1:3] == [f"    input wire {names[0]}, {names[1]},", f"    input wire {names[2]}, {names[3]}"]
