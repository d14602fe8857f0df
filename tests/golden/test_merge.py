"""Two tensors as one are the definition in fractions, rounded once; what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.energy.operations import operations
from lmu_hls.fixed import FixedType
from lmu_hls.spec import Input, Merge, Network, Node
from lmu_hls.spec.layers.merge import OPERATIONS
from tests.support.networks import define_graph, random_lmu, random_type

STEPS = 4


def network(operation, seed=0, units=3):
    rng = np.random.default_rng(seed)
    lmu = random_lmu(rng, steps=STEPS, n_in=2, units=3)
    other = random_lmu(rng, name="other", steps=STEPS, n_in=2, units=units)
    merge = Merge("merge", lmu.h, other.h, operation, random_type(rng))
    inputs = (Input("a", lmu.x, 2), Input("b", other.x, 2))
    nodes = (Node("lmu", lmu, ("a",)), Node("other", other, ("b",)), Node("merge", merge, ("lmu", "other")))
    return Network("net", STEPS, inputs, nodes, ("merge",))


def drawn(network, batch=3):
    rng = np.random.default_rng(1)
    ranges = {item.name: (item.type.min_int, item.type.max_int + 1, item.width) for item in network.inputs}
    return {name: rng.integers(low, high, (batch, STEPS, n)) for name, (low, high, n) in ranges.items()}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_is_its_definition(operation):
    seen = set()
    for seed in range(3):
        net = network(operation, seed, units=5 if operation == "concatenate" else 3)
        x = drawn(net)
        found = golden.run(net, x)
        for k in range(3):
            expected = define_graph(net, {name: values[k] for name, values in x.items()})["merge"]
            assert np.array_equal(found.output[k], expected)
            seen |= set(expected.ravel().tolist())
    assert len(seen) > 3


def test_overflows_are_counted():
    net = network("maximum")
    narrow = replace(net.nodes[-1].layer, out=FixedType(3, -4))
    assert golden.run(net.map_layers({"merge": narrow}), drawn(net)).overflows["merge.out"] > 0


def test_what_does_not_fit_is_refused():
    net = network("add")
    with pytest.raises(ValueError, match="merge: the operation 'divide' is not one of add, subtract"):
        replace(net.nodes[-1].layer, operation="divide")
    with pytest.raises(ValueError, match="merge: it reads 3 values a step, but 5 come"):
        network("add", units=5)
    far = Merge("far", FixedType(40, 40), FixedType(40, 0), "maximum", FixedType(8, 8))
    with pytest.raises(ValueError, match=r"far: maximum: the exact sum can reach .* bits"):
        golden.merge.merge(far, np.zeros((1, 1), np.int64), np.zeros((1, 1), np.int64))


def test_operations():
    before = sum(operations(network("concatenate")).products.values())
    found = operations(network("multiply"))
    assert sum(found.products.values()) == before + 3 * STEPS
    assert (
        sum(operations(network("maximum")).sums.values()) == sum(operations(network("concatenate")).sums.values()) + 12
    )
