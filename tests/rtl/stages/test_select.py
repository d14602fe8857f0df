"""The last step alone and flattened sequences in the Verilog: golden's integers, in the cycles of the formulas."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.network import RtlOptions, plan_network
from lmu_hls.rtl.reuse import settle
from lmu_hls.spec import Dense, Select, Window, chain
from tests.support.mutants import change
from tests.support.networks import random_weight
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import SimulationError, check_icarus, compile_icarus, has_icarus, make_case, run_icarus

needs_icarus = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
FLAT, LAST = {"size": 5, "vector": True}, {"first": 4, "vector": True}


def network(window, seed=6, head=True, steps=5):
    rng = np.random.default_rng(seed)
    drawn = random_spec_network(seed, 12).with_steps(steps)
    lmu = replace(drawn.lmus[0], return_sequences=True)
    select = Select("steps", lmu.h, Window(steps, **{"count": 1, **window}))
    layers = [lmu, select]
    if head:
        n = select.width(lmu.units)
        layers.append(Dense("head", lmu.h, random_weight(rng, n, 3), None, FixedType(10, 5)))
    return chain("net", drawn.x, steps, drawn.n_in, layers)


@needs_icarus
@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("window", [FLAT, LAST])
def test_bits_and_cycles(window, head, tmp_path):
    case = make_case(network(window, head=head), RtlOptions(check_steps=head), np.random.default_rng(0), 2000)
    case.write(tmp_path)
    check_icarus(case, tmp_path)
    assert not case.plan.every_step


@needs_icarus
def test_a_wrong_length_is_seen(tmp_path):
    """With fewer beats in a vector tlast comes too early."""
    case = make_case(network(FLAT), RtlOptions(), np.random.default_rng(0), 2000)
    case.write(tmp_path)
    count = case.plan.net.instances[-3].parameters["N"]
    change(tmp_path / f"rtl/{case.plan.top}.v", f".N({count}), .STEPS(1)", f".N({count - 1}), .STEPS(1)")
    compile_icarus(case.plan, tmp_path)
    with pytest.raises(SimulationError):
        run_icarus(case, tmp_path)


def test_refusals():
    cut = network({"first": 1, "count": 2})
    with pytest.raises(LmuHlsError, match="gives 2 steps of 5; the Verilog gives all steps or one vector"):
        plan_network(cut)
    with pytest.raises(LmuHlsError, match="layer 'steps': of steps that are cut out, padded, repeated or reversed"):
        plan_network(settle(network({"first": 1, "vector": True}), 1).network)
    with pytest.raises(LmuHlsError, match="layer 'steps' works on whole sequences"):
        plan_network(network(FLAT), RtlOptions(streaming=True))
