"""Yosys says what drives each bit; the activity of a simulation is put to it."""

from pathlib import Path

import pytest

from lmu_hls.energy.activity import TOP, Access, join
from lmu_hls.energy.drivers import Drivers, Memory, drivers
from lmu_hls.energy.saif import Saif, Toggles
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.energy import Activity
from lmu_hls.resources import hdl_file

VERILOG = """
module n_lmu_unit #(parameter W = 2) (
    input wire clk, input wire en, input wire signed [W-1:0] a, output wire [2*W-1:0] y
);
    reg signed [W-1:0] a_q;
    reg [2*W:1] product_q;
    wire [2*W-1:0] sum = product_q + 1'b1;
    wire either = en || a_q[0];
    assign y = either ? sum : 0;
    always @(posedge clk) if (en) begin
        a_q <= a;
        product_q <= a_q * a;
    end
endmodule

module n_top #(parameter W = 2) (
    input wire clk, input wire en, input wire [1:0] a, output wire [3:0] y, output wire [4:0] word
);
    generate
        if (W < 0) begin : g_off
        end else if (W < 1) begin : g_none
        end else begin : g_on
            n_lmu_unit #(.W(2)) unit (.clk(clk), .en(en), .a(a), .y(y));
            n_lmu_rom #(.WIDTH(5), .DEPTH(3), .FILE("a.hex")) rom (.clk(clk), .rd_en(en), .rd_addr(a), .rd_data(word));
        end
    endgenerate
endmodule
"""
ROM = Memory("g_on.rom", "ROM", 5, 3)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Drivers:
    folder = tmp_path_factory.mktemp("drivers")
    (folder / "a.v").write_text(VERILOG)
    (folder / "rom.v").write_text(hdl_file("lmu_rom").read_text().replace("module lmu_rom", "module n_lmu_rom"))
    (folder / "a.hex").write_text("01\n1f\n02\n")
    return drivers([folder / "a.v", folder / "rom.v"], "n_top", folder, folder / "work")


def test_every_bit_has_the_kind_of_what_drives_it(found: Drivers) -> None:
    kinds = {name: (bit.module, bit.kind) for bit in found.bits for name in bit.names}
    unit = "lmu_unit"
    assert {kinds[f"g_on.unit.a_q[{bit}]"] for bit in range(2)} == {(unit, "register")}
    assert {kinds[f"g_on.unit.product_q[{bit}]"] for bit in range(4)} == {(unit, "multiplier")}
    assert {kinds[f"g_on.unit.sum[{bit}]"] for bit in range(4)} == {(unit, "adder")}
    assert kinds["g_on.unit.either"] == (unit, "logic")
    assert not [name for name in kinds if name.startswith("g_on.unit.a[") or name.endswith("clk")]
    assert found.memories == (ROM,)


@pytest.mark.parametrize(("more", "bits"), [("", 5), (", .ROWS(2)", 10), (", .FIRST(1), .BITS(3)", 3)])
def test_a_memory_has_the_bits_that_are_read(more: str, bits: int, tmp_path: Path) -> None:
    (tmp_path / "rom.v").write_text(hdl_file("lmu_rom").read_text())
    (tmp_path / "a.hex").write_text("01\n1f\n02\n" * 2)
    (tmp_path / "top.v").write_text(
        f"module top (input wire clk, input wire [1:0] a, output wire [{bits - 1}:0] word);\n"
        f'lmu_rom #(.WIDTH(5), .DEPTH(3){more}, .FILE("a.hex")) rom (clk, 1\'b1, a, word);\nendmodule\n'
    )
    found = drivers([tmp_path / "top.v", tmp_path / "rom.v"], "top", tmp_path, tmp_path / "work")
    assert found.memories == (Memory("rom", "ROM", bits, 3),)


def saif(found: Drivers, changes: int = 2) -> Saif:
    names = {bit.names[-1] for bit in found.bits} | {f"g_on.rom.rd_data[{bit}]" for bit in range(5)}
    nets = {TOP + name: Toggles(1, changes) for name in names}
    return Saif(10, {**nets, f"{TOP}g_on.rom.rd_en": Toggles(7, 3)})


def test_toggles_by_module_and_kind(found: Drivers) -> None:
    measured = join(saif(found), found, "a.saif")
    assert measured.cycles == 10
    assert Activity("lmu_unit", "register", 2, 4) in measured.rows
    assert Activity("lmu_unit", "multiplier", 4, 8) in measured.rows
    assert Activity("lmu_rom", "ROM", 15, 10) in measured.rows
    assert measured.accesses == (Access(ROM, 7, 0),)
    assert measured.toggles("register", "multiplier") == 12


@pytest.mark.parametrize("lost", ["unit.a_q[1]", "unit.product_q[3]", "rom.rd_en", "rom.rd_data[4]"])
def test_activity_of_another_design_is_refused(found: Drivers, lost: str) -> None:
    whole = saif(found)
    rest = {name: net for name, net in whole.nets.items() if name != f"{TOP}g_on.{lost}"}
    assert len(rest) == len(whole.nets) - 1
    with pytest.raises(LmuHlsError, match=r"a\.saif has no count for .*not of this Verilog"):
        join(Saif(10, rest), found, "a.saif")
