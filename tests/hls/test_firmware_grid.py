"""The generated C++ against golden, ``==`` on every output, over cells, connections, types and layouts."""

import itertools

import keras
import numpy as np
import pytest

from lmu_hls.fixed import OVERFLOWS, ROUNDINGS
from tests.support.lmu_models import N_IN, assert_csim_equals_golden, config, convert, lmu, model
from tests.support.random_keras import converted_without_absent

CELLS = ("linear", "relu", "tanh", "sigmoid")
LAYOUTS = (  # memory_d, order, theta, discretizer, basis
    (1, 4, 9.0, "zoh", "legendre"),
    (2, 3, 12.0, "bilinear", "orthonormal"),
    (3, 2, 20.0, "euler", "legendre"),
    (2, 5, 14.0, "zoh", "orthonormal"),
    (1, 1, 4.0, "bilinear", "legendre"),
)
GRID = [(cell, connections) for cell in CELLS for connections in itertools.product([False, True], repeat=3)]
GRID += [(None, (False, False, False)), (None, (False, True, False))]
WEIGHTS = ("encoder_x", "encoder_h", "encoder_bias", "hidden_mem", "hidden_x", "hidden_bias", "weight", "bias")
STACK = 6  # layers in one model, so that one compilation covers several configurations


def layers(cases, first: int) -> list:
    """One LMU for each case; layout and bias change from layer to layer."""
    stack = []
    for k, (cell, connections) in enumerate(cases, start=first):
        memory_d, order, theta, discretizer, basis = LAYOUTS[k % len(LAYOUTS)]
        system = {"memory_d": memory_d, "order": order, "theta": theta, "discretizer": discretizer, "basis": basis}
        stack.append(lmu(cell, connections, use_bias=k % 3 != 0, name=f"lmu{k}", **system))
    return stack


@pytest.mark.parametrize("first", range(0, len(GRID), STACK))
def test_cells_and_connections(first, tmp_path):
    stack = layers(GRID[first : first + STACK], first)
    stack[-1].return_sequences = first // STACK % 2 == 0
    head = [keras.layers.Dropout(0.2), keras.layers.Dense(6, "relu" if first // STACK % 3 == 1 else "linear")]
    built = model(*stack, *head, seed=first)
    backend = ("Vitis", "Vivado")[first // STACK % 2]
    graph = convert(built, tmp_path, {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 1}}, backend=backend)
    assert_csim_equals_golden(graph)


def random_type(rng: np.random.Generator, low: int = 8) -> str:
    width, integer = int(rng.integers(low, low + 8)), int(rng.integers(2, 5))
    return f"fixed<{width},{integer},{rng.choice(ROUNDINGS)},{rng.choice(OVERFLOWS)}>"


def random_graph(seed: int, folder):
    """A random stack with a random type for every tensor, all roundings and overflows among them."""
    rng = np.random.default_rng(seed)
    cases = [GRID[k] for k in rng.integers(0, len(GRID), 3)]
    built = model(*layers(cases, seed), keras.layers.Dense(5), seed=seed)
    settings = config(built)
    for name, layer in settings["LayerName"].items():
        precision = layer["Precision"]
        for key in ("u", "mem", "pre", "result"):
            if key in precision:
                precision[key] = random_type(rng)
        for key in WEIGHTS:
            if key in precision and rng.random() < 0.5:
                precision[key] = random_type(rng, 5)
        if "TableSize" in layer and name.startswith("lmu"):
            layer["TableSize"] = int(rng.choice([64, 256, 2048]))
            layer["TableRange"] = int(rng.choice([0, 2, 8]))
    return converted_without_absent(built, folder, settings)


@pytest.mark.parametrize("seed", range(4))
def test_random_types(seed, tmp_path):
    assert_csim_equals_golden(random_graph(seed, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_random_types_at_length(seed, tmp_path):
    assert_csim_equals_golden(random_graph(seed, tmp_path))


def test_one_step_one_channel_without_head(tmp_path):
    """The smallest network: every size is 1."""
    built = model(lmu(None, (False, False, False), memory_d=1, order=1, return_sequences=False), steps=1, n_in=1)
    network = assert_csim_equals_golden(convert(built, tmp_path))
    assert (network.steps, network.n_in, network.lmus[0].units) == (1, 1, 1)


@pytest.mark.parametrize("strategy", ["Latency", "Resource"])
def test_dense_on_sequences(strategy, tmp_path):
    """hls4ml makes a convolution of a Dense layer on sequences: types, ReuseFactor and Strategy go along."""
    built = model(lmu("tanh"), keras.layers.Dense(4, name="Head-1"), keras.layers.Dense(3), n_in=N_IN)
    settings = config(built, "type")
    settings["LayerType"]["Dense"] |= {"ReuseFactor": 2, "Strategy": strategy}
    settings["LayerType"]["Dense"]["Precision"] |= {"weight": "fixed<9,2>", "result": "fixed<13,4,RND,SAT>"}
    graph = convert(built, tmp_path, settings)
    network = assert_csim_equals_golden(graph)
    for head in network.layers[1:]:
        assert (str(head.kernel.type), str(head.out)) == ("fixed<9,2,TRN,WRAP>", "fixed<13,4,RND,SAT>")
    assert [node.class_name for node in graph.get_layers()][2:] == ["PointwiseConv1D"] * 2
    assert [node.get_attr("reuse_factor") for node in graph.get_layers()][2:] == [2, 2]
