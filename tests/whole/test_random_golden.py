"""The seeded networks: the same for the same seed, over all that the contract knows, and golden is their definition."""

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.spec import ArgMax, DenseCell, DenseUpdate, GRUCell, LSTMCell, Softmax, TridiagonalUpdate, store
from lmu_hls.spec.layers.scale import Scale
from tests.support.networks import define_network
from tests.support.random_networks import random_spec_input, random_spec_network

SEEDS = range(30)


@pytest.fixture(scope="module")
def networks():
    return {seed: random_spec_network(seed) for seed in SEEDS}


def test_the_same_seed_gives_the_same_network(networks, tmp_path):
    for seed in (0, 8):
        store.save(networks[seed], tmp_path / "a.npz")
        store.save(random_spec_network(seed), tmp_path / "b.npz")
        assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    x = random_spec_input(networks[0], 5)
    assert np.array_equal(x, random_spec_input(networks[0], 5)) and x.max() <= networks[0].x.max_int


def test_thirty_seeds_have_everything(networks):
    lmus = [lmu for network in networks.values() for lmu in network.lmus]
    layers = {type(layer) for network in networks.values() for layer in network.layers}
    assert {type(lmu.update) for lmu in lmus} == {DenseUpdate, TridiagonalUpdate}
    assert {type(lmu.hidden) for lmu in lmus} == {type(None), DenseCell, LSTMCell, GRUCell}
    assert {lmu.hidden.reset_after for lmu in lmus if isinstance(lmu.hidden, GRUCell)} == {True, False}
    assert {Softmax, ArgMax, Scale} <= layers and {len(network.lmus) for network in networks.values()} == {1, 2}
    assert {network.lmus[-1].return_sequences for network in networks.values()} == {True, False}
    assert max(lmu.order for lmu in lmus) > 32 and max(lmu.memory_d for lmu in lmus) > 5
    assert all(kind.signed for lmu in lmus for kind in (lmu.x, lmu.u, lmu.mem, lmu.h))


@pytest.mark.parametrize("seed", SEEDS)
def test_golden_is_the_definition(seed, networks):
    network = networks[seed]
    x = random_spec_input(network, 2)
    assert np.array_equal(golden.run(network, x).output, [define_network(network, sample) for sample in x])
