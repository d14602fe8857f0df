"""What slang reads of a small design is what stands in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import hdl_file
from lmu_hls.synth.estimate.operators import Memory, Operators, Product, from_plain, operators, to_plain

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
    checked = replace(found, memories=[Memory(32, 8, True, unread=1), Memory(9, 8, False, True)])
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


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(LmuHlsError, match=r"other\.hex, which the project does not have"):
        design(TOP.replace("words.hex", "other.hex"))
    with pytest.raises(LmuHlsError, match="no single top"):
        design(TOP.replace("module top", "module other"))
