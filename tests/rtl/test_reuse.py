"""Valid reuse factors, the multipliers that follow from them, and what is said about invalid ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.loop import lmu_pace
from lmu_hls.rtl.matrix import Matrix
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import utilisation
from lmu_hls.rtl.reuse import (
    Settled,
    balanced,
    choose_lanes,
    fastest,
    multipliers,
    settle,
    valid_reuse_factors,
)
from lmu_hls.rtl.sizes import lmu_sizes
from lmu_hls.rtl.stages import stage_of
from lmu_hls.spec import Activation, Dense, Elementwise, Weight, chain
from tests.support.hdl.tridiag_grid import Config
from tests.support.networks import random_cell, random_lmu, random_network, random_weight


def dense(n_in: int, units: int, name: str = "head", reuse_factor: int = 1) -> Dense:
    kind = FixedType(8, 1)
    return Dense(name, kind, Weight(np.ones((n_in, units)), kind), None, kind, reuse_factor)


def test_lanes_divide_the_rows_and_only_the_first_beyond_the_columns_helps() -> None:
    """More lanes than columns wait for their sums, which leave one a cycle."""
    assert Matrix(4, 12).choices == {1: 48, 2: 24, 3: 16, 4: 12}
    assert Matrix(12, 4).choices == {1: 48, 2: 24, 4: 12}
    assert Matrix(28, 30).choices == {1: 840, 2: 420, 3: 280, 5: 168, 6: 140, 10: 84, 15: 56, 30: 30}
    assert Matrix(3, 8).choices == {1: 24, 2: 12, 4: 8}
    assert valid_reuse_factors(dense(4, 12)) == (12, 16, 24, 48)
    assert valid_reuse_factors(dense(1, 5)) == (5,)
    assert valid_reuse_factors(dense(28, 30))[0] == 30


def test_layer_without_multiplications() -> None:
    relu = Elementwise("relu", FixedType(8, 1), Activation("relu"), FixedType(8, 1))
    assert (stage_of(relu).parts, valid_reuse_factors(relu), multipliers(relu)) == ((), (), 0)


def test_parts_of_an_lmu_layer() -> None:
    """n_in 12, memory_d 2, order 3, units 4, no feedback: encoder 12 x 2, memory 24, hidden 18 x 4."""
    layer = random_lmu(np.random.default_rng(0), n_in=12, connections=(False, False, True))
    assert {part.name: part.macs for part in stage_of(layer).parts} == {"encoder": 24, "memory": 24, "hidden": 72}
    # memory: 24, 8; encoder: 24, 12; hidden: 72, 36, 18. Less than 18 is too fast for the hidden cell.
    assert valid_reuse_factors(layer) == (18, 24, 36, 64, 72, 126)  # one engine: 64 on 3 multipliers, 72, 126
    assert choose_lanes(layer, 18) == {"encoder": 2, "memory": 3, "hidden": 4}
    assert choose_lanes(layer, 36) == {"encoder": 1, "memory": 1, "hidden": 2}
    assert [part.multipliers for part in stage_of(layer).plan(choose_lanes(layer, 18))] == [2, 3, 4]


def test_feedback_counts() -> None:
    """With feedback the parts wait for each other: a step takes the way round, not the cycles of the slowest part."""
    layer = random_lmu(np.random.default_rng(0))
    (fastest, *_, slowest) = valid_reuse_factors(layer)
    assert max(part.fewest_cycles for part in stage_of(layer).parts) < fastest
    assert max(part.choices[1] for part in stage_of(layer).parts) < slowest
    for reuse in (fastest, slowest):
        assert lmu_pace(lmu_sizes(layer), choose_lanes(layer, reuse)).ii == reuse


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rnn", {"hidden": (13 * 4, 52)}),
        ("lstm", {"hidden": (13 * 16, 208)}),
        # Of four rows one has zeros for mem and x, one for h; two columns of the others happen to be zero, twice
        ("gru", {"hidden": (13 * 12, 13 * 12 - 4)}),
        ("gru before", {"hidden": (13 * 8, 104), "hidden2": (13 * 4, 52)}),
    ],
)
def test_parts_of_recurrent_cells(kind: str, expected: dict[str, tuple[int, int]]) -> None:
    rng = np.random.default_rng(0)
    layer = random_lmu(rng)
    layer = replace(layer, hidden=random_cell(rng, kind, 6, 3, 4, layer.h))
    found = {
        part.name: (part.macs, part.choices[1]) for part in stage_of(layer).parts if part.name.startswith("hidden")
    }
    assert found == expected


def test_tridiagonal_units_side_by_side() -> None:
    """More units only where they take fewer cycles, and never fewer than there are states."""
    memory = next(part for part in stage_of(Config(8, 4, 1).lmu("a")).parts if part.name == "memory")
    assert list(memory.choices) == [1, 2, 4]
    cycles = list(memory.choices.values())
    assert cycles == sorted(cycles, reverse=True)
    assert min(cycles) >= 4 * 8  # the states leave one a cycle
    assert memory.multipliers == {1: 3, 2: 4, 4: 12}  # two are one with both sweeps at the same time


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (12, r"layer 'lmu': ReuseFactor 12 is not possible, its hidden needs at least 18 cycles a step; use 18"),
        (20, r"layer 'lmu': ReuseFactor 20 is not possible, no choice of its multipliers takes .*; use 18 or 24"),
        (99, r"layer 'lmu': ReuseFactor 99 is not possible, no choice of its multipliers .*; use 72 or 126"),
    ],
)
def test_invalid_reuse_factor(value: int, message: str) -> None:
    layer = random_lmu(np.random.default_rng(0), n_in=12, connections=(False, False, True))
    with pytest.raises(LmuHlsError, match=message + "$"):
        choose_lanes(layer, value)
    network = chain("net", layer.x, layer.steps, layer.n_in, (replace(layer, reuse_factor=value),))
    with pytest.raises(LmuHlsError, match=message + "$"):
        plan_network(network)


def test_reuse_factor_that_feedback_forbids() -> None:
    layer = random_lmu(np.random.default_rng(0))
    least = valid_reuse_factors(layer)[0]
    with pytest.raises(
        LmuHlsError, match=rf"one way round its feedback needs at least {least} cycles .*; use {least}$"
    ):
        choose_lanes(layer, least - 1)


def test_balanced() -> None:
    network = random_network(np.random.default_rng(0))
    first, second = network.lmus
    least = max(valid_reuse_factors(layer)[0] for layer in (first, second))
    assert fastest(network) == least
    chosen = balanced(network, 90)
    assert all(chosen[la.name] == max(v for v in valid_reuse_factors(la) if v <= 90) for la in (first, second))
    assert chosen["head"] == 12
    wide = replace(dense(4, 450, "wide"), x=second.h)
    network = network.with_layers((first, second, wide))
    assert balanced(network, 90)["wide"] == 450  # 5 steps of 90 cycles; 900 would be too many
    with pytest.raises(LmuHlsError, match="layer 'wide' needs at least 450 cycles a step, 90 are allowed"):
        balanced(network, 90, streaming=True)
    with pytest.raises(LmuHlsError, match=f"layer 'second' needs at least {least} cycles a step, {least - 1} are"):
        balanced(network, least - 1)


def settled_example(wanted: int, own: int | None = None) -> Settled:
    """A layer that can take 18, 24, 36, 64, 72 or 126 cycles; ``own``: its own reuse factor."""
    layer = random_lmu(np.random.default_rng(0), n_in=12, connections=(False, False, True))
    layer = replace(layer, reuse_factor=own or wanted)
    return settle(chain("net", layer.x, layer.steps, layer.n_in, (layer,)), wanted)


@pytest.mark.parametrize(
    ("wanted", "own", "cycles", "remark"),
    [
        (1, None, 18, None),
        (5, None, 18, "ReuseFactor 5 is out of reach: layer 'lmu' takes 18 cycles a step or more"),
        (18, None, 18, None),
        (35, None, 24, None),
        (36, None, 36, None),
        (72, None, 72, None),
        (1000000, None, 126, "ReuseFactor 1000000 saves nothing over 126: the fewest multipliers, 1, take 126 cycles"),
        (72, 1, 18, "ReuseFactor 72 saves nothing over 18"),  # 1: as fast as possible
        (20, 36, 36, "ReuseFactor 20 is out of reach: layer 'lmu' takes 36 cycles a step or more"),
    ],
)
def test_settle(wanted: int, own: int | None, cycles: int, remark: str | None) -> None:
    """The whole model's reuse factor is a request; a layer's own one is kept."""
    settled = settled_example(wanted, own)
    plan = plan_network(settled.network)
    assert (settled.cycles, settled.multipliers) == (cycles, plan.multipliers)
    assert plan.cycles.ii == cycles
    assert (settled.remark is None) == (remark is None)
    assert settled.summary.startswith(remark or f"ReuseFactor {wanted}, ")
    assert settled.summary.endswith(" A layer keeps its own ReuseFactor.") == (own is not None)


def test_own_reuse_factor_must_be_valid() -> None:
    with pytest.raises(LmuHlsError, match=r"ReuseFactor 20 is not possible.*use 18 or 24"):
        settled_example(36, 20)


def test_the_input_can_be_the_limit() -> None:
    layer = random_lmu(np.random.default_rng(0), n_in=40, units=2, connections=(False, False, False))
    layer = replace(layer, reuse_factor=20)
    settled = settle(chain("net", layer.x, layer.steps, layer.n_in, (layer,)), 20)
    assert settled.cycles == settled.fewest_cycles == 40 == plan_network(settled.network).cycles.ii


def test_utilisation_counts_useful_products_of_a_sequence() -> None:
    """Memory 24 and encoder 24 of 24 cycles with one multiplier each; 10 steps, then a head of 8 of the 240 cycles."""
    rng = np.random.default_rng(0)
    layer = random_lmu(
        rng, steps=10, n_in=12, units=None, connections=(False, False, False), bias=False, return_sequences=False
    )
    head = Dense("head", layer.h, random_weight(rng, 6, 4), None, layer.h, 24)
    network = chain("net", layer.x, 10, 12, (replace(layer, reuse_factor=24), head))
    plan = plan_network(network)
    assert (plan.cycles.ii, plan.cycles.sequence, plan.multipliers) == (24, 240, 3)
    assert utilisation(plan) == (10 * (24 + 24) + 24) / (240 * 3)
    every_step = plan_network(network, RtlOptions(streaming=True))
    assert utilisation(every_step) == 10 * (24 + 24 + 24) / (240 * 3)
