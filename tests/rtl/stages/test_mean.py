"""The average of a sequence of any length in the Verilog: golden's integers in the cycles of the formulas."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Dense, Window, chain
from lmu_hls.spec.layers.mean import Mean
from tests.support.networks import random_weight
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import check_icarus, has_icarus, make_case

STEPS = 6


def network(out, seed):
    rng, drawn = np.random.default_rng(seed), random_spec_network(seed, 12).with_steps(STEPS)
    lmu = replace(drawn.lmus[0], return_sequences=True)
    mean = Mean("mean", lmu.h, Window(STEPS, 1, size=STEPS, vector=True), FixedType.parse(out))
    head = Dense("head", mean.out, random_weight(rng, lmu.units, 3), None, FixedType(10, 5))
    return chain("net", drawn.x, STEPS, drawn.n_in, [lmu, mean, head])


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
@pytest.mark.parametrize("out, bounds", [("fixed<12,2,RND_CONV,SAT>", False), ("fixed<30,2,RND,WRAP>", True)])
def test_bits_and_cycles(out, bounds, tmp_path):
    """Where the divisions of a sequence take longer than all else, they are its cycles."""
    seed, cycles = (0, 400) if bounds else (8, 2000)
    made = make_case(network(out, seed), RtlOptions(), np.random.default_rng(0), cycles)
    division = next(layer for layer in made.plan.layers if layer.kind == "division")
    assert (made.plan.cycles.sequence == division.ii_cycles) == bounds
    made.write(tmp_path)
    check_icarus(made, tmp_path)


def test_a_sequence_has_no_more_steps_than_its_sum_has_room_for():
    net = make_case(network("fixed<8,2>", 1), RtlOptions(), np.random.default_rng(0)).network
    kinds = (net, RtlOptions()), (net, RtlOptions(check_steps=False)), (replace(net, any_length=True), RtlOptions())
    frames = [
        next(item.parameters for item in plan_network(*kind).net.instances if item.module == "lmu_frame")
        for kind in kinds
    ]
    assert [(frame["STEPS"], frame.get("FEWER", 0)) for frame in frames] == [(STEPS, 0), (STEPS, 1), (STEPS, 1)]


def test_short_sequences_do_not_come_at_the_pace_of_their_steps():
    """Where the divisions of one take longer than a step."""
    net = make_case(network("fixed<30,2>", 0), RtlOptions(), np.random.default_rng(0), 400).network
    whole, short = plan_network(net, RtlOptions()), plan_network(replace(net, any_length=True), RtlOptions())
    assert whole.paced and not short.paced


def test_types_without_fraction_bits_and_sums_that_are_too_wide():
    for out, words in (("fixed<4,6>", "no fraction bits"), ("fixed<62,2>", "exact quotient needs")):
        with pytest.raises(ValueError, match=words):
            network(out, 8)
