"""Branches of a Keras model: their graph, their numbers, and the C++ that hls4ml makes of them."""

import hls4ml
import keras
import numpy as np
import pytest

from lmu_hls import golden, reference
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.graph.layers.merge import holding
from lmu_hls.spec import Merge
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu
from tests.support.mutants import change

L = keras.layers
TYPE = "fixed<20,6>"


def residual():
    """LMU -> Add twice, the second time by an operator."""
    x = keras.Input((STEPS, N_IN), name="x")
    h = L.Dense(4, name="first")(x)
    h = L.Add(name="plus")([lmu(name="one")(h), h])
    h = h + lmu(name="two")(h)
    return keras.Model(x, L.Dense(2, name="head")(h[:, -1]))


def fusion():
    """Two inputs and two outputs, every operation, more than two tensors, and one layer used twice."""
    x, y = keras.Input((STEPS, N_IN), name="x"), keras.Input((STEPS, 1), name="y")
    b, a, shared = lmu(name="two")(y), lmu(name="one")(x), L.Dense(4, name="shared")
    c, d = shared(a), shared(b)
    merged = [
        L.Subtract(name="minus")([b, a]),
        L.Multiply(name="times")([a, b, b]),
        L.Average(name="mean")([d, b]),
        L.Average(name="mean3")([a, c, d]),
        L.Maximum(name="larger")([a, d]),
        L.Minimum(name="smaller")([b, c]),
    ]
    h = L.Concatenate(name="beside")(merged)
    last = L.Concatenate(name="last")([h[:, -1], c[:, -1]])
    return keras.Model([x, y], [L.Dense(2, name="head")(last), L.Add(name="twice")([a, a])])


def drawn(network, samples=8):
    rng = np.random.default_rng(2)
    x = [rng.uniform(-1, 1, (samples, network.steps, item.width)) for item in network.inputs]
    return x if len(x) > 1 else x[0]


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("build", [residual, fusion])
def test_csim_is_golden_and_near_keras(build, io_type, tmp_path):
    model = build()
    graph = convert(model, tmp_path, config(model, default_precision=TYPE), io_type=io_type)
    network = network_spec(graph)
    graph.compile()
    x = drawn(network)
    found, expected, real = graph.predict(x), reference(graph, x), model.predict(x, verbose=0)
    if build is residual:
        found, expected, real = [found], [expected], [real]
    for csim, fixed, near in zip(found, expected, real, strict=True):
        assert np.array_equal(csim, fixed) and np.unique(fixed).size > 4
        assert np.abs(fixed.reshape(near.shape) - near).max() < 0.02
    merged = {node.layer.operation for node in network.nodes if isinstance(node.layer, Merge)}
    assert merged == ({"add"} if build is residual else {*merged, "average", "minimum", "concatenate"})


def test_a_layer_that_is_used_twice_has_two_nodes_with_the_same_weights(tmp_path):
    model = fusion()
    network = network_spec(convert(model, tmp_path, config(model)))
    first, again = (node.layer for node in network.nodes if node.name.startswith("shared"))
    assert np.array_equal(first.kernel.values, again.kernel.values) and first.kernel.type == again.kernel.type
    assert [item.name for item in network.inputs] == ["x", "y"] and network.outputs == ("head", "twice")


def test_types_and_settings(tmp_path):
    """Values that are handed on keep their type; parts of a sum are exact; a type that is written is taken."""
    model = fusion()
    settings = config(model)
    settings["LayerName"]["minus"]["Precision"]["result"] = "fixed<9,3>"
    layers = {node.name: node.layer for node in network_spec(convert(model, tmp_path, settings)).nodes}
    assert layers["minus"].out == FixedType(9, 3, True, "TRN", "WRAP") and layers["twice"].out == FixedType(16, 6)
    assert layers["larger"].out == layers["one"].h == layers["shared"].out
    assert layers["times_part1"].out.fraction == 2 * layers["one"].h.fraction
    assert holding("", FixedType(8, 3), FixedType(8, 2, False)) == FixedType(9, 3)
    assert holding("", FixedType(8, 3), FixedType(8, 5, False)) == FixedType(11, 6)
    with pytest.raises(LmuHlsError, match="no type holds both"):
        holding("layer 'm'", FixedType(40, 40), FixedType(40, 2))


def test_an_average_that_a_backend_would_give_as_zeros_is_refused(tmp_path):
    model = fusion()
    settings = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Catapult")
    graph = convert(model, tmp_path, settings, backend="Catapult")
    with pytest.raises(LmuHlsError, match=r"layer 'mean': hls4ml's Average for Catapult gives zeros; use Add and a"):
        graph.write()


def test_a_wrong_operation_is_seen(tmp_path):
    model = residual()
    graph = convert(model, tmp_path, config(model, default_precision=TYPE))
    graph.write()
    (top,) = (tmp_path / "firmware").glob("*.cpp")
    change(top, "nnet::add<", "nnet::subtract<", several=True)
    network = network_spec(graph)
    x = quantize(drawn(network), network.x)
    assert not np.array_equal(compile_project(tmp_path).run(x, network), golden.run(network, x).output)


def test_what_a_model_of_several_inputs_takes(tmp_path):
    model = fusion()
    graph = convert(model, tmp_path, config(model))
    one, two = drawn(network_spec(graph))
    for x, message in (
        (one, "x is one array, but the model has 2 inputs; give a list with one array for each"),
        ([one], "x is a list of 1 arrays, but the model has 2 inputs"),
        ([two, one], r"x\[0\] has the shape"),
        ([one, two[:3]], "the inputs have different numbers of samples: 8, 3"),
    ):
        with pytest.raises(LmuHlsError, match=message):
            reference(graph, x)
    assert to_float(
        golden.predict_all(
            network_spec(graph),
            {
                item.name: quantize(values, item.type)
                for item, values in zip(network_spec(graph).inputs, (one, two), strict=True)
            },
        )["head"],
        FixedType(16, 6),
    ).shape == (8, 2)
