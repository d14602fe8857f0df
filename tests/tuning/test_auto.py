"""auto_precision on small untrained networks: targets met, and nothing left to gain one bit at a time."""

import keras
import numpy as np
import pytest

from lmu_hls.tuning import AccuracyDrop, BitBudget, SnrDb, auto_precision, tune
from lmu_hls.tuning.draft import TABLE, draft
from tests.support.tuning_networks import build, contract, output_snr, safe, types_of


def test_target_is_met_and_every_tensor_has_a_type(model, x, at_30_db):
    types = types_of(at_30_db)
    assert set(types) == {*draft(model).keys, ("lmu", TABLE)}
    assert {"u", "mem", "pre", "result", "encoder_x", "encoder_h", "encoder_bias", "a", "b", "hidden_mem"} <= {
        tensor for layer, tensor in types if layer == "lmu"
    }
    assert output_snr(model, x, types) == pytest.approx(at_30_db.measure.snr_db)
    assert at_30_db.measure.snr_db >= 30
    assert at_30_db.measure.bits == sum(t.elements * t.type.width for t in at_30_db.tensors) < at_30_db.start_bits


def test_no_tensor_can_lose_another_bit(model, x, at_30_db):
    types = types_of(at_30_db)
    for tensor in at_30_db.tensors:
        key, kind = (tensor.layer, tensor.tensor), tensor.type
        if kind.width > 2:
            fewer = type(kind)(kind.width - 1, kind.integer)
            assert output_snr(model, x, {**types, key: fewer}) < 30, key


def test_the_same_arguments_give_the_same_types(model, x, at_30_db):
    assert types_of(tune(model, x, target=SnrDb(30))) == types_of(at_30_db)


def test_mem_is_proven_and_nothing_overflows(at_30_db):
    mem = next(t for t in at_30_db.tensors if t.tensor == "mem")
    assert mem.observed < mem.proven
    assert mem.headroom >= 1
    assert all(t.overflows == 0 for t in at_30_db.tensors)
    assert mem.predicted_db is not None and mem.measured_db is not None


def test_conversion_with_the_configuration_gives_the_judged_network(model, x, at_30_db, tmp_path):
    """hls4ml, given the configuration, makes the very integers that the search has judged."""
    import hls4ml

    from lmu_hls.front.extract import network_spec

    graph = hls4ml.converters.convert_from_keras_model(
        model, output_dir=str(tmp_path / "hls"), project_name="lmu", backend="Vitis", hls_config=at_30_db.config
    )
    source, types = draft(model), types_of(at_30_db)
    assert contract(network_spec(graph), tmp_path) == contract(source.network(types), tmp_path)
    mem = types["lmu", "mem"]
    other = {**types, ("lmu", "mem"): type(mem)(mem.width + 1, mem.integer)}
    assert contract(network_spec(graph), tmp_path) != contract(source.network(other), tmp_path)


def test_accuracy_target(model, x):
    found = tune(model, x, target=AccuracyDrop(2.0, safety=1.5), budget=400)
    assert found.reference.accuracy == 1.0  # without right answers the float model is right
    assert found.measure.sure >= 0.98
    assert found.measure.accuracy >= 0.98
    y = np.asarray(model.predict(x, verbose=0)).argmax(-1)
    assert auto_precision(model, x, y, AccuracyDrop(2.0, safety=1.5), budget=400) == found.config


def test_the_package_offers_it():
    import lmu_hls

    assert lmu_hls.auto_precision is auto_precision


def test_csim_with_the_found_types_equals_golden(model, at_30_db, tmp_path):
    """Odd types, such as those with negative integer bits, mean the same in C++."""
    from tests.support.lmu_models import assert_csim_equals_golden, convert

    assert any(t.type.integer <= 0 for t in at_30_db.tensors)
    assert_csim_equals_golden(convert(model, tmp_path / "hls", at_30_db.config))


def test_more_safety_costs_bits(model, x):
    bits = [tune(model, x, target=AccuracyDrop(2.0, safety=s), budget=400).measure.bits for s in (1, 8)]
    assert bits[0] < bits[1]


def test_bit_budget_is_kept_and_used(model, x, at_30_db):
    budget = at_30_db.measure.bits
    found = tune(model, x, target=BitBudget(budget))
    assert found.measure.bits <= budget
    assert found.measure.snr_db > 27  # another search, so not the same types as the one that gave the budget


def test_without_hidden_cell_and_with_memory_feedback(x):
    model = build(hidden_cell=None, hidden_to_memory=False, input_to_hidden=False, memory_to_memory=True)
    weight = next(v for v in model.trainable_variables if "recurrent_kernel" in v.path)
    weight.assign(0.05 * weight)
    found = tune(model, x, target=SnrDb(25), config={"LayerName": {"lmu": {"ReuseFactor": 4}}})
    assert found.measure.snr_db >= 25
    assert ("lmu", "encoder_mem") in types_of(found)
    assert found.config["LayerName"]["lmu"]["ReuseFactor"] == 4


CELLS = {
    "tridiagonal": {"discretizer": "bilinear"},
    "rnn": {"hidden_cell": "SimpleRNNCell"},
    "lstm": {"hidden_cell": "LSTMCell"},
    "gru": {"hidden_cell": "GRUCell"},
}


@pytest.mark.parametrize("name", CELLS)
def test_every_form_of_the_layer_is_tuned(name, x, tmp_path):
    import hls4ml

    from lmu_hls.front.extract import network_spec

    options = dict(CELLS[name])
    if "hidden_cell" in options:
        options["hidden_cell"] = getattr(keras.layers, options["hidden_cell"])(3)
    model = build(**options, hidden_to_memory=False)
    config = {"LayerName": {"lmu": {"MemoryUpdate": "tridiagonal"}}} if name == "tridiagonal" else None
    found = tune(model, x, target=SnrDb(15), config=config, budget=60)
    assert found.measure.snr_db >= 15
    types = types_of(found)
    tensors = {tensor for layer, tensor in types if layer == "lmu"}
    assert {"tridiagonal": "sweep", "rnn": "hidden_h", "lstm": "squashed", "gru": "inner"}[name] in tensors
    if name == "tridiagonal":
        sweep = next(t for t in found.tensors if t.tensor == "sweep")
        assert 0 < sweep.observed < sweep.proven and safe(sweep)
    graph = hls4ml.converters.convert_from_keras_model(
        model, output_dir=str(tmp_path / "hls"), project_name="lmu", backend="Vitis", hls_config=found.config
    )
    assert contract(network_spec(graph), tmp_path) == contract(draft(model, config).network(types), tmp_path)
