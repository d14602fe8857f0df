"""The C++ as synthesis code: clang takes it without a warning, and finds the multipliers that the schedule says."""

import resource
import shutil
import time
from pathlib import Path

import keras
import pytest

from lmu_hls import toolchain
from lmu_hls.configurations import KEYWORD
from lmu_hls.errors import LmuHlsError
from lmu_hls.hls.strategy import schedule_of
from lmu_hls.hls.tiles import Schedule
from lmu_hls.verify.synthesis import Compiled, check_warnings, compile_layers
from tests.support.lmu_models import convert, lmu, model
from tests.support.mutants import change

pytestmark = pytest.mark.skipif(not toolchain.find("clang").found, reason="clang is not installed")

CELLS = {
    "dense": lambda: keras.layers.Dense(4, "tanh"),
    "rnn": lambda: keras.layers.SimpleRNNCell(4, activation="relu"),
    "lstm": lambda: keras.layers.LSTMCell(4),
    "after": lambda: keras.layers.GRUCell(4),
    "before": lambda: keras.layers.GRUCell(4, reset_after=False),
}
MATRIX, CELL, LAYER = "nnet_lmu_matrix.h", "nnet_lmu_cells.h", "nnet_lmu.h"
FAULTS = {
    "a loop that is too long": (MATRIX, "i < tile::inputs;", "i <= tile::inputs;"),
    "a multiplication too many": (CELL, "(sum[k]);",
                                  "(sum[k] * sum[k]);"),
}  # fmt: skip


def written(
    folder: Path, reuse: int, strategy: str, update: str = "dense", cells=("dense",), io_type: str = "io_parallel"
) -> dict[int, Schedule]:
    """Write a project of one LMU for each cell; the schedules by the number of the layer."""
    layers = [lmu(CELLS[cell](), name=f"l_{cell}", order=4, discretizer="bilinear") for cell in cells]
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": reuse, "Strategy": strategy}}
    settings["LayerName"] = {layer.name: {"MemoryUpdate": update} for layer in layers}
    graph = convert(model(*layers, n_in=4), folder, settings, io_type=io_type)
    graph.write()
    return {node.index: schedule_of(node) for node in graph.get_layers() if node.class_name == "LMU"}


def assert_as_scheduled(folder: Path, schedules: dict[int, Schedule]) -> None:
    assert not any(layer.calls for layer in assert_multipliers(folder, schedules).values())  # no heap, no recursion


def assert_multipliers(folder: Path, schedules: dict[int, Schedule]) -> dict[int, Compiled]:
    found = compile_layers(folder)
    expected = {
        index: made.multiplications if made.strategy == "latency" else made.multipliers
        for index, made in schedules.items()
    }
    assert {index: layer.multiplications for index, layer in found.items()} == expected
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthesis") / "project"
    return folder, written(folder, 4, "Resource")


@pytest.mark.parametrize("update", ["dense", "tridiagonal"])
@pytest.mark.parametrize(("strategy", "reuse"), [("Latency", 1), ("Resource", 8)])
def test_every_cell_has_the_multipliers_of_its_schedule(strategy, reuse, update, tmp_path):
    assert_as_scheduled(tmp_path, written(tmp_path, reuse, strategy, update, tuple(CELLS)))


def test_a_layer_has_the_multipliers_of_its_schedule_and_no_warning(project):
    folder, schedules = project
    assert_as_scheduled(folder, schedules)
    check_warnings(folder)


@pytest.mark.slow
def test_the_keyword_network(tmp_path):
    """88,152 weights: clang takes less than a minute, and a step has multiplications / ReuseFactor multipliers."""
    settings = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 40, "Strategy": "Latency"}}
    graph = convert(KEYWORD.keras_model(), tmp_path, settings)
    graph.write()
    (node,) = [node for node in graph.get_layers() if node.class_name == "LMU"]
    made, start = schedule_of(node), time.process_time()
    assert made.strategy == "resource"
    (layer,) = compile_layers(tmp_path).values()
    assert layer.multiplications == made.multipliers == made.multiplications // 40 == 2352
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert time.process_time() - start + usage.ru_utime < 60


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault, project, tmp_path):
    source, schedules = project
    folder = Path(shutil.copytree(source, tmp_path / "copy"))
    header, old, new = FAULTS[fault]
    change(folder / "firmware" / "nnet_utils" / header, old, new)
    with pytest.raises(AssertionError):
        assert_as_scheduled(folder, schedules)


def test_the_heap_and_a_warning_are_found(project, tmp_path):
    folder = Path(shutil.copytree(project[0], tmp_path / "copy"))
    header = folder / "firmware" / "nnet_utils" / LAYER
    reset = "lmu_reset<h_T, CONFIG_T>(mem, cell, h);\n    CONFIG_T::"  # where no state stays
    change(header, reset, "volatile int *p = new int[3]; res[0] = *p; CONFIG_T::")
    calls = {name for layer in compile_layers(folder).values() for name in layer.calls}
    assert calls >= {"_Znam"}
    change(header, "volatile int *p", "int unused; volatile int *p")
    with pytest.raises(LmuHlsError, match="unused"):
        check_warnings(folder)


def test_a_stream_has_the_multipliers_of_its_schedule(tmp_path):
    """hls4ml's hls::stream is that of simulation, a queue, so it calls functions."""
    assert_multipliers(tmp_path, written(tmp_path, 8, "Resource", cells=("dense", "lstm"), io_type="io_stream"))
