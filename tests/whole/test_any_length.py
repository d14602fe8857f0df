"""Networks that take sequences of any length in Icarus: the length is that of tlast, and no sequence reads another."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Dense, Elementwise, Network, Pool, Select, Weight, Window, chain, make_activation
from lmu_hls.spec.layers.mean import Mean
from lmu_hls.verify import bench, verilated
from lmu_hls.verify.rtlsim import formulas_of, simulate
from tests.support.lmu_models import N_IN, convert, lmu
from tests.support.make_sim import make
from tests.support.mutants import change
from tests.support.networks import random_weight
from tests.support.random_networks import random_spec_input, random_spec_network
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
    half, thirds = Weight(np.array([1]), FixedType(2, 1)), Weight(np.array([15, 8, 5]), FixedType(5, 1))
    ends = {
        "largest": Pool("end", out, ALL, None, out),
        "average": Mean("end", out, ALL, FixedType(12, 4, True, "RND_CONV", "SAT")),
        "coarse average": Mean("end", out, ALL, FixedType(4, 2, True, "TRN_ZERO", "WRAP")),
        "causal": Select("end", out, Window(STEPS, STEPS, -4, size=3, dilation=2)),
        "same": Select("end", out, Window.opened(STEPS, 2, size=3, centred=True)),
        "reversed": Select("end", out, Window.opened(STEPS, stride=-1)),
        "every other": Select("end", out, Window.opened(STEPS, stride=2)),
        "cut and padded": Select("end", out, Window.opened(STEPS, 1, -1, stride=2, size=2, dilation=2, repeat=True)),
        "pool": Pool("end", out, Window.opened(STEPS, 1, stride=2, size=2, repeat=True, centred=True), None, out),
        "averages": Pool("end", out, Window.opened(STEPS, stride=2, size=2), half, out),
        "averages at the ends": Pool("end", out, Window.opened(STEPS, 2, size=3, centred=True), thirds, out),
        "last": Select("end", out, LAST),
        "every step": Elementwise("relu", out, relu, out),
    }
    return replace(chain("net", drawn.x, STEPS, drawn.n_in, [lmu, head, ends[end]]), any_length=True)


def drawn_design(net, seed=0, **options):
    """With random reuse factors."""
    chosen = with_reuse_factors(np.random.default_rng(seed), net, 60)
    return design(chosen, RtlOptions(**options), chosen.lmus[0].reuse_factor)


def written(net, folder, seed=0, **options):
    """The project, whose vectors are four sequences, one shorter than the other, with random reuse factors."""
    made = drawn_design(net, seed, **options)
    vectors = made.vectors()
    assert vectors.lengths.tolist() == [5, 4, 3, 2]
    made.write(folder)
    return made


CASES = [(seed, None) for seed in range(6)] + [(8, "largest"), (9, "last"), (10, "every step")]
CASES += [(9, "average"), (11, "coarse average"), (12, "causal"), (8, "same"), (10, "reversed"), (11, "every other")]
CASES += [(12, "cut and padded"), (13, "pool"), (14, "averages")]


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
    "steps behind a short sequence": ("same", "rtl/{net}_lmu_window_any.v", "(early || late)", "early"),
    "every step comes out": ("last", "rtl/{net}_top.v", ".KEEP_LAST(1)", ".KEEP_LAST(0)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen(fault, tmp_path):
    end, file, text, instead = FAULTS[fault]
    made = written(network(8, end), tmp_path)
    change(tmp_path / file.format(net=made.plan.name), text, instead)
    assert make(tmp_path).returncode != 0


def test_averages_of_windows_that_reach_over_the_ends():
    with pytest.raises(LmuHlsError, match=r"layer 'end' divides the sum of each window.*padding='valid'"):
        design(network(9, "averages at the ends"), RtlOptions())


@pytest.mark.parametrize("end, steps", [("same", "1 to 5"), ("averages", "2 to 5")])
def test_the_project_says_which_lengths_it_takes(end, steps, tmp_path):
    written(network(14, end), tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert f"A sequence has {steps} steps" in text and ("do not send it" in text) == (end == "averages")


def test_registers_ask_for_as_many_steps():
    assert drawn_design(network(9, "same"), axi_lite=True).plan.outputs[0].counts is None
    with pytest.raises(LmuHlsError, match=r"layer 'end' gives other numbers of steps.*leave AXILite out"):
        drawn_design(network(9, "every other"), axi_lite=True)


def keras_network(kind, steps):
    """A model of every kind of window, and with branches that meet again."""
    keras.utils.set_random_seed(0)
    layers, x = keras.layers, keras.Input((None, N_IN), name="x")
    if kind == "windows":
        h = layers.Conv1D(2, 4, padding="same", strides=2)(x)
        h = layers.MaxPooling1D(2, 1, "same")(layers.Dense(3)(lmu("relu")(h)))
        h = layers.ZeroPadding1D((1, 2))(layers.MaxPooling1D(2, 2, "same")(h))
    elif kind == "both ways":
        h = layers.Bidirectional(layers.GRU(2, return_sequences=True))(lmu("relu")(x))
        h = layers.GRU(2, return_sequences=True, go_backwards=True)(h)
    else:
        h = lmu("relu")(x)[:, 1:]
        h = layers.Add()([h, layers.DepthwiseConv1D(3, padding="same", dilation_rate=2)(h)])[:, ::-1]
        h = layers.AveragePooling1D(2, 2)(h)
    return keras.Model(x, h, name="net")


@pytest.fixture(scope="module", params=["windows", "both ways", "slices"])
def keras_design(request, tmp_path_factory):
    folder, settings = tmp_path_factory.mktemp("keras"), {"Precision": "fixed<14,5>", "ReuseFactor": 8, "Steps": 6}
    network = network_spec(convert(keras_network(request.param, 6), folder, {"Model": settings}))
    made = design(network, RtlOptions(), 8)
    made.write(folder / "verilog")
    return made, folder / "verilog"


def test_every_length_in_the_cycles_of_the_plan(keras_design, simulator, tmp_path):
    """Golden's integers inside, too; the latency of each length is that of its plan, the pace that of the most."""
    made, folder = keras_design
    network, rng = made.network, np.random.default_rng(0)
    lengths = np.arange(network.least_steps, network.steps + 1)
    each = np.concatenate([lengths[::-1], rng.permutation(lengths), [6, 6, 6, 6]])
    x = quantize(rng.uniform(-4, 4, (len(each), network.steps, N_IN)), network.x)
    expected = golden.run(network, x, lengths=each)
    if simulator == "verilator":
        built = verilated.build(made.sources(folder), made.interface, folder, tmp_path)
    else:
        built = bench.build(simulator, made.sources(folder), made.interface, folder, tmp_path)
    for pauses in ({}, {"gap": 0.3, "stall": 0.4}):
        run = built.run(x, lengths=each, trace=True, **pauses)
        assert np.array_equal(run.outputs, expected.output)
        for layer, tensors in run.probes.items():
            assert all(np.array_equal(tensors[name], expected[layer].tensors[name]) for name in tensors)
        if not pauses:
            assert set(np.diff(run.finished[-3:]).tolist()) == {made.plan.cycles.sequence}
    cycles = made.plan.cycles
    idle = built.run(x[: len(lengths)], lengths=each[: len(lengths)], pause=cycles.latency + 2 * cycles.ii)
    latencies = idle.finished - idle.accepted[:, -1]
    for length, latency in zip(each, latencies.tolist(), strict=False):
        plan = design(network.with_steps(int(length)), RtlOptions(), 8).plan
        if units(plan) == units(made.plan):  # a burst of one step needs no queue
            assert latency == plan.cycles.latency
    assert cycles.latency in latencies


def units(plan):
    return [instance.name for instance in plan.net.instances]


@pytest.mark.parametrize("seed", [12, 13])
def test_steps_that_a_history_takes_ahead_are_not_late(seed, tmp_path):
    """A causal convolution reads the input, and is the slowest layer: a sequence begins early, and it is on time."""
    rng, drawn = np.random.default_rng(seed), random_spec_network(seed, 12).with_steps(STEPS)
    x, memory = FixedType(8, 3), replace(drawn.lmus[0], return_sequences=True)
    history = Select("history", x, Window(STEPS, STEPS, -4, size=3, dilation=2))
    kernel = random_weight(rng, 6, drawn.n_in)
    slow = Dense("slow", x, kernel, None, drawn.x, reuse_factor=6 * drawn.n_in)
    net = replace(chain("net", x, STEPS, 2, [history, slow, memory]), any_length=True)
    made = design(net, RtlOptions(), 1)
    made.write(tmp_path)
    lengths = np.array(2 * [5, 5, 1, 5, 2, 1, 1, 5, 5, 5, 5, 3])
    values = random_spec_input(made.network, len(lengths), seed)
    trace = golden.run_samples(made.network, values, lengths=lengths)
    expected = {made.interface.key(port): trace.outputs[port.name] for port in made.interface.outputs}
    expected |= {(layer, name): trace[layer].tensors[name] for layer, name in made.network.observed}
    accelerator = bench.build("icarus", made.sources(tmp_path), made.interface, tmp_path, tmp_path / "work", False)
    formulas = formulas_of(made.plan)
    right, timing, _ = simulate(accelerator, values, expected, formulas, ("net", "icarus"), lengths=lengths)
    assert right.passed and timing.passed and formulas.queues
    wrong = replace(formulas, sequence_cycles=formulas.sequence_cycles + 1, ii_cycles=formulas.ii_cycles + 1)
    assert not simulate(accelerator, values, expected, wrong, ("net", "icarus"), lengths=lengths)[1].passed


@pytest.mark.parametrize("end", ["last", "average"])
def test_two_outputs(end, tmp_path):
    """Every step, and one vector a sequence: the streams end together."""
    net = network(9, end)
    written(Network("net", STEPS, net.inputs, net.nodes, ("head", "end"), any_length=True), tmp_path)
    done = make(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
