"""Names that hls4ml would write into the C++ as they are: nothing of them becomes code, and every project compiles."""

import re
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
from hls4ml.converters import convert_from_keras_model
from hls4ml.utils import config_from_keras_model

from lmu_hls import LMU
from lmu_hls.flow import convert
from lmu_hls.hls.names import words_of_cpp
from lmu_hls.hls.targets import TARGETS
from lmu_hls.naming import cpp_parameter
from lmu_hls.verify.csim import INCLUDES

COMMAND = 'lmu\nstatic int z = system("touch PWN");\n#define Z '
UNIT = '#include "firmware/lmu.cpp"\n#include "lmu_bridge.cpp"\n'
FLAGS = ("-std=c++14", "-fsyntax-only", "-w", "-I.", "-Ifirmware/ap_types", '-DWEIGHTS_DIR="w"', "-x", "c++", "-")

# Members of structs, template parameters, words of the preprocessor, parameters of other functions: not in the way
HARMLESS = set(
    """T activation argc argv bf_pad block_factor block_factor_rounded c_trace_outputs cell compressed_block_factor
    data data_T define element_size encoder_bias endif gate_activation h_T hidden_bias hidden_recurrent
    hidden_recurrent_bias hidden_to_memory ifdef ifndef input_to_hidden io_type kernel memory_d memory_to_memory
    multiplier_factor multiplier_limit multiplier_scale n n_in n_nonzeros n_out n_timesteps n_zeros name offset
    order pos product res_T reset_after return_sequences reuse_factor reuse_factor_rounded rf_pad
    squash_activation store_weights_in_bram strategy table_size trace_enabled trace_type_size unit_interval
    units update val x_T y_T""".split()  # noqa: SIM905
)

SIZE = re.compile(r"n_\w+|\w+_tile")  # members of structs, too: how many weights, and how many in an iteration


def small(lmu: str = "lmu", head: str = "head", inputs: str = "inputs", name: str = "small") -> keras.Model:
    keras.utils.set_random_seed(0)  # the same weights have the same types
    x = keras.Input((5, 2), name=inputs)
    cell = keras.layers.Dense(3)
    layers = [LMU(2, 3, theta=5, hidden_cell=cell, name=lmu), keras.layers.Dense(2, activation="relu", name=head)]
    return keras.Model(x, layers[1](layers[0](x)), name=name)


def assert_compiles(project: Path) -> None:
    done = subprocess.run(["g++", *FLAGS], cwd=project, input=UNIT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def assert_elaborates(project: Path) -> None:
    files = [str(path.relative_to(project)) for part in ("rtl", "tb") for path in sorted((project / part).glob("*.v"))]
    command = ["iverilog", "-g2009", "-Wall", "-o", "sim.vvp", *files]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def words_of(project: Path) -> set[str]:
    """Words with a meaning of their own in the C++ of a project, its bridge and its test bench, and macros."""
    files = [*(project / "firmware").glob("*.[ch]*"), *project.glob("*.cpp")]
    silent = re.compile(r"(?s:/\*.*?\*/)|//.*|#pragma.*|#include.*|\"[^\"\n]*\"")
    code = "\n".join(silent.sub(" ", file.read_text()) for file in files)
    includes = [f"-I{folder}" for folder in INCLUDES]
    macros = subprocess.run(
        ["g++", *includes, *FLAGS, "-dM", "-E"], cwd=project, input=UNIT, capture_output=True, text=True, check=True
    ).stdout
    names = [line.split()[1] for line in macros.splitlines() if line.startswith("#define ")]
    return {*re.findall(r"(?<![\w.:>])[A-Za-z_]\w*", code), *(name for name in names if "(" not in name)}


@pytest.mark.parametrize("backend", [target.name for target in TARGETS if target.templates_of == target.name])
def test_no_input_takes_a_word_of_the_cpp(tmp_path: Path, backend: str) -> None:
    """Every word that the C++ uses, as the name of the input: the parameter that it becomes is none of them."""
    config = config_from_keras_model(small(), granularity="name", backend=backend)
    folder = str(tmp_path / "out")
    graph = convert_from_keras_model(small(), hls_config=config, backend=backend, output_dir=folder, project_name="lmu")
    graph.write()
    words = words_of(tmp_path / "out") - {"inputs", "inputs_ap"}
    assert {"double", "layer2_out", "input_t", "config2", "encoder_x2", "lmu", "EOF", "stdin"} <= words
    taken = words_of_cpp(graph)
    made = {cpp_parameter(word, taken) for word in words}
    assert made & words <= HARMLESS | {word for word in words if SIZE.fullmatch(word)}
    assert not {f"{word}_ap" for word in made} & words
    assert cpp_parameter("inputs", taken) == "inputs"


@pytest.mark.parametrize("inputs", ["double", "layer2_out", "w4", "\u00e9\\"])
def test_an_input_that_means_something_in_cpp(tmp_path: Path, inputs: str) -> None:
    convert(small(inputs=inputs), tmp_path / "out")
    assert_compiles(tmp_path / "out" / "hls")


@pytest.mark.parametrize("name", [f'{COMMAND}\r`id`$(id)"%s\u2028', "x\\", "x" * 300])
def test_names_of_all_parts_are_text(tmp_path: Path, name: str) -> None:
    convert(small(*(f"{k}{name}" for k in "lhim")), tmp_path / "out")
    assert_compiles(tmp_path / "out" / "hls")
    assert_elaborates(tmp_path / "out" / "verilog")
    assert not list(tmp_path.rglob("PWN*"))


def test_layers_that_become_one_name(tmp_path: Path) -> None:
    convert(small("lmu 1", "lmu-1", "lmu_1", "net"), tmp_path / "out")
    assert_compiles(tmp_path / "out" / "hls")
    assert_elaborates(tmp_path / "out" / "verilog")


def test_a_trace_has_the_names_of_keras(tmp_path: Path) -> None:
    """hls4ml's trace takes the names out of the compiled library."""
    model = small("l\u00e9\n\"m'", "he ad")
    config = config_from_keras_model(model, granularity="name", backend="Vitis")
    assert {"l\u00e9\n\"m'", "he ad", "he ad_relu"} <= config["LayerName"].keys()
    for settings in config["LayerName"].values():
        settings["Trace"] = True
    folder = str(tmp_path / "out")
    graph = convert_from_keras_model(model, hls_config=config, backend="Vitis", output_dir=folder)
    _, traced = graph.trace(np.zeros((1, 5, 2)))
    assert (
        {"l\u00e9\n\"m'", "he ad", "he ad_relu"}
        == traced.keys()
        == {node.name for node in graph.get_layers()} - {"inputs"}
    )


@pytest.mark.parametrize("kind", ["fixed<4,-4>", "fixed<8,-8>", "fixed<12,-12>", "fixed<2,-1>", "fixed<4,8>"])
def test_types_with_the_point_outside_elaborate(tmp_path: Path, kind: str) -> None:
    """Also where a bias is zero throughout, and its place is beyond the sum of the products."""
    convert(small(), tmp_path / "out", precision=kind)
    assert_elaborates(tmp_path / "out" / "verilog")
