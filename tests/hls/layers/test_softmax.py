"""Softmax on the HLS road: the generated C++ against golden, its types and table, and what is refused."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.front.config import full_config
from lmu_hls.front.extract import network_spec
from lmu_hls.spec import Dense, Softmax
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input, write
from tests.support.mutants import change

FREE = (False, False, False)


def plain(**options):
    return lmu("tanh", FREE, name="memory", **{"return_sequences": False, **options})


def nodes(graph) -> list[str]:
    return [node.class_name for node in graph.get_layers()]


def test_dense_with_softmax(tmp_path):
    graph = convert(model(plain(), keras.layers.Dense(5, "softmax", name="head")), tmp_path)
    assert nodes(graph) == ["Input", "LMU", "Dense", "LMUSoftmax"]
    head, last = network_spec(graph).layers[-2:]
    assert isinstance(head, Dense) and isinstance(last, Softmax) and last.name == "head_softmax"
    assert (last.x, last.out, last.index) == (head.out, FixedType(16, 2), FixedType(11, 4, False, "TRN"))
    assert last.exp.values.type == FixedType(18, 1, False) and last.exp.values.values[0] == 1 << 17
    assert last.exp.values.values[-1] == 0, "the end of the table shows"


def test_csim_of_dense_with_softmax(tmp_path):
    assert_csim_equals_golden(convert(model(plain(), keras.layers.Dense(5, "softmax", name="head")), tmp_path))


@pytest.mark.parametrize(
    "layer", [lambda: keras.layers.Softmax(name="end"), lambda: keras.layers.Activation("softmax", name="end")]
)
def test_on_sequences_and_between_lmus(layer, tmp_path):
    """Every step has its own sum; random types and a small table."""
    first = lmu("tanh", FREE, name="first")
    built = model(first, keras.layers.Dense(4, "softmax", name="mid"), plain(return_sequences=True), layer())
    settings = config(built)
    settings["LayerName"]["mid_softmax"] |= {"TableSize": 64, "TableRange": 4}
    settings["LayerName"]["mid_softmax"]["Precision"] |= {"exp": "ufixed<9,1,RND,SAT>", "result": "fixed<9,1>"}
    settings["LayerName"]["end"]["Precision"] |= {"result": "fixed<12,3,RND_INF,WRAP>"}
    graph = convert(built, tmp_path, settings)
    network = assert_csim_equals_golden(graph)
    mid = network.layers[2]
    assert (mid.index, mid.exp.values.type) == (FixedType(6, 2, False, "TRN"), FixedType(9, 1, False, "RND", "SAT"))
    assert (mid.out, network.out) == (FixedType(9, 1, True, "TRN", "WRAP"), FixedType(12, 3, True, "RND_INF", "WRAP"))


ENDS = [  # types of the logits, exp and the result; size and range of the table
    ("fixed<16,6,RND_CONV,SAT>", "ufixed<18,1,RND_CONV,SAT>", "fixed<16,1,RND_CONV,SAT>", 2048, 16),
    ("ufixed<8,3,TRN,SAT>", "ufixed<12,0,TRN,SAT>", "fixed<8,2,TRN_ZERO,WRAP>", 256, 8),
    ("fixed<4,4,RND,SAT>", "ufixed<30,1,RND,SAT>", "fixed<20,1,RND_MIN_INF,SAT_SYM>", 16, 4),
    ("fixed<20,-2,RND,SAT>", "ufixed<6,2,RND,SAT>", "ufixed<5,0,RND_ZERO,SAT_ZERO>", 1024, 1),
    ("fixed<12,5,RND,SAT>", "ufixed<18,1,RND_CONV,SAT>", "ufixed<6,1,RND_INF,SAT>", 64, 2),
    ("fixed<10,3,RND,SAT>", "ufixed<16,1,RND_CONV,SAT>", "fixed<3,2,RND,WRAP>", 64, 2),
]


@pytest.mark.parametrize("case", range(len(ENDS)))
def test_types_and_extremes(case, tmp_path):
    """Logits over the whole range of their type, equal ones among them: an LMU of one step that passes x on."""
    logits, exp, result, size, reach = ENDS[case]
    memory = lmu(None, FREE, name="memory", memory_d=4, order=1, return_sequences=False, use_bias=False)
    built = model(memory, keras.layers.Dense(4, name="head"), keras.layers.Softmax(name="end"), steps=1, n_in=4)
    cell = built.get_layer("memory").cell
    cell.kernel.assign(np.eye(4) * 16)
    built.get_layer("head").kernel.assign(np.eye(4) * 4)
    settings = config(built, default_precision="fixed<24,10>")
    settings["LayerName"]["head"]["Precision"]["result"] = logits
    settings["LayerName"]["end"] |= {"TableSize": size, "TableRange": reach}
    settings["LayerName"]["end"]["Precision"] |= {"exp": exp, "result": result}
    graph = convert(built, tmp_path, settings)
    network = network_spec(graph)
    rng = np.random.default_rng(case)
    x = random_input(network, 200, case)
    scale = rng.integers(0, 24, (200, 1, 1))
    x = np.concatenate([x >> scale, np.zeros_like(x[:2]), np.full_like(x[:1], network.x.max_int)])
    x[50:80, :, 1] = x[50:80, :, 0]
    trace = golden.run(network, x)
    kind, seen = network.layers[-1].x, trace["head"].tensors["out"]
    assert {kind.min_int, kind.max_int} <= set(seen.ravel().tolist()), "the logits do not reach the ends"
    assert np.array_equal(write(graph).run(x, network), trace.output)


def test_near_keras(tmp_path):
    """20 bits everywhere; the bound is that of tests/golden/test_softmax.py for p = 1, plus the error of the logits."""
    built = model(plain(), keras.layers.Dense(5, "softmax"))
    network = network_spec(convert(built, tmp_path, config(built, default_precision="fixed<20,6>")))
    x = random_input(network) // 16
    expected = built.predict(to_float(x, network.x), verbose=0)
    assert np.abs(to_float(golden.predict(network, x), network.out) - expected).max() < 2 / 128 + 0.005


def test_settings_by_type(tmp_path):
    built = model(plain(), keras.layers.Dense(5, "softmax", name="head"))
    wanted = {"TableSize": 512, "Precision": {"exp": "ufixed<10,1,RND,SAT>"}}
    settings = full_config(built, {"LayerType": {"LMUSoftmax": wanted}})
    last = network_spec(convert(built, tmp_path, settings)).layers[-1]
    assert last.index == FixedType(9, 4, False, "TRN") and last.exp.values.type.width == 10


def test_a_model_without_an_lmu_keeps_hls4mls_softmax(tmp_path):
    """Also when its layers are used after an LMU in another model."""
    head = keras.layers.Dense(2, "softmax", name="head")
    other = model(plain(), head)
    inputs = keras.Input((4,))
    alone = keras.Model(inputs, head(inputs))
    assert nodes(convert(alone, tmp_path / "a", config(alone)))[-1] == "Softmax"
    assert nodes(convert(other, tmp_path / "b", config(other)))[-1] == "LMUSoftmax"


def refuse(built, tmp_path, *words, **settings):
    precision = settings.pop("Precision", {})
    with pytest.raises(LmuHlsError) as error:
        wanted = config(built)
        wanted["LayerName"]["end"] |= settings
        wanted["LayerName"]["end"]["Precision"] |= precision
        convert(built, tmp_path, wanted)
    for word in ("'end'", *words):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TableSize": 1000}, ("powers of two", "set TableSize and TableRange so")),
        ({"TableRange": 0}, ("powers of two",)),
        ({"Precision": {"exp": "fixed<18,2>"}}, ("must be unsigned", "change its Precision (exp, result)")),
        ({"Precision": {"exp": "ufixed<8,0>"}}, ("entry of 0 must be positive",)),
        ({"Precision": {"result": "fixed<8,9>"}}, ("no fraction bits",)),
        ({"Precision": {"exp": "ufixed<40,1>", "result": "fixed<30,2>"}}, ("quotient of the softmax needs 70 bits",)),
        ({"Precision": {"exponent": "ufixed<18,1>"}}, ("unknown key 'exponent'", "known are default, result, exp")),
    ],
)
def test_refusals(settings, words, tmp_path):
    built = model(plain(), keras.layers.Softmax(name="end"))
    refuse(built, tmp_path, *words, **settings)


def test_other_axes(tmp_path):
    refuse(model(lmu("tanh", FREE), keras.layers.Softmax(axis=1, name="end")), tmp_path, "last axis only", "axis=-1")


MUTANTS = {
    "first value for the largest": ("if (data[first + k] > largest)", "if (false)"),
    "sum of the entries but one": (
        "unsigned k = 0; k < CONFIG_T::n_in; k++) {\n            #pragma HLS PIPELINE II=1\n            typename",
        "unsigned k = 1; k < CONFIG_T::n_in; k++) {\n            #pragma HLS PIPELINE II=1\n            typename",
    ),
    "rest forgotten": ("bits[0] = rest;", "bits[0] = 0;"),
    "one bit less": ("numerator <<= fraction + 1;", "numerator <<= fraction;"),
    "distance rounded down": ("bits += CONFIG_T::up;", "bits += 0;"),
    "distance rounded up twice": (
        "const typename CONFIG_T::index_t point = d;",
        "ap_ufixed<CONFIG_T::index_t::width, CONFIG_T::index_t::iwidth, AP_RND_CONV, AP_SAT> point = d;",
    ),
    "index not saturated": (
        "const typename CONFIG_T::index_t point = d;",
        "ap_ufixed<CONFIG_T::index_t::width, CONFIG_T::index_t::iwidth, AP_TRN, AP_WRAP> point = d;",
    ),
    "first vector only": ("const unsigned first = v * CONFIG_T::n_in;", "const unsigned first = 0;"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A softmax at every step; the result's type truncates, so that every bit of the quotient counts."""
    folder = tmp_path_factory.mktemp("softmax") / "project"
    built = model(lmu("linear", FREE, name="memory"), keras.layers.Dense(4, "softmax", name="head"))
    settings = config(built, default_precision="fixed<14,5>")
    settings["LayerName"]["head_softmax"] |= {"TableSize": 64, "TableRange": 4}
    settings["LayerName"]["head_softmax"]["Precision"] |= {
        "exp": "ufixed<6,1,RND,SAT>",
        "result": "fixed<6,2,RND_CONV,SAT>",
    }
    graph = convert(built, folder, settings)
    graph.write()
    return folder, network_spec(graph)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_changed_header_is_caught(mutant, project, tmp_path):
    old, new = MUTANTS[mutant]
    source, network = project
    folder = Path(shutil.copytree(source, tmp_path / "copy"))
    header = folder / "firmware" / "nnet_utils" / "nnet_lmu_softmax.h"
    change(header, old, new)
    x = random_input(network, 200)
    assert not np.array_equal(compile_project(folder).run(x, network), golden.predict(network, x))
