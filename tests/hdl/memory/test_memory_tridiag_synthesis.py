"""The tridiagonal memory unit on 7-series: what it takes at order 256 with 16 bits, exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hls.configurations import PSMNIST
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.legendre import tridiagonal_factors
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from lmu_hls.synth import synthesize
from lmu_hls.toolchain import find
from tests.support.hdl.memory_grid import layer
from tests.support.hdl.memory_project import top_name, write_rtl

pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")

STATE = FixedType(16, 2)


def psmnist(memory_d: int) -> LMU:
    """Order 256, theta 784: state and coefficients of 16 bits, three more fraction bits in the sweeps."""
    factors = tridiagonal_factors(PSMNIST.order, PSMNIST.theta)
    kinds = {"lam": FixedType(16, 1), "gam": FixedType(16, 1), "kap": FixedType(16, 1), "bet": FixedType(16, -4)}
    weights = {name: Weight(quantize(getattr(factors, name), kind), kind) for name, kind in kinds.items()}
    assert all(np.abs(weight.values).max() > 0.4 * weight.type.max_int for weight in weights.values())
    return layer("psmnist", (STATE, STATE), TridiagonalUpdate(**weights, sweep=FixedType(19, 2)), memory_d)


# memory_d: LUT (logic, memory and shift registers), LUTRAM, SRL, FF, CARRY4, DSP, BRAM18
COUNTS = {1: (407 + 0 + 29, 0, 29, 409, 57, 3, 4), 4: (248 + 12 + 53, 12, 53, 318, 38, 5, 5)}


@pytest.mark.parametrize("memory_d", COUNTS)
def test_exact_counts(tmp_path: Path, memory_d: int) -> None:
    lmu = psmnist(memory_d)
    (unit,) = write_rtl([lmu], tmp_path / "rtl")
    sources = sorted((tmp_path / "rtl").glob("*.v"))
    found = synthesize(sources, top_name(unit), unit.parameters, tmp_path / "work", data_dir=tmp_path / "rtl")
    assert tuple(found.counts.values()) == COUNTS[memory_d]
    assert not [cell for cell in found.cells if cell.startswith("LD")]
