"""The contract in keras.ops gives golden's integers: random networks, every cell, both updates, with feedback."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, requantize, to_float
from lmu_hls.spec import LMU, ArgMax, Dense, Select, Weight, Window, chain, with_argmax
from lmu_hls.training import arithmetic, step
from lmu_hls.training.program import Program
from tests.support.networks import random_softmax
from tests.support.random_networks import random_spec_input, random_spec_network

SEEDS = range(14)  # they have every hidden cell with both updates, with and without feedback


def output(network, x):
    return keras.ops.convert_to_numpy(Program(network)(to_float(x, network.x)))


def drawn(seed):
    network = random_spec_network(seed)
    if isinstance(network.layers[-1], ArgMax):  # it has no gradient
        network = network.with_layers(network.layers[:-1])
    return network, random_spec_input(network, 6, seed)


def assert_equal_to_golden(network, x):
    assert np.array_equal(output(network, x), to_float(golden.predict(network, x), network.out))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_network_equals_golden(seed):
    assert_equal_to_golden(*drawn(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 250))
def test_more_random_networks_equal_golden(seed):
    assert_equal_to_golden(*drawn(seed))


def test_the_seeds_have_every_kind():
    lmus = [lmu for seed in SEEDS for lmu in drawn(seed)[0].lmus]
    assert len({type(lmu.hidden).__name__ for lmu in lmus}) == 4
    kinds = {(type(lmu.update).__name__, bool(lmu.encoder_h or lmu.encoder_mem)) for lmu in lmus}
    assert len(kinds) == 4, kinds


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("overflow", OVERFLOWS)
def test_assignment_is_that_of_the_contract(rounding, overflow):
    values = np.arange(-3000, 3000)
    for kind in (FixedType(5, 3, True, rounding, overflow), FixedType(4, 1, False, rounding, overflow)):
        found = keras.ops.convert_to_numpy(arithmetic.assign(arithmetic.constant(values / 2.0**7), kind))
        assert np.array_equal(found, to_float(requantize(values, 7, kind), kind)), kind


def test_batch_and_length_change_no_bit():
    network, x = next((n, x) for n, x in map(drawn, range(40)) if all(lmu.return_sequences for lmu in n.lmus))
    whole = output(network, x)
    assert np.array_equal(whole[2:3], output(network, x[2:3]))
    assert np.array_equal(whole[:, :2], output(network, x[:, :2]))


def test_long_sequences_go_through_a_loop(monkeypatch):
    network, x = drawn(3)
    expected = output(network, x)
    monkeypatch.setattr("lmu_hls.training.loops.UNROLLED", 0)
    assert np.array_equal(output(network, x), expected)


def test_softmax_equals_golden():
    rng = np.random.default_rng(5)
    for seed in range(6):
        lmu = next(layer for layer in drawn(seed)[0].layers if isinstance(layer, LMU))
        network = chain("net", lmu.x, lmu.steps, lmu.n_in, (lmu, random_softmax(rng, lmu.h)))
        assert_equal_to_golden(network, random_spec_input(network, 6, seed))


@pytest.mark.parametrize("window", [(4, 2, -1, 2, 3), (4, 1, 3, 1, 1, True), (4, 1, 0, 1, 4, True)])
def test_windows_equal_golden(window):
    lmu = replace(next(lmu for lmu in drawn(3)[0].lmus), steps=4, return_sequences=True)
    network = chain("net", lmu.x, 4, lmu.n_in, (lmu, Select("select", lmu.h, Window(*window))))
    assert_equal_to_golden(network, random_spec_input(network, 6, 0))


@pytest.mark.parametrize("fault", ["rounding", "table"])
def test_seeded_fault_is_seen(fault, monkeypatch):
    if fault == "rounding":
        monkeypatch.setattr(arithmetic.ops, "round", lambda x: keras.ops.floor(x + 0.5))
    else:
        monkeypatch.setattr(step, "integers", lambda x, to: arithmetic.integers(x + to.lsb, to))
    networks = [drawn(seed) for seed in range(6)]
    assert not all(np.array_equal(output(n, x), to_float(golden.predict(n, x), n.out)) for n, x in networks)


def test_refuses_what_has_no_gradient_and_what_floats_would_round():
    network, _ = drawn(0)
    with pytest.raises(LmuHlsError, match="ArgMax cannot be trained through"):
        Program(with_argmax(network))
    wide = Weight(np.full((network.widths[-1], 1), 1 << 44), FixedType(46, 1))
    head = Dense("head", network.out, wide, None, FixedType(8, 4))
    with pytest.raises(LmuHlsError, match=r"head: out: the exact sum can reach .* fewer fraction bits"):
        Program(network.with_layers((*network.layers, head)))


@pytest.mark.parametrize("overflow", ["SAT", "WRAP"])
def test_gradient_goes_straight_through_and_stops_where_saturated(overflow):
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow")
    x = tf.constant([-9.0, -0.3, 0.2, 9.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = arithmetic.assign(x, FixedType(4, 2, True, "RND_CONV", overflow))
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 1.0, 1.0, 0.0]
