"""The generated C++ against golden, ``==`` on every output: recurrent cells, and both forms of the memory update."""

import itertools

import keras
import numpy as np
import pytest

from lmu_hls.spec import TridiagonalUpdate
from tests.hls.test_firmware_grid import random_type
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model
from tests.support.random_keras import converted_without_absent

CELLS = {
    "rnn": keras.layers.SimpleRNNCell,
    "lstm": keras.layers.LSTMCell,
    "gru": keras.layers.GRUCell,
    "gru before": keras.layers.GRUCell,  # reset before the product
}
FUNCTIONS = ("tanh", "sigmoid", "relu", "linear")
LAYOUTS = (  # memory_d, order, theta, discretizer, basis
    (1, 4, 9.0, "bilinear", "legendre"),
    (2, 3, 12.0, "zoh", "orthonormal"),
    (2, 5, 14.0, "bilinear", "orthonormal"),
    (3, 2, 20.0, "euler", "legendre"),
    (1, 1, 4.0, "bilinear", "legendre"),
)
GRID = list(itertools.product(CELLS, [False, True], itertools.product([False, True], repeat=3)))
# Half of it: every cell with every connection, and every cell with every pair of bias and connection.
HALF = [case for case in GRID if (case[1] + sum(case[2])) % 2 == 0]
STACK = 8  # layers in one model, so that one compilation covers several configurations
KEYS = (
    "u",
    "mem",
    "sweep",
    "pre",
    "gate",
    "candidate",
    "cell",
    "squashed",
    "inner",
    "result",
    "hidden_h",
    "lam",
    "bet",
)


def cell_of(kind: str, bias: bool, k: int, units: int = 4) -> keras.layers.Layer:
    """A cell whose functions change with ``k``: tanh and sigmoid, as in Keras, for every other one."""
    options = {"use_bias": bias, "activation": FUNCTIONS[0 if k % 2 else k // 2 % 4]}
    if kind != "rnn":
        options["recurrent_activation"] = FUNCTIONS[1 if k % 2 else k // 8 % 4]
    if kind.startswith("gru"):
        options["reset_after"] = kind == "gru"
    return CELLS[kind](units, **options)


def layers(cases, first: int) -> list:
    """One LMU for each case; layout and functions change from layer to layer."""
    stack = []
    for k, (kind, bias, connections) in enumerate(cases, start=first):
        memory_d, order, theta, discretizer, basis = LAYOUTS[k % len(LAYOUTS)]
        system = {"memory_d": memory_d, "order": order, "theta": theta, "discretizer": discretizer, "basis": basis}
        stack.append(lmu(cell_of(kind, bias, k), connections, use_bias=bias, name=f"lmu{k}", **system))
    return stack


def tridiagonal(stack) -> dict:
    """The configuration in which every layer that can have the tridiagonal update has it."""
    able = [layer.name for layer in stack if layer.cell.discretizer == "bilinear"]
    return {"LayerName": {name: {"MemoryUpdate": "tridiagonal"} for name in able}}


def check(cases, first: int, folder) -> None:
    stack = layers(cases, first)
    stack[-1].return_sequences = first // STACK % 2 == 0
    backend = ("Vitis", "Vivado")[first // STACK % 2]
    built = model(*stack, keras.layers.Dense(6), seed=first)
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 1}, **tridiagonal(stack)}
    network = assert_csim_equals_golden(convert(built, folder, settings, backend=backend))
    updates = [isinstance(lmu.update, TridiagonalUpdate) for lmu in network.lmus]
    assert updates == [lmu.discretizer == "bilinear" for lmu in network.lmus]


@pytest.mark.parametrize("first", range(0, len(HALF), STACK))
def test_cells_biases_and_connections(first, tmp_path):
    check(HALF[first : first + STACK], first, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(GRID), STACK))
def test_all_cells_biases_and_connections(first, tmp_path):
    check(GRID[first : first + STACK], first + 3, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 64, STACK))
def test_all_pairs_of_functions(first, tmp_path):
    """Every activation with every recurrent activation, in every cell that has both, and with tables of 64 entries."""
    pairs = itertools.product(("lstm", "gru", "gru before", "rnn"), FUNCTIONS, FUNCTIONS)
    stack = []
    for k, (kind, function, gate) in enumerate(list(pairs)[first : first + STACK]):
        cell = cell_of(kind, True, 1, units=3).get_config() | {"activation": function}
        if kind != "rnn":
            cell["recurrent_activation"] = gate
        stack.append(lmu(CELLS[kind].from_config(cell), name=f"lmu{k}", discretizer="bilinear"))
    built = model(*stack, seed=first)
    settings = {"Model": {"Precision": "fixed<12,4>", "ReuseFactor": 1}, **tridiagonal(stack)}
    for layer in settings["LayerName"].values():
        layer |= {"TableSize": 64, "TableRange": 4}
    assert_csim_equals_golden(convert(built, tmp_path, settings))


def random_graph(seed: int, folder):
    """Two layers with random cells and a random type for every tensor, all roundings and overflows among them."""
    rng = np.random.default_rng(seed)
    stack = layers([GRID[k] for k in rng.integers(0, len(GRID), 2)], seed)
    built = model(*stack, keras.layers.Dense(5), seed=seed)
    settings = config(built)
    for layer in stack:
        chosen = settings["LayerName"][layer.name]
        chosen |= {
            "MemoryUpdate": "auto",
            "TableSize": int(rng.choice([64, 256])),
            "TableRange": int(rng.choice([0, 2])),
        }
        precision = chosen["Precision"]
        for key in KEYS:
            if key not in ("lam", "bet", "hidden_h"):
                precision[key] = random_type(rng)
            elif rng.random() < 0.5:
                precision[key] = f"fixed<{rng.integers(12, 17)},3,RND,SAT>"
        if rng.random() < 0.5:
            precision["gate"] = "ufixed<9,0,RND_CONV,SAT>"
    return converted_without_absent(built, folder, settings)


@pytest.mark.parametrize("seed", range(2))
def test_random_types(seed, tmp_path):
    assert_csim_equals_golden(random_graph(seed, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_random_types_at_length(seed, tmp_path):
    assert_csim_equals_golden(random_graph(seed, tmp_path))


@pytest.mark.parametrize("basis", ["legendre", "orthonormal"])
def test_tridiagonal_memory_alone(basis, tmp_path):
    """A high order and no hidden cell: every state of the two sweeps is an output."""
    layer = lmu(None, (False, False, False), name="one", order=24, theta=50.0, discretizer="bilinear", basis=basis)
    built = model(layer, steps=12)
    settings = config(built)
    settings["LayerName"]["one"]["MemoryUpdate"] = "tridiagonal"
    assert_csim_equals_golden(convert(built, tmp_path, settings))
