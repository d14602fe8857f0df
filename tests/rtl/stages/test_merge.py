"""Branches in the Verilog: golden's integers in the cycles of the formulas, and queues that never block."""

import re
from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl import network as planning
from lmu_hls.rtl.branches import queue_depths
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import settle, valid_reuse_factors
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import Dense, Input, Merge, Network, Node, Pool, Select, Window
from tests.support.networks import random_lmu, random_weight
from tests.support.random_networks import random_spec_input
from tests.support.random_rtl import (
    Case,
    SimulationError,
    assert_equal,
    check_icarus,
    compile_icarus,
    expected_tensors,
    has_icarus,
    make_case,
    run_icarus,
)

needs_icarus = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
WIDE = 6  # more than fit into the smallest queue
STEPS, X, H = 4, FixedType(8, 3), FixedType(9, 4)


def lmu(rng, name, n_in, units=3, last=False):
    """With an input of the type X and h of the type H."""
    drawn = random_lmu(rng, name=name, steps=STEPS, x=X, n_in=n_in, memory_d=1, order=2, units=units)
    return replace(drawn, h=X, return_sequences=not last)


def residual():
    """x -> Dense -> LMU + itself -> LMU + itself -> last step -> Dense: two queues, one behind the other."""
    rng = np.random.default_rng(3)
    first = Dense("first", X, random_weight(rng, 2, WIDE), None, X)
    one, two = lmu(rng, "one", WIDE, WIDE), lmu(rng, "two", WIDE, WIDE)
    plus, more = Merge("plus", X, X, "add", X), Merge("more", X, X, "add", H)
    last = Select("last", H, Window(STEPS, 1, STEPS - 1, vector=True))
    head = Dense("head", H, random_weight(rng, WIDE, 2), None, H)
    nodes = (
        Node("first", first, ("in",)),
        Node("one", one, ("first",)),
        Node("plus", plus, ("one", "first")),
        Node("two", two, ("plus",)),
        Node("more", more, ("two", "plus")),
        Node("last", last, ("more",)),
        Node("head", head, ("last",)),
    )
    return Network("net", STEPS, (Input("in", X, 2),), nodes, ("head",))


def every_operation():
    """Inputs of two types, every operation on them, and their results side by side; one layer reads a stream twice."""
    rng = np.random.default_rng(4)
    one, other = lmu(rng, "one", 2), Dense("other", X, random_weight(rng, 2, 3), None, H)
    operations = ("subtract", "multiply", "maximum", "minimum", "average")
    merged = [Merge(name, X, H, name, FixedType(7 + k, 4)) for k, name in enumerate(operations)]
    nodes = [
        Node("one", one, ("in",)),
        Node("other", other, ("in",)),
        Node("twice", Merge("twice", X, X, "add", H), ("one", "one")),
    ]
    nodes += [Node(layer.name, layer, ("one", "other")) for layer in merged]
    before, kind = "twice", H
    for k, layer in enumerate(merged):
        out = FixedType(12, 5) if k % 2 else FixedType(11, 4)
        nodes.append(Node(f"beside{k}", Merge(f"beside{k}", kind, layer.out, "concatenate", out), (before, layer.name)))
        before, kind = f"beside{k}", out
    return Network("net", STEPS, (Input("in", X, 2),), tuple(nodes), (before,))


def pooled(wide, outs, back):
    """``wide`` x beside what a Dense layer makes of them, the larger of every two of five such steps, and of these a
    Dense layer of 2 * ``wide`` * ``outs`` cycles, the slowest one, before an LMU, which takes its own mem and h, too,
    where it goes ``back``."""
    rng, window = np.random.default_rng(outs), Window(5, 2, stride=2, size=2)
    first = Dense("first", X, random_weight(rng, wide, wide), None, X, reuse_factor=wide)
    slow = Dense("slow", X, random_weight(rng, 2 * wide, outs), None, X, reuse_factor=2 * wide * outs)
    last = random_lmu(rng, steps=2, x=X, n_in=outs, memory_d=1, order=2, units=3, connections=(back, back, False))
    nodes = (
        Node("first", first, ("in",)),
        Node("beside", Merge("beside", X, X, "concatenate", X), ("in", "first")),
        Node("pool", Pool("pool", X, window, None, X), ("beside",)),
        Node("slow", slow, ("pool",)),
        Node("lmu", replace(last, reuse_factor=valid_reuse_factors(last)[0]), ("slow",)),
    )
    return Network("net", window.steps, (Input("in", X, wide),), nodes, ("lmu",))


def behind_branches(wide, outs, back):
    network = pooled(wide, outs, back)
    x = random_spec_input(network, 3, outs)
    return Case(network, RtlOptions(), x, expected_tensors(network, x, endless=False))


def case(network, **options):
    return make_case(network, RtlOptions(**options), np.random.default_rng(0), 2000)


@needs_icarus
@pytest.mark.parametrize("build, streaming", [(residual, False), (residual, True), (every_operation, False)])
def test_bits_and_cycles(build, streaming, tmp_path):
    made = case(build(), streaming=streaming)
    made.write(tmp_path)
    check_icarus(made, tmp_path)


@needs_icarus
def test_a_shallow_queue_blocks_and_a_wrong_operation_is_seen(tmp_path):
    made = case(residual())
    made.write(tmp_path)
    top = tmp_path / f"rtl/{made.plan.top}.v"
    text = top.read_text()
    queue = re.compile(r"(\.DEPTH\()(\d+)(\)(?:[^;]*?)plus_in1_fifo)", re.DOTALL)
    assert len(queue.findall(text)) == 1 and int(queue.findall(text)[0][1]) >= WIDE
    for wrong in (queue.sub(r"\g<1>1\g<3>", text), text.replace(".OP(0)", ".OP(1)", 1)):
        top.write_text(wrong)
        compile_icarus(made.plan, tmp_path)
        with pytest.raises((SimulationError, AssertionError)):
            assert_equal(made.expected, run_icarus(made, tmp_path).tensors)


SHORT, HELD = (3, 6, False), (1, 20, True)


@needs_icarus
@pytest.mark.parametrize("wide, outs, back", [SHORT, HELD, (3, 7, False), (2, 7, False), (4, 5, False), (1, 24, True)])
def test_what_stands_before_the_slowest_layer_and_behind_it_is_not_in_its_way(wide, outs, back, tmp_path):
    made = behind_branches(wide, outs, back)
    made.write(tmp_path)
    check_icarus(made, tmp_path)


@needs_icarus
@pytest.mark.parametrize(
    "of, function, fault",
    [
        (SHORT, "is_even", lambda *_: True),  # a queue for the mean pace
        (HELD, "eased", lambda net, name, branch, *_: branch),  # none for x that comes while mem and h are taken
    ],
)
def test_without_their_queues_it_is_late(of, function, fault, monkeypatch, tmp_path):
    monkeypatch.setattr(planning, function, fault)
    with pytest.raises(AssertionError, match=r"\d+ cycles, not \d+"):
        test_what_stands_before_the_slowest_layer_and_behind_it_is_not_in_its_way(*of, tmp_path)


def test_queues():
    pair, beside = (stage_of(Merge("m", X, X, kind, H)).taken for kind in ("add", "concatenate"))
    now = [0, 1, 2]
    assert queue_depths([now, now], pair, 6) == [0, 0]
    assert queue_depths([[10, 11, 12], now], pair, 6) == [0, 3 + 6]  # of two steps, and one more
    assert queue_depths([now, [10, 20, 30]], pair, 40) == [3 + 3, 0]
    assert queue_depths([now, now], beside, 6) == [0, 2 + 3]
    assert queue_depths([now, [10, 11, 12]], beside, 6)[1] == 0


def test_what_the_verilog_does_not_have():
    network = residual()
    layer = replace(network.nodes[2].layer, x0=FixedType(40, 40), x1=FixedType(40, 4))
    with pytest.raises(LmuHlsError, match=r"layer 'plus': of .* the exact result cannot be held"):
        _ = stage_of(layer).exact
    assert settle(network, 1).network.nodes[3].layer.reuse_factor > 1
