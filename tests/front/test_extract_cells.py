"""Conversion of recurrent cells and of the tridiagonal update: types, tables, configuration keys, extraction."""

import keras
import numpy as np
import pytest

from lmu_hls import golden, legendre
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import DenseCell, DenseUpdate, GRUCell, LSTMCell, TridiagonalUpdate
from tests.support.lmu_models import convert, lmu, model, random_input

array = keras.ops.convert_to_numpy
FREE = (False, False, False)
N_MEM = 6
CELLS = {
    "rnn": lambda: keras.layers.SimpleRNNCell(4),
    "lstm": lambda: keras.layers.LSTMCell(4),
    "gru": lambda: keras.layers.GRUCell(4),
    "before": lambda: keras.layers.GRUCell(4, reset_after=False),
}
DEFAULT, BOUNDED = FixedType(16, 6), FixedType(16, 1)


def cells() -> keras.Model:
    return model(
        *(lmu(CELLS[name](), name=name) for name in ("rnn", "lstm", "gru")),
        lmu(keras.layers.GRUCell(4, reset_after=False, use_bias=False, recurrent_activation="relu"), name="before"),
    )


def bilinear(order: int = 4, discretizer: str = "bilinear", basis: str = "orthonormal") -> keras.Model:
    options = {"order": order, "discretizer": discretizer, "basis": basis}
    return model(lmu("tanh", FREE, name="one", **options), lmu(None, FREE, name="two", **options))


def updates(built, tmp_path, **sections) -> list[type]:
    settings = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}, **sections}
    return [type(layer.update) for layer in network_spec(convert(built, tmp_path, settings)).lmus]


def test_automatic_types(tmp_path):
    """W and I of the default; values of sigmoid and tanh lie in [-1, 1] and have one integer bit."""
    rnn, lstm, gru, before = (layer.hidden for layer in network_spec(convert(cells(), tmp_path)).layers)
    assert [type(cell) for cell in (rnn, lstm, gru, before)] == [DenseCell, LSTMCell, GRUCell, GRUCell]
    assert {lstm.pre, lstm.cell, gru.pre, gru.inner, rnn.pre} == {DEFAULT}
    assert {lstm.gate, lstm.candidate, lstm.squashed, gru.gate, gru.candidate, before.candidate} == {BOUNDED}
    assert before.gate == DEFAULT and before.gate_activation.function == "relu"
    assert (lstm.gate_activation.function, lstm.activation.function, lstm.cell_activation.function) == (
        "sigmoid",
        "tanh",
        "tanh",
    )
    assert lstm.gate_activation.table.index == FixedType(11, 4) and lstm.activation.table.index == FixedType(11, 3)
    assert (gru.reset_after, before.reset_after) == (True, False)


@pytest.mark.parametrize("update", ["dense", "tridiagonal"])
@pytest.mark.parametrize("name", CELLS)
def test_golden_follows_keras(name, update, tmp_path):
    """Gates, biases and kernels are where Keras has them.

    Tables of 2**14 entries have steps of at most 2**-10, so an entry is at most 2**-11 off. Inputs are small, and
    five steps with weights of up to 1 add up less than 40 such errors.
    """
    built = model(lmu(CELLS[name](), name="one", discretizer="bilinear"))
    settings = {
        "Model": {"Precision": "fixed<26,6>", "ReuseFactor": 1},
        "LayerName": {"one": {"MemoryUpdate": update, "TableSize": 1 << 14}},
    }
    network = network_spec(convert(built, tmp_path, settings))
    x = random_input(network) // 16
    expected = built.predict(to_float(x, network.x), verbose=0)
    difference = to_float(golden.run(network, x).output, network.out) - expected
    assert np.abs(difference).max() < 40 * 2.0**-11 and np.abs(expected).max() > 0.25


def test_integers_are_those_of_the_keras_weights(tmp_path):
    built = cells()
    for layer in network_spec(convert(built, tmp_path)).layers:
        keras_cell, cell = built.get_layer(layer.name).cell.hidden_cell, layer.hidden
        kernel = array(keras_cell.kernel)
        pairs = [(cell.kernel_mem, kernel[:N_MEM]), (cell.kernel_x, kernel[N_MEM:])]
        pairs += [(cell.kernel_h, array(keras_cell.recurrent_kernel))]
        if layer.name == "gru":
            pairs += list(zip((cell.bias, cell.recurrent_bias), array(keras_cell.bias), strict=True))
        elif layer.name != "before":
            pairs += [(cell.bias, array(keras_cell.bias))]
        else:
            assert cell.bias is None and cell.recurrent_bias is None
        for weight, data in pairs:
            assert np.array_equal(weight.values, quantize(data, weight.type))


def test_explicit_types_by_name_and_by_type(tmp_path):
    names = ("pre", "gate", "candidate", "cell", "squashed", "hidden_h")
    by_type = {name: f"fixed<{12 + k},3,RND,SAT>" for k, name in enumerate(names)}
    settings = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
        "LayerType": {"LMU": {"Precision": by_type}},
        "LayerName": {
            "lstm": {"Precision": {"gate": "ufixed<9,0,RND_CONV,SAT>"}},
            "gru": {"Precision": {"inner": "fixed<18,5>", "hidden_recurrent_bias": "fixed<11,2>"}},
        },
    }
    rnn, lstm, gru, before = (layer.hidden for layer in network_spec(convert(cells(), tmp_path, settings)).layers)
    found = (lstm.pre, lstm.candidate, lstm.cell, lstm.squashed, lstm.kernel_h.type)
    assert [str(type_) for type_ in found] == [by_type[name] for name in names if name != "gate"]
    assert str(lstm.gate) == "ufixed<9,0,RND_CONV,SAT>" and str(gru.gate) == by_type["gate"]
    assert str(gru.inner) == "fixed<18,5,TRN,WRAP>" and str(gru.recurrent_bias.type) == "fixed<11,2,TRN,WRAP>"
    assert str(rnn.kernel_h.type) == str(before.kernel_h.type) == by_type["hidden_h"]


def test_one_table_for_each_function_and_type(tmp_path):
    """candidate and squashed share tanh's table while their types are equal; a type of its own gets its own."""
    built = model(lmu(keras.layers.LSTMCell(4), name="lstm"))
    for types, tables in (({}, 2), ({"squashed": "fixed<10,2,RND,SAT>"}, 3)):
        settings = {
            "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
            "LayerName": {"lstm": {"Precision": types}},
        }
        graph = convert(built, tmp_path, settings)
        assert len([name for name in graph.graph["lstm"].weights if name.endswith("table")]) == tables


def largest(*factors: FixedType) -> float:
    return float(np.prod([factor.max_abs * factor.lsb for factor in factors]))


def test_accumulators_hold_the_extremes(tmp_path):
    """Each exact sum fits its accumulator, also when every factor is as large as its type allows."""
    built = model(
        lmu(keras.layers.LSTMCell(4), name="lstm", discretizer="bilinear"), lmu(keras.layers.GRUCell(4), name="gru")
    )
    types = {"u": "fixed<10,5>", "mem": "fixed<12,3>", "inner": "fixed<11,7>", "candidate": "fixed<9,6>"}
    settings = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
        "LayerType": {"LMU": {"Precision": types}},
        "LayerName": {"lstm": {"MemoryUpdate": "tridiagonal"}},
    }
    graph = convert(built, tmp_path, settings)
    lstm, gru = network_spec(graph).layers
    update, cell, unit = lstm.update, lstm.hidden, gru.hidden
    mem, u, sweep, h = lstm.mem, lstm.u, update.sweep, gru.h
    lam, gam, kap, bet = (getattr(update, name).type for name in ("lam", "gam", "kap", "bet"))
    two = FixedType(1, 2, signed=False)  # its only value but zero is 2
    kernels = [(gru.mem, unit.kernel_mem.type)] * N_MEM + [(gru.x, unit.kernel_x.type)] * 4
    recurrent = [(h, unit.kernel_h.type)] * 4
    sums = {
        ("lstm", "forward"): ([(mem,), (bet, u), (lam, sweep)], bet.lsb * u.lsb / 2),
        ("lstm", "backward"): ([(gam, sweep), (kap, sweep)], 1.0),
        ("lstm", "mem"): ([(mem,), (bet, u), (sweep, two)], 1.0),
        ("lstm", "cell"): ([(cell.gate, cell.cell), (cell.gate, cell.candidate)], 1.0),
        ("lstm", "h"): ([(cell.gate, cell.squashed)], 1.0),
        ("gru", "pre"): ([*kernels, *recurrent, (unit.bias.type,), (unit.recurrent_bias.type,)], 1.0),
        ("gru", "inner"): ([*recurrent, (unit.recurrent_bias.type,)], 1.0),
        ("gru", "candidate"): ([*kernels, (unit.bias.type,), (unit.gate, unit.inner)], 1.0),
        ("gru", "h"): ([(unit.candidate,), (unit.gate, h), (unit.gate, unit.candidate)], 1.0),
    }
    for (layer, name), (products, finest) in sums.items():
        accumulator = graph.graph[layer].types[f"{name}_accum_t"].precision
        finest = min([finest, *(float(np.prod([factor.lsb for factor in factors])) for factors in products)])
        assert sum(largest(*factors) for factors in products) < 2.0 ** (accumulator.integer - 1), (layer, name)
        assert 2.0**-accumulator.fractional <= finest, (layer, name)


@pytest.mark.parametrize("basis", ["legendre", "orthonormal"])
def test_factors(basis, tmp_path):
    """The integers are the factors, each in its own type; sweep has three fraction bits more than mem."""
    settings = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
        "LayerType": {"LMU": {"MemoryUpdate": "tridiagonal"}},
        "LayerName": {"one": {"Precision": {"mem": "fixed<14,2>", "kap": "fixed<13,2>"}}},
    }
    one, two = network_spec(convert(bilinear(6, basis=basis), tmp_path, settings)).lmus
    factors = legendre.tridiagonal_factors(6, 12.0, basis)
    for name in ("lam", "gam", "kap", "bet"):
        weight = getattr(one.update, name)
        assert np.array_equal(weight.values, quantize(getattr(factors, name), weight.type))
    assert str(one.update.kap.type) == "fixed<13,2,TRN,WRAP>" and two.update.kap.type == FixedType(16, 1)
    assert (one.update.sweep, two.update.sweep) == (FixedType(17, 2), FixedType(19, 6))


def test_memory_update_by_name_and_by_type(tmp_path):
    by_type = {"LMU": {"MemoryUpdate": "tridiagonal"}}
    assert updates(bilinear(), tmp_path) == [DenseUpdate] * 2
    assert updates(bilinear(), tmp_path, LayerType=by_type) == [TridiagonalUpdate] * 2
    by_name = {"two": {"MemoryUpdate": "dense"}}
    assert updates(bilinear(), tmp_path, LayerType=by_type, LayerName=by_name) == [TridiagonalUpdate, DenseUpdate]


@pytest.mark.parametrize(("order", "update"), [(1, DenseUpdate), (2, DenseUpdate), (3, TridiagonalUpdate)])
def test_auto_takes_the_form_with_fewer_multiplications(order, update, tmp_path):
    """4 order - 2 against order (order + 1)."""
    auto = {"LMU": {"MemoryUpdate": "auto"}}
    assert updates(bilinear(order), tmp_path, LayerType=auto) == [update] * 2
    assert updates(bilinear(order, "zoh"), tmp_path, LayerType=auto) == [DenseUpdate] * 2


def test_multiplications(tmp_path):
    """A request of one multiplier each: the limit is what a step needs, gates and sweeps included."""
    layer = lmu(keras.layers.LSTMCell(4), FREE, name="lstm", order=5, discretizer="bilinear", memory_d=2)
    settings = {
        "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1},
        "LayerName": {"lstm": {"MemoryUpdate": "auto"}},
    }
    convert(model(layer), tmp_path, settings).write()
    needed = 3 * 2 + 2 * (4 * 5 - 2) + 16 * 10 + 16 * 4 + 3 * 4
    assert f"multiplier_limit = DIV_ROUNDUP({needed}, " in (tmp_path / "firmware" / "parameters.h").read_text()
