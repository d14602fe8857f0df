"""cocotb bench of combinational functions: applies every value to `in_data` and records the outputs `out_<k>`.

LMU_TABLE names the .npy file that gets an array (2**width of in_data, outputs) of signed integers; row v holds the
outputs for in_data = v - 2**(width-1).
"""

from __future__ import annotations

import os
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer


def _signed(bits: str) -> int:
    return int(bits, 2) - ((bits[0] == "1") << len(bits))


@cocotb.test()
async def every_value(dut: Any) -> None:
    """Walk through all values of in_data."""
    half = 1 << (len(dut.in_data) - 1)
    outputs = [getattr(dut, f"out_{k}") for k in range(int(dut.COUNT.value.to_unsigned()))]
    table = np.empty((2 * half, len(outputs)), np.int64)
    for row, value in enumerate(range(-half, half)):
        dut.in_data.value = value
        await Timer(1, "ns")
        table[row] = [_signed(str(out.value)) for out in outputs]
    np.save(os.environ["LMU_TABLE"], table)
