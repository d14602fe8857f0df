"""Networks of the demo's size, placed and routed with nextpnr itself; minutes each."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hls import flow
from lmu_hls.configurations import DEMO
from lmu_hls.synth import Routing, place_units, synthesize_units
from lmu_hls.synth.families import target_of
from lmu_hls.toolchain import find

CASES = {  # target: precision, reuse factor, lowest clock, DSP
    "ecp5-85k": ("fixed<16,6>", 96, 70.0, 25),
    "up5k": ("fixed<8,4>", 480, 40.0, 4),
}


@pytest.mark.slow
@pytest.mark.parametrize("target", CASES)
def test_the_demo_fits_and_is_fast_enough(tmp_path: Path, target: str) -> None:
    precision, reuse_factor, mhz, multipliers = CASES[target]
    router = target_of(target).family.router
    assert router is not None
    for tool in ("pyosys", router.tool):
        if not find(tool).found:
            pytest.skip(f"{tool} is not installed")
    import keras

    keras.utils.set_random_seed(0)
    flow.convert(DEMO.keras_model(), tmp_path / "out", precision=precision, reuse_factor=reuse_factor)
    resources = synthesize_units(tmp_path / "out", [target])
    (found,) = place_units(tmp_path / "out", resources, Routing(clock_mhz=mhz))
    assert found.fits and found.met, f"{found.fmax_mhz} MHz"
    assert found.utilisation["DSP"].used == multipliers
    assert found.critical_path is not None and found.critical_path.delay_ns == pytest.approx(
        1e3 / found.fmax_mhz, rel=0.05
    )
    assert found.step_cycles <= reuse_factor and found.sequence_cycles > DEMO.steps
