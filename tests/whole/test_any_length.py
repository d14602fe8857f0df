"""Networks that take sequences of any length in Icarus: the length is that of tlast, and no sequence reads another."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Dense, Elementwise, Network, Pool, Select, Window, chain, make_activation
from lmu_hls.spec.layers.mean import Mean
from tests.support.make_sim import make
from tests.support.mutants import change
from tests.support.networks import random_weight
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import has_icarus, with_reuse_factors

pytestmark = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
STEPS = 5
ALL, LAST = Window(STEPS, 1, size=STEPS, vector=True), Window(STEPS, 1, STEPS - 1, vector=True)


def network(seed, end=None):
    """A drawn chain; with an ``end`` its first layer, a Dense layer on every step, and that."""
    drawn = random_spec_network(seed, 12).with_steps(STEPS)
    if end is None:
        return replace(drawn, any_length=True)
    lmu, out = replace(drawn.lmus[0], return_sequences=True), FixedType(9, 4)
    head = Dense("head", lmu.h, random_weight(np.random.default_rng(seed), lmu.units, 3), None, out)
    relu = make_activation("relu", out, None)
    ends = {
        "largest": Pool("end", out, ALL, None, out),
        "average": Mean("end", out, ALL, FixedType(12, 4, True, "RND_CONV", "SAT")),
        "coarse average": Mean("end", out, ALL, FixedType(4, 2, True, "TRN_ZERO", "WRAP")),
        "causal": Select("end", out, Window(STEPS, STEPS, -4, size=3, dilation=2)),
        "last": Select("end", out, LAST),
        "every step": Elementwise("relu", out, relu, out),
    }
    return replace(chain("net", drawn.x, STEPS, drawn.n_in, [lmu, head, ends[end]]), any_length=True)


def written(net, folder, seed=0, **options):
    """The project, whose vectors are four sequences, one shorter than the other, with random reuse factors."""
    chosen = with_reuse_factors(np.random.default_rng(seed), net, 60)
    made = design(chosen, RtlOptions(**options), chosen.lmus[0].reuse_factor)
    vectors = made.vectors()
    assert vectors.lengths.tolist() == [5, 4, 3, 2]
    made.write(folder)
    return made


CASES = [(seed, None) for seed in range(6)] + [(8, "largest"), (9, "last"), (10, "every step")]
CASES += [(9, "average"), (11, "coarse average"), (12, "causal")]


@pytest.mark.parametrize("seed, end", CASES, ids=[f"{seed}-{end}" for seed, end in CASES])
def test_the_length_is_that_of_tlast(seed, end, tmp_path):
    made = written(network(seed, end), tmp_path, seed, axi_lite=seed == 9)
    assert made.plan.steps == 0
    done = make(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


FAULTS = {
    "the pool goes on": ("largest", "rtl/{net}_lmu_pool.v", "SIZE == 0 ? s_axis_tlast", "SIZE == 0 ? 1'b0"),
    "steps are not counted": ("average", "rtl/{net}_lmu_average.v", "{sums, steps};", "{sums, {COUNT_W{1'b1}}};"),
    "steps of the sequence before": ("causal", "rtl/{net}_lmu_history.v", "ends ? {SLOT_W{1'b0}} :", "0 ? 0 :"),
    "every step comes out": ("last", "rtl/{net}_top.v", ".KEEP_LAST(1)", ".KEEP_LAST(0)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen(fault, tmp_path):
    end, file, text, instead = FAULTS[fault]
    made = written(network(8, end), tmp_path)
    change(tmp_path / file.format(net=made.plan.name), text, instead)
    assert make(tmp_path).returncode != 0


def test_windows_that_the_verilog_does_not_take():
    net = network(9, "causal")
    causal = net.node("end").layer
    window = Window(STEPS, STEPS, -1, size=3, pad=2, centred=True, open=True)
    changed = net.map_layers({"end": replace(causal, window=window)})
    with pytest.raises(LmuHlsError, match=r"layer 'end' reads windows of sequences of any length.*padding='causal'"):
        design(changed, RtlOptions())


@pytest.mark.parametrize("end", ["last", "average"])
def test_two_outputs(end, tmp_path):
    """Every step, and one vector a sequence: the streams end together."""
    net = network(9, end)
    written(Network("net", STEPS, net.inputs, net.nodes, ("head", "end"), any_length=True), tmp_path)
    done = make(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
