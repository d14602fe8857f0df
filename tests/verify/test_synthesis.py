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
from lmu_hls.front.extract import network_spec
from lmu_hls.hls.strategy import schedule_of
from lmu_hls.hls.tiles import Schedule
from lmu_hls.spec import RecurrentLayer
from lmu_hls.verify.synthesis import check_warnings, compile_layers
from lmu_hls.verify.synthesis.expected import array_differences, loop_differences
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
TILE = "for (unsigned i = 0; i < tile::inputs; i++) {"
STEP = "t++) {\n            lmu_step_of"
FAULTS = {
    "a loop that is too long": (MATRIX, "i < tile::inputs;", "i <= tile::inputs;"),
    "a multiplication too many": (CELL, "(sum[k]);",
                                  "(sum[k] * sum[k]);"),
    "an iteration too few": (MATRIX, "row < N; row", "row + 1 < N; row"),
    "a matrix in another pipeline": (MATRIX, "PIPELINE II=1", "PIPELINE II=2"),
    "units in no pipeline": (CELL, "#pragma HLS PIPELINE II=CONFIG_T::unit_interval", ""),
    "words of another length": (MATRIX, "cyclic factor=tile::word", "cyclic factor=1"),
    "a ROM of the other kind": (MATRIX, "impl=lutram", "impl=bram"),
    "a tile that is not unrolled": (MATRIX, f"{TILE}\n                #pragma HLS UNROLL", TILE),
    "a loop without a bound": (LAYER, f"t < CONFIG_T::n_timesteps; {STEP}", f"data[0] < 1; {STEP}"),
}  # fmt: skip
FIFO = ("lmu_fifo_read", "lmu_fifo_write")
Layers = dict[int, tuple[RecurrentLayer, Schedule]]  # contract and schedule, by the number of the layer


def written(
    folder: Path, reuse: int, strategy: str, update: str = "dense", cells=("dense",), io_type: str = "io_parallel",
    order: int = 4, stateful: bool = False, after: tuple = (),
) -> Layers:  # fmt: skip
    """Write a project of one LMU for each cell, and of layers of Keras ``after`` them."""
    options = {"order": order, "discretizer": "bilinear", "stateful": stateful}
    layers = [lmu(CELLS[cell](), name=f"l_{cell}", **options) for cell in cells]
    layers += [kind(4, return_sequences=True, name=kind.__name__.lower()) for kind in after]
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": reuse, "Strategy": strategy}}
    settings["LayerName"] = {layer.name: {"MemoryUpdate": update} for layer in layers[: len(cells)]}
    graph = convert(model(*layers, n_in=4, batch=1 if stateful else None), folder, settings, io_type=io_type)
    graph.write()
    contract = {layer.name: layer for layer in network_spec(graph).layers}
    nodes = [node for node in graph.get_layers() if isinstance(contract.get(node.name), RecurrentLayer)]
    return {node.index: (contract[node.name], schedule_of(node)) for node in nodes}


def assert_as_scheduled(folder: Path, layers: Layers, calls: tuple[str, ...] = ()) -> None:
    """Multiplications, loops, pragmas and sizes; without ``calls`` there is no heap, no recursion, no library."""
    found = compile_layers(folder)
    assert found.keys() == layers.keys()
    for index, (layer, plan) in layers.items():
        made = found[index]
        assert made.multiplications == (plan.multiplications if plan.strategy == "latency" else plan.multipliers)
        assert loop_differences(layer, plan, made.body) == []
        assert array_differences(folder, index, layer) == []
        assert made.calls == calls


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthesis") / "project"
    return folder, written(folder, 4, "Resource")


@pytest.mark.parametrize("update", ["dense", "tridiagonal"])
@pytest.mark.parametrize(("strategy", "reuse"), [("Latency", 1), ("Resource", 8)])
def test_every_cell_has_the_multipliers_of_its_schedule(strategy, reuse, update, tmp_path):
    assert_as_scheduled(tmp_path, written(tmp_path, reuse, strategy, update, tuple(CELLS)))


def test_a_layer_has_the_multipliers_of_its_schedule_and_no_warning(project):
    folder, layers = project
    assert_as_scheduled(folder, layers)
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
    assert loop_differences(network_spec(graph).layers[0], made, layer.body) == []
    assert layer.multiplications == made.multipliers == made.multiplications // 40 == 2352
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert time.process_time() - start + usage.ru_utime < 60


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault, project, tmp_path):
    source, layers = project
    folder = Path(shutil.copytree(source, tmp_path / "copy"))
    header, old, new = FAULTS[fault]
    change(folder / "firmware" / "nnet_utils" / header, old, new, several=True)
    with pytest.raises(AssertionError):
        assert_as_scheduled(folder, layers)


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        (
            "parameters.h",
            "n_hidden_mem = 32",
            "n_hidden_mem = 31",
            "parameters.h: n_hidden_mem is 31, by the contract 32",
        ),
        ("parameters.h", "n_timesteps = 5", "n_timesteps = 4", "parameters.h: n_timesteps is 4, by the contract 5"),
        ("weights/a2.h", "a2[16]", "a2[15]", "weights: a2 is 15, by the contract 16"),
    ],
)
def test_a_wrong_size_is_found(file, old, new, found, project, tmp_path):
    folder = Path(shutil.copytree(project[0], tmp_path / "copy"))
    change(folder / "firmware" / file, old, new, several=True)
    ((index, (layer, _)),) = project[1].items()
    assert array_differences(folder, index, layer) == [found]


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


def test_a_stream_has_the_loops_of_its_schedule(tmp_path):
    cells = ("dense", "lstm")
    assert_as_scheduled(tmp_path, written(tmp_path, 8, "Resource", cells=cells, io_type="io_stream"), FIFO)


@pytest.mark.parametrize(("io_type", "calls"), [("io_parallel", ()), ("io_stream", FIFO)])
def test_a_stateful_layer_has_the_loops_of_its_schedule(io_type, calls, tmp_path):
    assert_as_scheduled(tmp_path, written(tmp_path, 8, "Resource", io_type=io_type, stateful=True), calls)
    if io_type == "io_stream":
        check_warnings(tmp_path)


def test_layers_of_a_cell_alone_have_the_loops_of_their_schedule(tmp_path):
    after = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
    assert_as_scheduled(tmp_path, written(tmp_path, 4, "Resource", after=after))


@pytest.mark.parametrize(("reuse", "order"), [(7, 20), (5, 14), (2, 5)])
def test_tiles_that_do_not_divide(reuse, order, tmp_path):
    assert_as_scheduled(tmp_path, written(tmp_path, reuse, "Resource", cells=("dense", "before"), order=order))
