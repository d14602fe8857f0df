"""Conversion of recurrent cells and of the tridiagonal update: types, tables, configuration keys, extraction."""

import keras
import numpy as np
import pytest

from lmu_hls import legendre
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.spec import DenseCell, DenseUpdate, GRUCell, LSTMCell, TridiagonalUpdate
from lmu_hls.spec.extract import network_spec
from tests.lmu_models import convert, lmu, model

array = keras.ops.convert_to_numpy
FREE = (False, False, False)
N_MEM = 6
DEFAULT, BOUNDED = FixedType(16, 6), FixedType(16, 1)


def cells() -> keras.Model:
    return model(
        lmu(keras.layers.SimpleRNNCell(4), name="rnn"),
        lmu(keras.layers.LSTMCell(4), name="lstm"),
        lmu(keras.layers.GRUCell(4), name="gru"),
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
