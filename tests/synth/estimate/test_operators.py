"""What slang reads of a small design is what stands in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lmu_hls import yosys
from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_file
from lmu_hls.synth.estimate.operators import operators
from lmu_hls.synth.estimate.quantities import Memory, Operators, Product, from_plain, to_plain

TOP = """
module top (input wire clk, input wire [3:0] a, input wire [7:0] b, output wire [7:0] y, output reg [11:0] p);
    wire [5:0] word;
    reg signed [3:0] a_q;
    reg signed [7:0] b_q;
    generate
        if (0) begin : g_not
            reg [99:0] unused;
            always @(posedge clk) unused <= unused + b;
        end
    endgenerate
    lmu_rom #(.WIDTH(6), .DEPTH(4), .FILE("rom/words.hex")) rom (
        .clk(clk), .rd_en(1'b1), .rd_addr(a[1:0]), .rd_data(word)
    );
    lmu_ram #(.WIDTH(8), .DEPTH(32)) ram (
        .clk(clk), .wr_en(1'b1), .wr_addr(b[4:0]), .wr_data(b), .rd_en(1'b1), .rd_addr(b[4:0]), .rd_data(y)
    );
    always @(posedge clk) begin
        a_q <= a;
        b_q <= word[0] ? b : b + 8'd1;
        p <= a_q * b_q;
    end
endmodule
"""


def design(top: str = TOP, words: str = "01\n03\n05\n07\n") -> Operators:
    library = {f"rtl/{name}.v": hdl_file(name).read_text() for name in ("lmu_rom", "lmu_ram")}
    return operators({"rtl/top.v": top, "rom/words.hex": words, **library}, "top")


def test_each_kind_is_found_once() -> None:
    found = design()
    assert found.products == {Product(4, 8, 12): 1}, found.products
    rom, ram = sorted(found.memories, key=lambda memory: memory.written)
    assert ram == Memory(32, 8, True, free=True)
    assert (rom.depth, rom.width, rom.block) == (4, 2, False)  # of six bits two are not the same in all words
    assert found.bits["q_factor"] == 4 + 8 and found.bits["q_product"] == 12 and found.bits["q_read"] == 6 + 8
    assert found.bits["choice"] == 8 and found.bits["count"] == 8 and not found.bits["q_plain"]
    assert from_plain(to_plain(found)) == found
    checked = replace(found, memories=[*(Memory(32, 8, True, unread=n) for n in range(5)), Memory(9, 8, False, True)])
    assert from_plain(to_plain(checked)) == checked


def test_a_reset_of_several_registers_in_one_line_is_no_other_design() -> None:
    one = TOP.replace("p <= a_q * b_q;", "p <= a_q * b_q; if (a[0]) begin a_q <= 0; b_q <= 0; end")
    line = TOP.replace("p <= a_q * b_q;", "p <= a_q * b_q; if (a[0]) {a_q, b_q} <= 0;")
    assert design(one) == design(line) and design(one).bits["choice"] == 8


WIDTHS = """
module top #(parameter OP = 1) (
    input wire clk, input wire [3:0] a, input wire [7:0] b, output wire [31:0] y, output reg [1:0] z
);
    wire signed [15:0] left, whole = {{12 {a[3]}}, a};
    reg signed [15:0] result;
    assign y = {16'd0, result};
    lmu_align #(.IN_W(8), .SHIFT(1), .OUT_W(16)) align (.in_data(b), .out_data(left));
    lmu_rom #(.WIDTH(3), .DEPTH(2), .ROWS(3), .FILE("words.hex")) rom (
        .clk(clk), .rd_en(1'b1), .rd_addr(a[0]), .rd_data()
    );
    always @* begin
        if (OP == 0) result = left + whole;
        else if (OP == 1) result = left * whole;
        else result = OP == 2 ? whole * 16'd5 : whole * 16'd4;
    end
    always @(posedge clk) begin
        z[0] <= a[0];
        z[1] <= b[0];
    end
endmodule
"""


def with_op(op: int) -> Operators:
    library = {f"{name}.v": hdl_file(name).read_text() for name in ("lmu_rom", "lmu_align")}
    words = {"words.hex": "1\n2\n4\n1\n3\n4\n"}
    return operators({"top.v": WIDTHS.replace("OP = 1", f"OP = {op}")} | words | library, "top")


@pytest.mark.parametrize(
    ("op", "products", "sums"),
    [(0, {}, 16), (1, {Product(9, 4, 13): 1}, 0), (2, {Product(4, 4, 8): 1}, 0), (3, {}, 0)],
)
def test_what_is_dead_or_wider_than_its_value_does_not_count(op: int, products: dict[Product, int], sums: int) -> None:
    """A branch of a constant, the copies of a sign, a product with a power of two; and parts of one register."""
    found = with_op(op)
    assert found.products == products and found.bits["sum"] == sums + 3  # of the ROM's place
    assert found.bits["choice"] == 0


def test_the_rows_of_a_rom_are_one_word_of_look_up_tables() -> None:
    (rom,) = with_op(1).memories
    assert (rom.depth, rom.width, rom.tables, rom.block) == (2, 1, True, False)  # one bit of nine is another in each
    assert from_plain(to_plain(with_op(1))) == with_op(1)


PLACES = """
module top (input wire clk, input wire [1:0] place, input wire [255:0] words, output wire [127:0] y);
    genvar c;
    generate
        for (c = 0; c < 2; c = c + 1) begin : g_channel
            assign y[c*64+:TAKEN] = words[place*FACTORS+:TAKEN];
        end
    endgenerate
endmodule
"""


# What is read at which place: what Yosys then makes
TAKEN = {
    ("14", 14): {},
    ("14", 15): {Product(2, 3, 5): 1},
    ("3*14", 14): {},
    ("3*14", 42): {Product(2, 2, 4): 1, Product(4, 3, 32): 1},
    ("4*14", 56): {},
    ("3*16", 48): {},
    ("3*16", 49): {Product(2, 2, 4): 1},
    ("6*14", 28): {},
    ("6*14", 29): {Product(2, 2, 4): 1, Product(4, 3, 32): 1},
}


def test_parts_of_a_rom_of_look_up_tables_have_an_address_each() -> None:
    """A part reads its own bits of a word, which has the same columns in all parts and beside."""
    words = [0b1010_0001, 0b1011_0010, 0b1010_0111]
    text = """module top (input wire clk, rst, next, restart, output wire [1:0] addr, output wire [7:0] word);
        lmu_rom_sequence #(.WIDTH(8), .DEPTH(3), .PART(PARTS), .FILE("words.hex")) rom (
            .clk(clk), .rst(rst), .next(next), .restart(restart), .addr(addr), .word(word)
        );
    endmodule"""
    library = {f"{name}.v": hdl_file(name).read_text() for name in ("lmu_rom", "lmu_rom_sequence")}
    for parts, kept in {24: [4], 12: [1, 3]}.items():
        files = {"top.v": text.replace("PARTS", str(parts)), **library}
        found = operators(files | {"words.hex": "\n".join(f"{word:x}" for word in words)}, "top")
        assert sorted(memory.width for memory in found.memories) == kept
        assert found.bits["q_read"] == 8 and found.bits["q_plain"] == 2 * len(kept)


def test_a_place_takes_products_where_more_is_read_than_its_last_factor(tmp_path: Path) -> None:
    """As many as Yosys has behind its passes for such places."""
    texts = [PLACES.replace("FACTORS", factors).replace("TAKEN", str(taken)) for factors, taken in TAKEN]
    for text, products in zip(texts, TAKEN.values(), strict=True):
        assert operators({"top.v": text}, "top").products == products
    numbered = "".join(text.replace("module top", f"module top{k}") for k, text in enumerate(texts))
    (tmp_path / "top.v").write_text(numbered)
    passes = ["read_verilog top.v", "proc", "opt -nodffe -nosdff", "wreduce", "peepopt", "opt_clean"]
    passes += ["tee -q -o found stat -json"]
    yosys.run(passes, tmp_path / "passes.ys", tmp_path / "log", tmp_path, "read the places")
    modules = json.loads((tmp_path / "found").read_text())["modules"]
    made = {name: module["num_cells_by_type"].get("$mul", 0) for name, module in modules.items()}
    assert made == {f"\\top{k}": sum(products.values()) for k, products in enumerate(TAKEN.values())}


def test_a_place_that_does_not_move_is_wires() -> None:
    text = PLACES.replace("place*FACTORS", "FIRST*14").replace("TAKEN", "42")
    fixed = text.replace("genvar c;", "localparam FIRST = 1; genvar c;")
    assert not operators({"top.v": fixed}, "top").products
    assert operators({"top.v": text.replace("FIRST", "place")}, "top").products


TREE = """
module topK (input wire clk, input wire en, input wire [N*6-1:0] x, output wire signed [8:0] y);
    lmu_adders #(.N(N), .LEVELS(LEVELS), .IN_W(6), .OUT_W(9)) tree (.clk(clk), .en(en), .in_data(x), .out_data(y));
endmodule
"""
TREES = [(5, 0), (5, 1), (6, 2), (7, 1), (8, 2), (9, 2), (1, 1)]


def test_nothing_is_added_where_a_tree_of_adders_has_zeros(tmp_path: Path) -> None:
    """Sums and registers are those that Yosys leaves."""
    texts = [
        TREE.replace("LEVELS(LEVELS)", f"LEVELS({levels})").replace("N*6", f"{n}*6").replace("N(N)", f"N({n})")
        for n, levels in TREES
    ]
    texts = [text.replace("topK", f"top{k}") for k, text in enumerate(texts)]
    library = {"lmu_adders.v": hdl_file("lmu_adders").read_text()}
    found = [operators({"top.v": text} | library, f"top{k}").bits for k, text in enumerate(texts)]
    assert found[1]["sum"] == 4 * 9 and found[1]["q_sum"] == (3 + 2 + 1) * 9
    for name, text in ({"top.v": "".join(texts)} | library).items():
        (tmp_path / name).write_text(text)
    passes = [
        "read_verilog top.v lmu_adders.v",
        "hierarchy",
        "proc",
        "flatten",
        "opt -full",
        "tee -q -o found stat -json",
    ]
    yosys.run(passes, tmp_path / "passes.ys", tmp_path / "log", tmp_path, "read the trees")
    modules = json.loads((tmp_path / "found").read_text())["modules"]
    for k, bits in enumerate(found):
        cells = modules[f"\\top{k}"]["num_cells_by_type"]
        registers = sum(count for kind, count in cells.items() if kind.startswith("$dff"))
        assert (bits["sum"], bits["q_sum"]) == (9 * cells.get("$add", 0), 9 * registers), TREES[k]


TURNS = """
module top (input wire clk, input wire [7:0] x, input wire valid, output wire [29:0] y, output wire done);
    lmu_matvec #(
        .N_IN(2), .N_OUT(3), .COLUMNS(2), .OP_W(4), .COEF_W(4), .ACC_W(10), .HAS_BIAS(1), .BIAS_W(4),
        .BIAS_SHIFT(2), .ROM_FILE("words.hex"), .BIAS_FILE("words.hex")
    ) matrix (
        .clk(clk), .rst(1'b0), .s_axis_tdata(x), .s_axis_tvalid(valid), .s_axis_tready(), .s_axis_tlast(1'b0),
        .m_axis_tdata(y), .m_axis_tvalid(done), .m_axis_tready(1'b1), .m_axis_tlast()
    );
endmodule
"""


def test_a_matrix_of_one_turn_does_not_add_up_turns() -> None:
    names = ("lmu_matvec", "lmu_adders", "lmu_rom", "lmu_align")
    files = {f"{name}.v": hdl_file(name).read_text() for name in names} | {"words.hex": "1\n2\n3\n4\n5\n6\n"}

    def bits(columns: int, bias: int) -> tuple[int, int]:
        text = TURNS.replace("COLUMNS(2)", f"COLUMNS({columns})").replace("BIAS(1)", f"BIAS({bias})")
        found = operators({"top.v": text} | files, "top").bits
        return found["sum"], found["choice"]

    (sums, choices), tree = bits(1, 1), 3 * 10  # with two turns; and what a second column adds
    assert bits(2, 1)[0] - sums == tree and choices - bits(2, 1)[1] == 3 * 10
    assert bits(2, 1)[0] - bits(2, 0)[0] == 3 * 10 + (sums - bits(1, 0)[0])


def test_a_lane_of_a_vector_needs_the_bits_of_its_value() -> None:
    """Neither the zeros below nor the copies of the sign above take part in a product, as Yosys makes it."""
    text = """
module top #(parameter MIXED = 0) (
    input wire signed [8:0] a, input wire [17:0] x, input wire [23:0] other, output wire [20:0] y, z
);
    wire [23:0] all, taken;
    generate
        if (MIXED) begin : g_mixed
            assign taken = a[0] ? all : other;
        end else begin : g_all
            assign taken = all;
        end
    endgenerate
    lmu_align #(.IN_W(9), .SHIFT(3), .OUT_W(12)) low (.in_data(x[8:0]), .out_data(all[11:0]));
    lmu_align #(.IN_W(7), .SHIFT(0), .OUT_W(12)) high (.in_data(x[15:9]), .out_data(all[12+:12]));
    wire signed [11:0] first = taken[0+:12], second = taken[12+:12];
    assign y = a * first;
    assign z = a * second;
endmodule
"""
    library = {"lmu_align.v": hdl_file("lmu_align").read_text()}
    assert operators(library | {"top.v": text}, "top").products == {Product(9, 9, 18): 1, Product(9, 7, 16): 1}
    mixed = text.replace("MIXED = 0", "MIXED = 1")
    assert operators(library | {"top.v": mixed}, "top").products == {Product(9, 12, 21): 2}


def test_a_bit_of_a_queue_that_nothing_reads_is_known() -> None:
    text = """
module top (input wire clk, rst, input wire [16:0] x, output wire [15:0] y, output wire z);
    wire NAME;
    lmu_fifo #(.WIDTH(17), .DEPTH(9)) fifo (
        .clk(clk), .rst(rst), .s_axis_tdata(x), .s_axis_tvalid(1'b1), .s_axis_tready(), .m_axis_tdata({NAME, y}),
        .m_axis_tvalid(z), .m_axis_tready(1'b1)
    );
endmodule
"""
    library = {f"{name}.v": hdl_file(name).read_text() for name in ("lmu_fifo", "lmu_ram")}
    for name, unread in (("unused_clipped", 1), ("clipped", 0)):
        (memory,) = operators(library | {"top.v": text.replace("NAME", name)}, "top").memories
        assert memory.unread == unread


def test_flags_of_a_queue_before_a_serializer_are_read_where_its_own_are() -> None:
    text = """
module top (input wire clk, rst, input wire [18:0] x, output wire [7:0] y, output wire z);
    wire [1:0] tuser;
    wire tlast, valid, ready;
    wire [15:0] tdata;
    wire NAME;
    lmu_fifo #(.WIDTH(19), .DEPTH(9)) fifo (
        .clk(clk), .rst(rst), .s_axis_tdata(x), .s_axis_tvalid(1'b1), .s_axis_tready(),
        .m_axis_tdata({tuser, tlast, tdata}), .m_axis_tvalid(valid), .m_axis_tready(ready)
    );
    lmu_serializer #(.WIDTH(8), .LANES(2)) serializer (
        .clk(clk), .rst(rst), .s_axis_tdata(tdata), .s_axis_tvalid(valid), .s_axis_tready(ready),
        .s_axis_tlast(tlast), .s_axis_tuser(tuser), .m_axis_tdata(y), .m_axis_tvalid(z), .m_axis_tready(1'b1),
        .m_axis_tlast(), .m_axis_tuser(NAME)
    );
endmodule
"""
    library = {f"{name}.v": hdl_file(name).read_text() for name in ("lmu_fifo", "lmu_ram", "lmu_serializer")}
    for name, unread in (("unused_clipped", 2), ("clipped", 0)):
        (memory,) = operators(library | {"top.v": text.replace("NAME", name)}, "top").memories
        assert memory.unread == unread


def test_a_sum_with_a_wire_that_is_zero_is_none() -> None:
    text = """
module top #(parameter LATER = 1) (input wire [7:0] a, b, output wire [7:0] y);
    wire [7:0] later = LATER == 1 ? b : 8'd0;
    assign y = a + later;
endmodule
"""
    assert operators({"top.v": text}, "top").bits["sum"] == 8
    other = operators({"top.v": text.replace("LATER = 1", "LATER = 0")}, "top").bits
    assert other["sum"] == other["count"] == 0


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(LmuHlsError, match=r"other\.hex, which the project does not have"):
        design(TOP.replace("words.hex", "other.hex"))
    with pytest.raises(LmuHlsError, match="no single top"):
        design(TOP.replace("module top", "module other"))
