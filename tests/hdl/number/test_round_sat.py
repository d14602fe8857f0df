"""lmu_round_sat: every mode, every input value, against fixed.requantize; one simulation for all."""

from __future__ import annotations

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
CASES = [
    (shape, rounding, overflow)
    for shape in FORMATS
    for rounding in range(len(ROUNDINGS))
    for overflow in range(len(OVERFLOWS))
]


def _top() -> str:
    outputs, instances = [], []
    for k, ((in_w, in_f, out_w, out_f), rounding, overflow) in enumerate(CASES):
        outputs.append(f"output wire [{out_w - 1}:0] out_{k}")
        instances.append(
            f"    lmu_round_sat #(.IN_W({in_w}), .IN_F({in_f}), "
            f".OUT_TYPE({word(out_w, out_f, rounding, overflow)})) "
            f"unit_{k} (.in_data(in_data[{in_w - 1}:0]), .out_data(out_{k}));\n"
        )
    ports = ",\n    ".join(["input wire [" + str(WIDTH - 1) + ":0] in_data", *outputs])
    count = f"    localparam [31:0] COUNT = {len(CASES)};\n"
    return f"module table_top (\n    {ports}\n);\n{count}{''.join(instances)}endmodule\n"


@pytest.fixture(scope="module")
def table(simulator: str, workdir: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Outputs of all cases, one row for each input value."""
    folder = tmp_path_factory.mktemp("round_sat")
    (folder / "table_top.v").write_text(_top())
    built = sim.build(simulator, [hdl_file("lmu_round_sat"), folder / "table_top.v"], "table_top", workdir)
    assert sim.run(built, "table_bench", folder, {"LMU_TABLE": str(folder / "table.npy")}), sim.tail(folder / "sim.log")
    return np.load(folder / "table.npy")


def test_every_mode_and_value(table: np.ndarray) -> None:
    values = np.arange(-(1 << (WIDTH - 1)), 1 << (WIDTH - 1))
    for k, ((in_w, in_f, out_w, out_f), rounding, overflow) in enumerate(CASES):
        low = ((values + (1 << (in_w - 1))) & ((1 << in_w) - 1)) - (1 << (in_w - 1))  # the bits that the case reads
        to = FixedType(out_w, out_w - out_f, True, ROUNDINGS[rounding], OVERFLOWS[overflow])
        np.testing.assert_array_equal(table[:, k], requantize(low, in_f, to), err_msg=str(CASES[k]))
