"""network_spec: the contract says what the Keras model and the converted types say."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.front.extract import network_spec
from lmu_hls.front.reading import fixed_type
from lmu_hls.spec import LMU, Dense, Elementwise
from tests.support.lmu_models import N_IN, STEPS, convert, lmu, model

array = keras.ops.convert_to_numpy


def built() -> keras.Model:
    return model(
        lmu("sigmoid", name="one", discretizer="bilinear", basis="orthonormal"),
        lmu(None, (False, False, False), name="two", use_bias=False, return_sequences=False, memory_d=3),
        keras.layers.Dense(4, "relu", name="head", use_bias=False),
    )


def test_every_field(tmp_path):
    network = network_spec(convert(built(), tmp_path, project_name="speech"))
    one, two, head, relu = network.layers
    assert [type(layer) for layer in network.layers] == [LMU, LMU, Dense, Elementwise]
    assert (network.name, network.steps, network.n_in) == ("speech", STEPS, N_IN)
    assert [layer.name for layer in network.layers] == ["one", "two", "head", "head_relu"]
    assert (one.memory_d, one.order, one.units, one.steps, one.theta) == (2, 3, 4, STEPS, 12.0)
    assert (one.discretizer, one.basis, one.return_sequences) == ("bilinear", "orthonormal", True)
    assert one.hidden.activation.function == "sigmoid" and one.hidden.activation.table.index == FixedType(11, 4)
    assert two.hidden is None and (two.n_in, two.units) == (4, 9) and not two.return_sequences
    assert two.encoder_h is two.encoder_mem is two.encoder_bias is None
    assert head.bias is None and relu.activation.function == "relu"


def test_integers_are_those_of_the_keras_weights(tmp_path):
    keras_model = built()
    one, two, head, _ = network_spec(convert(keras_model, tmp_path)).layers
    cell = keras_model.get_layer("one").cell
    kernel, hidden = array(cell.kernel), array(cell.hidden_cell.kernel)
    a_bar, b_bar = cell.discrete_system()
    for weight, data in (
        (one.encoder_x, kernel[:N_IN]),
        (one.encoder_h, kernel[N_IN:]),
        (one.encoder_mem, array(cell.recurrent_kernel)),
        (one.encoder_bias, array(cell.bias)),
        (one.update.a, a_bar),
        (one.update.b, b_bar),
        (one.hidden.kernel_mem, hidden[:6]),
        (one.hidden.kernel_x, hidden[6:]),
        (one.hidden.bias, array(cell.hidden_cell.bias)),
        (two.encoder_x, array(keras_model.get_layer("two").cell.kernel)),
        (head.kernel, array(keras_model.get_layer("head").kernel)),
    ):
        assert np.array_equal(weight.values, quantize(data, weight.type))


def test_a_weight_off_its_grid_is_refused(tmp_path):
    graph = convert(built(), tmp_path)
    graph.graph["one"].weights["a"].data[0, 0] += 1e-9
    with pytest.raises(LmuHlsError, match=r"'one': weight 'a' is not on the grid of its type fixed<16,1,.*convert"):
        network_spec(graph)


def test_an_unknown_layer_is_refused(tmp_path):
    graph = convert(model(keras.layers.LSTM(2, name="other")), tmp_path)
    with pytest.raises(LmuHlsError, match="'other' is a LSTM, which the contract does not know; use LMU"):
        network_spec(graph)


def test_only_fixed_point_types():
    modes = {"rounding_mode": "TRN", "saturation_mode": "SAT", "saturation_bits": 0}
    integer = SimpleNamespace(width=8, integer=8, signed=False, **modes)
    assert fixed_type(integer, "t") == FixedType(8, 8, False, "TRN", "SAT")
    for wrong in (
        SimpleNamespace(width=16),
        SimpleNamespace(width=16, integer=8, signed=True, exponent=4, **modes),
        SimpleNamespace(width=16, integer=8, signed=True, **{**modes, "saturation_bits": 1}),
    ):
        with pytest.raises(LmuHlsError, match="t has the type"):
            fixed_type(wrong, "t")
