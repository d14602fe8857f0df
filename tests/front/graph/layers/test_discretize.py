"""Discretization: the bin numbers of Keras exactly, in sums and limits."""

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.front.graph.layers import discretize
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model

FREE = (False, False, False)
BOUNDS = [-7.5, -1.0, -0.30000001, 0.0, 0.25, 3.0, 12.125]


def built(**options):
    return model(keras.layers.Discretization(BOUNDS, name="bins", **options), lmu("relu", FREE, name="memory"))


def bins(network, x):
    trace = golden.run(network, quantize(x, network.x))
    names = [node.name for node in network.nodes]
    run, layer = trace.layers[names.index("bins")], network.nodes[names.index("bins")].layer
    return to_float(run.tensors["out"], layer.out)


def values(network):
    """On every boundary, beside it and all over the range of the input's type."""
    lsb = network.x.lsb
    near = np.array([b + k * lsb for b in BOUNDS for k in (-1, 0, 1)])
    some = np.concatenate([near, np.random.default_rng(0).uniform(-32, 32, 99 * 15 - len(near))])
    return to_float(quantize(some.reshape(-1, network.steps, network.n_in), network.x), network.x)


def test_it_is_the_keras_layer(tmp_path, monkeypatch):
    network = network_spec(convert(built(), tmp_path))
    x = values(network)
    assert np.array_equal(bins(network, x), np.digitize(x, np.float32(BOUNDS)))
    layer = built().get_layer("bins")
    assert np.array_equal(bins(network, x), np.asarray(layer(x.astype(np.float32))))
    monkeypatch.setattr(discretize.np, "ceil", np.floor)  # a boundary between two values would be reached too early
    monkeypatch.setattr(discretize, "FINEST", 10)
    assert not np.array_equal(bins(network_spec(convert(built(), tmp_path)), x), np.digitize(x, np.float32(BOUNDS)))


def test_csim_equals_golden(tmp_path):
    assert_csim_equals_golden(convert(built(), tmp_path))


def test_a_rescaling_behind_it_stays_out_of_its_exact_sum(tmp_path):
    """Factors of a layer that rounds would make the sum as wide as all their bits."""
    layers = keras.layers.Discretization(BOUNDS, name="bins"), keras.layers.Rescaling(0.3, -1.0, name="centred")
    own, rescaled = (
        {node.name: getattr(node.layer, "out", None) for node in network_spec(convert(one, tmp_path)).nodes}
        for one in (built(), model(*layers, lmu("relu", FREE, name="memory")))
    )
    assert rescaled["bins"] == own["bins"] and "centred" not in rescaled  # the memory takes it in


def test_refusals(tmp_path):
    fine = config(built(), default_precision="fixed<32,6>")
    with pytest.raises(LmuHlsError, match=r"'bins_steps' tells values of fixed<32,6.*24 fraction bits"):
        convert(built(), tmp_path, fine)
    for layer, words in (
        (keras.layers.Discretization(num_bins=4, name="bins"), "'bins' has no boundaries; .*adapt it"),
        (keras.layers.Discretization([1e9], name="bins"), "boundaries must be numbers below"),
    ):
        with pytest.raises(LmuHlsError, match=words):
            convert(model(layer, lmu("relu", FREE)), tmp_path)
