"""A layer may have the name of anything that hls4ml's node of it holds."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.front.extract import network_spec
from tests.support.lmu_models import assert_csim_equals_golden, convert, lmu, random_input

L = keras.layers
NODES = ("dense", "memory", "rectifier", "scale", "function", "pool", "cell", "ends")


def named(names):
    """A model of many classes of nodes, called ``names`` in place of NODES; its weights are always the same."""
    keras.utils.set_random_seed(1)
    dense, memory, rectifier, scale, function, pool, cell, ends = names
    x = keras.Input((6, 2), name="x")
    h = lmu("tanh", (True, True, True), name=memory)(L.Dense(3, name=dense)(x))
    h = L.Activation("gelu", name=function)(L.Rescaling(0.7, 0.1, name=scale)(L.LeakyReLU(0.3, name=rectifier)(h)))
    h = L.GRU(3, name=cell)(L.AveragePooling1D(2, name=pool)(h))
    return keras.Model(x, L.Softmax(name=ends)(h), name="named")


OF_HANDLERS = ("class_name", "name", "module", "data_format", "weight_data", "bias_data", "input_shape", "own_types")


@pytest.mark.parametrize(("node", "sequences"), [("dense", False), pytest.param("dense", True, marks=pytest.mark.slow)])
def test_a_name_of_anything_in_a_node_of_hls4ml(node, sequences, tmp_path):
    """Every attribute of hls4ml's own node of a Dense layer, which on sequences becomes another one."""
    plain = convert(small(node, node, sequences), tmp_path / "plain")
    expected = network_spec(plain)
    x = random_input(expected, 4)
    found = next(each for each in plain.get_layers() if each.name == node)
    held = [key for key in found.attributes if key.isidentifier() and not key.startswith("__")]
    names = [*OF_HANDLERS, *(key for key in held if key not in (node, *OF_HANDLERS))]
    assert {"weight", "bias", "accum_t", "result_t"} <= set(held)
    for name in names:
        network = network_spec(convert(small(node, name, sequences), tmp_path / "named"))
        assert name in {each.name for each in network.nodes}, name
        assert np.array_equal(golden.run(network, x).output, golden.run(expected, x).output), name


def small(node, name, sequences):
    keras.utils.set_random_seed(1)
    names = {"dense": "dense", "ends": "ends", node: name}
    layers = [lmu("tanh", name="memory", return_sequences=sequences), L.Dense(3, "relu", name=names["dense"])]
    layers.append(L.Softmax(name=names["ends"]))
    return keras.Sequential([keras.Input((6, 2), name="x"), *layers], name="named")


def drawn(graph, seed):
    """For each layer the name of an attribute of its node, no two alike."""
    rng, names = np.random.default_rng(seed), []
    for node in NODES:
        found = next(each for each in graph.get_layers() if each.name == node)
        keys = sorted(key for key in found.attributes if key.isidentifier() and key not in names and key != node)
        names.append(str(rng.choice(keys)))
    return names


FIRST = ("weight", "a", "slope", "factor", "table", "reciprocal", "hidden_x", "exp_table")


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_names_of_attributes(seed, tmp_path):
    plain = convert(named(NODES), tmp_path / "plain")
    expected = network_spec(plain)
    x = random_input(expected, 4)
    names = drawn(plain, seed) if seed else FIRST
    network = network_spec(convert(named(names), tmp_path / "named"))
    assert "a" in {node.name for node in network.nodes} or seed
    assert np.array_equal(golden.run(network, x).output, golden.run(expected, x).output)


@pytest.mark.slow
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_their_cpp(io_type, tmp_path):
    assert_csim_equals_golden(convert(named(FIRST), tmp_path, io_type=io_type))
