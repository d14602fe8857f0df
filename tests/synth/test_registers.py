"""Registers that move into multipliers and block RAMs: the netlist does what the source does, or nothing has moved."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from lmu_hls.synth.families import target_of
from lmu_hls.synth.gates import gates
from lmu_hls.synth.yosys import NETLIST, netlist
from lmu_hls.toolchain import find
from tests.support.mutants import changed
from tests.support.netlist_bench import said

pytestmark = pytest.mark.skipif(
    not (find("pyosys").found and find("icarus").found), reason="pyosys or Icarus is not installed"
)
PORTS = (
    "input clk, en, re, input [8:0] ra, input signed [16:0] a, input signed [15:0] b, c, output reg signed [32:0] p, q"
)
# Two products of a common factor, and memories of 36 and 18 bits whose words wait in a register
SOURCE = f"""
module top ({PORTS}, output reg [35:0] w, output reg [17:0] n);
    reg signed [16:0] a_q; reg signed [15:0] b_q, c_q;
    (* rom_style = "block" *) reg [35:0] wide[0:511];
    (* rom_style = "block" *) reg [17:0] narrow[0:1023];
    reg [35:0] w_q; reg [17:0] n_q;
    initial $readmemh("wide.hex", wide);
    initial $readmemh("narrow.hex", narrow);
    always @(posedge clk) begin
        if (en) begin
            a_q <= a; b_q <= b; c_q <= c;
            p <= a_q * b_q;
            q <= a_q * c_q;
        end
        if (re) begin w_q <= wide[ra]; n_q <= narrow[{{ra, 1'b1}}]; end
        w <= w_q;
        if (en) n <= n_q;
    end
endmodule
"""
BENCH = """
module bench;
    reg clk = 0, en = 0, re = 0; reg [8:0] ra = 0; reg [16:0] a = 0; reg [15:0] b = 0, c = 0;
    wire [119:0] made, expected;
    integer k, wrong = 0, known = 0;
    top dut (clk, en, re, ra, a, b, c, made[32:0], made[65:33], made[101:66], made[119:102]);
    source reference (clk, en, re, ra, a, b, c, expected[32:0], expected[65:33], expected[101:66], expected[119:102]);
    initial begin
        for (k = 0; k < 500; k = k + 1) begin
            {en, re} = $random; ra = $random; a = $random; b = $random; c = $random;
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


def synthesised(source: str, folder: Path) -> tuple[Path, Counter[str]]:
    """The kept folder of the netlist, and its cells by type."""
    rng = random.Random(5)
    for name, bits, words in (("wide", 36, 512), ("narrow", 18, 1024)):
        (folder / f"{name}.hex").write_text("".join(f"{rng.getrandbits(bits):x}\n" for _ in range(words)))
    (folder / "top.v").write_text(source)
    roms = sorted(folder.glob("*.hex"))
    made = netlist([folder / "top.v"], "top", {}, folder / "work", target_of("ecp5"), folder, roms)
    cells = json.loads((made / NETLIST).read_text())["modules"]["top"]["cells"].values()
    return made, Counter(cell["type"] for cell in cells)


def test_they_move_and_nothing_changes(tmp_path: Path) -> None:
    made, cells = synthesised(SOURCE, tmp_path)
    assert cells["MULT18X18D"] == cells["DP16KD"] == 2
    assert not cells["TRELLIS_FF"]
    files = gates(made, target_of("ecp5"), tmp_path / "work")
    netlist_text, models = files.netlist.read_text(), files.cells.read_text()
    peer = SOURCE.replace("module top", "module source")
    assert said(tmp_path, netlist_text + models + peer + BENCH) == "0 wrong of 1\n"
    for old, new in (
        ('REG_OUTPUT_CLK("CLK0")', 'REG_OUTPUT_CLK("NONE")'),
        (".CE0(en)", ".CE0(1'b1)"),
        (".OCEA(en)", ".OCEA(1'b1)") if ".OCEA(en)" in netlist_text else (".OCEB(en)", ".OCEB(1'b1)"),
    ):
        faulty = changed(netlist_text, old, new, several=True)
        assert not said(tmp_path, faulty + models + peer + BENCH).startswith("0 wrong"), old


def test_what_does_not_fit_stays_outside(tmp_path: Path) -> None:
    """A factor with another enable than the one beside it; a product and a word that can be reset."""
    source = changed(SOURCE, "c_q <= c;", "if (re) c_q <= c;")
    source = changed(source, "p <= a_q * b_q;", "p <= re ? a_q * b_q : 33'd0;")
    source = changed(source, "w <= w_q;", "w <= w_q; if (ra == 3) w <= 0;")
    _, cells = synthesised(source, tmp_path)
    assert cells["TRELLIS_FF"] == 16 + 33 + 36
