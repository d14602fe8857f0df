"""golden against the definition in unbounded rational arithmetic, and its refusals."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import FixedType
from lmu_hls.golden.affine import Affine, Rounder
from lmu_hls.spec import Weight, chain
from tests.support.networks import (
    define_lmu,
    define_network,
    random_cell,
    random_input,
    random_lmu,
    random_network,
    random_recurrent,
    random_weight,
    real,
)


@pytest.mark.parametrize("seed", range(12))
def test_network_equals_definition(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    x = random_input(rng, network, batch=3)
    expected = np.array([define_network(network, sample) for sample in x])
    assert np.array_equal(golden.run(network, x).output, expected)
    assert np.array_equal(golden.predict(network, x), expected)


@pytest.mark.parametrize("connections", [(False, False, False), (True, False, True), (False, True, False)])
@pytest.mark.parametrize("units", [None, 3])
def test_every_tensor_equals_definition(units, connections):
    rng = np.random.default_rng(7)
    connections = connections if units else (False, connections[1], False)
    lmu = random_lmu(rng, units=units, connections=connections)
    x = rng.integers(lmu.x.min_int, lmu.x.max_int + 1, (2, lmu.steps, lmu.n_in))
    trace = golden.run_lmu(lmu, x)
    for sample in range(2):
        expected = define_lmu(lmu, real(Weight(x[sample], lmu.x)))
        for name, kind in (("u", lmu.u), ("mem", lmu.mem), ("h", lmu.h)):
            assert np.array_equal(real(Weight(trace.tensors[name][sample], kind)), expected[name]), name


def with_cell(rng, kind, **options):
    """An LMU whose hidden cell is recurrent."""
    lmu = random_lmu(rng, units=3, connections=(True, True, True))
    n_mem = lmu.memory_d * lmu.order
    return replace(lmu, hidden=random_cell(rng, kind, n_mem, lmu.n_in, 3, lmu.h, **options))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "gru before"])
@pytest.mark.parametrize("seed", range(3))
def test_recurrent_cells_equal_definition(kind, bias, seed):
    rng = np.random.default_rng(seed)
    lmu = with_cell(rng, kind, bias=bias)
    x = rng.integers(lmu.x.min_int, lmu.x.max_int + 1, (2, lmu.steps, lmu.n_in))
    trace = golden.run_lmu(lmu, x)
    for sample in range(2):
        expected = define_lmu(lmu, real(Weight(x[sample], lmu.x)))
        assert np.array_equal(real(Weight(trace.tensors["h"][sample], lmu.h)), expected["h"])
    network = chain("net", lmu.x, lmu.steps, lmu.n_in, (replace(lmu, return_sequences=False),))
    assert np.array_equal(golden.predict(network, x), trace.tensors["h"][:, -1])


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru", "gru before"])
def test_cells_over_the_sequence_equal_definition(kind):
    """With a state that a sequence which is cut into pieces carries over."""
    rng = np.random.default_rng(1)
    layer = random_recurrent(rng, kind)
    network = chain("net", layer.x, layer.steps, layer.n_in, (layer,))
    x = random_input(rng, network, 3)
    whole = golden.run(network, x)
    assert np.array_equal(whole.output, [define_network(network, sample) for sample in x])
    head = golden.run(network, x[:, :2], states=golden.zero_states(network, 3))
    tail = golden.run(network, x[:, 2:], states=head.states)
    assert np.array_equal(np.concatenate([head.output, tail.output], axis=1), whole.output)
    last = chain("net", layer.x, layer.steps, layer.n_in, (replace(layer, return_sequences=False),))
    assert np.array_equal(golden.predict(last, x), whole.output[:, -1])


@pytest.mark.parametrize("kind", ["dense", "lstm", "gru"])
@pytest.mark.parametrize("cut", [0, 1, 3, 5])
def test_state_carries_a_sequence_over_a_cut(cut, kind):
    rng = np.random.default_rng(3)
    lmu = random_lmu(rng) if kind == "dense" else with_cell(rng, kind)
    x = rng.integers(lmu.x.min_int, lmu.x.max_int + 1, (4, lmu.steps, lmu.n_in))
    whole = golden.run_lmu(lmu, x)
    head = golden.run_lmu(lmu, x[:, :cut])
    tail = golden.run_lmu(lmu, x[:, cut:], head.state)
    for name in whole.tensors:
        assert np.array_equal(np.concatenate([head.tensors[name], tail.tensors[name]], axis=1), whole.tensors[name])


def test_sums_stay_exact_where_float64_would_not():
    """A sum that needs 60 bits goes through int64; the same product in float64 is wrong in the last bits."""
    rng = np.random.default_rng(0)
    wide = FixedType(30, 1)
    weight = Weight(rng.integers(wide.min_int, wide.max_int, (4, 2)), wide)
    sums = Affine("wide", [(wide, weight)])
    x = rng.integers(wide.min_int, wide.max_int, (50, 4))
    expected = x.astype(object) @ weight.values.astype(object)
    assert sums.dtype == np.int64
    assert np.array_equal(sums(x), expected.astype(np.int64))
    in_float = x.astype(np.float64) @ weight.values.astype(np.float64)
    assert not np.array_equal(in_float.astype(np.int64), expected.astype(np.int64))


def test_sums_beyond_62_bits_are_refused():
    wide = FixedType(40, 1)
    weight = Weight(np.full((4, 2), wide.max_int), wide)
    with pytest.raises(ValueError, match="mem: the exact sum can reach 80 bits, the contract allows 62"):
        Affine("mem", [(wide, weight)])


@pytest.mark.parametrize("rounding", ["RND_CONV", "TRN"])
def test_rounder_in_float_equals_rounder_in_integers(rounding):
    kind = FixedType(6, 3, rounding=rounding)
    sums = np.arange(-5000, 5000)
    fast, slow = Rounder(7, kind), Rounder(7, kind)
    assert np.array_equal(fast(sums.astype(np.float64)), slow(sums))
    assert fast.overflows == slow.overflows > 0


def test_overflows_are_counted():
    rng = np.random.default_rng(1)
    lmu = replace(random_lmu(rng), mem=FixedType(4, 1), update=random_lmu(rng).update)
    network = chain("net", lmu.x, lmu.steps, lmu.n_in, (lmu,))
    assert golden.run(network, random_input(rng, network, 8)).overflows["lmu.mem"] > 0


def test_bad_input_is_refused():
    rng = np.random.default_rng(2)
    network = random_network(rng)
    x = random_input(rng, network, 2)
    with pytest.raises(ValueError, match=r"shape \(2, 5, 2\), expected \(batch, 5, 3\)"):
        golden.run(network, x[:, :, :2])
    with pytest.raises(ValueError, match="takes integers"):
        golden.run(network, x.astype(float))
    with pytest.raises(ValueError, match="do not fit"):
        golden.run(network, x + (1 << 20))


def test_weight_refuses_values_outside_its_type():
    with pytest.raises(ValueError, match="do not fit"):
        Weight(np.array([8]), FixedType(4, 4))
    weight = random_weight(np.random.default_rng(0), 2)
    with pytest.raises(ValueError):
        weight.values[0] = 1
