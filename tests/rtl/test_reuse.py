"""Valid reuse factors, the multipliers that follow from them, and what is said about invalid ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.network import RtlOptions, plan_network, utilisation
from lmu_hls.rtl.reuse import balanced, choose_lanes, matrix_part, parts, plan_parts, valid_reuse_factors
from lmu_hls.spec import Activation, Dense, Elementwise, Network, Weight
from tests.hdl.tridiag_grid import Config
from tests.networks import random_cell, random_lmu, random_network, random_weight


def dense(n_in: int, units: int, name: str = "head", reuse_factor: int = 1) -> Dense:
    kind = FixedType(8, 1)
    return Dense(name, kind, Weight(np.zeros((n_in, units)), kind), None, kind, reuse_factor)


def test_lanes_divide_the_rows_and_are_at_most_the_columns() -> None:
    assert dict(matrix_part("dense", 4, 12).choices) == {1: 48, 2: 24, 3: 16, 4: 12}
    assert dict(matrix_part("dense", 12, 4).choices) == {1: 48, 2: 24, 4: 12}
    assert valid_reuse_factors(dense(4, 12)) == (12, 16, 24, 48)
    assert valid_reuse_factors(dense(1, 5)) == (5,)


def test_layer_without_multiplications() -> None:
    relu = Elementwise("relu", FixedType(8, 1), Activation("relu"), FixedType(8, 1))
    assert (parts(relu), valid_reuse_factors(relu)) == ((), ())


def test_parts_of_an_lmu_layer() -> None:
    """n_in 3, memory_d 2, order 3, units 4, all connections: encoder 13 x 2, memory 24, hidden 9 x 4."""
    layer = random_lmu(np.random.default_rng(0))
    assert {part.name: part.macs for part in parts(layer)} == {"encoder": 26, "memory": 24, "hidden": 36}
    # memory: 24, 8; encoder: 26, 13; hidden: 36, 18, 9. Less than 13 is too fast for the encoder.
    assert valid_reuse_factors(layer) == (13, 18, 24, 26, 36)
    assert choose_lanes(layer, 13) == {"encoder": 2, "memory": 3, "hidden": 4}
    assert choose_lanes(layer, 26) == {"encoder": 1, "memory": 1, "hidden": 2}
    assert [part.multipliers for part in plan_parts(layer, choose_lanes(layer, 18))] == [2, 3, 2]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rnn", {"hidden": (13 * 4, 52)}),
        ("lstm", {"hidden": (13 * 16, 208)}),
        ("gru", {"hidden": (13 * 12, 208)}),  # one of four rows holds zeros for mem and x, one for h
        ("gru before", {"hidden": (13 * 8, 104), "hidden2": (13 * 4, 52)}),
    ],
)
def test_parts_of_recurrent_cells(kind: str, expected: dict[str, tuple[int, int]]) -> None:
    rng = np.random.default_rng(0)
    layer = random_lmu(rng)
    layer = replace(layer, hidden=random_cell(rng, kind, 6, 3, 4, layer.h))
    found = {part.name: (part.macs, part.choices[1]) for part in parts(layer) if part.name.startswith("hidden")}
    assert found == expected


def test_tridiagonal_units_side_by_side() -> None:
    """More units only where they take fewer cycles, and never fewer than there are states."""
    memory = next(part for part in parts(Config(8, 4, 1).lmu("a")) if part.name == "memory")
    assert list(memory.choices) == [1, 2, 4]
    cycles = list(memory.choices.values())
    assert cycles == sorted(cycles, reverse=True)
    assert min(cycles) >= 4 * 8  # the states leave one a cycle
    assert memory.multipliers_a_lane == 3


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (12, r"layer 'lmu': ReuseFactor 12 is not possible, its encoder needs at least 13 cycles a step; use 13"),
        (
            20,
            r"layer 'lmu': ReuseFactor 20 is not possible, none of its parts takes exactly that many .*; use 18 or 24",
        ),
        (99, r"layer 'lmu': ReuseFactor 99 is not possible, none of its parts .*; use 36"),
    ],
)
def test_invalid_reuse_factor(value: int, message: str) -> None:
    layer = random_lmu(np.random.default_rng(0))
    with pytest.raises(LmuHlsError, match=message + "$"):
        choose_lanes(layer, value)
    network = Network("net", layer.x, layer.steps, layer.n_in, (replace(layer, reuse_factor=value),))
    with pytest.raises(LmuHlsError, match=message + "$"):
        plan_network(network)


def test_balanced() -> None:
    network = random_network(np.random.default_rng(0))
    chosen = balanced(network, 30)
    assert chosen == {"first": 26, "second": 28, "head": 12}
    wide = dense(4, 60, "wide")
    network = replace(network, layers=(*network.layers[:2], replace(wide, x=network.layers[1].h)))
    assert balanced(network, 30)["wide"] == 120  # 5 steps of 30 cycles; 240 would be too many
    with pytest.raises(LmuHlsError, match="layer 'wide' needs at least 60 cycles a step, 30 are allowed"):
        balanced(network, 30, streaming=True)
    with pytest.raises(LmuHlsError, match="layer 'first' needs at least 13 cycles a step, 12 are allowed"):
        balanced(network, 12)


def test_utilisation_counts_useful_products_of_a_sequence() -> None:
    """Memory 24 and encoder 24 of 24 cycles with one multiplier each; 10 steps, then a head of 8 of the 240 cycles."""
    rng = np.random.default_rng(0)
    layer = random_lmu(
        rng, steps=10, n_in=12, units=None, connections=(False, False, False), bias=False, return_sequences=False
    )
    head = Dense("head", layer.h, random_weight(rng, 6, 4), None, layer.h, 24)
    network = Network("net", layer.x, 10, 12, (replace(layer, reuse_factor=24), head))
    plan = plan_network(network)
    assert (plan.cycles.ii, plan.cycles.sequence, plan.multipliers) == (24, 240, 3)
    assert utilisation(plan) == (10 * (24 + 24) + 24) / (240 * 3)
    every_step = plan_network(network, RtlOptions(streaming=True))
    assert utilisation(every_step) == 10 * (24 + 24 + 24) / (240 * 3)
