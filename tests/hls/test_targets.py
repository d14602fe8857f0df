"""Every backend of hls4ml that is supported gives golden's integers; what one of them would do wrong is refused."""

import re
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.flow import convert as convert_all
from lmu_hls.flow.convert import known_backend
from lmu_hls.front.backends import REFUSED
from lmu_hls.hls.checks import check_target
from lmu_hls.hls.targets import TARGETS
from lmu_hls.spec import store
from lmu_hls.verify.csim import compile_project
from tests.support.lmu_models import assert_csim_equals_golden, config, convert, lmu, model, random_input
from tests.support.mutants import change
from tests.support.random_keras import assert_random_csim_equals_golden
from tests.support.small_model import small_model

ROOT = Path(__file__).parents[2]
ACCELERATOR = "VivadoAccelerator"
OTHERS = [target.name for target in TARGETS if target.name not in ("Vitis", "Vivado")]  # those are in all other tests
QUICK = 3  # seeds
ON_AC_TYPES = [target.name for target in TARGETS if target.numbers == "ac"]


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("name", OTHERS)
def test_csim_equals_golden(name, softmax, tmp_path):
    built = model(
        lmu(keras.layers.GRUCell(4), name="memory", return_sequences=False),
        keras.layers.Dense(3, "softmax" if softmax else None, name="head"),
    )
    assert_csim_equals_golden(convert(built, tmp_path, backend=name))


@pytest.mark.parametrize(("activation", "more"), [(None, set()), ("softmax", {"softmax"})])
def test_a_project_has_the_headers_that_it_includes(activation, more, tmp_path):
    """Those of its layers, and what they include in turn; not those of layers that it lacks."""
    convert(model(lmu("tanh", name="memory"), keras.layers.Dense(3, activation, name="head")), tmp_path).write()
    needed = {"stream", "adders", "cells", "function", "matrix", "numbers"} | more
    names = {f"nnet_lmu_{name}.h" for name in needed} | {"nnet_lmu.h"}
    assert {path.name for path in (tmp_path / "firmware" / "nnet_utils").glob("nnet_lmu*")} == names


@pytest.mark.parametrize("name", ON_AC_TYPES)
def test_a_stack_on_sequences(name, tmp_path):
    """The tridiagonal memory, an LSTM cell, a batch normalization of its own, relu and softmax at every step."""
    built = model(
        lmu(keras.layers.LSTMCell(3), name="first", discretizer="bilinear"),
        keras.layers.BatchNormalization(name="norm"),
        lmu("relu", name="second"),
        keras.layers.Dense(4, "relu", name="middle"),
        keras.layers.Dense(3, "softmax", name="head"),
    )
    built.get_layer("norm").moving_variance.assign([0.3, 0.7, 1.1])
    settings = config(built)
    settings["LayerName"]["first"]["MemoryUpdate"] = "tridiagonal"
    settings["LayerName"]["norm"]["Fold"] = False
    assert_csim_equals_golden(convert(built, tmp_path, settings, backend=name))


@pytest.mark.parametrize("name", ["Vitis", "Quartus"])
def test_a_reuse_factor_that_a_pointwise_convolution_cannot_have(name, tmp_path):
    """hls4ml would take the nearest one, 3, and forget it: the C++ of Quartus stopped at an assertion."""
    built = model(lmu("tanh", name="memory"), keras.layers.Dense(6, name="middle"), keras.layers.Dense(3, name="head"))
    settings = config(built)
    settings["LayerName"]["head"] |= {"ReuseFactor": 4, "Strategy": "Resource"}
    graph = convert(built, tmp_path, settings, backend=name)
    assert [node.get_attr("reuse_factor") for node in graph.get_layers() if node.name == "head"] == [3]
    assert_csim_equals_golden(graph)


def random_cases():
    """Each network for each backend and io_type; a handful is quick, with another of these for each seed."""
    kinds = [(target.name, io_type) for target in TARGETS for io_type in target.io_types]
    for seed in range(100):
        for place, kind in enumerate(kinds):
            quick = seed < QUICK and place == (3 * seed + 6) % len(kinds)
            yield pytest.param(seed, *kind, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(("seed", "name", "io_type"), list(random_cases()))
def test_random_models(seed, name, io_type, tmp_path, monkeypatch):
    """Every second model with Strategy Resource. Most of the time is the compiler's, whose -O2 all other tests have."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    strategy = ("Latency", "Resource")[seed % 2]
    assert_random_csim_equals_golden(seed, tmp_path, strategy, backend=name, io_type=io_type)


def test_the_accelerator_has_its_driver_and_block_design(tmp_path):
    convert(model(lmu(), keras.layers.Dense(3)), tmp_path, backend=ACCELERATOR).write()
    assert {"axi_stream_driver.py", "design.tcl"} <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "firmware" / "myproject_axi.cpp").is_file()


@pytest.mark.parametrize("name", ON_AC_TYPES)
def test_a_converted_folder_is_verified_and_a_fault_is_seen(name, tmp_path):
    """The way of the command line; a fault in what only these backends have is no longer equal."""
    convert_all(small_model("tanh"), tmp_path / "out", backend=name.lower())
    project = tmp_path / "out" / "hls"
    network = store.load(tmp_path / "out" / "spec.npz")
    x = random_input(network, 20)
    assert np.array_equal(compile_project(project).run(x, network), golden.predict(network, x))
    header = project / "firmware" / "nnet_utils" / "nnet_lmu_numbers.h"
    change(header, "x.set_slc(0, bits);", "x.set_slc(0, lmu_uint<T::width>(bits ^ 1));")
    assert not np.array_equal(compile_project(project).run(x, network), golden.predict(network, x))


def test_more_bits_than_its_floats_hold_are_refused(tmp_path):
    built = model(lmu(name="memory"), keras.layers.Dense(3, name="head"))
    settings = config(built)
    settings["LayerName"]["head"]["Precision"]["result"] = "fixed<25,8,RND_CONV,SAT>"
    graph = convert(built, tmp_path, settings, backend=ACCELERATOR)
    with pytest.raises(LmuHlsError, match=r"the output has the type fixed<25,8.* at most 24 bits"):
        graph.write()


@pytest.mark.parametrize("name", ON_AC_TYPES)
def test_one_bit_that_would_become_two_is_refused(name, tmp_path):
    built = model(lmu(name="memory"))
    settings = config(built)
    settings["LayerName"]["memory"]["Precision"]["u"] = "fixed<1,1,RND_CONV,SAT>"
    graph = convert(built, tmp_path, settings, backend=name)
    with pytest.raises(LmuHlsError, match=rf"'memory': 'u' has one bit, which .*{name} would make two"):
        graph.write()
    assert not (tmp_path / "firmware").exists()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_number_types_that_hls4ml_lacks_are_said(target):
    with pytest.raises(LmuHlsError, match=rf"{target.name} lacks its number types: .*nowhere.h is not there; install"):
        check_target(None, replace(target, numbers_from="nowhere.h"))


def test_names_are_found_however_they_are_written():
    assert [known_backend(target.name.upper()) for target in TARGETS] == [target.name for target in TARGETS]


def test_the_readme_names_the_records():
    (row,) = re.findall(
        r"(?m)^\| hls4ml \| (.*?); `(\w+)`, `(\w+)`; and Verilog \| (.*?) \|", (ROOT / "README.md").read_text()
    )
    assert row == (", ".join(target.name for target in TARGETS), *TARGETS[0].io_types, ", ".join(REFUSED))
    assert {target.io_types for target in TARGETS} == {TARGETS[0].io_types}


def test_the_tables_of_the_documentation_are_the_records():
    rows = []
    for target in TARGETS:
        ends = "any width" if target.exact_bits is None else f"up to {target.exact_bits} bits, since it passes floats"
        rows.append(f"| {target.name} | {target.numbers}_fixed | {', '.join(target.io_types)} | {ends} |")
    refused = [f"| {name} | {reason} |" for name, reason in REFUSED.items()]
    lines = (ROOT / "docs" / "hls.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("|")] == [
        *("| Backend | Number types | io_type | Inputs and outputs |", "|---|---|---|---|", *rows),
        *("| Not supported | Reason |", "|---|---|", *refused),
    ]
