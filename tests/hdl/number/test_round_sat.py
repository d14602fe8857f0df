"""lmu_round_sat: every mode, every input value, against fixed.requantize; one simulation for all formats."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, requantize
from lmu_hls.resources import hdl_file
from lmu_hls.verify import simulator as sim
from tests.support.hdl.packed import word

WIDTH = 7
# IN_W, IN_F, OUT_W, OUT_F: usual; only rounding; only overflow; finer output; wider output; all bits dropped;
# one bit left; one-bit output; negative fractions; a shift beyond the width
FORMATS = (
    (7, 4, 4, 2),
    (7, 3, 7, 0),
    (7, 2, 4, 2),
    (5, 1, 6, 3),
    (4, 2, 9, 1),
    (5, 5, 3, 0),
    (6, 5, 2, 0),
    (6, 3, 1, 0),
    (7, -1, 5, -3),
    (3, 9, 4, 2),
    (1, 0, 2, 1),
)
Format = tuple[int, int, int, int]


def _cases(formats: Sequence[Format]) -> list[tuple[Format, int, int]]:
    return list(product(formats, range(len(ROUNDINGS)), range(len(OVERFLOWS))))


def _added(case: tuple[Format, int, int]) -> int:
    """Half an LSB of the output, where its addition may be left to those before."""
    (_, in_f, out_w, out_f), rounding, _ = case
    return 1 << (in_f - out_f - 1) if in_f > out_f and out_w > 1 and ROUNDINGS[rounding] in ("RND", "RND_CONV") else 0


def _top(formats: Sequence[Format]) -> str:
    outputs, instances = [], []
    for k, ((in_w, in_f, out_w, out_f), rounding, overflow) in enumerate(_cases(formats)):
        outputs.append(f"output wire [{out_w - 1}:0] out_{k}")
        instances.append(
            f"    lmu_round_sat #(.IN_W({in_w}), .IN_F({in_f}), "
            f".OUT_TYPE({word(out_w, out_f, rounding, overflow)})) "
            f"unit_{k} (.in_data(in_data[{in_w - 1}:0]), .out_data(out_{k}));\n"
        )
    for case in filter(_added, _cases(formats)):
        k, half = len(outputs), _added(case)
        (in_w, in_f, out_w, out_f), rounding, overflow = case
        wide = max(in_w, in_f - out_f + 1) + 1
        total = f"$signed({wide}'d{half}) + $signed(in_data[{in_w - 1}:0])"
        outputs.append(f"output wire [{out_w - 1}:0] out_{k}")
        instances.append(
            f"    wire signed [{wide - 1}:0] sum_{k} = {total};\n"
            f"    lmu_round_sat #(.IN_W({wide}), .IN_F({in_f}), .ADDED(1), "
            f".OUT_TYPE({word(out_w, out_f, rounding, overflow)})) "
            f"unit_{k} (.in_data(sum_{k}), .out_data(out_{k}));\n"
        )
    ports = ",\n    ".join(["input wire [" + str(WIDTH - 1) + ":0] in_data", *outputs])
    count = f"    localparam [31:0] COUNT = {len(outputs)};\n"
    return f"module table_top (\n    {ports}\n);\n{count}{''.join(instances)}endmodule\n"


def check(formats: Sequence[Format], simulator: str, folder: Path) -> None:
    (folder / "table_top.v").write_text(_top(formats))
    built = sim.build(simulator, [hdl_file("lmu_round_sat"), folder / "table_top.v"], "table_top", folder)
    assert sim.run(built, "table_bench", folder, {"LMU_TABLE": str(folder / "table.npy")}), sim.tail(folder / "sim.log")
    table = np.load(folder / "table.npy")  # a row for each input value, a column for each case
    values = np.arange(-(1 << (WIDTH - 1)), 1 << (WIDTH - 1))
    cases = _cases(formats)
    cases += [case for case in cases if _added(case)]
    assert table.shape[1] == len(cases)
    for k, ((in_w, in_f, out_w, out_f), rounding, overflow) in enumerate(cases):
        low = ((values + (1 << (in_w - 1))) & ((1 << in_w) - 1)) - (1 << (in_w - 1))  # the bits that the case reads
        to = FixedType(out_w, out_w - out_f, True, ROUNDINGS[rounding], OVERFLOWS[overflow])
        np.testing.assert_array_equal(table[:, k], requantize(low, in_f, to), err_msg=str((formats, k)))


def test_every_mode_and_value(simulator: str, tmp_path: Path) -> None:
    check(FORMATS, simulator, tmp_path)


@pytest.mark.parametrize("simulator", ["verilator"], indirect=True)
def test_the_usual_format(simulator: str, tmp_path: Path) -> None:
    """Verilator compiles a tenth of the cases in a tenth of the time."""
    check(FORMATS[:1], simulator, tmp_path)
