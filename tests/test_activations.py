"""What the list of activation functions says of each holds, and every function is the same in all implementations."""

import re

import keras
import numpy as np
import pytest

from lmu_hls import backend, golden
from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import N_IN, STEPS, assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change
from tests.support.random_keras import converted_without_absent
from tests.support.random_rtl import Case, check_icarus, expected_tensors, has_icarus

POINTS = np.linspace(-40, 40, 20_001)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    function, values = FUNCTIONS[name], FUNCTIONS[name].real(POINTS)
    assert np.allclose(values, keras.activations.get(name)(POINTS), atol=1e-6)
    assert function.low <= values.min() and values.max() <= function.high
    assert np.all(np.abs(values) <= function.largest(np.abs(POINTS)))
    if function.rise is not None:
        assert function.rise - 1e-4 <= np.max(np.abs(values) - function.gain * np.abs(POINTS)) <= function.rise
    else:  # of one without limit nothing is known
        assert function.limit == np.inf or np.any(np.abs(values) > np.abs(POINTS))
    if function.by_table:
        assert function.whole or np.log2(function.reach) % 1 == 0
        assert (function.limit < np.inf) != (function.adds_relu or function.end is None)
        assert not function.whole or function.end is function.reach is None  # nobody would read them
    if function.by_table and function.end is not None:
        held = function.tabulated(POINTS)
        flat = np.where(POINTS > 0, held[-1], held[0])
        assert np.all(np.abs(held - flat)[np.abs(POINTS) >= function.end] < 4e-7)


@pytest.mark.parametrize(
    "cell",
    [
        lambda: keras.layers.Dense(4, "hard_sigmoid"),
        lambda: keras.layers.SimpleRNNCell(4, "elu"),
        lambda: keras.layers.LSTMCell(4, "silu", recurrent_activation="hard_sigmoid"),
        lambda: keras.layers.GRUCell(4, "gelu", "hard_sigmoid"),
        lambda: keras.layers.Dense(4, "leaky_relu"),
        lambda: keras.layers.SimpleRNNCell(4, keras.layers.LeakyReLU(0.7)),
        lambda: keras.layers.LSTMCell(4, "selu", recurrent_activation="log_sigmoid"),
        lambda: keras.layers.LSTMCell(4, keras.layers.ELU(2.0), recurrent_activation=keras.layers.ELU(0.5)),
        lambda: keras.layers.GRUCell(4, "tanh_shrink", "soft_shrink", reset_after=False),
    ],
    ids=["dense", "rnn", "lstm", "gru", "lines", "slope", "whole", "two factors", "shrink"],
)
def test_cells_are_the_same_everywhere(cell, tmp_path):
    built = model(lmu(cell(), name="memory"), keras.layers.Dense(3, name="head"))
    network = assert_csim_equals_golden(convert(built, tmp_path / "vitis"))
    if not has_icarus():
        pytest.skip("Icarus is not installed")
    verilog = backend.design_of(convert(built, tmp_path / "verilog", backend="Verilog")).network
    x = random_input(network, 6)
    case = Case(verilog, RtlOptions(), x, expected_tensors(network, x, endless=False))
    case.write(tmp_path / "verilog")
    check_icarus(case, tmp_path / "verilog")


CELLS = {
    "dense": lambda units, f, gate: keras.layers.Dense(units, f),
    "rnn": lambda units, f, gate: keras.layers.SimpleRNNCell(units, f),
    "lstm": lambda units, f, gate: keras.layers.LSTMCell(units, f, gate),
    "gru": lambda units, f, gate: keras.layers.GRUCell(units, f, gate, reset_after=True),
    "before": lambda units, f, gate: keras.layers.GRUCell(units, f, gate, reset_after=False),
}
NAMES = tuple(FUNCTIONS)
TENSORS = ("u", "mem", "pre", "result")
GATED = {
    "lstm": ("gate", "candidate", "cell", "squashed"),
    **dict.fromkeys(("gru", "before"), ("gate", "candidate", "inner")),
}
PARTS = 10  # projects in which every function is once in every place of every cell
QUICK = [(7, 0), (7, 4)]  # of them `make test` has one cell of the first, and make test-rest all


def cells_of(shift, part):
    """(cell, function, recurrent function) of one project of a shift: all shifts have every pair in every cell."""
    gates = NAMES[shift:] + NAMES[:shift]
    pairs = [(kind, f, gate) for kind in CELLS for f, gate in zip(NAMES, gates, strict=True)]
    return pairs[part::PARTS]


def drawn_type(rng):
    width = int(rng.integers(6, 19))
    kinds = rng.choice(list(ROUNDINGS)), rng.choice(list(OVERFLOWS))
    return f"fixed<{width},{rng.integers(2, min(width, 8))},{','.join(map(str, kinds))}>"


def functions_in_cells(rng, cells, folder):
    """The graph of one LMU for each cell, side by side, with drawn weights and types, and what was refused."""
    x = keras.Input((STEPS, N_IN), name="x")
    ends = {}
    for number, (kind, f, gate) in enumerate(cells):
        cell = CELLS[kind](int(rng.integers(1, 3)), f, gate)
        connections = tuple(bool(flag) for flag in rng.random(3) < 0.5)
        memory = lmu(cell, connections, memory_d=1, order=int(rng.integers(1, 3)), name=f"{kind}{number}")
        ends[memory.name] = memory(x)
    refused = {}
    while True:
        built = keras.Model(x, list(ends.values()), name="functions")
        for weight in built.weights:
            weight.assign(rng.uniform(-1, 1, weight.shape))
        settings = config(built, default_precision="fixed<16,6,RND_CONV,SAT>")
        for name in ends:
            for key in (*TENSORS, *GATED.get(name.rstrip("0123456789"), ())):
                if rng.random() < 0.6:
                    settings["LayerName"][name]["Precision"][key] = drawn_type(rng)
        try:
            return converted_without_absent(built, folder, settings), refused
        except LmuHlsError as error:
            name = re.match(r"layer '(\w+)'", str(error))
            assert name, error
            refused[name[1]] = str(error)
            del ends[name[1]]


def made(seed, cells, folder):
    graph, refused = functions_in_cells(np.random.default_rng(seed), cells, folder)
    assert not refused
    graph.write()
    return network_spec(graph)


def assert_functions_are_golden(network, folder):
    x = {network.inputs[0].name: random_input(network, 30)}
    expected, found = golden.predict_all(network, x), compile_project(folder).run_all(x, network)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert sum(len(np.unique(values)) > 4 for values in expected.values()) > 0.6 * len(expected)


CASES = [
    pytest.param(shift, part, count, marks=[] if (shift, part) in QUICK else [pytest.mark.slow])
    for shift in range(len(NAMES))
    for part in range(PARTS)
    for count in ((1, 0) if (shift, part) == QUICK[0] else (0,))
]


@pytest.mark.parametrize("shift, part, few", CASES)
def test_functions_in_all_places_of_cells(shift, part, few, tmp_path):
    """csim is golden's with drawn types: every function in every cell beside every recurrent function."""
    cells = cells_of(shift, part)[-few:]
    network = made([shift, part], cells, tmp_path)
    assert_functions_are_golden(network, tmp_path)


def test_a_changed_function_of_a_cell_is_seen(tmp_path):
    network = made([7, 0], [("lstm", "mish", "softsign")], tmp_path)
    change(tmp_path / "firmware/nnet_utils/nnet_lmu_cells.h", "(pre_o, gate_table)", "(pre_f, gate_table)")
    with pytest.raises(AssertionError):
        assert_functions_are_golden(network, tmp_path)
