"""LSTM, GRU and SimpleRNN layers in the Verilog: golden's integers in the cycles of the formulas."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import Input, Merge, Network, Node, Select, Window, chain
from tests.support.mutants import change
from tests.support.networks import random_recurrent
from tests.support.random_rtl import (
    SimulationError,
    assert_equal,
    check_icarus,
    compile_icarus,
    has_icarus,
    make_case,
    measured_latency,
    run_icarus,
)

pytestmark = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")


def case(first, second, options=None, seed=0, stateful=False):
    """Two cells, the second of which gives its last step."""
    rng = np.random.default_rng(seed)
    one = random_recurrent(rng, first, name="first", units=3)
    two = random_recurrent(rng, second, name="second", x=one.h, n_in=3, units=2, return_sequences=False)
    network = replace(chain("net", one.x, one.steps, one.n_in, [one, two]), stateful=stateful)
    return make_case(network, options or RtlOptions(), rng, 2000)


@pytest.mark.parametrize(
    "first, second, options",
    [
        ("lstm", "gru", RtlOptions(axi_lite=True)),
        ("gru before", "rnn", RtlOptions()),
        ("rnn", "lstm", RtlOptions(streaming=True)),
        ("gru", "gru before", RtlOptions(check_steps=False)),
    ],
)
def test_bits_and_cycles(first, second, options, tmp_path):
    made = case(first, second, options)
    made.write(tmp_path)
    check_icarus(made, tmp_path)


def test_a_stateful_network_keeps_its_state_and_a_fault_is_seen(tmp_path):
    made = case("lstm", "gru", stateful=True)
    made.write(tmp_path / "right")
    compile_icarus(made.plan, tmp_path / "right")
    assert_equal(made.expected, run_icarus(made, tmp_path / "right").tensors)
    made.write(tmp_path / "fault")
    change(tmp_path / f"fault/rtl/{made.plan.top}.v", ".STREAMING(1)", ".STREAMING(0)", several=True)
    compile_icarus(made.plan, tmp_path / "fault")
    with pytest.raises((SimulationError, AssertionError), match="differ"):
        assert_equal(made.expected, run_icarus(made, tmp_path / "fault").tensors)


def both_directions(kind, steps=4, n=3):
    """A layer and one behind the steps in reverse order, turned back, side by side; the last step comes out."""
    x, turn = FixedType(10, 2), Window(steps, steps, steps - 1, stride=-1)
    f, b = (random_recurrent(np.random.default_rng(5), kind, name=k, x=x, n_in=n, units=n, steps=steps) for k in "fb")
    nodes = [Node("f", f, ("x",)), Node("r", Select("r", x, turn), ("x",)), Node("b", b, ("r",))]
    nodes += [
        Node("t", Select("t", b.h, turn), ("b",)),
        Node("m", Merge("m", f.h, b.h, "concatenate", f.h), ("f", "t")),
    ]
    nodes.append(Node("last", Select("last", f.h, Window(steps, 1, steps - 1, vector=True)), ("m",)))
    return Network("net", steps, (Input("x", x, n),), tuple(nodes), ("last",))


def test_bits_and_latency_of_both_directions(tmp_path):
    made = make_case(both_directions("gru"), RtlOptions(), np.random.default_rng(0), 400)
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency


@pytest.mark.parametrize("kind, units", [("gru", 8), ("lstm", 6)])
def test_latency_of_the_first_step_after_a_reset(kind, units, tmp_path):
    """The cell has taken its zeros, of which there are more than cycles between the reset and a first beat."""
    layer = random_recurrent(np.random.default_rng(2), kind, name="cell", n_in=2, units=units, steps=2)
    made = make_case(chain("net", layer.x, 2, 2, [layer]), RtlOptions(), np.random.default_rng(0), 200)
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency


def test_latency_behind_zeros_before_reversed_steps(tmp_path):
    """All steps come in a burst, and the zeros with its first beat: a slower cell works on each of them."""
    steps, x = 3, FixedType(10, 2)
    turn, pad = Window(steps, steps, steps - 1, stride=-1), Window(steps, steps + 3, -2)
    cell = random_recurrent(np.random.default_rng(4), "rnn", name="cell", x=x, n_in=2, units=3, steps=steps + 3)
    cell = replace(cell, return_sequences=False)
    layers = [Select("turned", x, turn), Select("padded", x, pad), cell]
    made = make_case(chain("net", x, steps, 2, layers), RtlOptions(), np.random.default_rng(0), 200)
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency
