"""An LMU whose x goes into the hidden cell ahead of mem: it keeps the pace of its slowest part."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.rtl import loop
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import valid_reuse_factors
from lmu_hls.rtl.stages import lmu as stage
from lmu_hls.spec import Network, chain
from tests.support.networks import random_lmu
from tests.support.random_rtl import (
    Case,
    check_icarus,
    expected_tensors,
    has_icarus,
    measured_latency,
    random_spec_input,
)

pytestmark = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
NO_WAY_BACK = (False, False, True)


def fast(n_in: int, order: int, memory_d: int, units: int) -> Network:
    """A layer at its least ReuseFactor at which the memory has one lane or is the slowest part."""
    sizes = {"steps": 6, "n_in": n_in, "order": order, "memory_d": memory_d, "units": units}
    layer = random_lmu(np.random.default_rng(7), connections=NO_WAY_BACK, **sizes)
    cycles = memory_d * order * (order + 1)
    reuse = min((factor for factor in valid_reuse_factors(layer) if factor >= cycles), default=1)
    layer = replace(layer, reuse_factor=reuse)
    return chain("net", layer.x, layer.steps, n_in, [layer])


def case(network: Network) -> Case:
    x = random_spec_input(network, 3, 1)
    return Case(network, RtlOptions(), x, expected_tensors(network, x, False))


@pytest.mark.parametrize("n_in, order, memory_d, units", [(7, 4, 2, 4), (8, 4, 2, 4), (15, 1, 3, 6)])
def test_bits_and_cycles(n_in, order, memory_d, units, tmp_path):
    made = case(fast(n_in, order, memory_d, units))
    made.write(tmp_path)
    assert (n_in > 7) == any("wait_mem" in item.name for item in made.plan.net.instances)
    check_icarus(made, tmp_path)


@pytest.mark.parametrize("back", [(True, True, True), pytest.param((False, False, True), marks=pytest.mark.thorough)])
def test_bits_and_cycles_of_a_memory_without_multipliers(back, tmp_path):
    layer = random_lmu(np.random.default_rng(3), n_in=4, order=3, memory_d=4, units=3, connections=back)
    layer = replace(layer, adders=True)
    layer = replace(layer, reuse_factor=valid_reuse_factors(layer)[0])
    made = case(chain("net", layer.x, layer.steps, 4, [layer]))
    made.write(tmp_path)
    check_icarus(made, tmp_path)
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency


def test_latency(tmp_path):
    made = case(fast(8, 4, 2, 4))
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency


def test_without_the_queue_it_is_late(tmp_path, monkeypatch):
    for module in (loop, stage):
        monkeypatch.setattr(module, "mem_waits", lambda sizes, lanes: False)
    made = case(fast(8, 4, 2, 4))
    made.write(tmp_path)
    with pytest.raises(AssertionError, match="246 cycles, not 240"):
        check_icarus(made, tmp_path)
