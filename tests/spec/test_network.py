"""The graph of the contract: golden is its definition on drawn graphs, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls import golden
from lmu_hls.fixed import FixedType
from lmu_hls.spec import Activation, Dense, Elementwise, Input, Merge, Network, Node, chain, store
from lmu_hls.spec.layers import Layer
from lmu_hls.spec.layers.merge import OPERATIONS
from tests.support.networks import (
    define_graph,
    random_input,
    random_lmu,
    random_network,
    random_softmax,
    random_type,
    random_weight,
)


def drawn_graph(seed: int) -> Network:
    """Up to three inputs, two to seven layers on anything before them, layers used twice, any of them an output."""
    rng = np.random.default_rng(seed)
    steps, values = int(rng.integers(1, 5)), {}
    inputs = tuple(Input(f"in{k}", random_type(rng), int(rng.integers(1, 4))) for k in range(rng.integers(1, 4)))
    values = {item.name: (item.type, item.width, steps) for item in inputs}
    nodes: list[Node] = []
    for k in range(int(rng.integers(2, 8))):
        name, source = f"n{k}", str(rng.choice(list(values)))
        x, width, every = values[source]
        kind = "lmu" if k == 0 else str(rng.choice(["lmu", "dense", "relu", "merge", "again", "softmax"]))
        alike = [other for other, (_, w, e) in values.items() if (w, e) == (width, every)]
        layer: Layer = Elementwise(name, x, Activation("relu"), random_type(rng))
        sources = (source,)
        if kind == "lmu" and every:
            units = None if rng.random() < 0.3 else 2
            layer = random_lmu(
                rng, name=name, steps=steps, x=x, n_in=width, memory_d=1, order=2, units=units,
                connections=(units is not None, True, True), return_sequences=bool(rng.random() < 0.7),
            )  # fmt: skip
        elif kind == "dense":
            layer = Dense(name, x, random_weight(rng, width, 2), random_weight(rng, 2), random_type(rng))
        elif kind == "merge":
            other, operation = str(rng.choice(alike)), str(rng.choice(OPERATIONS))
            layer, sources = Merge(name, x, values[other][0], operation, random_type(rng)), (source, other)
        elif kind == "softmax" and width > 1:
            layer = random_softmax(rng, x, name)
        elif kind == "again":
            layer = nodes[int(rng.integers(len(nodes)))].layer
            single = len(layer.inputs) == 1
            fit = [other for other, value in values.items() if single and _fits(layer, value)]
            if not fit:
                continue
            sources = (str(rng.choice(fit)),)
            x, width, every = values[sources[0]]
        nodes.append(Node(name, layer, sources))
        values[name] = (layer.out, layer.width(*[width] * len(sources)), layer.given_steps(every))
    names = [node.name for node in nodes]
    outputs = tuple(rng.choice(names, int(rng.integers(1, len(names) + 1)), replace=False).tolist())
    return Network("net", steps, inputs, tuple(nodes[k] for k in rng.permutation(len(nodes))), outputs)


def _fits(layer: Layer, value: tuple[FixedType, int, bool]) -> bool:
    kind, (x, width, every) = layer.inputs[0], value
    try:
        layer.width(width)
        layer.given_steps(every)
    except ValueError:
        return False
    return (kind.width, kind.fraction, kind.signed) == (x.width, x.fraction, x.signed)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_golden_is_the_definition_of_any_graph(tmp_path_factory, seed):
    network = drawn_graph(seed)
    path = tmp_path_factory.mktemp("graph") / "spec.npz"
    store.save(network, path)
    rng = np.random.default_rng(seed)
    x = {i.name: rng.integers(i.type.min_int, i.type.max_int + 1, (2, network.steps, i.width)) for i in network.inputs}
    trace = golden.run(store.load(path), x)
    for k in range(2):
        expected = define_graph(network, {name: values[k] for name, values in x.items()})
        assert list(trace.outputs) == list(network.outputs)
        for name, values in expected.items():
            assert np.array_equal(trace.outputs[name][k], values), name
    assert {key[0] for key in network.tensors} == {node.name for node in network.nodes}


def test_what_does_not_fit_is_refused():
    network = random_network(np.random.default_rng(0))
    first, second, dense, relu = network.nodes
    put = lambda *nodes, **more: replace(network, nodes=nodes, **more)  # noqa: E731
    refusals = {
        "two layers are called 'first'; rename one": lambda: put(first, replace(second, name="first"), dense, relu),
        "head: it reads 'secnd', which is no input and no layer": lambda: put(
            first, second, replace(dense, inputs=("secnd",)), relu
        ),
        "the output 'out' is no layer": lambda: put(*network.nodes, outputs=("out",)),
        "needs an input and an output": lambda: put(*network.nodes, outputs=()),
        "has a cycle": lambda: put(replace(first, inputs=("second",)), second, dense, relu),
        "head: it reads 1 inputs, 2 are given": lambda: put(
            first, second, replace(dense, inputs=("second", "first")), relu
        ),
        "layer 'second' takes fixed<20,3.*, but 'first' gives": lambda: network.with_layers(
            [first.layer, replace(second.layer, x=FixedType(20, 3)), dense.layer, relu.layer]
        ),
        "layer 'second' needs every step, but only one vector": lambda: network.with_layers(
            [replace(first.layer, return_sequences=False), second.layer, dense.layer, relu.layer]
        ),
        "layer 'first' has sequences of 5 steps, but 7 come": lambda: replace(network, steps=7),
        "no LMU layer": lambda: chain("net", dense.layer.x, 1, dense.layer.kernel.shape[0], [dense.layer]),
    }
    for message, build in refusals.items():
        with pytest.raises(ValueError, match=message):
            build()


def test_inputs_that_last_differently_do_not_meet():
    network = random_network(np.random.default_rng(0))
    first, second, *_ = network.nodes
    both = Node("both", Merge("both", first.layer.out, second.layer.out, "add", FixedType(8, 4)), ("first", "second"))
    with pytest.raises(ValueError, match="'both' reads inputs of different numbers of steps"):
        replace(network, nodes=(first, second, both), outputs=("both",))


def test_a_chain_says_so_and_a_graph_says_what_it_is():
    network = random_network(np.random.default_rng(0))
    assert network.branches == "" and network.widths == (3, 4, 4, 3, 3)
    two = replace(network, outputs=("head", "relu"))
    assert two.branches == "it has 1 inputs and 2 outputs"
    with pytest.raises(ValueError, match="has 2 outputs, one is needed here"):
        _ = two.out
    with pytest.raises(ValueError, match="is no chain of layers"):
        two.with_layers(network.layers)
    again = replace(network, nodes=(*network.nodes, Node("again", network.layers[2], ("second",))))
    assert "layer 'again' reads 'second', not 'relu' alone" in again.branches


def test_golden_names_the_inputs_that_it_lacks():
    network = random_network(np.random.default_rng(0))
    wider = replace(network, inputs=(*network.inputs, Input("more", network.x, 2)))
    x = random_input(np.random.default_rng(0), network, 2)
    with pytest.raises(ValueError, match="values of input are given, input, more needed"):
        golden.run(wider, x)
    with pytest.raises(ValueError, match="the same samples and steps"):
        golden.run(wider, {"input": x, "more": np.zeros((3, network.steps, 2), np.int64)})
