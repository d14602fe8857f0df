"""A Dense layer on the multipliers of the LMU layer before it: bits, cycles, and when the planner does that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.rtl.ends import Ports
from lmu_hls.rtl.heads import SharedHead, possible_heads, shared_heads
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import utilisation
from lmu_hls.rtl.reuse import asking, requests, settle
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import LMU, Dense, Layer, Network, Node, chain
from tests.rtl.test_engine import needs_icarus, random_layer
from tests.support.mutants import change
from tests.support.networks import random_lmu, random_type, random_weight
from tests.support.random_rtl import (
    Case,
    SimulationError,
    check_icarus,
    expected_tensors,
    measured_latency,
    random_spec_input,
)

ONE_VALUE = Ports()


def with_head(rng: np.random.Generator, lmu: LMU, every: bool) -> Network:
    """The layer with a Dense layer behind it, for ``every`` step or for the last one."""
    lmu, rows = replace(lmu, return_sequences=every), int(rng.integers(1, 7))
    bias = random_weight(rng, rows) if rng.integers(2) else None
    head = Dense("head", lmu.h, random_weight(rng, lmu.units, rows), bias, random_type(rng))
    return chain("net", lmu.x, lmu.steps, lmu.n_in, [lmu, head])


def on_one_engine(network: Network, lanes: int, streaming: bool = False) -> tuple[Network, SharedHead]:
    """The network that asks for that; ``lanes`` as far as that many are possible."""
    (head,) = possible_heads(network, streaming, ONE_VALUE)
    cycles = head.with_lanes(head.possible[(lanes - 1) % len(head.possible)]).sizes.cycles
    network = asking(network, cycles)
    return network, shared_heads(network, streaming, ONE_VALUE)["lmu"]


def case_of(network: Network, streaming: bool = False) -> Case:
    x = random_spec_input(network, 4, 1)
    return Case(network, RtlOptions(streaming=streaming), x, expected_tensors(network, x, streaming))


@needs_icarus
@pytest.mark.parametrize("seed", range(16))
def test_bits_and_cycles(seed: int, tmp_path: Path) -> None:
    """Every fourth in streaming mode, half of the others with a head of the last step alone."""
    rng, streaming = np.random.default_rng(seed), seed % 4 == 3
    network, head = on_one_engine(with_head(rng, random_layer(rng), seed % 2 == 0), 1 + seed // 2, streaming)
    case = case_of(network, streaming)
    assert (case.plan.multipliers, case.plan.cycles.ii) == (head.sizes.lanes, head.sizes.cycles)
    case.write(tmp_path)
    check_icarus(case, tmp_path)


@needs_icarus
@pytest.mark.parametrize("every", [False, True])
def test_latency(every: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    network, _ = on_one_engine(with_head(rng, random_layer(rng), every), 1)
    case = case_of(network)
    assert measured_latency(case, tmp_path) == case.plan.cycles.latency
    assert case.plan.even == every


FAULTS = {
    "h read too early": (": WAIT_OUT[WAIT_CW-1:0];", ": 0;"),
    "a head of every step": ("LAST_ONLY == 0 || last_q", "1'b1"),
    "h in the place of out": ("HEAD != 0 ? OUT : H;", "H;"),
    "out in the place of h": ("write && result_kind_q != OUT &&", "write &&"),
    "no more lanes than for h": ("due_kind == H ? h_left : OUT_REST[LANE_CW-1:0]", "h_left"),
}


@needs_icarus
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tmp_path: Path) -> None:
    """More values of the head than there are places behind h."""
    rng, every = np.random.default_rng(2), fault != "a head of every step"
    lmu = random_lmu(rng, steps=3, n_in=2, memory_d=2, order=3, units=3, connections=(True, True, True))
    assert lmu.hidden is not None
    lmu = replace(lmu, hidden=replace(lmu.hidden, kernel_h=random_weight(rng, 3, 3)), return_sequences=every)
    head = Dense("head", lmu.h, random_weight(rng, 3, 12), random_weight(rng, 12), lmu.h)
    network, _ = on_one_engine(chain("net", lmu.x, lmu.steps, lmu.n_in, [lmu, head]), 2)
    case = case_of(network)
    case.write(tmp_path)
    change(tmp_path / "rtl/net_lmu_engine.v", *FAULTS[fault])
    with pytest.raises((AssertionError, SimulationError)):
        check_icarus(case, tmp_path)


def small(every: bool = False, rows: int = 5, n_in: int = 12) -> Network:
    lmu = random_lmu(np.random.default_rng(0), steps=10, n_in=n_in, connections=(False, False, True))
    head = Dense("head", lmu.h, random_weight(np.random.default_rng(1), lmu.units, rows), None, lmu.h)
    return chain("net", lmu.x, lmu.steps, lmu.n_in, [replace(lmu, return_sequences=every), head])


@pytest.mark.parametrize(("every", "streaming"), [(False, False), (True, False), (False, True)])
def test_the_planner_takes_the_fewest_multipliers(every: bool, streaming: bool) -> None:
    """Against both layers by themselves and all that one engine can do; at least 90 % busy where one is enough."""
    network = small(every)
    (head,) = possible_heads(network, streaming, ONE_VALUE)
    for request in requests(network, streaming):
        settled = settle(asking(network, request), request, streaming)
        plan = plan_network(settled.network, RtlOptions(streaming=streaming))
        assert (plan.multipliers, plan.cycles.sequence <= request * network.steps) == (settled.multipliers, True)
        assert plan.cycles.ii <= settled.cycles <= request
        shared = [lanes for lanes, cycles in head.choices.items() if cycles <= request]
        assert plan.multipliers <= min(shared, default=99)
    assert plan.multipliers == 1 and utilisation(plan) > 0.9
    assert settled.cycles == settled.most_cycles == max(head.choices.values())
    assert [(layer.name, layer.multipliers) for layer in plan.layers] == [("lmu", 1), ("head", 0)]


def test_a_network_asks_again_for_what_it_was_given() -> None:
    """With the ReuseFactors of the layers as their own, whatever is asked of the whole."""
    most = requests(small())[-1]
    settled = settle(asking(small(), most), most)
    again = settle(settled.network, most + 1)
    asked = [[stage_of(layer).reuse_factor for layer in each.network.layers] for each in (settled, again)]
    assert asked[0] == asked[1] and (again.multipliers, again.cycles, again.own) == (1, settled.cycles, 2)


def test_a_reuse_factor_that_the_dense_layer_can_take_is_its_own() -> None:
    """As many rows as make the Dense layer as slow as the engine by itself."""
    cycles = possible_heads(small(n_in=11), False, ONE_VALUE)[0].with_lanes(1).sizes.cycles
    network = asking(small(rows=cycles // 4, n_in=11), cycles)
    (head,) = possible_heads(network, False, ONE_VALUE)
    assert cycles % 4 == 0 and 1 not in head.possible
    assert shared_heads(network, False, ONE_VALUE) == {} and plan_network(network).multipliers == 2


def impossible() -> dict[str, tuple[Network, Ports]]:
    """Dense layers that keep their own multipliers."""
    network = small()
    lmu, dense = network.layers
    assert isinstance(lmu, LMU) and isinstance(dense, Dense)

    def chained(*layers: Layer) -> Network:
        return chain("net", lmu.x, lmu.steps, lmu.n_in, layers)

    second = replace(lmu, name="second", return_sequences=False)
    before = Dense("before", lmu.x, random_weight(np.random.default_rng(2), 12, 12), None, lmu.x)
    copies = (*network.nodes, Node("more", replace(dense, name="more"), ("lmu",)))
    return {
        "several values a beat": (network, Ports(2)),
        "blocks left out": (chained(lmu, replace(dense, compression=True)), ONE_VALUE),
        "no engine": (chained(replace(lmu, compression=True), dense), ONE_VALUE),
        "something slower before a head of the last step": (chained(before, second, dense), ONE_VALUE),
        "h read twice": (replace(network, nodes=copies, outputs=("head", "more")), ONE_VALUE),
        "h given": (replace(network, outputs=("lmu", "head")), ONE_VALUE),
    }


@pytest.mark.parametrize("name", impossible())
def test_other_layers_keep_their_own_multipliers(name: str) -> None:
    network, ports = impossible()[name]
    assert [head for head in possible_heads(network, False, ports) if head.dense == "head"] == []
