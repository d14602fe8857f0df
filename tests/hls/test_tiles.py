"""The loops of a step: every product once, no multiplier more than asked for, and the nearest ReuseFactor."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls.configurations import KEYWORD
from lmu_hls.fixed import FixedType
from lmu_hls.hls.tiles import UNROLLED, is_possible, nearest_possible, schedule, table_reads
from lmu_hls.spec import (
    LMU,
    Activation,
    DenseCell,
    DenseUpdate,
    GRUCell,
    HiddenCell,
    LSTMCell,
    TridiagonalUpdate,
    Weight,
    make_activation,
)
from tests.support.networks import random_lmu
from tests.support.random_networks import random_spec_network

T = FixedType(16, 6)


def weight(*shape: int) -> Weight:
    return Weight(np.zeros(shape, np.int64), T)


def layer(reuse: int, n_in: int = 40, memory_d: int = 6, order: int = 40, units: int = 300, dense: bool = True) -> LMU:
    """An LMU with a Dense cell that reads mem and x; the sizes of the keyword network."""
    coefficients = weight(order)
    update = (
        DenseUpdate(weight(order, order), coefficients) if dense else TridiagonalUpdate(*[coefficients] * 4, sweep=T)  # type: ignore[arg-type]
    )
    kernels = {"kernel_mem": weight(memory_d * order, units), "kernel_x": weight(n_in, units)}
    cell = DenseCell(**kernels, kernel_h=None, bias=None, pre=T, activation=make_activation("relu", None, T))
    feedback = {"encoder_h": None, "encoder_mem": None, "encoder_bias": None, "return_sequences": False}
    where = {"theta": 49.0, "discretizer": "zoh", "basis": "orthonormal", "reuse_factor": reuse}
    types = {"x": T, "u": T, "mem": T, "h": T}
    return LMU(
        name="lmu", steps=3, encoder_x=weight(n_in, memory_d), update=update, hidden=cell, **feedback, **where, **types
    )


def test_the_keyword_network():
    assert (KEYWORD.n_in, KEYWORD.memory_d, KEYWORD.order, KEYWORD.units) == (40, 6, 40, 300)
    made = schedule(layer(40), "resource")
    assert made.multiplications == 40 * 6 + 6 * 40 * 41 + 280 * 300
    assert {loop.iterations for loop in made.loops.values()} <= {38, 40}  # 300 units are 38 times 8
    assert made.multipliers == made.multiplications // 40
    assert {name: loop.tile for name, loop in made.loops.items()} == {
        "encoder_x": (1, 6),
        "update": (1, 6),
        "hidden_mem": (6, 300),
        "hidden_x": (1, 300),
        "unit": (1, 8),
    }
    assert made.loops["hidden_mem"].word * made.loops["hidden_mem"].words == 240 * 300


def test_latency_is_one_iteration_and_shares_all_multipliers():
    made = schedule(layer(50), "latency")
    assert {loop.iterations for loop in made.loops.values()} == {1}
    assert made.multipliers == -(-made.multiplications // 50)
    assert made.unrolled == made.multiplications > UNROLLED


def test_the_tridiagonal_update_is_two_sweeps_of_a_degree_an_iteration():
    sweeps = schedule(layer(40, dense=False), "resource").loops["update"]
    assert (sweeps.tile, sweeps.iterations, sweeps.multipliers, sweeps.parts) == ((1, 6), 40, 24, 2)
    unrolled = schedule(layer(1, dense=False), "resource").loops["update"]
    assert (unrolled.iterations, unrolled.multipliers) == (1, 6 * (4 * 40 - 2))
    assert schedule(layer(10_000, dense=False), "resource").loops["update"].tile == (1, 1)


@pytest.mark.parametrize("seed", range(30))
def test_every_product_is_made_and_the_iterations_are_no_more_than_asked_for(seed):
    rng = np.random.default_rng(seed)
    some = random_lmu(rng)
    most = schedule(some, "latency")
    for reuse in (1, 2, 3, 5, 8, 13, 1000):
        made = schedule_at(some, reuse)
        for name, loop in made.loops.items():
            assert loop.iterations <= reuse
            assert loop.multipliers * loop.iterations >= most.loops[name].multiplications or name == "update"
            if name not in ("update", "unit"):
                assert loop.word * loop.words >= loop.multiplications
        if is_possible(some, reuse):
            least = {name: loop.multipliers for name, loop in schedule_at(some, 10**6).loops.items()}
            asked = [max(-(-loop.multiplications // reuse), least[name]) for name, loop in most.loops.items()]
            assert made.multipliers <= sum(asked) * 1.1


def schedule_at(some: LMU, reuse: int):
    object.__setattr__(some, "reuse_factor", reuse)
    return schedule(some, "resource")


def test_the_nearest_possible_reuse_factor():
    assert is_possible(layer(1), 40) and not is_possible(layer(1), 70)
    assert nearest_possible(layer(1), 70) == 80
    possible = [reuse for reuse in range(1, 500) if is_possible(layer(1), reuse)]
    for wanted in (3, 50, 100, 333):
        found = nearest_possible(layer(1), wanted)
        assert found in possible
        assert abs(found - wanted) == min(abs(reuse - wanted) for reuse in possible)
    helps = nearest_possible(layer(1), 23, at_most=UNROLLED)
    assert schedule(layer(helps), "resource").multipliers <= UNROLLED


def test_the_two_ports_of_a_table_set_the_pace_of_the_units():
    """An LSTM unit reads the table of its gates three times, a GRU unit twice, in a loop of its own."""
    lstm, gru = (cell_layer(kind) for kind in (LSTMCell, GRUCell))
    assert table_reads(lstm) == {"gate": 3, "candidate": 1, "squashed": 1}
    assert table_reads(gru) == {"gate": 2, "candidate": 1}
    for some, reads, parts in ((lstm, 3, 1), (gru, 2, 2)):
        for strategy in ("latency", "resource"):
            unit = schedule(some, strategy).loops["unit"]
            assert (unit.interval, unit.parts) == (-(-reads * unit.tile[1] // 2), parts)
    assert schedule(layer(40), "resource").loops["unit"].interval == 1  # relu has no table


def test_tables_in_one_array_share_its_ports():
    """An LSTM unit without a table in its gates, and two equal ones elsewhere."""
    lstm = cell_layer(LSTMCell)
    cell, relu = lstm.hidden, Activation("relu", None)
    alike = replace(cell, gate_activation=relu, cell_activation=cell.activation, squashed=cell.candidate)
    apart = replace(cell, gate_activation=relu)
    for hidden, reads in ((alike, {"candidate": 2}), (apart, {"candidate": 1, "squashed": 1})):
        some = replace(lstm, hidden=hidden)
        assert table_reads(some) == reads
        assert schedule(some, "latency").loops["unit"].interval == -(-max(reads.values()) * some.units // 2)


def cell_layer(kind: type[HiddenCell]) -> LMU:
    """A random LMU with such a cell whose functions all have tables."""
    for seed in range(300):
        some = random_spec_network(seed).lmus[-1]
        if isinstance(some.hidden, kind) and len(table_reads(some)) == len(kind.outputs):
            return some
    raise AssertionError
