"""Every setting of the user's configuration arrives or is refused, with its place, by every way in."""

import copy

import hls4ml
import keras
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lmu_hls import flow
from lmu_hls.errors import LmuHlsError
from lmu_hls.front.config import full_config
from lmu_hls.front.extract import network_spec
from lmu_hls.front.settings import check_settings, known_layers
from lmu_hls.spec import store
from lmu_hls.suggest import did_you_mean, nearest
from tests.support.lmu_models import convert, lmu, model

KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=12)


def network():
    return model(
        lmu("tanh", return_sequences=False, name="lmu"),
        keras.layers.Dense(3, "relu", name="mid"),
        keras.layers.ReLU(name="act"),
        keras.layers.Dense(2, "softmax", name="head"),
    )


@pytest.fixture(scope="module")
def built():
    return network()


@pytest.fixture(scope="module")
def layers(built):
    return known_layers(built, "Vitis")


def printed(built, granularity="name", backend="Vitis"):
    return hls4ml.utils.config_from_keras_model(built, granularity=granularity, backend=backend)


def message(given, layers) -> str:
    with pytest.raises(LmuHlsError) as error:
        check_settings(given, layers)
    return str(error.value)


@pytest.mark.parametrize("granularity", ["name", "type", "model"])
@pytest.mark.parametrize("backend", ["Vitis", "Vivado", "Quartus", "Catapult", "Verilog"])
def test_what_hls4ml_prints_is_accepted(granularity, backend, built, layers, tmp_path):
    """And again after a conversion, which writes into the user's dictionary."""
    config = printed(built, granularity, backend)
    for _ in range(2):
        check_settings(config, layers)
        graph = convert(built, tmp_path, config, backend=backend)
    same = network_spec(convert(built, tmp_path, full_config(built, config, backend)))
    assert [layer.name for layer in same.layers] == [layer.name for layer in network_spec(graph).layers]


@pytest.mark.parametrize("granularity", ["name", "type"])
def test_every_printed_setting_can_be_changed_and_arrives_or_is_refused(granularity, built, layers):
    """A type for every tensor that hls4ml prints: in the contract, or a message with the tensor's name."""
    config = printed(built, granularity)
    section = config["LayerName" if granularity == "name" else "LayerType"]
    for name, own in section.items():
        for tensor, text in own["Precision"].items():
            changed = copy.deepcopy(config)
            part = changed["LayerName" if granularity == "name" else "LayerType"][name]["Precision"]
            part[tensor] = "fixed<23,7>"
            if text == "auto" and tensor != "param":
                check_settings(changed, layers)
            else:
                assert f"Precision: {tensor} has no effect" in message(changed, layers)


def places(config):
    """Every mapping of a configuration, as the keys that lead to it."""
    yield ()
    for key in ("Model", "LayerName", "LayerType"):
        if key in config:
            yield (key,)
    for key in ("LayerName", "LayerType"):
        for name in config.get(key, ()):
            yield (key, name)
            yield (key, name, "Precision")
    yield ("Model", "Precision")


@settings(max_examples=60, deadline=None)
@given(data=st.data(), key=KEYS)
def test_an_unknown_key_anywhere(data, key, built, layers):
    whole = {**printed_once(built), "LayerType": {"LMU": {"Precision": {}}, "Dense": {"Precision": {}}}}
    place = data.draw(st.sampled_from(sorted(places(whole))))
    changed = copy.deepcopy(whole)
    inside = changed
    for step in place:
        inside = inside[step]
    if key in inside or key in allowed(place, layers):
        return
    inside[key] = data.draw(st.sampled_from([1, "fixed<8,2>", None, {}, True]))
    said = message(changed, layers)
    assert repr(key) in said or "said by" in said
    assert all(step in said for step in place)


_printed = {}


def printed_once(built):
    if not _printed:
        _printed.update(printed(built))
    return _printed


def allowed(place, layers):
    """The keys that are known though hls4ml does not print them."""
    tensors = {tensor for layer in layers for tensor in layer.tensors}
    names = {name for layer in layers for name in (layer.name, layer.kind, *layer.keys)}
    return tensors | names | {"Flows", "Optimizers", "SkipOptimizers", "maximum", "Input", "PipelineStyle", "BitExact"}


TYPOS = {  # the settings of a file that once changed nothing, and what they should have been
    ("LayerName", "head", "Precision", "weigth"): "did you mean 'weight'?",
    ("LayerName", "lmu", "Precison"): "did you mean 'Precision'?",
    ("LayerName", "lmu", "Tablesize"): "did you mean 'TableSize'?",
    ("LayerType", "LMUx"): "did you mean 'LMU'?",
    ("LayerType", "Softmax"): "did you mean 'LMUSoftmax'?",
    ("LayerName", "heads"): "did you mean 'head'?",
    ("LayerName", "Lmu"): "did you mean 'lmu'?",
    ("Model", "Reuse"): "did you mean 'ReuseFactor'?",
    ("Model", "Precision", "defualt"): "did you mean 'default'?",
    ("LayerNames",): "did you mean 'LayerName'?",
    ("LayerType", "Activation", "Precision", "resutl"): "did you mean 'result'?",
    ("LayerType", "InputLayer", "Precision", "reslt"): "did you mean 'result'?",
    ("LayerName", "head_softmax", "Precision", "exps"): "did you mean 'exp'?",
    ("ClockPeriod",): "argument clock_period",
    ("Part",): "argument part",
    ("HLSConfig",): "what is below it",
}


@pytest.mark.parametrize("place", TYPOS, ids=": ".join)
def test_typos(place, built, layers, tmp_path):
    config = "fixed<8,3>" if "Precision" in place else {}
    for step in reversed(place):
        config = {step: config}
    said = message(config, layers)
    assert repr(place[-1]) in said and TYPOS[place] in said and (len(place) == 1 or place[0] in said)
    with pytest.raises(LmuHlsError) as error:
        convert(built, tmp_path, config)
    assert str(error.value) == said


VALUES = [
    ({"Model": None}, "Model is empty; give keys and values there, or leave it out"),
    ({"Model": "fixed<16,6>"}, "Model is str 'fixed<16,6>'"),
    ({"LayerName": ["lmu"]}, "LayerName is list"),
    ({"LayerName": {"lmu": None}}, "LayerName: 'lmu' is empty"),
    ({"LayerName": {"lmu": "fixed<8,2>"}}, "LayerName: 'lmu' is str"),
    ([], "the configuration is list"),
    ({"Model": {"Precision": "auto"}}, "--precision auto --calibration DATA.npz"),
    ({"Model": {"Precision": {"default": "auto"}}}, "lmu_hls.auto_precision"),
    ({"Model": {"Precision": None}}, "Model: Precision has the type None; write for example 'fixed<16,6>'"),
    ({"Model": {"Precision": 16}}, "Model: Precision has the type 16"),
    ({"Model": {"Precision": "fixed<16,6>;junk"}}, "has the type 'fixed<16,6>;junk'"),
    ({"Model": {"Precision": "xfixed<16,6>"}}, "has the type 'xfixed<16,6>'"),
    ({"Model": {"Precision": "fixed<16>"}}, "has the type 'fixed<16>'"),
    ({"LayerName": {"lmu": {"Precision": {"u": "fixed<8,2"}}}}, "LayerName: 'lmu': Precision: 'u' has the type"),
    ({"LayerName": {"lmu": {"Precision": {"u": None}}}}, "LayerName: 'lmu': Precision: 'u' has the type None"),
    ({"Model": {"ReuseFactor": 0}}, "Model: ReuseFactor=0 is not possible; give an integer from 1 on"),
    (
        {"Model": {"ReuseFactor": "4"}},
        "ReuseFactor='4' is not possible; give an integer from 1 on; numbers are written",
    ),
    ({"Model": {"ReuseFactor": True}}, "ReuseFactor=True"),
    ({"Model": {"ReuseFactor": None}}, "ReuseFactor=None"),
    ({"LayerName": {"lmu": {"TableSize": "2048"}}}, "LayerName: 'lmu': TableSize='2048' is not possible"),
    ({"LayerName": {"lmu": {"TableRange": -1}}}, "TableRange=-1"),
    ({"LayerName": {"lmu": {"Trace": "yes"}}}, "Trace='yes' is not possible; give True or False"),
    ({"LayerName": {"lmu": {"Strategy": 1}}}, "Strategy=1"),
    ({"LayerName": {"mid_relu": {"TableSize": 2}}}, "TableSize has no effect, since the layer has no table; remove it"),
    ({"LayerName": {"head_softmax": {"Strategy": "Argmax"}}}, "a softmax after an LMU has one form"),
    ({"Model": {"Compression": True}}, "Compression=True is not possible in a model with an LMU"),
    ({"Model": {"TraceOutput": True}}, "TraceOutput=True"),
    ({"Model": {"BitExact": True}}, "BitExact=True"),
    ({"Model": {"PipelineStyle": "fast"}}, "give auto or dataflow or pipeline"),
    ({"Flows": "vitis:ip"}, "Flows is 'vitis:ip'; give a list"),
    ({"LayerType": {"Dense": {"ReuseFactor": 1.5}}}, "LayerType: 'Dense': ReuseFactor=1.5"),
]


@pytest.mark.parametrize(("config", "part"), VALUES, ids=[part for _, part in VALUES])
def test_values(config, part, layers):
    assert part in message(config, layers)


@pytest.mark.parametrize(
    "text",
    [
        *("fixed<16,6>", "ap_fixed<16, 6>", "ufixed<8,0,RND,SAT>", "ap_ufixed<8,0,AP_RND_CONV,AP_SAT>", "int<8>"),
        *("ap_int<8>", " fixed<16,-2,TRN,WRAP,0> ", "ac_fixed<16,6,true>", "auto", "AUTO", "fixed<12,20>", "uint<8>"),
    ],
)
def test_every_spelling_of_hls4ml_is_accepted(text, layers):
    check_settings({"LayerName": {"lmu": {"Precision": {"u": text}}}}, layers)


def test_the_type_of_a_class_reaches_layers_of_hls4ml_own(built, tmp_path):
    """hls4ml makes other classes of some layers: their settings by type still arrive, also by lmu-hls."""
    by_type = {
        "InputLayer": {"Precision": {"result": "fixed<11,3>"}},
        "ThresholdedReLU": {"Precision": {"result": "fixed<12,4>"}},
        "Activation": {"Precision": {"result": "fixed<13,5>"}},
        "LMUSoftmax": {"Precision": {"result": "fixed<14,2>"}},
    }
    config = {"LayerType": by_type}
    for wanted in (config, full_config(built, config)):
        spec = network_spec(convert(built, tmp_path, wanted))
        types = {layer.name: layer.out for layer in spec.layers[1:]}
        found = [str(spec.x), *(str(types[name]) for name in ("act", "mid_relu", "head_softmax"))]
        assert found == [f"fixed<{width},TRN,WRAP>" for width in ("11,3", "12,4", "13,5", "14,2")]


def test_part_and_clock(tmp_path):
    """Beside hls4ml's keys, or beside HLSConfig; they reach the project and stay in the written settings."""
    from tests.support.small_model import small_model

    config = {"Part": "xc7a100tcsg324-1", "ClockPeriod": 8, "Model": {"Precision": "fixed<14,5>"}}
    flow.convert(small_model(), tmp_path / "a", config=config)
    hls = (tmp_path / "a" / "hls" / "hls4ml_config.yml").read_text()
    assert "Part: xc7a100tcsg324-1\n" in hls and "ClockPeriod: 8\n" in hls
    written = yaml.safe_load((tmp_path / "a" / "config.yml").read_text())
    assert (written["Part"], written["ClockPeriod"]) == ("xc7a100tcsg324-1", 8)
    tools = tmp_path / "a" / "verilog" / "integration"
    assert "-period 8.000" in (tools / "clock.xdc").read_text()
    assert "-part xc7a100tcsg324-1" in (tools / "vivado_synth_ooc.tcl").read_text()
    again = {"HLSConfig": {"Model": written["Model"]}, "Part": written["Part"]}
    flow.convert(small_model(), tmp_path / "b", config=again)
    assert store.load(tmp_path / "b" / "spec.npz").x == store.load(tmp_path / "a" / "spec.npz").x


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"Part": "x; rm"}, "Part is 'x; rm'; give the name of a device"),
        ({"ClockPeriod": "5"}, "ClockPeriod is '5'; give a number"),
        ({"ClockPeriod": 0}, "ClockPeriod is 0"),
        ({"ClockUncertainty": "much"}, "ClockUncertainty is 'much'"),
        ({"Backend": "Vitis"}, "--backend"),
        ({"HLSConfig": {}, "IOType": "io_parallel"}, "--io-type"),
        ({"HLSConfig": {}, "Model": {}}, "beside HLSConfig the configuration has the key 'Model'"),
    ],
)
def test_keys_beside_the_configuration(config, part, tmp_path):
    from tests.support.small_model import small_model

    with pytest.raises(LmuHlsError) as error:
        flow.convert(small_model(), tmp_path / "out", config=config)
    assert part in str(error.value)


def test_a_whole_file_of_hls4ml(built, tmp_path):
    """hls4ml's conversion by a configuration is checked as well."""
    whole = {
        "KerasModel": built,
        "Backend": "Vitis",
        "OutputDir": str(tmp_path),
        "ProjectName": "lmu",
        "IOType": "io_parallel",
        "HLSConfig": {"Model": {"Precision": "fixed<16,6>", "Reuse": 4}},
    }
    with pytest.raises(LmuHlsError, match="'Reuse'; did you mean 'ReuseFactor'"):
        hls4ml.converters.convert_from_config(whole)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Model: {ReuseFactor: 2}\nModel: {ReuseFactor: 4}\n", "'Model' is given twice, in lines 1 and 2"),
        ("LayerName:\n  lmu: {ReuseFactor: 2}\n  lmu: {ReuseFactor: 3}\n", "'lmu' is given twice, in lines 2 and 3"),
        ("{a: " * 100, "more than 20 levels deep"),
        ("[" * 100, "more than 20 levels deep"),
        ("[" * 3000, "the limit is 200"),
        ("", "holds nothing, expected hls4ml's keys"),
        ("- Model", "holds list"),
        ("a: 2020-13-40", "is not readable YAML"),
        ("a: !!python/object:os.system x", "is not readable YAML"),
    ],
    ids=lambda value: value[:20],
)
def test_files(text, part, tmp_path):
    path = tmp_path / "c.yml"
    path.write_text(text)
    with pytest.raises(LmuHlsError) as error:
        flow.read_config(path)
    assert str(path) in str(error.value) and part in str(error.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(LmuHlsError, match="is a folder; give a YAML file"):
        flow.read_config(tmp_path)


def test_suggestions():
    assert nearest("reusefactor", ["Precision", "ReuseFactor"]) == "ReuseFactor"
    assert nearest(3, ["Precision"]) is None
    assert did_you_mean("zzz", ["a", "b"]) == "known are a, b"
    assert did_you_mean("zzz", []) == "none is known here"
