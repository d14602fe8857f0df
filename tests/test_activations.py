"""What the list of activation functions says of each holds, and every function is the same in all implementations."""

import keras
import numpy as np
import pytest

from lmu_hls import backend
from lmu_hls.activations import FUNCTIONS
from lmu_hls.rtl.options import RtlOptions
from tests.support.lmu_models import assert_csim_equals_golden, convert, lmu, model, random_input
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
