"""The dense memory unit maps to 7-series as meant: one DSP48 a lane with the sum inside, and no latch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lmu_hls.synth import synthesize
from lmu_hls.toolchain import find
from tests.support.hdl.dense_grid import Config
from tests.support.hdl.memory_project import top_name, write_rtl

pytestmark = pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")


@pytest.mark.parametrize(("order", "memory_d", "lanes"), [(8, 1, 1), (12, 6, 4)])
def test_one_dsp_a_lane(tmp_path: Path, order: int, memory_d: int, lanes: int) -> None:
    macs = memory_d * order * (order + 1)
    layer = dataclasses.replace(Config(order, memory_d, lanes).lmu("x"), reuse_factor=macs // lanes)
    (unit,) = write_rtl([layer], tmp_path / "rtl")
    assert unit.sizes.lanes == lanes
    sources = sorted((tmp_path / "rtl").glob("*.v"))
    found = synthesize(sources, top_name(unit), unit.parameters, tmp_path / "work", data_dir=tmp_path / "rtl")
    assert found.counts["DSP"] == lanes
    # Sums of 38 bits outside the DSPs would take a carry chain and registers more for each lane
    assert found.counts["CARRY4"] <= 12 + 8 * lanes
    assert found.counts["FF"] <= 120 + 45 * lanes
    assert not [cell for cell in found.cells if cell.startswith("LD")]
