"""Both sweeps at the same time: cycles, the planner's choice of groups, and where the unit is taken."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.memory import memory_sizes, memory_unit
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import valid_reuse_factors
from lmu_hls.rtl.stages.lmu import arrival_order
from lmu_hls.rtl.sweeps import BOTH, FreeTridiagonalMemory, SweepsMemory, sweeps_sizes, sweeps_unit
from lmu_hls.rtl.tridiag import TridiagonalMemory
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight, chain
from tests.support.hdl.tridiag_grid import Config
from tests.support.networks import random_lmu, random_type, random_weight
from tests.support.random_rtl import (
    Case,
    check_icarus,
    expected_tensors,
    has_icarus,
    measured_latency,
    random_spec_input,
)


def test_a_cycle_a_degree_of_a_channel() -> None:
    """Half of what one unit takes, on four multipliers instead of three; two channels wait for one another."""
    for order, memory_d in ((6, 6), (40, 6), (256, 2), (256, 4)):
        one, both = TridiagonalMemory(order, memory_d), sweeps_sizes(order, memory_d)
        assert both.ii_cycles == max(order * memory_d, 2 * both.sweep + both.to_back + both.to_forward - 2)
        assert both.ii_cycles <= order * memory_d + (16 if memory_d == 2 else 0)
        assert (one.multipliers, both.multipliers) == (3, 4) and one.ii_cycles > 2 * order * memory_d
    assert sweeps_sizes(256, 2).ii_cycles == 526  # 263 a channel
    assert [sweeps_sizes(6, 6).channels, sweeps_sizes(6, 6).pipeline] == [2, 2]


@pytest.mark.parametrize(
    ("order", "memory_d", "channels", "pipeline", "ii", "latency"),
    [
        (256, 2, 1, 1, 512 + 7 + 9 - 2, 768 - 1 + 7 + 8 + 1),
        (6, 6, 2, 2, 36, 48 - 4 + 6 + 8 + 1),
        (3, 6, 3, 3, 2 * 9 + 5 + 6 - 2, 27 - 3 + 5 + 7 + 1),
        (16, 8, 4, 4, 2 * 64 + 4 + 5 - 2, 192 - 4 + 4 + 7 + 1),
    ],
)
def test_formulas(order: int, memory_d: int, channels: int, pipeline: int, ii: int, latency: int) -> None:
    sizes = SweepsMemory(order, memory_d, BOTH, channels, pipeline)
    assert (sizes.ii_cycles, sizes.latency_cycles) == (ii, latency)


def test_deeper_where_cycles_are_left() -> None:
    """A recurrence of several cycles needs as many channels that take turns, so that a group has more of them."""
    plain = sweeps_sizes(5, 4)
    assert (plain.pipeline, plain.cycles) == (1, 24)
    found = [plain.within(cycles) for cycles in (0, 31, 32, 1000)]
    assert [(sizes.pipeline, sizes.channels, sizes.cycles) for sizes in found] == [(1, 1, 24)] * 2 + [(2, 2, 32)] * 2
    unit = memory_unit(Config(5, 4, 1).lmu("a"), BOTH, cycles=32)
    assert (unit.parameters["PIPELINE"], unit.parameters["TOGETHER"]) == (2, 2)
    assert sweeps_sizes(8, 16).within(1000).pipeline == 4


def test_where_it_is_taken() -> None:
    free = Config(8, 4, 1).lmu("a")
    back = replace(free, encoder_mem=Weight(np.ones((32, 4), np.int64), FixedType(4, 2)))
    assert type(memory_sizes(free).with_lanes(2)) is SweepsMemory
    assert memory_sizes(free).with_lanes(2).with_lanes(1).ii_cycles == memory_sizes(free).ii_cycles
    assert type(memory_sizes(back).with_lanes(2)) is TridiagonalMemory
    assert [memory_unit(layer, 2).module for layer in (free, back)] == ["lmu_memory_sweeps", "lmu_memory_tridiag_pes"]
    assert memory_unit(free).module == "lmu_memory_tridiag"
    for order, memory_d, lanes in ((8, 1, [1]), (1, 4, [1]), (2, 4, [1, 2]), (8, 3, [1, 2, 3]), (8, 4, [1, 2, 4])):
        assert FreeTridiagonalMemory(order, memory_d).possible_lanes == lanes


def test_groups_follow_one_another() -> None:
    """Two groups of two channels of three degrees: degrees descending in each."""
    order = arrival_order(SweepsMemory(3, 4, BOTH, 2, 1))
    assert order == (2, 5, 1, 4, 0, 3, 8, 11, 7, 10, 6, 9)


def test_what_is_refused() -> None:
    layer = Config(4, 1, 1).lmu("a")
    assert isinstance(layer.update, TridiagonalUpdate)
    with pytest.raises(
        LmuHlsError, match="'a': both sweeps at the same time need two channels and two degrees or more"
    ):
        sweeps_unit(layer, layer.update, "a", SweepsMemory(4, 1))


def layer_with_both(n_in: int, order: int, memory_d: int, units: int | None) -> LMU:
    rng = np.random.default_rng(5)
    options = {"n_in": n_in, "order": order, "memory_d": memory_d, "units": units}
    layer = random_lmu(rng, connections=(False, False, units is not None), **options)
    weights = {name: random_weight(rng, order) for name in ("lam", "gam", "kap", "bet")}
    for name, place in (("lam", 0), ("kap", -1)):
        values = weights[name].values.copy()
        values[place] = 0
        weights[name] = Weight(values, weights[name].type)
    layer = replace(layer, update=TridiagonalUpdate(**weights, sweep=random_type(rng)))
    cycles = memory_sizes(layer).with_lanes(BOTH).cycles
    return replace(layer, reuse_factor=min(factor for factor in valid_reuse_factors(layer) if factor >= cycles))


@pytest.mark.skipif(not has_icarus(), reason="Icarus is not installed")
@pytest.mark.parametrize(
    ("n_in", "order", "memory_d", "units"),
    [(5, 3, 4, 3), *(pytest.param(*sizes, marks=pytest.mark.thorough) for sizes in ((9, 8, 2, None), (8, 2, 6, 4)))],
)
def test_bits_and_cycles_of_a_layer(n_in, order, memory_d, units, tmp_path) -> None:
    layer = layer_with_both(n_in, order, memory_d, units)
    network = chain("net", layer.x, layer.steps, n_in, [layer])
    x = random_spec_input(network, 3, 1)
    made = Case(network, RtlOptions(), x, expected_tensors(network, x, False))
    assert "lmu_memory_sweeps" in [item.module for item in made.plan.net.instances]
    made.write(tmp_path)
    check_icarus(made, tmp_path)
    assert measured_latency(made, tmp_path) == made.plan.cycles.latency
