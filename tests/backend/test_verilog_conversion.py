"""The backend ``Verilog`` as hls4ml sees it: registration, configuration, types, options, refusals, golden."""

import subprocess
import sys

import hls4ml
import keras
import numpy as np
import pytest
from hls4ml.utils.serialization import deserialize_model

from lmu_hls import backend, flow, golden
from lmu_hls.backend import design
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize, to_float
from lmu_hls.front.extract import network_spec
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.reuse import balanced, fastest
from lmu_hls.spec import same, streaming
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu, model


def two_layers() -> keras.Model:
    return model(
        lmu("tanh", name="one"), lmu("relu", return_sequences=False, name="two"), keras.layers.Dense(3, name="head")
    )


def verilog(built: keras.Model, folder, settings=None, **options):
    return convert(built, folder, settings, backend="Verilog", **options)


def random_floats(samples: int = 6) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(samples, STEPS, N_IN))


def test_import_of_hls4ml_is_enough():
    code = "import hls4ml; b = hls4ml.backends.get_backend('Verilog'); print(b.name, b.get_default_flow())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["Verilog", "verilog:ip"]
    assert "WARNING" not in done.stdout


@pytest.mark.parametrize("granularity", ["model", "type", "name"])
def test_the_configuration_has_the_keys_of_vitis(granularity):
    built = two_layers()
    own = hls4ml.utils.config_from_keras_model(built, granularity=granularity, backend="Verilog")
    assert own == config(built, granularity)


@pytest.mark.parametrize("update", ["dense", "tridiagonal"])
def test_types_and_weights_are_those_of_vitis(update, tmp_path):
    built = model(
        lmu(keras.layers.LSTMCell(3), discretizer="bilinear", name="one"),
        lmu("relu", return_sequences=False, discretizer="bilinear", name="two"),
        keras.layers.Dense(3, activation="relu", name="head"),
    )
    settings = config(built, default_precision="fixed<14,5>")
    settings["LayerName"]["one"] |= {"MemoryUpdate": update, "TableSize": 64}
    settings["LayerName"]["two"]["Precision"]["mem"] = "fixed<20,3,TRN,WRAP>"
    mine = network_spec(verilog(built, tmp_path, settings))
    other = network_spec(convert(built, tmp_path, settings))
    assert same(mine, other)
    assert not same(mine, other.with_steps(4))


def test_options_become_configuration(tmp_path):
    graph = verilog(two_layers(), tmp_path, mode="streaming", output="argmax", axi_lite=True)
    assert RtlOptions.from_config(graph.config.config) == RtlOptions(True, output="argmax", axi_lite=True)
    assert RtlOptions.from_config(verilog(two_layers(), tmp_path).config.config) == RtlOptions()
    assert RtlOptions.from_config({}) == RtlOptions()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"mode": "endless"}, "Mode='endless' is not possible; use one of 'sequence', 'streaming'"),
        ({"output": "probabilities"}, "Output='probabilities' is not possible; use one of 'logits', 'softmax'"),
        ({"axi_lite": "yes"}, "AXILite='yes' is not possible"),
        ({"output": "softmax"}, "the model has no softmax"),
        ({"lanes": 4}, "has no option 'lanes': its own are mode, output, axi_lite"),
        ({"part": "xc7a35t"}, "has no option 'part': the Verilog is for any part"),
        ({"io_type": "io_stream"}, "io_type='io_stream' is not supported by Verilog; use 'io_parallel'"),
    ],
)
def test_bad_options_are_refused(options, text, tmp_path):
    with pytest.raises(LmuHlsError, match=text):
        verilog(two_layers(), tmp_path, **options)


def test_reuse_factor_1_is_as_fast_as_possible_and_a_layers_own_must_be_valid(tmp_path):
    """The fewest cycles a step of the network, with the fewest multipliers for that."""
    built = two_layers()
    of = backend.design_of(verilog(built, tmp_path))
    assert of.plan.cycles.ii == fastest(of.network) > 1
    assert {layer.name: layer.reuse_factor for layer in of.network.layers} == balanced(of.network, of.plan.cycles.ii)
    settings = config(built)
    settings["LayerName"]["head"]["ReuseFactor"] = 12
    assert backend.design_of(verilog(built, tmp_path, settings)).network.layers[-1].reuse_factor == 12
    settings["LayerName"]["head"]["ReuseFactor"] = 7
    with pytest.raises(LmuHlsError, match=r"layer 'head': ReuseFactor 7 is not possible.*use 4 or 12"):
        verilog(built, tmp_path, settings)


@pytest.mark.parametrize("wanted", [2, 41, 61, 1000])
def test_reuse_factor_of_the_model_is_a_promise(wanted, tmp_path):
    """The same as lmu-hls convert --reuse-factor."""
    settings = config(two_layers(), default_reuse_factor=wanted)
    of = backend.design_of(verilog(two_layers(), tmp_path, settings))
    limit = max(wanted, fastest(of.network))
    assert of.plan.cycles.ii <= limit
    assert {layer.name: layer.reuse_factor for layer in of.network.layers} == balanced(of.network, limit)
    assert (of.settled.remark is None) == (wanted in (41, 61))


@pytest.fixture
def plans(monkeypatch) -> list[str]:
    """The names of the networks that are planned, in turn."""
    planned: list[str] = []
    plan = design.plan_network

    def counted(network, options):
        planned.append(network.name)
        return plan(network, options)

    monkeypatch.setattr(design, "plan_network", counted)
    return planned


def test_a_model_is_planned_once(plans, tmp_path):
    graph = verilog(two_layers(), tmp_path)
    graph.write()
    x = random_floats(2)
    first = graph.config.backend.predict(graph, x, engine="golden")
    backend.build(graph, synth=False)
    assert len(plans) == 1
    graph.graph["head"].get_attr("weight_data")[:] *= -1  # in place, as a user of hls4ml could
    assert not np.array_equal(graph.config.backend.predict(graph, x, engine="golden"), first)
    assert len(plans) == 2


def test_a_conversion_plans_once(plans, tmp_path):
    flow.convert(two_layers(), tmp_path / "out")
    assert len(plans) == 1


def test_balanced_reuse_factors(tmp_path):
    built, settings = two_layers(), config(two_layers())
    fewest = backend.reuse_factors(convert(built, tmp_path))
    assert fewest == backend.reuse_factors(verilog(built, tmp_path)) and set(fewest) == {"one", "two", "head"}
    slower = backend.reuse_factors(verilog(built, tmp_path), 60)
    for name, factor in slower.items():
        assert fewest[name] <= factor <= 60 * STEPS
        settings["LayerName"][name]["ReuseFactor"] = factor
    plan = backend.design_of(verilog(built, tmp_path, settings)).plan
    assert plan.multipliers < backend.design_of(verilog(built, tmp_path)).plan.multipliers
    with pytest.raises(LmuHlsError, match="needs at least"):
        backend.reuse_factors(verilog(built, tmp_path), 2)


def test_a_saved_model_can_be_loaded(tmp_path):
    graph = verilog(two_layers(), tmp_path / "out", mode="streaming")
    graph.save(str(tmp_path / "net.fml"))
    again = deserialize_model(str(tmp_path / "net.fml"), output_dir=str(tmp_path / "again"))
    assert np.array_equal(
        again.predict(random_floats(), engine="golden"), graph.predict(random_floats(), engine="golden")
    )
    assert same(backend.design_of(again).network, backend.design_of(graph).network)


def test_what_the_contract_or_the_verilog_cannot_do_is_refused(tmp_path):
    unknown = model(lmu("tanh"), keras.layers.GroupNormalization(1, name="flat"))
    with pytest.raises(LmuHlsError, match="layer 'flat'"):
        verilog(unknown, tmp_path)
    with pytest.raises(LmuHlsError, match="62"):
        verilog(two_layers(), tmp_path, config(two_layers(), default_precision="fixed<40,8>"))
    settings = config(two_layers())
    settings["LayerName"]["one"]["Precision"]["mem"] = "ufixed<12,3>"
    with pytest.raises(LmuHlsError, match=r"layer 'one'.*unsigned"):
        verilog(two_layers(), tmp_path, settings)


def test_golden_answers_in_the_form_of_hls4ml(tmp_path):
    graph = verilog(two_layers(), tmp_path)
    network = network_spec(graph)
    x = random_floats()
    expected = to_float(golden.predict(network, quantize(x, network.x)), network.out)
    assert np.array_equal(graph.predict(x, engine="golden"), expected)
    one = graph.predict(x[:1].astype(np.float32), engine="golden")
    assert one.shape == (3,) and one.dtype == np.float32
    assert np.array_equal(graph.predict(x[0], engine="golden"), expected[0])
    told = []
    graph.predict(x, engine="golden", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)


def test_sequences_come_out_flat(tmp_path):
    graph = verilog(model(lmu("tanh")), tmp_path)
    assert graph.predict(random_floats(2), engine="golden").shape == (2, STEPS * 4)


def test_golden_traces_u_mem_and_h(tmp_path):
    graph = verilog(two_layers(), tmp_path)
    network = network_spec(graph)
    x = random_floats()
    output, traced = graph.trace(x, engine="golden")
    assert np.array_equal(output, graph.predict(x, engine="golden"))
    reference = golden.run(network, quantize(x, network.x))
    assert set(traced) == {f"{layer}.{name}" for layer in ("one", "two") for name in ("u", "mem", "h")}
    assert np.array_equal(traced["two.mem"], to_float(reference["two"].tensors["mem"], network.layers[1].mem))


def test_streaming_carries_the_state_from_sample_to_sample(tmp_path):
    graph = verilog(two_layers(), tmp_path, mode="streaming")
    network = streaming(network_spec(graph))
    x = random_floats(4)
    whole = golden.run(network, quantize(x.reshape(1, -1, N_IN), network.x), states=golden.zero_states(network, 1))
    assert np.array_equal(graph.predict(x, engine="golden"), to_float(whole.output, network.out).reshape(4, STEPS * 3))


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.zeros((2, STEPS, N_IN), int), "x is int64"),
        ([[0.0]], "x is list"),
        (np.zeros((2, STEPS + 1, N_IN)), r"\(2, 6, 3\), but the model takes \(samples, 5, 3\)"),
        (np.zeros((0, STEPS, N_IN)), "shape"),
        (np.full((1, STEPS, N_IN), np.nan), "NaN"),
    ],
)
def test_bad_input_is_refused(x, text, tmp_path):
    with pytest.raises(LmuHlsError, match=text):
        verilog(two_layers(), tmp_path).predict(x, engine="golden")


def test_wrong_calls_name_the_remedy(tmp_path):
    graph = verilog(two_layers(), tmp_path)
    with pytest.raises(LmuHlsError, match="not compiled; call its compile"):
        graph.predict(random_floats())
    with pytest.raises(LmuHlsError, match="engine 'vcs' is not known"):
        graph.predict(random_floats(), engine="vcs")
    with pytest.raises(LmuHlsError, match="knows no 'csim'"):
        graph.config.backend.build(graph, csim=True)
    with pytest.raises(LmuHlsError, match="was converted for Vitis"):
        backend.predict(convert(two_layers(), tmp_path), random_floats())


def test_a_configuration_as_from_a_file(tmp_path):
    built = two_layers()
    whole = {
        "KerasModel": built,
        "Backend": "Verilog",
        "OutputDir": str(tmp_path),
        "ProjectName": "net",
        "IOType": "io_parallel",
        "HLSConfig": config(built),
        "Output": "argmax",
    }
    graph = hls4ml.converters.convert_from_config(whole)
    assert backend.design_of(graph).plan.out.count == 1
    with pytest.raises(LmuHlsError, match="Mode='stream'"):
        hls4ml.converters.convert_from_config({**whole, "Mode": "stream"})


def test_the_memory_as_additions(tmp_path):
    """The Strategy that makes them in C++ makes them in the Verilog, and only the memory loses its multipliers."""
    built = model(lmu("relu", return_sequences=False, name="memory"), keras.layers.Dense(6, name="head"))
    found = {}
    for strategy, unit in (("Latency", "lmu_memory_dense"), ("distributed_arithmetic", "lmu_memory_ring")):
        configured = config(built)
        configured["LayerName"]["memory"] |= {"Strategy": strategy, "Compression": True}  # which lmu_engine has not
        plan = backend.design_of(verilog(built, tmp_path / "out", configured)).plan
        assert [i.module for i in plan.net.instances if i.name == "memory_memory"] == [unit]
        found[strategy] = {part.name: part.multipliers for part in plan.layers[0].parts}
    assert min(found["Latency"].values()) > 0
    assert [name for name, count in found["distributed_arithmetic"].items() if not count] == ["memory"]


def test_compression_leaves_blocks_of_zeros_out_or_keeps_them(tmp_path):
    """Asked for or forbidden by layer or by class; the planner leaves them out where that is worth it."""
    built = model(lmu("relu", return_sequences=False, name="memory"), keras.layers.Dense(6, name="head"))
    head = built.get_layer("head")
    kernel = np.zeros(head.kernel.shape, np.float32)
    kernel[0] = 0.5
    head.kernel.assign(kernel)

    def asked(reuse=1000, **settings):
        configured = config(built, default_reuse_factor=reuse)
        if "head" in settings:
            configured["LayerName"]["head"]["Compression"] = settings["head"]
        if "lmus" in settings:
            configured["LayerType"] = {"LMU": {"Compression": settings["lmus"]}}
        plan = backend.design_of(verilog(built, tmp_path / "out", configured)).plan
        return {i.name: i.parameters.get("BLOCKS", 0) for i in plan.net.instances if "LANES" in i.parameters}

    assert asked(40)["head_dense"] == 6
    assert asked() == {"memory_engine": 0}  # which has no multiplier more for the head
    assert set(asked(head=False).values()) == {0}
    forced = asked(head=True, lmus=True)
    assert forced["memory_hidden"] > 0 and forced["memory_encoder"] > 0
    settings = config(built)
    settings["LayerName"]["memory"]["Compression"] = True
    with pytest.raises(LmuHlsError, match=r"Compression is not supported by Vitis.*use backend='Verilog'"):
        convert(built, tmp_path / "vitis", settings)
