"""Gates that move into adders: the netlist does what the source does."""

from __future__ import annotations

import json
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
    "input clk, clear, en, input signed [11:0] a, b, output reg signed [15:0] sum, input g, output [12:0] gated, least"
)
# An accumulator that starts anew; a factor that counts or does not; a difference, whose carries are other ones
SOURCE = f"""
module top ({PORTS});
    always @(posedge clk) if (en) sum <= a + (clear ? 16'sd0 : sum);
    assign gated = {{1'b0, a}} + {{1'b0, b ^ {{12{{g}}}}}};
    assign least = {{1'b0, a}} - {{1'b0, b & {{12{{g}}}}}};
endmodule
"""
BENCH = """
module bench;
    reg clk = 0, clear = 1, en = 1, g = 0; reg [11:0] a = 0, b = 0;
    wire [41:0] made, expected;
    integer k, wrong = 0;
    top dut (clk, clear, en, a, b, made[15:0], g, made[28:16], made[41:29]);
    source reference (clk, clear, en, a, b, expected[15:0], g, expected[28:16], expected[41:29]);
    initial begin
        for (k = 0; k < 500; k = k + 1) begin
            if (k > 0) {clear, en, g} = $random;
            a = $random; b = $random;
            #1 clk = 1; #1 clk = 0;
            if (made !== expected) wrong = wrong + 1;
        end
        $display("%0d wrong", wrong);
    end
endmodule
"""


def test_they_move_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "top.v").write_text(SOURCE)
    made = netlist([tmp_path / "top.v"], "top", {}, tmp_path / "work", target_of("ecp5"), tmp_path, [])
    cells = json.loads((made / NETLIST).read_text())["modules"]["top"]["cells"].values()
    count = Counter(cell["type"] for cell in cells)
    assert count["LUT4"] == 12  # those of the difference
    files = gates(made, target_of("ecp5"), tmp_path / "work")
    netlist_text, rest = files.netlist.read_text(), files.cells.read_text()
    rest += SOURCE.replace("module top", "module source") + BENCH
    assert said(tmp_path, netlist_text + rest) == "0 wrong\n"
    for init in ("h96aa", "h6aaa", "ha600"):  # the clearing lost, the other way round, other carries
        faulty = changed(netlist_text, "INIT0(16'ha6aa)", f"INIT0(16'{init})", several=True)
        assert said(tmp_path, faulty + rest) != "0 wrong\n"
