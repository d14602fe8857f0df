"""lmu_round_sat equals its definition for every input: all widths up to 12, all modes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from lmu_hls.resources import hdl_file
from lmu_hls.toolchain import find
from lmu_hls.verify import formal
from tests.support.mutants import changed

pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")

WIDEST = 12
DEFINITION = Path(__file__).with_name("round_sat_definition.v")
Shape = tuple[int, int, int]  # IN_W, OUT_W, fraction bits dropped (negative: added)
QUICK: tuple[Shape, ...] = ((1, 1, 1), (3, 5, 0), (4, 2, 1), (5, 3, 2), (5, 2, 4), (4, 2, -2), (3, 2, 5))


def shapes(in_w: int, out_w: int) -> list[Shape]:
    """Every shift that matters: from two zeros added to two more bits dropped than there are. Any further zero or sign
    bit is one more wire."""
    return [(in_w, out_w, shift) for shift in range(-2, in_w + 3)]


def prove(some: Iterable[Shape], unit: str, workdir: Path) -> formal.Outcome:
    instances = [
        f"    round_sat_definition #(.IN_W({in_w}), .OUT_W({out_w}), .SHIFT({shift})) "
        f"in{in_w}_out{out_w}_{'drop' if shift >= 0 else 'add'}{abs(shift)} (.in_data(in_data[{in_w - 1}:0]));\n"
        for in_w, out_w, shift in some
    ]
    text = f"module all (input wire clk, input wire [{WIDEST - 1}:0] in_data);\n{''.join(instances)}endmodule\n"
    workdir.mkdir(exist_ok=True)
    (workdir / "unit.v").write_text(unit, encoding="utf-8")
    (workdir / "all.v").write_text(text, encoding="utf-8")
    outcome = formal.prove([workdir / "unit.v", DEFINITION, workdir / "all.v"], "all", {}, workdir, inner=True)
    assert len(outcome.properties) == len(instances)
    return outcome


def source() -> str:
    return hdl_file("lmu_round_sat").read_text(encoding="utf-8")


def test_some_widths(tmp_path: Path) -> None:
    assert prove(QUICK, source(), tmp_path).proven


@pytest.mark.slow
@pytest.mark.parametrize("out_w", range(1, WIDEST + 1))
@pytest.mark.parametrize("in_w", range(1, WIDEST + 1))
def test_all_widths(tmp_path: Path, in_w: int, out_w: int) -> None:
    outcome = prove(shapes(in_w, out_w), source(), tmp_path)
    assert outcome.proven, [found for found in outcome.properties if found.state != formal.PROVEN]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("wire even = ROUNDING == RND_CONV && (ADDED != 0 ? !half : half) && !below;", "wire even = 1'b0;"),
        ("half && (OUT_W > 1 || below || floor[0]);", "half;"),
        ("wire carry = up && ", "wire carry = "),
        ("? top[0] || carry :", "? top[0] :"),
        (": ~|top && !carry;", ": ~|top;"),
        ("TRN_ZERO:    up = negative && (half || below);", "TRN_ZERO:    up = negative && half;"),
        ("SAT_SYM:  if (!fits || low == LOWEST) result = bound;", "SAT_SYM:  if (!fits) result = bound;"),
        ("SAT_ZERO: if (!fits) result = {OUT_W{1'b0}};", "SAT_ZERO: if (!fits) result = bound;"),
        ("assign clipped = !fits;", "assign clipped = result != low;"),
    ],
)
def test_faults_found(tmp_path: Path, old: str, new: str) -> None:
    outcome = prove([(5, 3, 2), (5, 2, 2), (2, 1, 1)], changed(source(), old, new), tmp_path)
    assert outcome.named(formal.FAILED), outcome.properties
    assert not outcome.named(formal.UNDECIDED)
