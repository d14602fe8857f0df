"""What a design is known by: the netlist before optimisation, in whatever words the Verilog says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.netlist_digest import digest_of, netlist_digest
from lmu_hls.toolchain import find
from tests.support.mutants import changed

SOURCE = """\
module top (input wire clk, input wire [3:0] a, b, output reg [3:0] y, output wire [3:0] z);
  reg [3:0] words[0:15];  // a ROM
  initial $readmemh("words.hex", words);
  wire [3:0] sum = a + b;
  always @(posedge clk) if (a[0]) y <= sum ^ words[b];
  assign z = a & 4'd5;
endmodule
"""
SAME = """\
module adder #(parameter W = 2) (input wire [W-1:0] left, right, output wire [W-1:0] total);
  assign total = left + right;
endmodule
module top (input wire clk, input wire [3:0] a, b, output wire [3:0] z, output reg [3:0] y);
  assign z = a & 4'd5;
  wire [3:0] n;
  reg [3:0] table_q[0:15];
  initial $readmemh("words.hex", table_q);
  adder #(.W(4)) adder (.left(a), .right(b), .total(n));
  always @(posedge clk)
    if (a[0]) begin
      y <= n ^ table_q[b];
    end
endmodule
"""
ROM = "".join(f"{3 * k % 16:x}\n" for k in range(16))


def digest(folder: Path, source: str, rom: str = ROM) -> str:
    folder.mkdir()
    (folder / "top.v").write_text(source)
    (folder / "words.hex").write_text(rom)
    return netlist_digest([folder / "top.v"], "top", folder, folder)


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
def test_other_words_are_no_other_design_and_another_table_is(tmp_path: Path) -> None:
    first = digest(tmp_path / "first", SOURCE)
    assert digest(tmp_path / "same", SAME) == first
    faulty = changed(changed(SOURCE, "words[b]", "words[a]"), "4'd5", "4'd4")
    rom = changed(ROM, "f\n2\n", "2\nf\n")
    assert len({first, digest(tmp_path / "faulty", faulty), digest(tmp_path / "rom", SOURCE, rom)}) == 3


def module(operator: str = "$add", width: str = "10", a: tuple[int, ...] = (2, 3), y: str = "output") -> dict[str, Any]:
    """Two bits a, one bit b, y = a operator b."""
    cell = {"type": operator, "parameters": {"Y_WIDTH": width}, "connections": {"A": a, "B": [4, "0"], "Y": [5, 6]}}
    ports = {
        "a": {"direction": "input", "bits": [2, 3]}, "b": {"direction": "input", "bits": [4]},
        "y": {"direction": y, "bits": [5, 6]},
    }  # fmt: skip
    return {"ports": ports, "cells": {"sum": cell}}


def test_every_fault_in_a_netlist_is_seen() -> None:
    faults = ({"operator": "$sub"}, {"width": "11"}, {"a": (3, 2)}, {"a": (2, 2)}, {"a": (2, 4)}, {"y": "inout"})
    assert len({digest_of(module()), *(digest_of(module(**fault)) for fault in faults)}) == 1 + len(faults)
