"""Pooling is its definition in fractions: the exact average by the rounded reciprocal, rounded once."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import FixedType
from lmu_hls.spec import Pool, Weight, Window, chain
from tests.support.networks import define_network, random_input, random_lmu, random_type

WINDOWS = [Window(6, 1, size=6, vector=True), Window(6, 3, -1, 2, 3, repeat=True), Window(6, 5, size=2)]
EDGES = [Window(6, 6, -2, size=5), Window(6, 2, stride=4, size=3), Window(6, 3, -1, 2, 4)]  # as padding="same"


def pooled(window, average, seed=4):
    rng = np.random.default_rng(seed)
    lmu = random_lmu(rng, steps=6, return_sequences=True)
    factors = [40, 33, 21][-1 - int(window.missing.max()) :]
    factor = Weight(np.array(factors), FixedType(7, 1)) if average else None
    pool = Pool("pool", lmu.h, window, factor, random_type(rng) if average else lmu.h)
    return chain("net", lmu.x, 6, lmu.n_in, (lmu, pool))


@pytest.mark.parametrize(
    "window, average",
    [(window, average) for window in WINDOWS for average in (False, True)] + [(window, True) for window in EDGES],
)
def test_it_is_its_definition(window, average):
    network = pooled(window, average)
    x = random_input(np.random.default_rng(0), network, 4)
    expected = np.array([define_network(network, sample) for sample in x])
    assert np.array_equal(golden.run(network, x).output, expected) and np.unique(expected).size > 1
    assert network.values["pool"].steps == (None if window.vector else window.count)


def test_what_does_not_fit_is_refused():
    network = pooled(WINDOWS[0], True)
    lmu, pool = network.layers
    with pytest.raises(ValueError, match=r"pool: the largest of values of .* has no other type"):
        replace(pool, reciprocal=None, out=FixedType(3, 3))
    with pytest.raises(ValueError, match="pool: reciprocal has shape"):
        replace(pool, reciprocal=Weight(np.ones(2), FixedType(3, 3)))
    with pytest.raises(ValueError, match="pool: reciprocal has shape"):
        replace(pool, window=EDGES[0])
    wide = replace(pool, reciprocal=Weight(np.array([1 << 50]), FixedType(53, 53)), x=FixedType(12, 12))
    with pytest.raises(ValueError, match="pool: average: the exact sum can reach"):
        golden.run(network.with_layers([replace(lmu, h=wide.x), wide]), np.zeros((1, 6, lmu.n_in), np.int64))


def test_operations():
    average, largest = (pooled(WINDOWS[0], kind).layers[-1] for kind in (True, False))
    assert average.sum.width > average.x.width and average.products(average.out) == ((average.sum.width, 7),)
    assert len(average.sums(average.out)) == 5 and largest.products(largest.out) == ()
