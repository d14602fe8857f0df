"""Coverage: what has run is counted, what has not lowers it, and other files do not matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.verify import coverage
from lmu_hls.verify import simulator as sim

pytestmark = pytest.mark.usefixtures("verilator")
UNIT = """\
module NAME (input wire [7:0] in_data, output reg [3:0] out_data);
    always @* begin
        out_data = in_data[3:0];
        if (in_data[7]) out_data = 4'd0;
        if (LIMIT) begin
            out_data = 4'd9;
        end
    end
endmodule
"""
TOP = """\
module top (input wire [6:0] in_data, output wire [3:0] out_0, output wire [3:0] out_1);
    localparam [31:0] COUNT = 2;
    whole one (.in_data({in_data[0], in_data}), .out_data(out_0));
    partly two (.in_data({1'b0, in_data}), .out_data(out_1));
endmodule
"""
LIMITS = {"whole": "in_data[6:0] == 7'd5", "partly": "in_data[6:0] == 7'd5 && in_data[6]"}  # the second is never true


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Simulate all values of in_data; the folder of the counts."""
    counts = folder / "counts"
    monkeypatch.setenv(sim.COVERAGE, str(counts))
    (folder / "hdl").mkdir()
    sources = [folder / "hdl" / f"{name}.v" for name in LIMITS]
    for source in sources:
        source.write_text(UNIT.replace("NAME", source.stem).replace("LIMIT", LIMITS[source.stem]))
    (folder / "top.v").write_text(TOP)
    built = sim.build("verilator", [*sources, folder / "top.v"], "top", folder / "build")
    assert sim.run(built, "table_bench", folder, {"LMU_TABLE": str(folder / "table.npy")}), sim.tail(folder / "sim.log")
    return counts


def test_a_line_that_never_runs_lowers_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = run(tmp_path, monkeypatch)
    part, whole = coverage.read(counts.glob("*.dat"), tmp_path / "hdl")
    assert (whole.module, whole.line_percent, whole.missed_lines) == ("whole", 100.0, ())
    assert part.lines == whole.lines
    assert part.line_percent < 95
    assert {line.split()[0] for line in part.missed_lines} == {"4", "5"}
    assert part.toggles_hit == part.toggles - 2  # in_data[7] never changes
    assert whole.toggles_hit == whole.toggles

    with pytest.raises(LmuHlsError, match="no coverage counts"):
        coverage.read(counts.glob("*.dat"), tmp_path / "elsewhere")


def record(file: str, line: int, kind: str, name: str, count: int) -> str:
    fields = {"f": file, "l": line, "n": 1, "t": kind, "o": name, "h": "top.unit"}
    return "C '" + "".join(f"\x01{key}\x02{value}" for key, value in fields.items()) + f"' {count}\n"


def test_runs_add_up_and_what_never_ran_lowers_the_coverage(tmp_path: Path) -> None:
    first = (
        record("/x/a.v", 3, "line", "block", 0)
        + record("/x/a.v", 4, "branch", "if", 2)
        + record("/y/a.v", 9, "line", "", 0)
    )
    second = record("/x/a.v", 3, "line", "block", 1) + record("/x/b.v", 1, "toggle", "q[0]:0->1", 0)
    (tmp_path / "1.dat").write_text("# SystemC::Coverage-3\n" + first)
    (tmp_path / "2.dat").write_text(second)
    a, b = coverage.read(tmp_path.glob("*.dat"), Path("/x"))
    assert (a.lines, a.lines_hit, a.toggles) == (2, 2, 0)
    assert (b.toggles, b.toggles_hit, b.toggle_percent, b.line_percent) == (1, 0, 0.0, 100.0)
    both = coverage.total((a, b))
    assert (both.lines, both.toggles, both.missed_lines) == (2, 1, ())
    (only,) = coverage.read([tmp_path / "1.dat"], Path("/x"))
    assert (only.line_percent, only.missed_lines) == (50.0, ("3 block",))
    assert coverage.total([only]).missed_lines == ("a:3 block",)
