"""Two narrow products in one SB_MAC16: the netlist does what the source does, and a fault in it is noticed."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from lmu_hls.synth.families import target_of
from lmu_hls.synth.gates import gates
from lmu_hls.synth.sb_mac16 import CELL
from lmu_hls.synth.yosys import NETLIST, netlist, synthesize, yosys_cells
from lmu_hls.toolchain import find
from tests.support.mutants import changed
from tests.support.netlist_bench import said

pytestmark = pytest.mark.skipif(
    not (find("pyosys").found and find("icarus").found), reason="pyosys or Icarus is not installed"
)
# Products by their names: two of a common factor and enable; one with another enable, one of which nothing ever holds;
# two without registers, and two without signs; one too wide, and one in a sum
SOURCE = """
module top (
    input clk, en, re, input signed [7:0] a, b, c, input signed [8:0] wide,
    output reg signed [15:0] same, also, output reg signed [15:0] other, output reg signed [15:0] moving,
    output signed [19:0] plain, bare, output reg signed [16:0] broad, output reg signed [19:0] sum,
    output [19:0] first, last
);
    reg signed [7:0] a_q, b_q, c_q, d_q, e_q, f_q, g_q;
    reg signed [8:0] wide_q;
    assign plain = a * b;
    assign bare = b * c;
    assign first = $unsigned(a) * $unsigned(b);
    assign last = $unsigned(b) * $unsigned(c);
    always @(posedge clk) begin
        if (en) begin
            a_q <= a; b_q <= b; c_q <= c; wide_q <= wide;
            same <= a_q * b_q;
            also <= a_q * c_q;
            broad <= wide_q * b_q;
            sum <= sum + b_q * c_q;
        end
        if (re) begin
            d_q <= a; e_q <= c;
            other <= d_q * e_q;
        end
        f_q <= b; g_q <= a;
        moving <= f_q * g_q;
        if (&a) sum <= 20'd0;
    end
endmodule
"""
FIELDS = "[15:0], {0}[31:16], {0}[47:32], {0}[63:48], {0}[83:64], {0}[103:84], {0}[120:104], {0}[140:121], "
FIELDS += "{0}[160:141], {0}[180:161]"
BENCH = f"""
module bench;
    reg clk = 0, en = 0, re = 0; reg [7:0] a = 0, b = 0, c = 0; reg [8:0] wide = 0;
    wire [180:0] made, expected;
    integer k, wrong = 0, known = 0;
    top dut (clk, en, re, a, b, c, wide, made{FIELDS.format("made")});
    source reference (clk, en, re, a, b, c, wide, expected{FIELDS.format("expected")});
    initial begin
        for (k = 0; k < 500; k = k + 1) begin
            {{en, re}} = $random; a = k % 9 ? $random : 8'h80; b = k % 7 ? $random : 8'h80; c = $random; wide = $random;
            if (k == 3) begin a = 8'hff; en = 1; end
            #1 clk = 1; #1 clk = 0;
            if (^expected !== 1'bx) begin
                known = known + 1;
                if (made !== expected) wrong = wrong + 1;
            end
        end
        $display("%0d wrong of %0d", wrong, known > 400);
    end
endmodule
"""


def test_two_narrow_products_take_one(tmp_path: Path) -> None:
    source, target = tmp_path / "top.v", target_of("up5k")
    source.write_text(SOURCE)
    made = netlist([source], "top", {}, tmp_path / "work", target, tmp_path, [])
    cells = json.loads((made / NETLIST).read_text())["modules"]["top"]["cells"].values()
    multipliers = [cell["parameters"] for cell in cells if cell["type"] == CELL]
    assert sorted(settings["MODE_8x8"] for settings in multipliers) == ["0", "0", "1", "1", "1", "1"]
    counted = synthesize([source], "top", {}, tmp_path / "count", "up5k")
    assert counted.cells == Counter(cell["type"] for cell in cells) and counted.counts["DSP"] == 6
    assert yosys_cells(tmp_path / "count")[CELL] == 10
    # The registers of two factors of 8 bits, for each of the two products that have no enable in common
    assert sum(counted.cells[kind] for kind in ("SB_DFF", "SB_DFFE")) == 2 * 2 * 8

    files = gates(made, target, tmp_path / "work")
    right, models = files.netlist.read_text(), files.cells.read_text()
    models += SOURCE.replace("module top", "module source") + BENCH
    assert said(tmp_path, right + models) == "0 wrong of 1\n"
    halves = re.findall(r"\.O\(\{ ([a-z]+\S*), ((?:also|bare|moving|first)\S*) \}\)", right)
    assert len(halves) == 4
    for high, low in halves:
        faulty = changed(right, f".O({{ {high}, {low} }})", f".O({{ {low}, {high} }})")
        assert not said(tmp_path, faulty + models).startswith("0 wrong"), (high, low)
    faulty = changed(right, "MODE_8x8(1'h1)", "MODE_8x8(1'h0)", several=True)
    assert not said(tmp_path, faulty + models).startswith("0 wrong")
