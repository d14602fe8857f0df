"""Normalizations and rescaling: what they are folded into, that this is the Keras layer, and what is refused."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.graph.layers import scale
from lmu_hls.front.notes import remarks
from lmu_hls.spec import Dense, Elementwise
from lmu_hls.spec.layers.scale import Scale
from tests.support import lmu_models
from tests.support.lmu_models import config, convert, model

FREE = (False, False, False)
OWN = "a layer of its own, because no Dense or LMU layer beside it takes it in"


def lmu(hidden="relu", connections=(True, False, True), **options):
    """Without a table, whose steps would hide what is to be seen."""
    return lmu_models.lmu(hidden, connections, **options)


def norm(name="norm", **options):
    return keras.layers.BatchNormalization(name=name, **options)


def adapted(**options):
    return keras.layers.Normalization(mean=[0.2, -0.4, 0.1], variance=[0.5, 2.0, 1.5], name="norm", **options)


def rescaling(scale=0.5, offset=-0.25):
    return keras.layers.Rescaling(scale, offset, name="norm")


def dense(units, activation=None, name="head", **options):
    return keras.layers.Dense(units, activation, name=name, **options)


def trained(*layers):
    """Weights in [-1, 1], and variances as training leaves them: positive."""
    built = model(*layers)
    for layer in built.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            variance = keras.ops.convert_to_numpy(layer.moving_variance)
            layer.moving_variance.assign(0.2 + variance**2)
    return built


def gru(**options):
    return lmu(keras.layers.GRUCell(3, "relu"), name="last", **options)


FORMS = {  # layers, and what the remarks say
    "after a Dense layer": (lambda: [lmu(), dense(3), norm()], "folded into 'head'"),
    "without bias": (lambda: [lmu(), dense(3, use_bias=False), norm()], "folded into 'head'"),
    "before a Dense layer": (lambda: [lmu(), norm(), dense(3)], "folded into 'head'"),
    "before one without bias": (lambda: [lmu(), norm(), dense(3, use_bias=False)], "folded into 'head'"),
    "behind Dropout": (lambda: [lmu(), norm(), keras.layers.Dropout(0.5), dense(3)], "folded into 'head'"),
    "before an LMU": (lambda: [lmu(), norm(), gru()], "folded into 'last'"),
    "at the entrance": (lambda: [norm(), lmu(name="last", use_bias=False)], "folded into 'last'"),
    "before an identity": (lambda: [norm(), lmu(None, FREE, name="last", memory_d=3, use_bias=False)], None),
    "between activations": (lambda: [lmu(), dense(4, "relu", "mid"), norm(), keras.layers.ReLU(), dense(3)], OWN),
    "after an LMU": (lambda: [lmu(return_sequences=False), norm()], OWN),
    "on sequences": (lambda: [lmu(), norm()], OWN),
    "normalized inputs": (lambda: [adapted(), lmu(name="last")], "folded into 'last'"),
    "normalized as a whole": (lambda: [keras.layers.Normalization(None, 0.1, 0.3, name="norm"), gru()], None),
    "normalized back": (lambda: [lmu(), dense(3), adapted(invert=True)], "folded into 'head'"),
    "rescaled inputs": (lambda: [rescaling(), dense(3, "relu"), lmu()], "folded into 'head'"),
    "rescaled values": (lambda: [lmu(), rescaling([0.5, 2.0, -1.0, 1.5], [0.1, 0.2, 0.3, 0.0])], OWN),
    "no gamma, no beta": (lambda: [lmu(), norm(scale=False, center=False, epsilon=0.1)], OWN),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_normalization_becomes_is_the_keras_layer(form, tmp_path):
    make, remark = FORMS[form]
    built = trained(*make())
    settings = config(built, default_precision="fixed<26,8>")
    settings["LayerName"].get("last", {})["TableSize"] = 1 << 16
    graph = convert(built, tmp_path, settings)
    assert remarks(graph) == {"norm": remark or "folded into 'last'"}
    network = network_spec(graph)
    assert any(isinstance(layer, Scale) for layer in network.layers) == (remark == OWN)
    assert distance(built, network) < 1e-3


def distance(built, network) -> float:
    """The largest difference between Keras and golden on random sequences, whose outputs are no constant."""
    x = np.random.default_rng(0).uniform(-1, 1, (8, network.steps, network.n_in))
    expected = np.asarray(built(x))
    assert expected.std() > 0.05
    return float(np.abs(to_float(golden.predict(network, quantize(x, network.x)), network.out) - expected).max())


def test_a_wrong_fold_is_caught(tmp_path, monkeypatch):
    """The comparison above sees a factor, an offset or a mean that is left out."""
    right = scale.factors
    faults = {
        "after a Dense layer": lambda *of: (right(*of)[0], 0 * right(*of)[1]),
        "before an LMU": lambda *of: (1 / right(*of)[0], right(*of)[1]),
        "after an LMU": lambda *of: (right(*of)[0] * (1 + of[0].epsilon) ** 0.5, right(*of)[1]),
    }
    for form, factors in faults.items():
        built = trained(*FORMS[form][0]())
        built.get_layer("norm").epsilon = 0.1
        monkeypatch.setattr(scale, "factors", factors)
        graph = convert(built, tmp_path, config(built, default_precision="fixed<26,8>"))
        assert distance(built, network_spec(graph)) > 1e-2


def test_weights_are_those_of_the_definition(tmp_path):
    """Both folds into one Dense layer, on a fine grid, against the equations in float64."""
    built = trained(lmu(), norm("before"), dense(3), norm("after"))
    settings = config(built)
    settings["LayerName"]["head"]["Precision"] |= {"weight": "fixed<40,8,RND_CONV>", "bias": "fixed<40,8,RND_CONV>"}
    graph = convert(built, tmp_path, settings)
    assert remarks(graph) == {"before": "folded into 'head'", "after": "folded into 'head'"}
    head = network_spec(graph).layers[-1]
    kernel, bias = (keras.ops.convert_to_numpy(w).astype(np.float64) for w in built.get_layer("head").weights)
    (a, c), (b, d) = (affine(built.get_layer(name)) for name in ("before", "after"))
    assert np.allclose(to_float(head.kernel.values, head.kernel.type), np.diag(a) @ kernel @ np.diag(b), atol=1e-9)
    assert np.allclose(to_float(head.bias.values, head.bias.type), (bias + c @ kernel) * b + d, atol=1e-9)


def affine(layer):
    gamma, beta, mean, variance = (keras.ops.convert_to_numpy(w).astype(np.float64) for w in layer.weights)
    factor = gamma / np.sqrt(variance + layer.epsilon)
    return factor, beta - factor * mean


def test_fold_false_keeps_the_layer_and_its_types(tmp_path):
    built = trained(lmu(), dense(3), norm())
    settings = config(built)
    settings["LayerName"]["norm"] |= {"Fold": False}
    types = {"scale": "fixed<9,2,RND>", "bias": "fixed<7,3,TRN_ZERO>", "result": "fixed<8,4,RND,SAT>"}
    settings["LayerName"]["norm"]["Precision"] |= types
    graph = convert(built, tmp_path, settings)
    assert remarks(graph) == {"norm": "a layer of its own, because Fold is False"}
    kept = network_spec(graph).layers[-1]
    assert isinstance(kept, Scale)
    a, c = affine(built.get_layer("norm"))
    for weight, values, text in ((kept.scale, a, "fixed<9,2,RND,WRAP>"), (kept.bias, c, "fixed<7,3,TRN_ZERO,WRAP>")):
        assert str(weight.type) == text and np.array_equal(weight.values, quantize(values, weight.type))
    assert str(kept.out) == types["result"]


@pytest.mark.parametrize(("factor", "typed"), [(1.0, False), (1.0, True), (1 + 1e-7, False)])
def test_factors_of_one_leave_the_types_right(factor, typed, tmp_path):
    """hls4ml leaves out a normalization whose factors are 1, after the types around it are settled."""
    built = model(lmu(), rescaling(factor, 0.0), keras.layers.GlobalMaxPooling1D(), dense(2))
    settings = config(built)
    if typed:
        settings["LayerName"]["norm"]["Precision"]["result"] = "fixed<8,3,RND,SAT>"
    network = network_spec(convert(built, tmp_path, settings))
    kept = [layer for layer in network.layers if layer.name == "norm"]
    assert [type(layer) for layer in kept] == ([Elementwise] if typed else []) and not any(
        isinstance(layer, Scale) for layer in network.layers
    )
    assert not typed or kept[0].out.width == 8


def test_activations_stay_in_place(tmp_path):
    network = network_spec(convert(trained(lmu(), dense(3), norm(), keras.layers.ReLU(name="r")), tmp_path))
    assert [type(layer) for layer in network.layers[1:]] == [Dense, Elementwise]


def refuse(built, tmp_path, *words, **own):
    precision = own.pop("Precision", {})
    with pytest.raises(LmuHlsError) as error:
        settings = config(built)
        settings["LayerName"]["norm"] |= own
        settings["LayerName"]["norm"]["Precision"] |= precision
        convert(built, tmp_path, settings)
    assert all(word in str(error.value) for word in ("'norm'", *words))


def test_refusals(tmp_path):
    refuse(trained(lmu(), norm(axis=1)), tmp_path, "last axis only, not on 1")
    first_axis = keras.layers.Normalization(1, np.zeros(5), np.ones(5), name="norm")
    refuse(model(first_axis, lmu()), tmp_path, "last axis or as a whole, not on the axes (1,)")
    refuse(model(rescaling(np.ones((5, 1))), lmu()), tmp_path, "factors and offsets of the shape (5, 1)")
    refuse(model(rescaling(np.nan), lmu()), tmp_path, "its factors hold NaN")
    refuse(trained(lmu(), dense(3), norm()), tmp_path, "Fold=3 is not possible", Fold=3)
    words = ("folded into 'head'", "type of 'scale' would not arrive", "Fold: False")
    refuse(trained(lmu(), dense(3), norm()), tmp_path, *words, Precision={"scale": "fixed<9,2>"})
    words = ("62 are possible", "use narrower types")
    refuse(trained(lmu(), norm()), tmp_path, *words, Precision={"scale": "fixed<50,2>", "bias": "fixed<9,2>"})


@pytest.mark.parametrize(
    ("weight", "value", "words"),
    [
        ("gamma", np.nan, "'gamma' holds NaN or infinity"),
        ("moving_mean", np.inf, "'moving_mean' holds NaN or infinity"),
        ("moving_variance", -0.5, "'moving_variance' plus epsilon is -0.499, it must be above 0"),
    ],
)
def test_weights_that_are_no_numbers(weight, value, words, tmp_path):
    built = trained(lmu(), norm())
    variable = getattr(built.get_layer("norm"), weight)
    variable.assign(np.full(variable.shape, value))
    refuse(built, tmp_path, words)
