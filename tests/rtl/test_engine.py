"""One engine for all parts of an LMU layer: every bit, its cycles, and no value read before it is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmu_hls.rtl.cells import Lanes
from lmu_hls.rtl.engine import ENGINE, EngineSizes, Head
from lmu_hls.rtl.engine_unit import engine_sizes, operand_places
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import choose_lanes, settle, valid_reuse_factors
from lmu_hls.spec import LMU, Network, chain
from tests.support.mutants import change
from tests.support.networks import random_cell, random_lmu, random_weight
from tests.support.random_rtl import (
    Case,
    SimulationError,
    check_icarus,
    expected_tensors,
    has_icarus,
    measured_latency,
    random_spec_input,
)

needs_icarus = pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")


def random_layer(rng: np.random.Generator, **given: Any) -> LMU:
    """A layer with any of the connections, a Dense or a SimpleRNN cell; what is ``given`` is not drawn."""
    sizes = {name: int(rng.integers(1, most)) for name, most in (("n_in", 6), ("order", 6), ("memory_d", 4))}
    connections = (bool(rng.integers(2)), bool(rng.integers(2)), bool(rng.integers(2)))
    activation = str(rng.choice(["relu", "tanh", "linear", "sigmoid"]))
    layer = random_lmu(
        rng,
        units=int(rng.integers(1, 7)),
        connections=connections,
        activation=activation,
        bias=bool(rng.integers(2)),
        **{"steps": 3, **sizes, **given},
    )
    assert layer.hidden is not None
    kernel_h = random_weight(rng, layer.units, layer.units) if rng.integers(2) else None
    return replace(layer, hidden=replace(layer.hidden, kernel_h=kernel_h))


def full_layer() -> LMU:
    """All connections, feedback of mem and h."""
    layer = random_lmu(np.random.default_rng(2), steps=3, n_in=2, memory_d=2, order=3, units=3)
    assert layer.hidden is not None
    return replace(layer, hidden=replace(layer.hidden, kernel_h=random_weight(np.random.default_rng(3), 3, 3)))


def network_of(layer: LMU) -> Network:
    return chain("net", layer.x, layer.steps, layer.n_in, [layer])


def engine_case(layer: LMU, lanes: int, monkeypatch: pytest.MonkeyPatch, streaming: bool = False) -> Case:
    """The layer on an engine of ``lanes``, whether or not the planner would choose it."""
    monkeypatch.setattr("lmu_hls.rtl.engine.MOST_LANES", lanes)
    monkeypatch.setattr("lmu_hls.rtl.network.choose_lanes", lambda *_: {ENGINE: lanes})
    network = network_of(layer)
    x = random_spec_input(network, 3, 1)
    return Case(network, RtlOptions(streaming=streaming), x, expected_tensors(network, x, streaming))


def widest_engine(layer: LMU) -> int:
    sizes = engine_sizes(layer)
    assert sizes is not None
    return min(8, sizes.u_columns, sizes.order + 1, sizes.h_columns)


@needs_icarus
@pytest.mark.parametrize("seed", range(12))
def test_bits_and_cycles(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    layer = random_layer(rng)
    case = engine_case(layer, 1 + seed % widest_engine(layer), monkeypatch, streaming=seed % 4 == 3)
    case.write(tmp_path)
    check_icarus(case, tmp_path)


@needs_icarus
@pytest.mark.parametrize("lanes", [1, 3])
def test_latency(lanes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = engine_case(full_layer(), lanes, monkeypatch)
    assert measured_latency(case, tmp_path) == case.plan.cycles.latency


LATE = (14, 20, 38)  # seeds of pairs that lose cycles where x waits while a result is written


def with_gru(rng: np.random.Generator, layer: LMU) -> LMU:
    n_mem = layer.memory_d * layer.order
    return replace(layer, hidden=random_cell(rng, "gru", n_mem, layer.n_in, layer.units, layer.h))


def pair_case(seed: int, engines: str, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Layers "a" and "b" behind it; one without an engine has a GRU cell and nearly the cycles of the engine."""
    rng = np.random.default_rng(seed)
    a = random_layer(rng, name="a", steps=8)
    b = random_layer(rng, name="b", steps=8, x=a.h, n_in=a.units)
    a, b = (each if each.name in engines else with_gru(rng, each) for each in (a, b))
    lanes: dict[str, Lanes] = {}
    for layer in sorted((a, b), key=lambda layer: layer.name not in engines):
        if layer.name in engines:
            lanes[layer.name] = {ENGINE: int(rng.integers(1, 1 + min(2, widest_engine(layer))))}
            sizes = engine_sizes(layer)
            assert sizes is not None
            cycles = sizes.with_lanes(lanes[layer.name][ENGINE]).cycles
        else:
            nearest = min(valid_reuse_factors(layer), key=lambda factor: abs(factor - cycles))
            lanes[layer.name] = choose_lanes(layer, nearest)
    monkeypatch.setattr("lmu_hls.rtl.network.choose_lanes", lambda layer, *_: lanes[layer.name])
    network = chain("net", a.x, a.steps, a.n_in, [a, b])
    x = random_spec_input(network, 6, 1)
    return Case(network, RtlOptions(), x, expected_tensors(network, x, False))


@needs_icarus
@pytest.mark.parametrize("engines", ["b", "a", "ab"])
@pytest.mark.parametrize("seed", [0, *LATE])
def test_two_layers_keep_the_pace_of_the_slower_one(
    engines: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = pair_case(seed, engines, monkeypatch)
    case.write(tmp_path)
    check_icarus(case, tmp_path)


@needs_icarus
@pytest.mark.parametrize("seed", LATE)
def test_an_x_that_waits_for_results_makes_it_late(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the RAM of x is for."""
    case = pair_case(seed, "b", monkeypatch)
    case.write(tmp_path)
    change(tmp_path / "rtl/net_lmu_engine.v", "s_axis_tready = !x_full_q;", "s_axis_tready = !x_full_q && !write;")
    with pytest.raises(AssertionError, match="cycles, not"):
        check_icarus(case, tmp_path)


FAULTS = {
    "a value read too early": ("busy_q && !waits_q;", "busy_q;"),
    "states of the step before in a first step": ("old1 && fresh1_q", "1'b0"),
    "one channel's matrix for all": ("kind_q == MEM && channels_q != 0", "1'b0"),
    "sums run on": (".first(firsts_q[3])", ".first(1'b0)"),
    "a bias not multiplied": ("one2_q ?", "1'b0 ?"),
    "the half of the step before": ("{half1_q ^ old1, place1}", "{half1_q, place1}"),
    "too few lanes": ("wire [LANE_CW-1:0] left = rest ?", "wire [LANE_CW-1:0] left = !rest ?"),
}


@needs_icarus
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = engine_case(full_layer(), 2, monkeypatch)
    case.write(tmp_path)
    change(tmp_path / "rtl/net_lmu_engine.v", *FAULTS[fault])
    with pytest.raises((AssertionError, SimulationError)):
        check_icarus(case, tmp_path)


def early(sizes: EngineSizes, waits: tuple[int, ...]) -> bool:
    """Whether a value is read before it is there, column by column over three steps, the last of a sequence."""
    places, old, one = operand_places(sizes), *(bit << sizes.place_width for bit in (1, 2))
    there: dict[int, int] = {}
    columns = [sizes.u_columns, *[sizes.order + 1] * sizes.memory_d, sizes.h_columns]
    rows = [sizes.memory_d, *[sizes.order] * sizes.memory_d, sizes.units]
    pauses, cycle, head = [waits[0], waits[1], *[0] * (sizes.memory_d - 1), waits[2]], 0, sizes.head
    for step in range(3):
        first, row, sections = 0, 0, list(zip(columns, rows, pauses, strict=True))
        if head is not None and (step == 2 or not head.last_only):
            sections.append((sizes.out_columns, head.rows, waits[3]))
        for count, own, pause in sections:
            cycle += pause
            for group in range(-(-own // sizes.lanes)):
                for word in places[first : first + count]:
                    if word < one and (word >= old or word >= sizes.n_x) and (step or word < old):
                        value = (word % old, step - (word >= old))
                        if there[hash(value)] > cycle:
                            return True
                    cycle += 1
                for lane in range(min(sizes.lanes, own - group * sizes.lanes)):
                    there[hash((sizes.n_x + row, step))] = cycle - 1 + sizes.delay + lane
                    row += 1
            first += count
    return False


def test_waits_are_as_short_as_they_can_be() -> None:
    """One cycle less, and a value is read too early."""
    rng, waited = np.random.default_rng(0), 0
    for k in range(60):
        sizes = engine_sizes(random_layer(rng))
        assert sizes is not None
        if k % 3:
            sizes = replace(sizes, head=Head(int(rng.integers(1, 7)), bool(rng.integers(2)), last_only=k % 3 == 2))
        most = min(sizes.u_columns, sizes.order + 1, sizes.h_columns, *[sizes.out_columns] * (k % 3 > 0))
        sizes = sizes.with_lanes(int(rng.integers(1, most + 1)))
        waits = (sizes.wait_u, sizes.wait_mem, sizes.wait_h, sizes.wait_out)
        assert not early(sizes, waits)
        for place, wait in enumerate(waits):
            less = tuple(own - (n == place) for n, own in enumerate(waits))
            if wait:
                waited += 1
                assert early(sizes, less)
    assert waited > 20


def test_the_planner_takes_it_where_few_multipliers_are_wanted() -> None:
    """Its layer needs two multipliers at least without it: one each for encoder, memory and cell."""
    layer = random_lmu(np.random.default_rng(0), n_in=12, connections=(False, False, True))
    sizes = engine_sizes(layer)
    assert sizes is not None and sizes.macs == 120
    assert choose_lanes(layer, 126) == {ENGINE: 1}
    settled = settle(network_of(replace(layer, reuse_factor=126)), 126)
    assert (settled.cycles, settled.multipliers) == (126, 1)
    assert 120 / 126 > 0.9
