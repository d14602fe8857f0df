"""A reuse factor is a promise: the fewest multipliers with which the whole network keeps to so many cycles a step."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.rtl.cells import HIDDEN, HIDDEN2
from lmu_hls.rtl.ends import Ports
from lmu_hls.rtl.engine import ENGINE
from lmu_hls.rtl.gated import GatedSizes
from lmu_hls.rtl.heads import shared_heads
from lmu_hls.rtl.loop import lmu_pace, way_round
from lmu_hls.rtl.manifest import Project
from lmu_hls.rtl.matrix import divisors
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import choose_lanes, fastest, settle, valid_reuse_factors
from lmu_hls.rtl.search import Search, lmu_search
from lmu_hls.rtl.sizes import ENCODER, MEMORY, lmu_sizes
from lmu_hls.rtl.stages import stage_of
from lmu_hls.rtl.stages.dense import PART as DENSE
from lmu_hls.rtl.standalone import write_project
from lmu_hls.rtl.sweeps import BOTH
from lmu_hls.rtl.tridiag import TridiagonalMemory
from lmu_hls.spec import LMU, Dense, Layer, Network, chain
from lmu_hls.toolchain import find
from tests.support.make_sim import golden_vectors, make
from tests.support.networks import random_cell, random_lmu, random_type, random_weight
from tests.support.random_networks import random_spec_network

needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
STATES = 24  # at most, of the memory of a layer
seeds = st.integers(0, 500)


def search(layer: Layer) -> Search:
    found = stage_of(layer).search
    assert found is not None
    return found


def every_lanes(layer: Layer) -> Iterator[Mapping[str, int]]:
    """All combinations of lanes that the modules of ``layer`` take, LANES beyond the columns included."""
    if isinstance(layer, Dense):
        yield from ({DENSE: lanes} for lanes in divisors(layer.units))
        return
    assert isinstance(layer, LMU)
    sizes = lmu_sizes(layer)
    hidden = sizes.cell.matrices if sizes.cell is not None else {}
    choices = [divisors(sizes.memory_d), sizes.memory.choices, *(divisors(matrix.rows) for matrix in hidden.values())]
    for lanes in itertools.product(*choices):
        yield dict(zip((ENCODER, MEMORY, *hidden), lanes, strict=True))


def with_engine(layer: Layer) -> Iterator[Mapping[str, int]]:
    """And one engine in the place of all parts."""
    yield from every_lanes(layer)
    shared = stage_of(layer).shared
    yield from ({shared.name: lanes} for lanes in (shared.choices if shared else ()))


def cycles_and_multipliers(layer: Layer, lanes: Mapping[str, int]) -> tuple[int, int]:
    stage = stage_of(layer)
    parts, beside = {part.name: part for part in stage.parts}, stage.chosen(lanes).product_multipliers
    own = (parts[name].multipliers_of(count) if name in parts else count for name, count in lanes.items())
    return stage.pace(1, lanes).ii, sum(own) + beside


def everything(layer: Layer) -> list[tuple[int, int]]:
    """Cycles a step and multipliers of all combinations of lanes."""
    return [cycles_and_multipliers(layer, lanes) for lanes in with_engine(layer)]


def layers_with_parts(network: Network) -> list[LMU | Dense]:
    return [layer for layer in network.layers if isinstance(layer, LMU | Dense)]


def asked(network: Network, reuse: int) -> Network:
    layers = [replace(la, reuse_factor=reuse) if isinstance(la, LMU | Dense) else la for la in network.layers]
    return network.with_layers(tuple(layers))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_front_is_the_best_of_all_combinations(seed: int) -> None:
    for layer in layers_with_parts(random_spec_network(seed, STATES)):
        best: list[tuple[int, int]] = []
        for cycles, multipliers in sorted(everything(layer)):
            if not best or multipliers < best[-1][1]:
                best.append((cycles, multipliers))
        front = search(layer).front()
        assert [(choice.cycles, choice.multipliers) for choice in front] == best
        assert (search(layer).fastest, search(layer).smallest) == (front[0], front[-1])
        for choice in front:
            assert cycles_and_multipliers(layer, choice.lanes) == (choice.cycles, choice.multipliers)
            assert search(layer).at_most(choice.cycles) == choice
        assert search(layer).at_most(front[0].cycles - 1) is None


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_way_round_is_a_bound(seed: int) -> None:
    """What the search leaves out by this bound cannot be better."""
    for layer in random_spec_network(seed, STATES).lmus:
        sizes = lmu_sizes(layer)
        for lanes in every_lanes(layer) if sizes.mem_back or sizes.h_back else ():
            way = way_round(sizes, lanes[ENCODER], lanes[MEMORY])
            way += sizes.cell.latency(lanes) if sizes.h_back and sizes.cell else 0
            assert way <= lmu_pace(sizes, lanes).ii


def test_a_wrong_bound_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: a bound above the truth makes the search miss the best."""
    layer = random_lmu(np.random.default_rng(0))
    layer = replace(layer, hidden=random_cell(np.random.default_rng(1), "gru", 6, 3, layer.units, layer.h))
    sizes = lmu_sizes(layer)
    right = lmu_search.__wrapped__(sizes).front()
    monkeypatch.setattr("lmu_hls.rtl.search.way_round", lambda *given: way_round(*given) * 2 * given[1])
    wrong = lmu_search.__wrapped__(sizes).front()
    assert min(everything(layer))[0] == right[0].cycles < wrong[0].cycles


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 400), st.booleans())
def test_promise(seed: int, wanted: int, streaming: bool) -> None:
    """At most max(wanted, minimum) cycles, and no combination of lanes with fewer multipliers keeps to that."""
    network = asked(random_spec_network(seed, STATES), wanted)
    settled = settle(network, wanted, streaming)
    plan = plan_network(settled.network, RtlOptions(streaming=streaming))
    assert settled.multipliers == plan.multipliers
    limit = max(wanted, settled.fewest_cycles)
    assert plan.cycles.ii <= settled.cycles <= limit
    assert plan.cycles.sequence <= limit * network.steps
    assert settled.fewest_cycles == fastest(network, streaming) <= settled.cycles <= settled.most_cycles
    shared = shared_heads(settled.network, streaming, Ports())
    for head in shared.values():
        apart = [min(n for c, n in everything(la) if c <= limit) for la in network.layers if la.name in head.layers]
        fewer = [lanes for lanes, cycles in head.choices.items() if lanes < head.sizes.lanes and cycles <= limit]
        assert head.sizes.multipliers <= sum(apart) and not fewer
    for layer in plan.layers:
        if layer.reuse_factor is None or any(layer.name in head.layers for head in shared.values()):
            continue
        times = network.steps // layer.executions
        (spec,) = (la for la in network.layers if la.name == layer.name)
        kept = [multipliers for cycles, multipliers in everything(spec) if cycles <= limit * times]
        assert layer.multipliers == min(kept)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_fewer_cycles_are_not_possible(seed: int) -> None:
    """The minimum is that of all combinations, of the input and of the layers without multiplications."""
    network = random_spec_network(seed, STATES)
    least = fastest(network, streaming=True)
    plan = plan_network(settle(asked(network, 1), 1, streaming=True).network, RtlOptions(streaming=True))
    assert plan.cycles.ii == least
    others = [layer.ii_cycles for layer in plan.layers if layer.reuse_factor is None]
    each = [min(cycles for cycles, _ in everything(layer)) for layer in layers_with_parts(network)]
    assert least == max(network.n_in, *each, *others)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 300), st.integers(0, 300))
def test_more_cycles_never_take_more_multipliers(seed: int, wanted: int, more: int) -> None:
    network = random_spec_network(seed, STATES)
    fast, slow = (settle(asked(network, cycles), cycles) for cycles in (wanted, wanted + more))
    assert slow.multipliers <= fast.multipliers
    assert slow.cycles >= fast.cycles


@settings(max_examples=15, deadline=None)
@given(seeds, st.data())
def test_sizes_are_those_of_the_netlist(seed: int, data: st.DataObject) -> None:
    """What cycles are worked out from is what is built."""
    network = random_spec_network(seed, STATES)
    reuse = {la.name: data.draw(st.sampled_from(valid_reuse_factors(la))) for la in layers_with_parts(network)}
    layers = [replace(la, reuse_factor=reuse[la.name]) if la.name in reuse else la for la in network.layers]
    network = network.with_layers(tuple(layers))
    found = {instance.name: instance.parameters for instance in plan_network(network).net.instances}
    for lmu in network.lmus:
        sizes, lanes = lmu_sizes(lmu), choose_lanes(lmu, lmu.reuse_factor)
        if ENGINE in lanes:
            engine, counts = found[f"{lmu.name}_engine"], (lmu.n_in, lmu.memory_d, lmu.order, lmu.units)
            if isinstance(sizes.engine, GatedSizes):
                assert (lmu.n_in, sizes.engine.gates, lanes[ENGINE]) == tuple(
                    engine[name] for name in ("N_X", "GATES", "LANES")
                )
                assert counts == tuple(getattr(sizes.engine, name) for name in ("n_x", "memory_d", "order", "units"))
                continue
            assert (*counts, lanes[ENGINE]) == tuple(
                engine[name] for name in ("N_X", "MEMORY_D", "ORDER", "UNITS", "LANES")
            )
            continue
        encoder, memory = found[f"{lmu.name}_encoder"], found[f"{lmu.name}_memory"]
        assert sizes.encoder.columns == sum(int(encoder[name]) for name in ("N_X", "N_MEM", "N_H"))
        assert (sizes.encoder.rows, lanes[ENCODER]) == (encoder["MEMORY_D"], encoder["LANES"])
        assert (sizes.memory.order, sizes.memory_d) == (memory["ORDER"], memory["MEMORY_D"])
        units = BOTH if "TOGETHER" in memory else memory.get("PES", 1)
        assert lanes[MEMORY] == (units if isinstance(sizes.memory, TridiagonalMemory) else memory.get("LANES", 1))
        assert isinstance(sizes.memory, TridiagonalMemory) == ("SWEEP_TYPE" in memory)
        if sizes.cell is not None:
            cell = found[f"{lmu.name}_hidden"]
            assert (sizes.cell.n_x, sizes.cell.n_h, sizes.cell.n_mem) == tuple(
                cell[name] for name in ("N_X", "N_H", "N_MEM")
            )
            second = found.get(f"{lmu.name}_candidate_affine", {})
            assert (sizes.cell.units, lanes[HIDDEN], lanes.get(HIDDEN2)) == (
                cell["UNITS"], cell["LANES"], second.get("LANES")
            )  # fmt: skip


def crowded() -> dict[str, Network]:
    """Networks that can have more lanes than columns, with and without feedback."""
    rng = np.random.default_rng(5)

    def network(layer: LMU, *more: Layer) -> Network:
        return chain("net", layer.x, layer.steps, layer.n_in, (layer, *more))

    plain = random_lmu(rng, n_in=2, memory_d=1, order=4, units=4, connections=(False, False, False))
    head = Dense("head", plain.h, random_weight(rng, 4, 10), random_weight(rng, 10), random_type(rng))
    loop = random_lmu(rng, n_in=1, memory_d=8, order=1, units=2, connections=(True, False, True))
    lstm = random_lmu(rng, n_in=1, memory_d=1, order=2, units=4, connections=(True, False, False))
    lstm = replace(lstm, hidden=random_cell(rng, "lstm", 2, 1, 4, lstm.h))
    before = random_lmu(rng, n_in=1, memory_d=1, order=1, units=6, connections=(False, False, False))
    before = replace(before, hidden=random_cell(rng, "gru before", 1, 1, 6, before.h))
    return {
        "head": network(plain, head), "h": network(loop), "lstm": network(lstm),
        "gru before": network(before),
    }  # fmt: skip


def most_lanes(layer: LMU | Dense, reuse_factor: int, parallel: bool = False) -> dict[str, int]:
    """All that are of use, which in a loop can be more than the front ever has."""
    assert reuse_factor
    return {part.name: max(part.choices) for part in stage_of(layer).parts}


def measured(network: Network, folder: Path) -> tuple[int, Project]:
    """Cycles of the last of many sequences in the simulation, which equals golden, and the written project."""
    vectors = golden_vectors(np.random.default_rng(0), network, RtlOptions(), 24)
    made = write_project(plan_network(network), folder, vectors)
    done = make(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (cycles,) = re.findall(r"the last sequence in (\d+)", done.stdout)
    return int(cycles), made


@needs_icarus
@pytest.mark.parametrize("kind", ["dense", "rnn", "lstm", "gru", "gru before"])
def test_the_simulation_keeps_the_promise(kind: str, tmp_path: Path) -> None:
    """With each kind of feedback, half way between the fastest and the smallest."""
    rng = np.random.default_rng(3)
    layer = random_lmu(rng, steps=3, n_in=2, order=4, connections=(kind == "dense", False, True))
    if kind != "dense":
        layer = replace(layer, hidden=random_cell(rng, kind, 8, 2, 4, layer.h))
    (fast, *_, slow) = valid_reuse_factors(layer)
    wanted = (fast + slow) // 2
    settled = settle(asked(chain("net", layer.x, layer.steps, layer.n_in, (layer,)), wanted), wanted)
    cycles, made = measured(settled.network, tmp_path)
    assert fast < settled.cycles <= wanted < slow
    assert cycles == made.hardware.sequence_cycles == settled.cycles * layer.steps


@needs_icarus
@pytest.mark.parametrize("name", crowded())
def test_more_lanes_than_columns_take_the_cycles_of_the_formula(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = crowded()[name]
    monkeypatch.setattr("lmu_hls.rtl.network.choose_lanes", most_lanes)
    cycles, made = measured(network, tmp_path)
    assert any(lanes > columns for columns, lanes in matrices(made))
    assert cycles == made.hardware.sequence_cycles


def matrices(made: Project) -> Iterator[tuple[int, int]]:
    """Columns and lanes of each instance with a matrix."""
    for instance in made.instances:
        sizes = {name: int(value) for name, value in instance.parameters.items() if name.startswith(("N_", "LANES"))}
        for lanes in ("LANES", "LANES2"):
            if lanes in sizes and "N_H" in sizes:
                yield sizes["N_X"] + sizes["N_H"] + sizes["N_MEM"], sizes[lanes]
            elif lanes in sizes and "N_IN" in sizes:
                yield sizes["N_IN"], sizes[lanes]
