"""The models of primitives: products and memories against plain ones; what has no model is refused."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.families import target_of
from lmu_hls.synth.gates import cell_models, gates
from lmu_hls.synth.yosys import NETLIST, netlist
from lmu_hls.toolchain import find
from tests.support.mutants import changed
from tests.support.netlist_bench import simulated

pytestmark = pytest.mark.skipif(
    not (find("pyosys").found and find("icarus").found), reason="pyosys or Icarus is not installed"
)
DRAWN = 40
# Primitive: family, bits of a factor, its connections with a, b (signed where sa, sb) and p
MULTIPLIERS = {
    "MULT18X18D": ("ecp5", 18, ".SIGNEDA(sa), .SIGNEDB(sb), .SOURCEA(1'b0), .SOURCEB(1'b0)"),
    "MULT9X9": ("gowin", 9, ".A(a), .B(b), .ASIGN(sa), .BSIGN(sb), .ASEL(1'b0), .BSEL(1'b0), .DOUT(p)"),
    "MULT18X18": ("gowin", 18, ".A(a), .B(b), .ASIGN(sa), .BSIGN(sb), .ASEL(1'b0), .BSEL(1'b0), .DOUT(p)"),
    "MULT36X36": ("gowin", 36, ".A(a), .B(b), .ASIGN(sa), .BSIGN(sb), .DOUT(p)"),
}


def models(family: str, *cells: str) -> str:
    found = target_of(family).family
    assert found.models is not None
    return cell_models(found, found.models, set(cells))


def single_bits(name: str, port: str, bits: int) -> str:
    return ", ".join(f".{port}{k}({name}[{k}])" for k in range(bits))


def products(folder: Path, cell: str, family_models: str) -> list[tuple[int, int, bool, bool, str]]:
    """a, b, whether each is signed, and the product as text, for drawn factors and the extreme ones."""
    family, bits, ports = MULTIPLIERS[cell]
    if family == "ecp5":
        ports += f", {single_bits('a', 'A', bits)}, {single_bits('b', 'B', bits)}, {single_bits('p', 'P', 2 * bits)}"
    rng = random.Random(bits)
    ends = [0, 1, (1 << bits - 1) - 1, 1 << bits - 1, (1 << bits) - 1]
    pairs = [(a, b) for a in ends for b in ends] + [
        (rng.getrandbits(bits), rng.getrandbits(bits)) for _ in range(DRAWN)
    ]
    given = [(a, b, bool(k & 1), bool(k & 2)) for a, b in pairs for k in range(4)]
    steps = "".join(f"a={a};b={b};sa={int(sa)};sb={int(sb)};#1 $display(\"%h\", p);\n" for a, b, sa, sb in [
        (f"{bits}'d{a}", f"{bits}'d{b}", sa, sb) for a, b, sa, sb in given
    ])  # fmt: skip
    bench = (
        f"module bench; reg [{bits - 1}:0] a, b; reg sa, sb; wire [{2 * bits - 1}:0] p;\n"
        f"{cell} dut ({ports});\ninitial begin\n{steps}end\nendmodule\n"
    )
    code, said = simulated(folder, family_models + bench)
    assert not code, said
    return [(*item, text) for item, text in zip(given, said.split(), strict=True)]


def right(cell: str, found: list[tuple[int, int, bool, bool, str]]) -> bool:
    bits = MULTIPLIERS[cell][1]
    values = [
        tuple(v - (1 << bits) if sign and v >> bits - 1 else v for v, sign in ((a, sa), (b, sb)))
        for a, b, sa, sb, _ in found
    ]
    return all(a * b & (1 << 2 * bits) - 1 == int(text, 16) for (a, b), (*_, text) in zip(values, found, strict=True))


@pytest.mark.parametrize("cell", MULTIPLIERS)
def test_a_multiplier_gives_the_product(tmp_path: Path, cell: str) -> None:
    text = models(MULTIPLIERS[cell][0], cell)
    assert right(cell, products(tmp_path, cell, text))
    sign = "SIGNEDA & a_in[17]" if cell == "MULT18X18D" else f"ASIGN & A[{MULTIPLIERS[cell][1] - 1}]"
    assert not right(cell, products(tmp_path, cell, changed(text, sign, "1'b0")))


@pytest.mark.parametrize(
    ("cell", "given", "lacking"),
    [
        ("MULT18X18D #(.REG_INPUTA_CLK(\"CLK1\"))", "", "UNMODELLED_register_of_MULT18X18D"),
        ("MULT18X18D", ".CLK1(1'b0)", "port ``CLK1'' is not a port"),
        ("DP16KD #(.REGMODE_A(\"LATCH\"))", "", "UNMODELLED_output_register_of_DP16KD"),
        ("DP16KD #(.DATA_WIDTH_A(12))", "", "UNMODELLED_width_of_a_block_ram"),
        ("DP16KD #(.WRITEMODE_B(\"NEVER\"))", "", "UNMODELLED_write_mode_of_a_block_ram"),
        ("MULT18X18 #(.OUT_REG(1'b1))", "", "UNMODELLED_register_of_MULT18X18"),
        ("SDPX9B #(.BLK_SEL_0(3'b001))", "", "UNMODELLED_block_select_of_SDPX9B"),
        ("RAMB18E1 #(.DOA_REG(1))", "", "UNMODELLED_output_register_of_RAMB18E1"),
        ("RAMB18E1 #(.READ_WIDTH_A(9), .WRITE_WIDTH_A(18))", "", "UNMODELLED_width_of_RAMB18E1"),
        ("RAMB36E1 #(.RAM_MODE(\"ECC\"))", "", "UNMODELLED_mode_of_RAMB36E1"),
        ("RAMB36E1 #(.SRVAL_B(36'd1))", "", "UNMODELLED_value_after_reset_of_RAMB36E1"),
        ("RAMB36E1 #(.RAM_EXTENSION_A(\"LOWER\"))", "", "UNMODELLED_cascade_of_RAMB36E1"),
    ],
)  # fmt: skip
def test_a_mode_that_is_not_modelled_does_not_compile(tmp_path: Path, cell: str, given: str, lacking: str) -> None:
    name = cell.partition(" ")[0]
    family = "ecp5" if name in ("MULT18X18D", "DP16KD") else "xc7" if name.startswith("RAMB") else "gowin"
    text = models(family, name)
    code, said = simulated(tmp_path, f"{text}module bench; {cell} dut ({given}); endmodule\n")
    assert code and lacking in said


def test_a_factor_from_the_multiplier_beside_it_makes_the_product_unknown(tmp_path: Path) -> None:
    ports = ".SIGNEDA(1'b0), .SIGNEDB(1'b0), .SOURCEA(1'b1), .SOURCEB(1'b0), .P0(p)"
    bench = f'module bench; wire p; MULT18X18D dut ({ports}); initial #1 $display("%b", p); endmodule\n'
    assert simulated(tmp_path, models("ecp5", "MULT18X18D") + bench) == (0, "x\n")


# Memories with contents and another write port, which together take every width of a block RAM
MEMORY = """\
module memory #(parameter W = 18, D = 512, FILE = "") (
    input clk, we, re, input [$clog2(D)-1:0] wa, ra, input [W-1:0] d, output reg [W-1:0] q
);
    (* ram_style = "block" *) reg [W-1:0] words[0:D-1];
    initial $readmemh(FILE, words);
    always @(posedge clk) begin
        if (we) words[wa] <= d;
        if (re) q <= words[ra];
    end
endmodule
"""
Sizes = tuple[tuple[int, int], ...]
SOME: Sizes = ((4, 4096), (36, 512))
ALL: Sizes = ((1, 16384), (2, 8192), (4, 4096), (9, 2048), (13, 1000), (18, 1024), (36, 512))


def memories(sizes: Sizes) -> tuple[str, str]:
    """A top with a memory of each size, and a bench that compares the netlist of it, `top`, with the source."""
    width = sum(bits for bits, _ in sizes)
    made, place = [], 0
    for bits, words in sizes:
        a = (words - 1).bit_length()
        ports = f".clk(clk), .we(we), .re(re), .wa(wa[{a - 1}:0]), .ra(ra[{a - 1}:0])"
        piece = f"[{place + bits - 1}:{place}]"
        made.append(f'memory #({bits}, {words}, "m{bits}.hex") m{bits} ({ports}, .d(d{piece}), .q(q{piece}));\n')
        place += bits
    ports = f"input clk, we, re, input [13:0] wa, ra, input [{width - 1}:0] d, output [{width - 1}:0] q"
    bench = f"""\
module source ({ports});
{"".join(made)}endmodule
module bench;
    reg clk = 0, we = 0, re = 0; reg [13:0] wa = 0, ra = 0; reg [{width - 1}:0] d = 0;
    wire [{width - 1}:0] q, expected;
    integer k, wrong = 0, known = 0;
    top dut (clk, we, re, wa, ra, d, q);
    source reference (clk, we, re, wa, ra, d, expected);
    initial begin
        for (k = 0; k < 1500; k = k + 1) begin
            we = $random; re = $random; wa = $random; ra = k % 3 ? $random : wa; d = {{5{{$random}}}};
            wa[9:5] = wa[9:5] & 5'd3; ra[9:5] = ra[9:5] & 5'd3;
            if (we && ((wa ^ ra) & 14'h01FF) == 0) we = 0;
            #1 clk = 1; #1 clk = 0;
            if (k > 2 && q !== expected && ^expected !== 1'bx) wrong = wrong + 1;
            if (^expected !== 1'bx) known = known + 1;
        end
        $display("%0d wrong of %0d", wrong, known > 100);
    end
endmodule
"""
    return MEMORY + f"module top ({ports});\n{''.join(made)}endmodule\n", MEMORY + bench


BLOCK_RAMS = {
    "ecp5": {"DP16KD"}, "gowin": {"SDPB", "SDPX9B", "DPB", "DPX9B"}, "xc7": {"RAMB18E1", "RAMB36E1"},
}  # fmt: skip


@pytest.mark.parametrize("sizes", [SOME, ALL], ids=["some", "all"])
@pytest.mark.parametrize(("target", "cells"), BLOCK_RAMS.items())
def test_memories_hold_what_their_source_holds(tmp_path: Path, target: str, cells: set[str], sizes: Sizes) -> None:
    source, bench = memories(sizes)
    rng = random.Random(3)
    for bits, words in sizes:
        (tmp_path / f"m{bits}.hex").write_text("".join(f"{rng.getrandbits(bits):x}\n" for _ in range(words)))
    (tmp_path / "top.v").write_text(source)
    made = netlist(
        [tmp_path / "top.v"], "top", {}, tmp_path / "work", target_of(target), tmp_path, sorted(tmp_path.glob("*.hex"))
    )
    files = gates(made, target_of(target), tmp_path / "work")
    used = {cell["type"] for cell in json.loads((made / NETLIST).read_text())["modules"]["top"]["cells"].values()}
    assert used & cells, used
    texts = [path.read_text() for path in files.files]
    assert simulated(tmp_path, "".join(texts) + bench) == (0, "0 wrong of 1\n")
    faulty = changed(texts[1], "place = (address[A*p+3+:A-3]", "place = (address[A*p+4+:A-3]")
    code, said = simulated(tmp_path, texts[0] + faulty + bench)
    assert not code and not said.startswith("0 wrong")


def test_a_word_that_is_read_while_it_is_written_is_unknown(tmp_path: Path) -> None:
    bench = """
module bench;
    reg clk = 0; wire [71:0] q;
    BLOCK_RAM #(.CONTENTS({2048{9'h155}})) dut (
        .clk({clk, clk}), .en(2'b11), .write(2'b01), .reset(2'b00), .address({14'd0, 14'd0}), .byte_write(16'd2),
        .data(72'd0), .read(q)
    );
    initial begin #1 clk = 1; #1 $display("%b", q[53:36]); end
endmodule
"""
    assert simulated(tmp_path, models("ecp5", "BLOCK_RAM") + bench) == (0, "xxxxxxxxx101010101\n")


def fake_netlist(folder: Path, cell: dict[str, Any]) -> Path:
    (folder / NETLIST).write_text(json.dumps({"modules": {"top": {"cells": {"it": cell}}}}))
    return folder


@pytest.mark.parametrize(
    ("target", "cell", "said"),
    [
        ("ecp5", {"type": "EHXPLLL"}, "no simulation model of EHXPLLL of Lattice ECP5"),
        ("gw1nr-9", {"type": "pROM"}, "no simulation model of pROM of Gowin"),
        ("ecp5", {"type": "MULT18X18D", "parameters": {"REG_PIPELINE_CLK": "CLK0"}}, "not know .* REG_PIPELINE_CLK"),
        ("gowin", {"type": "SP", "parameters": {"INIT_RAM_3F": "0", "INIT_RAM_40": "0"}}, "parameter INIT_RAM_40;"),
        ("xcup", {"type": "DSP48E2"}, "no simulation models of the primitives of AMD UltraScale"),
    ],
)
def test_what_has_no_model_is_refused(tmp_path: Path, target: str, cell: dict[str, Any], said: str) -> None:
    with pytest.raises(LmuHlsError, match=said):
        gates(fake_netlist(tmp_path, cell), target_of(target), tmp_path / "work")


# What else Yosys makes of logic on AMD: multiply and add, shift registers, distributed RAM, carry, a wide table
LOGIC = """\
module logic_of_all_kinds (
    input clk, rst, en, input signed [15:0] a, b, input signed [24:0] wide, output reg signed [47:0] acc,
    output reg signed [40:0] product, output reg signed [32:0] add, output reg [15:0] sum, late, word, output reg choice
);
    reg signed [15:0] a_q, b_q;
    reg [15:0] shift[0:11], ram[0:31];
    integer k;
    localparam [255:0] TABLE = 256'hd76d4330f1446beab0c11fdecb91ce375bc8fbbcbde5c0994164d8399f767c45;
    always @(posedge clk) begin
        if (en) begin
            a_q <= a; b_q <= b;
            acc <= rst ? 48'd0 : acc + a_q * b_q;
            product <= wide * b;
            add <= a * b + wide;
            for (k = 1; k < 12; k = k + 1) shift[k] <= shift[k-1];
            shift[0] <= a;
            ram[a[4:0]] <= b;
        end
        late <= shift[11];
        word <= ram[b[4:0]];
        sum <= a > b ? a + b : a - b;
        choice <= TABLE[{a[4:0], b[2:0]}];
    end
endmodule
"""
KINDS = {"DSP48E1", "SRL16E", "CARRY4", "MUXF7", "RAM32M", "FDRE", "LUT6"}


def test_each_kind_of_cell_of_amd_does_what_its_source_says(tmp_path: Path) -> None:
    (tmp_path / "top.v").write_text(LOGIC)
    made = netlist([tmp_path / "top.v"], "logic_of_all_kinds", {}, tmp_path / "work", target_of("xc7"), tmp_path, [])
    files = gates(made, target_of("xc7"), tmp_path / "work")
    (module,) = json.loads((made / NETLIST).read_text())["modules"].values()
    assert {cell["type"] for cell in module["cells"].values()} >= KINDS
    outputs = {"acc": 48, "product": 41, "add": 33, "sum": 16, "late": 16, "word": 16, "choice": 1}
    ports = "clk, rst, en, a, b, wide"
    bench = f"""
module bench;
    reg clk = 0, rst = 1, en = 1; reg [15:0] a = 0, b = 0; reg [24:0] wide = 0;
    {"".join(f"wire [{n - 1}:0] {name}, {name}_r;" for name, n in outputs.items())}
    logic_of_all_kinds dut ({ports}, {", ".join(outputs)});
    source reference ({ports}, {", ".join(f"{name}_r" for name in outputs)});
    integer k, wrong = 0;
    initial begin
        for (k = 0; k < 400; k = k + 1) begin
            a = $random; b = $random; wide = $random; rst = k < 3 || k % 50 == 9; en = k < 60 || $random;
            if (k < 32) a = k;
            #1 clk = 1; #1 clk = 0;
            if (k > 40) wrong = wrong + ({{{", ".join(outputs)}}} !== {{{", ".join(f"{name}_r" for name in outputs)}}});
        end
        $display("%0d wrong", wrong);
    end
endmodule
"""
    texts = [path.read_text() for path in files.files]
    bench = LOGIC.replace("module logic_of_all_kinds", "module source") + bench
    assert simulated(tmp_path, "".join(texts) + bench) == (0, "0 wrong\n")
    faulty = changed(texts[1], "A_MULT * B_MULT", "A_MULT * $unsigned(B_MULT)")
    code, said = simulated(tmp_path, texts[0] + faulty + bench)
    assert not code and not said.startswith("0 wrong")
