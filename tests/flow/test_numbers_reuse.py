"""The reuse factor of the model reaches every layer that has no other of its own, wherever the types come from."""

import numpy as np
import pytest
import yaml

from lmu_hls import flow
from lmu_hls.flow.numbers import choose_types
from lmu_hls.front.config import full_config
from lmu_hls.rtl.reuse import settle
from lmu_hls.spec import store
from lmu_hls.tuning import BitBudget
from lmu_hls.tuning.draft import configured_types, draft
from tests.support.small_model import small_model

WANTED = (48, 66, 200)


@pytest.fixture(scope="module")
def model():
    return small_model("tanh", hidden_to_memory=True)


@pytest.fixture(scope="module")
def printed(model):
    """What hls4ml makes of the model, as a user would save it: each layer has the ReuseFactor 1, as the model."""
    import hls4ml

    made = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    assert made["Model"]["ReuseFactor"] == 1 and made["LayerName"]["lmu"]["ReuseFactor"] == 1
    return yaml.safe_load(yaml.safe_dump(made))


@pytest.fixture(scope="module")
def searched(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "x.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(4, 5, 2)))
    return choose_types(model, path, BitBudget(3000), {"LayerType": {"LMU": {"TableSize": 256}}})[0]


def settled(model, config, wanted):
    """Reuse factors by layer, settled for the whole model's ``wanted``."""
    settings = full_config(model, config, reuse_factor=wanted)
    source = draft(model, config, reuse_factor=wanted)
    network = source.network(configured_types(model, source, settings))
    layers = settle(network, settings["Model"]["ReuseFactor"]).network.layers
    return {layer.name: layer.reuse_factor for layer in layers if hasattr(layer, "reuse_factor")}


@pytest.mark.parametrize("wanted", WANTED)
def test_with_a_configuration_of_hls4ml_or_of_the_search(model, printed, searched, wanted):
    plain = settled(model, {}, wanted)
    assert settled(model, printed, wanted) == plain
    assert settled(model, searched, wanted) == plain


def test_a_factor_of_a_layer_stays(model, printed):
    printed = {**printed, "LayerName": {**printed["LayerName"]}}
    printed["LayerName"]["head"] = {**printed["LayerName"]["head"], "ReuseFactor": 12}
    assert settled(model, printed, 48)["head"] == 12
    assert settled(model, {"LayerType": {"Dense": {"ReuseFactor": 12}}}, 48)["head"] == 12


def test_the_network_that_is_written_has_them(model, searched, tmp_path):
    flow.convert(model, tmp_path / "plain", reuse_factor=66)
    flow.convert(model, tmp_path / "auto", config=searched, reuse_factor=66)
    plain, auto = (store.load(tmp_path / name / "spec.npz") for name in ("plain", "auto"))
    for one, other in zip(plain.layers, auto.layers, strict=True):
        assert one.reuse_factor == other.reuse_factor


def test_settings_by_type_are_kept_by_the_search(model, searched):
    """All but the types, which the search gives by name."""
    assert searched["LayerType"] == {"LMU": {"TableSize": 256}}
    source = draft(model, searched)
    table = source.network(configured_types(model, source, searched)).lmus[0].hidden.activation.table
    assert table.index.width == 8
