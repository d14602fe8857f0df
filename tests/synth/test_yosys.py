"""Synthesis counts are exact, and whatever Yosys refuses comes out as one message."""

from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.records import Hardware, Manifest, ModelSummary, Synthesis, Unit, dump, load
from lmu_hls.records.evidence import digest
from lmu_hls.rtl.manifest import Project, StreamEntry
from lmu_hls.synth import synthesize, synthesize_units
from lmu_hls.synth.roms import check_roms
from lmu_hls.toolchain import find

pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")

# 1024 x 18 bits fill one RAMB18; a registered 16 x 16 product fills one DSP48. The last flip-flop
# is there only when both kinds of parameter arrive as they were given.
DESIGN = """\
`default_nettype none
module unit #(parameter W = 8, parameter integer OFFSET = 0, parameter ROM = "absent.hex") (
  input  wire                  clk,
  input  wire signed [W-1:0]   a, b,
  input  wire [9:0]            addr,
  output reg  signed [2*W-1:0] p,
  output reg  [17:0]           q,
  output reg  [3:0]            bits,
  output wire                  arrived
);
  reg signed [W-1:0] a_q, b_q;
  reg [17:0] rom [0:1023];
  initial $readmemh(ROM, rom);
  generate
    if (OFFSET < 0 && OFFSET == -3 && ROM == "rom.hex") begin : g_arrived
      reg toggle_q;
      initial toggle_q = 0;
      always @(posedge clk) toggle_q <= a[0];
      assign arrived = toggle_q;
    end else begin : g_not
      assign arrived = a[0];
    end
  endgenerate
  always @(posedge clk) begin
    a_q  <= a;
    b_q  <= b;
    p    <= a_q * b_q;
    q    <= rom[addr];
    bits <= {^addr[5:0], &addr[5:0], |addr[5:0], addr[0] ^ a[0]};
  end
endmodule
`default_nettype wire
"""


@pytest.fixture
def design(tmp_path: Path) -> Path:
    """The design and its memory file, in a folder with a space in its name."""
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "unit.v").write_text(DESIGN)
    (folder / "rom.hex").write_text("".join(f"{i * 40503 & 0x3FFFF:05x}\n" for i in range(1024)))
    return folder


def write_project_manifest(project: Path, rom: str, words: int) -> None:
    """The manifest of a Verilog project with one ROM file, as the conversion would write it."""
    stream = StreamEntry("x", "s_axis", FixedType(16, 6), 16, 2, True)
    fields = dict.fromkeys(("streaming", "check_steps", "axi_lite"), False)
    fields |= dict.fromkeys(("counters", "taps", "instances"), ())
    hashes = {rom: digest(project / rom)}
    made = Project(
        network="m", top="unit", steps=1, inputs=(stream,), outputs=(stream,), hardware=Hardware((), 1, 1, 1, 1, 1.0),
        files=hashes, words={rom: words}, roms={rom: rom}, **fields,
    )  # fmt: skip
    dump(project / "manifest.json", made)


def test_the_units_of_a_folder_are_synthesised(design: Path) -> None:
    (design / "rtl" / "rom").mkdir(parents=True)
    (design / "unit.v").rename(design / "rtl" / "unit.v")
    (design / "rom.hex").rename(design / "rtl" / "rom" / "a.hex")
    unit = Unit("mem", "unit", {"W": 4, "ROM": "rom/a.hex"}, ("rtl/unit.v",), "rtl")
    dump(design / "manifest.json", Manifest(ModelSummary("m", ()), "Vitis", "io_parallel", (unit,), {}))
    write_project_manifest(design / "rtl", "rom/a.hex", 1024)
    results = synthesize_units(design, ["ice40"])
    (entry,) = load(design / "synth.json", Synthesis).targets
    assert (entry.target, entry.resources) == ("ice40", results)
    assert [result.unit for result in results] == ["mem"]
    assert results[0].counts["DSP"] == 0 and results[0].counts["EBR"] == 5


@pytest.mark.parametrize(
    ("text", "top", "parameters", "cause"),
    [
        ("module unit (input a; endmodule", "unit", {}, "unit.v:1: ERROR: syntax error"),
        (DESIGN, "absent", {}, "Module `absent' not found"),
        ("module unit #(parameter N = 1); endmodule", "unit", {"LANES": 2}, "`LANES`"),
        (DESIGN, "unit", {"ROM": "none.hex"}, "none.hex"),
        ("module unit; helper h (); endmodule", "unit", {}, "helper"),
        ("module unit #(parameter N = 1); generate if (N > 4) PARAM_ERROR_n_too_large c (); endgenerate endmodule",
         "unit", {"N": 5}, "PARAM_ERROR_n_too_large"),
    ],
)  # fmt: skip
def test_what_yosys_refuses_is_one_message(
    tmp_path: Path, text: str, top: str, parameters: dict[str, int | str], cause: str
) -> None:
    source = tmp_path / "unit.v"
    source.write_text(text)
    with pytest.raises(LmuHlsError) as caught:
        synthesize([source], top, parameters, tmp_path / "work")
    assert cause in str(caught.value)
    assert "yosys.log" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match=r"gone\.v does not exist"):
        synthesize([tmp_path / "gone.v"], "unit", {}, tmp_path / "work")


def test_a_failed_run_leaves_no_statistics_of_an_earlier_one(design: Path) -> None:
    work = design / "work"
    work.mkdir()
    (work / "stat.json").write_text("{}")
    with pytest.raises(LmuHlsError):
        synthesize([design / "unit.v"], "absent", {}, work)
    assert not (work / "stat.json").exists()


@pytest.mark.parametrize(
    ("parameters", "cause"),
    [({"W; exec": 4}, "'W; exec' is not a Verilog name"), ({"OFFSET": -(2**31) - 1}, "does not fit 32 bits")],
)
def test_wrong_parameters_are_refused(design: Path, parameters: dict[str, int | str], cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        synthesize([design / "unit.v"], "unit", parameters, design / "work")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("1\n2\n", "has 2 of 3 words"),
        ("1\n2\n3\n4\n", "has 4 words, 1 too many"),
        ("1\n2\n7\n", "has other contents"),
        ("1\n2\n3 // three\n", "has 5 words"),
        ("", "has 0 of 3 words"),
        (None, "cannot be read"),
    ],
)
def test_a_rom_file_that_the_conversion_did_not_write_is_refused(tmp_path: Path, text: str | None, cause: str) -> None:
    rom = tmp_path / "rom" / "a.hex"
    rom.parent.mkdir()
    rom.write_text("1\n2\n3\n")
    write_project_manifest(tmp_path, "rom/a.hex", 3)
    check_roms(tmp_path)
    rom.unlink()
    if text is not None:
        rom.write_text(text)
    with pytest.raises(LmuHlsError, match=r"rom/a\.hex .*restore it, or convert again") as caught:
        check_roms(tmp_path)
    assert cause in str(caught.value)


def test_roms_are_not_taken_on_trust_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(LmuHlsError, match=r"manifest\.json does not exist"):
        check_roms(tmp_path)
