"""Batch normalization in the C++ of hls4ml: exact before its one rounding, as golden."""

from dataclasses import replace

import keras
import numpy as np

from lmu_hls import golden
from lmu_hls.front.extract import network_spec
from lmu_hls.front.notes import remarks
from lmu_hls.spec import Weight
from tests.support.lmu_models import config, convert, lmu, model, random_input, write


def test_layers_of_their_own_and_folded_ones(tmp_path):
    """On sequences and on a vector, with types of every kind; factors that are wrong by a bit are seen."""
    norms = [keras.layers.BatchNormalization(name=f"norm{k}", epsilon=0.5) for k in range(3)]
    last = lmu("relu", (False, False, True), name="last", return_sequences=False)
    head = keras.layers.Dense(3, name="head")
    built = model(lmu(name="first"), norms[0], keras.layers.ReLU(name="r"), norms[1], last, norms[2], head)
    for norm in norms:
        norm.moving_variance.assign(keras.ops.abs(norm.moving_variance))
    settings = config(built)
    settings["LayerName"]["norm0"]["Precision"] |= {"scale": "fixed<9,3>", "bias": "fixed<12,2>"}
    settings["LayerName"]["norm0"]["Precision"]["result"] = "fixed<7,2,RND_INF,SAT_SYM>"
    settings["LayerName"]["norm2"] |= {"Fold": False}
    settings["LayerName"]["norm2"]["Precision"] |= {"bias": "fixed<4,6>", "result": "fixed<10,3,TRN_ZERO,WRAP>"}
    graph = convert(built, tmp_path, settings)
    assert remarks(graph)["norm1"] == "folded into 'last'"
    network = network_spec(graph)
    x = random_input(network)
    output = write(graph).run(x, network)
    assert np.array_equal(output, golden.run(network, x).output) and len(np.unique(output)) > 4
    for name in ("norm0", "norm2"):
        layers = [_with_wrong_factors(la) if la.name == name else la for la in network.layers]
        assert not np.array_equal(output, golden.run(network.with_layers(layers), x).output)


def _with_wrong_factors(layer):
    return replace(layer, scale=Weight(layer.scale.values ^ 1, layer.scale.type))
