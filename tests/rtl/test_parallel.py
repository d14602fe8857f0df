"""Layers with whole vectors for beats, and streams of several values a beat: bits and cycles in Icarus, the plan."""

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl import converters
from lmu_hls.rtl.ends import AUTO, Ports
from lmu_hls.rtl.matrix import Columns, turns_of
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.parallel import layers
from lmu_hls.rtl.parallel.cycles import units_of
from lmu_hls.rtl.reuse import choose_lanes, settle, valid_reuse_factors
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import Activation, Dense, DenseCell, Elementwise, Network, Recurrent, Weight, chain
from lmu_hls.toolchain import find, simulator_env
from tests.support.mutants import change
from tests.support.networks import (
    make_activation,
    random_cell,
    random_lmu,
    random_recurrent,
    random_type,
    random_weight,
)
from tests.support.random_rtl import (
    Case,
    SimulationError,
    check_icarus,
    compile_icarus,
    expected_tensors,
    flip_bit,
    has_icarus,
    measured_latency,
    random_spec_input,
)

icarus_only = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
FORWARD, FROM_H, FROM_BOTH = (False, False, True), (True, False, True), (True, True, True)
STEPS = 6


def network(connections=FORWARD, n_in=5, units=4, head=3, last=False, seed=7) -> Network:
    """An LMU of two channels of order 3, and a Dense head."""
    rng = np.random.default_rng(seed)
    sizes = {"steps": STEPS, "n_in": n_in, "order": 3, "memory_d": 2, "units": units}
    lmu = random_lmu(rng, connections=connections, return_sequences=not last, **sizes)
    kernel, bias = random_weight(rng, lmu.units, head), random_weight(rng, head)
    return chain("net", lmu.x, STEPS, n_in, [lmu, Dense("head", lmu.h, kernel, bias, random_type(rng))])


def asking(of: Network, cycles: int) -> Network:
    asked = {layer.name: replace(layer, reuse_factor=cycles) for layer in of.layers if hasattr(layer, "reuse_factor")}
    return of.map_layers(asked)


def case(of: Network, cycles: int, per_beat: int = AUTO, sequences: int = 3, axi_lite: bool = False) -> Case:
    """At most so many cycles a step, where that is possible."""
    settled = settle(asking(of, cycles), cycles, ports=Ports(per_beat))
    x = random_spec_input(settled.network, sequences, 1)
    options = RtlOptions(values_per_beat=per_beat, axi_lite=axi_lite)
    made = Case(settled.network, options, x, expected_tensors(settled.network, x, False))
    assert made.plan.cycles.ii == settled.cycles
    assert made.plan.multipliers == settled.multipliers
    return made


def with_own_h(of: Network) -> Network:
    """Its LMU's cell reads its own h, too."""
    lmu = of.layers[0]
    kernel = random_weight(np.random.default_rng(1), lmu.units, lmu.units)
    return of.map_layers({lmu.name: replace(lmu, hidden=replace(lmu.hidden, kernel_h=kernel))})


def with_tail(of: Network, layers: int) -> Network:
    """So many Dense layers more behind it."""
    rng = np.random.default_rng(4)
    for k in range(layers):
        last = of.layers[-1]
        kernel = random_weight(rng, last.units, 6)
        of = of.with_layers((*of.layers, Dense(f"tail{k}", last.out, kernel, None, random_type(rng))))
    return of


def with_relu() -> Network:
    """A relu behind the head, and another Dense layer."""
    of, rng = network(head=6), np.random.default_rng(2)
    relu = Elementwise("act", of.layers[-1].out, Activation("relu"), random_type(rng))
    return of.with_layers((*of.layers, relu, Dense("tail", relu.out, random_weight(rng, 6, 3), None, random_type(rng))))


def recurrent() -> Network:
    """A SimpleRNN layer."""
    rng = np.random.default_rng(3)
    h = random_type(rng)
    kernels = random_weight(rng, 5, 4), random_weight(rng, 4, 4)
    table = make_activation("tanh", FixedType(5, 3), h)
    cell = DenseCell(kernels[0], None, None, random_type(rng), table, kernels[1])
    layer = Recurrent("rnn", STEPS, random_type(rng), cell, h, True, 1)
    return chain("net", layer.x, STEPS, 5, [layer])


def gated(kind: str, units: int = 4) -> Network:
    """A layer of gated cells."""
    layer = random_recurrent(np.random.default_rng(7), kind, n_in=5, units=units, steps=STEPS)
    return chain("net", layer.x, STEPS, 5, [layer])


def with_gates(of: Network, kind: str, seed: int = 3) -> Network:
    """Its LMU has such a cell."""
    lmu = of.layers[0]
    cell = random_cell(np.random.default_rng(seed), kind, lmu.memory_d * lmu.order, lmu.n_in, lmu.units, lmu.h)
    return of.map_layers({lmu.name: replace(lmu, hidden=cell)})


def wide(value: int, coefficient: int) -> Network:
    """A Dense layer behind the head whose values and weights have so many bits."""
    of, rng = network(head=5), np.random.default_rng(5)
    lmu, head = of.layers
    head = replace(head, out=FixedType(value, 3))
    kind = FixedType(coefficient, 3)
    kernel = Weight(rng.integers(kind.min_int, kind.max_int + 1, (5, 3)), kind)
    return of.with_layers((lmu, head, Dense("tail", head.out, kernel, random_weight(rng, 3), random_type(rng))))


CASES = {
    "one cycle a step": (network(), 1, AUTO),
    "two values a beat": (network(n_in=7), 4, 2),
    "without a cell": (network(units=None), 3, AUTO),
    "the last step": (network(last=True), 2, 4),
    "feedback of h": (network(FROM_H), 1, AUTO),
    "feedback of both": (network(FROM_BOTH), 1, AUTO),
    "own h": (with_own_h(network()), 1, AUTO),
    "an activation as a layer": (with_relu(), 1, AUTO),
    "SimpleRNN": (recurrent(), 1, AUTO),
    "all registers": (network(), 7, 8),
    "values beyond a multiplier": (wide(21, 7), 1, AUTO),
    "weights beyond a multiplier": (wide(9, 19), 2, AUTO),
    "factors beyond a multiplier": (wide(20, 23), 3, AUTO),
    "LSTM": (gated("lstm"), 1, AUTO),
    "GRU": (gated("gru"), 1, AUTO),
    "LMU with GRU": (with_gates(network(), "gru"), 1, AUTO),
    "LMU with LSTM": (with_gates(network(), "lstm"), 1, AUTO),
    "LMU with LSTM, feedback": (with_gates(network(FROM_BOTH), "lstm"), 30, AUTO),
}


@icarus_only
@pytest.mark.parametrize("name", CASES)
def test_bits_and_cycles(name, tmp_path):
    made = case(*CASES[name])
    made.write(tmp_path)
    units = {item.module for item in made.plan.net.instances}
    assert "lmu_matvec" in units and not units & {"lmu_affine", "lmu_encoder", "lmu_recurrent"}
    check_icarus(made, tmp_path)


@icarus_only
@pytest.mark.parametrize(
    "name", ["one cycle a step", "two values a beat", "feedback of both", "LSTM", "GRU", "factors beyond a multiplier"]
)
def test_latency(name, tmp_path):
    made = case(*CASES[name], sequences=4)
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency


def test_a_gru_that_resets_before_the_product_takes_single_values():
    assert stage_of(gated("gru before").layers[0]).parallel is None
    assert stage_of(with_gates(network(), "gru before").layers[0]).parallel is None


@icarus_only
def test_with_registers(tmp_path):
    made = case(network(n_in=5), 1, AUTO, axi_lite=True)
    made.write(tmp_path)
    assert [end.together for end in made.plan.inputs] == [8]
    check_icarus(made, tmp_path)


@icarus_only
def test_a_wrong_coefficient_is_seen(tmp_path):
    made = case(*CASES["one cycle a step"])
    made.write(tmp_path)
    flip_bit(made, tmp_path, "lmu_hidden")
    with pytest.raises((AssertionError, SimulationError), match="differ"):
        check_icarus(made, tmp_path)


@icarus_only
def test_a_shorter_queue_of_x_is_late(tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "steps_ahead", lambda sizes, lanes: 2)
    made = case(*CASES["one cycle a step"])
    made.write(tmp_path)
    with pytest.raises(AssertionError, match="cycles, not 6"):
        check_icarus(made, tmp_path)


@icarus_only
def test_values_in_another_order_are_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(converters, "_gather", backwards(converters._gather))
    made = case(*CASES["two values a beat"])
    made.write(tmp_path)
    with pytest.raises((AssertionError, SimulationError), match="differ"):
        check_icarus(made, tmp_path)


def backwards(gather):
    """The values of a gathered step are taken for those in the other direction."""

    def wrong(net, name, x):
        out = gather(net, name, x)
        return replace(out, order=tuple(reversed(range(out.count))))

    return wrong


def test_it_is_not_chosen_with_one_value_a_beat():
    narrow = settle(asking(network(), 2), 2)
    assert narrow.remark is not None and "out of reach" in narrow.remark
    assert narrow.remark.endswith(" With ValuesPerBeat: auto, 1 are possible.")
    assert not [item for item in plan_network(narrow.network).net.instances if item.module == "lmu_matvec"]


def test_it_is_chosen_only_below_what_single_values_allow():
    lmu = network().layers[0]
    least = valid_reuse_factors(lmu)[0]
    assert not isinstance(choose_lanes(lmu, least, parallel=True), Columns)
    assert isinstance(choose_lanes(lmu, 1, parallel=True), Columns)
    with pytest.raises(LmuHlsError, match="ReuseFactor 1 is not possible"):
        choose_lanes(lmu, 1)


@pytest.mark.parametrize("cycles", [1, 2, 3, 5, 8])
def test_the_fewest_multipliers(cycles):
    """Of the layer's own cycles, and of no choice with fewer multipliers."""
    form = stage_of(network().layers[0]).parallel
    found = form.search.at_most(cycles)
    assert found is not None and found.cycles <= cycles
    pace = form.pace(5, found.lanes)
    assert pace.ii == found.cycles
    for part, at_once in found.lanes.items():
        columns = {"encoder": 5, "memory": 4, "hidden": 11}[part]
        fewer = [each for each in turns_of(columns) if each < at_once]
        assert all(form.pace(5, Columns(found.lanes | {part: each})).ii > cycles for each in fewer)


def test_the_memory_has_the_registers_that_cost_no_cycle():
    lanes = {"encoder": 1, "memory": 4, "hidden": 3}  # 5, 1 and 4 turns
    sizes = {name: stage_of(network(back).layers[0]).sizes for name, back in (("no", FORWARD), ("h", FROM_H))}
    assert units_of(sizes["no"], lanes | {"hidden": 11}).memory.pipeline == 3
    assert units_of(sizes["no"], lanes | {"encoder": 5}).memory.pipeline == 3
    assert units_of(sizes["no"], lanes | {"encoder": 3, "hidden": 11}).memory.pipeline == 1
    assert units_of(sizes["no"], lanes | {"encoder": 5, "hidden": 11}).memory.pipeline == 0
    assert units_of(sizes["h"], lanes).memory.pipeline == 0
    assert [units_of(sizes["h"], lanes | {"memory": each}).memory.cycles for each in (1, 2, 4)] == [7, 3, 1]


def test_values_of_a_beat():
    assert [Ports(AUTO).together(12, 16, cycles) for cycles in (12, 6, 5, 3, 2, 1)] == [1, 2, 4, 4, 8, 16]
    assert [Ports(beat).together(12, 16, 1) for beat in (1, 4, 16, 64)] == [1, 4, 16, 16]
    assert turns_of(12) == {1: 12, 2: 6, 3: 4, 4: 3, 6: 2, 12: 1}


def test_a_bus_that_a_dma_serves():
    ports = RtlOptions(axi_lite=True, values_per_beat=AUTO).ports
    assert [ports.together(values, width, 1) for values, width in ((40, 16), (40, 17), (3, 8))] == [32, 16, 4]
    with pytest.raises(LmuHlsError, match=r"64 values of 16 bits are more than the 512 bits of a bus .*; use 32"):
        RtlOptions(axi_lite=True, values_per_beat=64).ports.together(60, 12, 1)


def test_ports():
    (end,) = case(network(n_in=7), 4, 2).plan.inputs
    assert (end.together, end.beats, end.bus) == (2, 4, 2 * end.slot)
    assert end.taken.count("tdata") == 2 and len(end.padding) == (2 if end.slot > end.type.width else 0)


@pytest.mark.parametrize("word, values", [("auto", AUTO), (1, 1), (8, 8)])
def test_words(word, values):
    options = RtlOptions.from_config({"ValuesPerBeat": word})
    assert options.values_per_beat == values
    assert RtlOptions.from_config(options.config) == options


@pytest.mark.parametrize("word", [0, 3, -2, True, "many", 1.5])
def test_no_such_values(word):
    with pytest.raises(LmuHlsError, match=r"ValuesPerBeat=.* is not possible; use 'auto' or a power of two"):
        RtlOptions.from_config({"ValuesPerBeat": word})


def cycles_of_all(made: Case, folder) -> int:
    """Of the whole run at full speed, from the first beat in to the last one out."""
    made.write(folder)
    compile_icarus(made.plan, folder)
    done = subprocess.run(["vvp", "-n", "build/sim.vvp"], cwd=folder, capture_output=True, text=True, check=True)
    return int(re.search(r"beats in (\d+) cycles", done.stdout)[1])


@icarus_only
def test_many_sequences_at_once(tmp_path, monkeypatch):
    """Sequences of one step: as many are under way as the latency has cycles."""
    made = case(with_tail(network(head=6).with_steps(1), 2), 1, AUTO, sequences=80)
    cycles = made.plan.cycles
    assert cycles.latency > 30 and cycles.sequence == 1
    assert cycles_of_all(made, tmp_path / "deep") <= 80 + cycles.latency + 3
    monkeypatch.setattr("lmu_hls.rtl.network.deepen_framing", lambda net, sequences: None)
    assert cycles_of_all(made, tmp_path / "shallow") > 80 + cycles.latency + 3


@pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
def test_lint(tmp_path):
    """No warning in what is written, and one for a bit that nobody reads."""
    for number, name in enumerate(("two values a beat", "feedback of both")):
        case(*CASES[name]).write(tmp_path / str(number))
        assert "%Warning" not in linted(tmp_path / str(number))
    change(tmp_path / "0/rtl/net_lmu_memory_parallel.v", "wire unused_limited = &{1'b0, limited};", "")
    assert "UNUSEDSIGNAL" in linted(tmp_path / "0")


def linted(project) -> str:
    """What Verilator says of a written project."""
    command = ["make", "-s", "lint"]
    done = subprocess.run(command, cwd=project, env=simulator_env("verilator"), capture_output=True, text=True)
    return done.stdout + done.stderr
