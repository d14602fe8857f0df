"""What does not fit is told with what would; the suggested reuse factor is one that the planner confirms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hls.records.placement import Usage
from lmu_hls.rtl.reuse import settle
from lmu_hls.spec import Network, chain
from lmu_hls.synth.families import target_of
from lmu_hls.synth.fit import _free, lacking, remedy, usage_of
from tests.support.hdl.dense_grid import Config


@pytest.fixture(scope="module")
def network() -> Network:
    """Two channels of order 4, 16 bits."""
    layer = Config(4, 2, 2, u="fixed<16,3>", mem="fixed<16,2>", a="fixed<16,1>", b="fixed<16,1>").lmu("lmu")
    return chain("tiny", layer.x, layer.steps, 1, (replace(layer, reuse_factor=20),))


def test_utilisation_is_of_what_the_device_has() -> None:
    counts = {"LUT": 6000, "CARRY": 0, "FF": 100, "DSP": 9, "EBR": 30, "SPRAM": 0}
    usage = usage_of(target_of("up5k"), counts)
    assert usage["LUT"] == Usage(6000, 5280) and "LC" not in usage
    assert lacking(usage) == "6000 of 5280 LUT (720 too many), 9 of 8 DSP (1 too many)"
    assert not lacking(usage_of(target_of("up5k"), {**counts, "LUT": 5280, "DSP": 8}))
    assert usage_of(target_of("ice40"), counts) == {}
    assert usage["DSP"].percent == 112.5 and Usage(1, 0).percent == float("inf") and Usage(0, 0).percent == 0


@pytest.mark.parametrize("available", [2, 3, 4])
def test_the_reuse_factor_is_the_lowest_that_fits(network: Network, available: int) -> None:
    most = settle(_free(network, 1), 1).multipliers
    said = remedy(network, {"DSP": Usage(most, available)}, most)
    assert said.startswith("--reuse-factor ") and "(estimate)" in said
    cycles = int(said.split()[1].rstrip(","))
    assert settle(_free(network, cycles), cycles).multipliers <= available
    assert settle(_free(network, cycles - 1), cycles - 1).multipliers > available


def test_one_multiplier_is_too_few(network: Network) -> None:
    """The encoder and the memory each have one."""
    most = settle(_free(network, 1), 1).multipliers
    assert remedy(network, {"DSP": Usage(most, 1)}, most).startswith("no reuse factor makes it small enough")


def test_logic_and_memory(network: Network) -> None:
    most = settle(_free(network, 1), 1).multipliers
    assert remedy(network, {"LUT": Usage(10, 10)}, most) == ""
    assert remedy(network, {"LUT": Usage(1000, 900), "DSP": Usage(1, 2)}, most).startswith("--reuse-factor ")
    assert remedy(network, {"LUT": Usage(1000, 400)}, most) == (
        "no reuse factor makes it small enough (estimate); "
        "otherwise a larger device, or types of about 6 instead of 16 bits (estimate)"
    )
    assert "no reuse factor makes memory smaller" in remedy(network, {"EBR": Usage(8, 4), "DSP": Usage(9, 8)}, most)
    assert remedy(network, {"DSP": Usage(5, 0)}, most).endswith("otherwise a larger device")
