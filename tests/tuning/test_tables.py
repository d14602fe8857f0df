"""Tables of activations in the search: they grow where they are the limit, and are the user's where he says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.spec import table_index_type
from lmu_hls.spec.tables import make_activation
from lmu_hls.tuning import SnrDb, profile, tune
from lmu_hls.tuning.calibration import WIDE_INDEX, Samples, calibrate, wide_types
from lmu_hls.tuning.draft import TABLE, draft
from lmu_hls.tuning.plan import make_plan
from lmu_hls.tuning.tables import MAX_BITS, MIN_BITS, TablePlan, allowed_db, lookups, plan_tables
from tests.support.tuning_networks import build, contract, types_of

LIMITED = SnrDb(54)  # the default table over [-4, 4) leaves less where tanh is nearly linear


@pytest.fixture(scope="module")
def gentle():
    """A network whose pre-activations are small against the table's range."""
    model = build()
    for variable in model.trainable_variables:
        variable.assign(0.15 * variable)
    return model


@pytest.fixture(scope="module")
def grown(gentle, x):
    return tune(gentle, x, target=LIMITED, budget=300)


def table_note(tensors):
    return next(t.note for t in tensors if "table of" in t.note)


def test_a_table_that_is_the_limit_grows(gentle, x, grown, tmp_path):
    import hls4ml

    from lmu_hls.front.extract import network_spec

    settings = grown.config["LayerName"]["lmu"]
    assert grown.measure.snr_db >= LIMITED.db and settings["TableSize"] > 2048
    assert f"{settings['TableSize']} entries" in table_note(grown.tensors)
    graph = hls4ml.converters.convert_from_keras_model(
        gentle, output_dir=str(tmp_path / "hls"), project_name="lmu", backend="Vitis", hls_config=grown.config
    )
    assert contract(network_spec(graph), tmp_path) == contract(draft(gentle).network(types_of(grown)), tmp_path)
    assert profile(gentle, x, grown.config) == grown.tensors


@pytest.mark.parametrize("level", ["LayerName", "LayerType"])
def test_a_size_that_is_written_stays_and_is_named_where_it_is_the_limit(gentle, x, level):
    config = {level: {"lmu" if level == "LayerName" else "LMU": {"TableSize": 512}}}
    assert draft(gentle, config).own_tables == frozenset()
    with pytest.raises(LmuHlsError, match=r"tables .* are the limit, without them .*512 entries .* TableSize"):
        tune(gentle, x, target=LIMITED, config=config, budget=60)
    found = tune(gentle, x, target=SnrDb(20), config=config, budget=60)
    (entry,) = config[level]
    assert found.config[level][entry]["TableSize"] == 512
    assert "512 entries" in table_note(found.tensors)


def test_what_hls4ml_prints_is_no_wish(gentle):
    import hls4ml

    printed = hls4ml.utils.config_from_keras_model(gentle, granularity="name", backend="Vitis")
    assert {"TableSize", "TableRange"} <= set(printed["LayerName"]["lmu"])
    assert draft(gentle, printed).own_tables == {"lmu"}
    printed["LayerName"]["lmu"]["TableSize"] = 4096
    assert draft(gentle, printed).own_tables == frozenset()


def test_the_profile_names_a_table_that_is_the_limit(gentle, x):
    wide = {"Model": {"Precision": "fixed<24,6>"}, "LayerType": {"LMU": {"TableSize": 128}}}
    note = table_note(profile(gentle, x, wide))
    assert "tanh table of 128 entries over [-4, 4): it is the limit" in note and "TableSize" in note
    narrow = {"Model": {"Precision": "fixed<14,6>"}, "LayerType": {"LMU": {"TableSize": 32768}}}
    assert "limit" not in table_note(profile(gentle, x, narrow))


@pytest.mark.parametrize("cell", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_the_range_holds_what_its_inputs_can_be_unless_the_function_is_flat(cell, x):
    import keras

    source = draft(build(hidden_cell=getattr(keras.layers, cell)(3)))
    seen, trace = calibrate(source, Samples(x))
    network, plan = source.network(wide_types(source)), make_plan(source, seen, 1.25)
    table = plan_tables(source, plan.integers, network, trace)["lmu", TABLE]
    (lmu,) = network.lmus
    assert set(table.reach) == set(range(MIN_BITS, MAX_BITS + 1))
    for bits, reach in table.reach.items():
        for lookup in lookups(lmu):
            holds = plan.integers["lmu", lookup.source] - 1
            assert 2**reach >= min(2**holds, {"tanh": 4, "sigmoid": 8}[lookup.activation.function])
            assert 2**reach <= max(function.end or 0 for function in FUNCTIONS.values())
        assert table.index(bits).width == bits
    assert list(table.db.values()) == sorted(table.db.values())


@settings(max_examples=25, deadline=None)
@given(
    function=st.sampled_from(["tanh", "sigmoid"]),
    bits=st.integers(4, 12),
    reach=st.sampled_from([1, 2, 4, 8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_snr_that_a_table_allows_is_that_of_its_entries(function, bits, reach, seed):
    """Looked up in a table whose entries hardly round, values have the SNR that is said."""
    index, entry = table_index_type(2**bits, reach), FixedType(40, 2)
    activation = make_activation(function, index, entry)
    values = np.random.default_rng(seed).normal(0, 2, 500)
    positions = quantize(values, index) - index.min_int
    exact = np.tanh(values) if function == "tanh" else 1 / (1 + np.exp(-values))
    error = to_float(activation.table.values.values[positions], entry) - exact
    (lookup,) = [use for use in lookups(_rnn(function)) if use.source == "pre"]
    said = allowed_db(lookup, index, values)
    assert said == pytest.approx(10 * np.log10(np.sum(exact**2) / np.sum(error**2)), abs=1e-3)


def _rnn(function):
    from dataclasses import replace

    from tests.support.networks import random_cell, random_lmu

    lmu = random_lmu(np.random.default_rng(0))
    cell = random_cell(np.random.default_rng(0), "rnn", 6, 3, 4, lmu.h)
    return replace(lmu, hidden=replace(cell, activation=make_activation(function, WIDE_INDEX, lmu.h)))


def test_entries_beyond_a_block_ram_cost_bits():
    key, other = ("lmu", "gate"), ("lmu", "candidate")
    plan = TablePlan((("sigmoid", key), ("tanh", other), ("tanh", other)), {}, {11: 40.0, 12: 46.0})
    types = {key: FixedType(8, 1), other: FixedType(10, 1)}
    assert plan.counted(11, types) == 0 and plan.counted(12, types) == 2048 * (8 + 10)
    assert (plan.first(30), plan.first(45), plan.first(60)) == (11, 12, 12)
