"""Slices, flattened, padded and cut sequences, and convolutions in the Verilog: golden's integers, exact cycles."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.backend.design import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import valid_reuse_factors
from lmu_hls.spec import Dense, Input, Merge, Network, Node, Select, Window, chain
from lmu_hls.verify import bench
from lmu_hls.verify.rtlsim import Formulas, simulate
from tests.support.mutants import change
from tests.support.networks import random_lmu, random_weight
from tests.support.random_networks import random_spec_network
from tests.support.random_rtl import SimulationError, check_icarus, compile_icarus, has_icarus, make_case, run_icarus

needs_icarus = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
FLAT, LAST = {"size": 5, "vector": True}, {"first": 4, "vector": True}
WINDOWS = {
    "first": {"first": 0, "vector": True},
    "padded": {"first": -2, "count": 9},
    "cropped": {"first": 2, "count": 2},
    "repeated": {"stride": 0, "count": 7, "first": 4},
    "same": {"first": -1, "count": 5, "size": 3},
    "causal": {"first": -3, "count": 5, "size": 4},
    "dilated": {"first": -4, "count": 5, "size": 3, "dilation": 2},
    "reversed": {"first": 4, "stride": -1, "count": 5},
    "valid": {"stride": 2, "count": 2, "size": 2},
}


def network(window, seed=6, head=True, steps=5):
    rng = np.random.default_rng(seed)
    drawn = random_spec_network(seed, 12).with_steps(steps)
    lmu = replace(drawn.lmus[0], return_sequences=True)
    select = Select("steps", lmu.h, Window(steps, **{"count": 1, **window}))
    layers = [lmu, select]
    if head:
        n = select.width(lmu.units)
        layers.append(Dense("head", lmu.h, random_weight(rng, n, 3), None, FixedType(10, 5)))
    if head and not select.window.vector:
        count = select.window.count
        layers.append(Select("end", layers[-1].out, Window(count, 1, count - 1, vector=True)))
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
@pytest.mark.parametrize("name", ["causal", "dilated"])
def test_causal_windows_of_any_length(name, tmp_path):
    net = replace(network(WINDOWS[name], head=name == "causal"), any_length=True)
    case = make_case(net, RtlOptions(), np.random.default_rng(0), 800)
    case.write(tmp_path)
    check_icarus(case, tmp_path)
    assert "lmu_history" in {item.module for item in case.plan.net.instances}


@needs_icarus
@pytest.mark.parametrize("name", WINDOWS)
def test_windows(name, tmp_path):
    """In front of a Dense layer and the last step, or all that comes out."""
    case = make_case(
        network(WINDOWS[name], head=name not in ("padded", "cropped")), RtlOptions(), np.random.default_rng(0), 2000
    )
    case.write(tmp_path)
    check_icarus(case, tmp_path)


def convolutions(seed=1):
    """A convolution that looks two steps ahead and the way around it, one with a stride, and an LMU."""
    rng, x = np.random.default_rng(seed), FixedType(8, 3)
    first, second = Window(6, 6, -2, size=5), Window(6, 3, -1, stride=2, size=2)
    lmu = replace(random_lmu(rng, steps=3, x=x, n_in=4, memory_d=1, order=2), return_sequences=False)
    nodes = (
        Node("one_window", Select("one_window", x, first), ("in",)),
        Node("one", Dense("one", x, random_weight(rng, 10, 2), random_weight(rng, 2), x), ("one_window",)),
        Node("sum", Merge("sum", x, x, "add", x), ("one", "in")),
        Node("two_window", Select("two_window", x, second), ("sum",)),
        Node("two", Dense("two", x, random_weight(rng, 4, 2), None, x), ("two_window",)),
        Node("cut", Select("cut", x, Window(6, 3, 1, stride=2)), ("in",)),
        Node("both", Merge("both", x, x, "concatenate", x), ("two", "cut")),
        Node("lmu", lmu, ("both",)),
    )
    return Network("net", 6, (Input("in", x, 2),), nodes, ("lmu",))


@needs_icarus
def test_convolutions_beside_a_branch_that_waits_for_them(tmp_path):
    """A branch that looks ahead makes the other one wait; with a shorter queue nothing would come any more."""
    case = make_case(convolutions(), RtlOptions(), np.random.default_rng(0), 2000)
    case.write(tmp_path)
    check_icarus(case, tmp_path)
    top = tmp_path / f"rtl/{case.plan.top}.v"
    depth = next(i.parameters["DEPTH"] for i in case.plan.net.instances if i.name == "sum_in1_fifo")
    change(top, f".DEPTH({depth})) sum_in1_fifo", ".DEPTH(2)) sum_in1_fifo")
    compile_icarus(case.plan, tmp_path)
    with pytest.raises(SimulationError):
        run_icarus(case, tmp_path)


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
    with pytest.raises(LmuHlsError, match="layer 'steps' works on whole sequences"):
        plan_network(network(FLAT), RtlOptions(streaming=True))


@needs_icarus
def test_steps_of_which_few_are_worked_on_slowly_do_not_come_at_one_pace(tmp_path):
    """Two steps are put together for a memory slower than both: sequences keep to the formula."""
    rng = np.random.default_rng(3)
    lmu = random_lmu(rng, steps=3, n_in=4, memory_d=2, order=3, units=3)
    select = Select("steps", lmu.x, Window(6, 3, stride=2, size=2))
    slow = replace(lmu, reuse_factor=valid_reuse_factors(lmu)[-1])
    made = design(chain("pairs", lmu.x, 6, 2, [select, slow]), RtlOptions())
    cycles = made.plan.cycles
    assert cycles.sequence > 6 * 2 and not made.plan.even
    made.write(tmp_path)
    x = rng.integers(made.network.x.min_int, made.network.x.max_int, (6, 6, 2), endpoint=True)
    simulation = bench.build("icarus", made.sources(tmp_path), made.interface, tmp_path, tmp_path / "work")
    trace = golden.run_samples(made.network, x)
    expected = {made.interface.key(port): trace.outputs[port.name] for port in made.interface.outputs}
    expected |= {(layer, name): trace[layer].tensors[name] for layer, name in made.network.observed}
    for even in (False, True):  # as steps at one pace they would be called late
        formulas = Formulas(cycles.ii, cycles.latency, None if even else cycles.sequence)
        comparison, timing, _ = simulate(simulation, x, expected, formulas, ("pairs", "icarus"))
        assert comparison.passed and timing.passed != even
