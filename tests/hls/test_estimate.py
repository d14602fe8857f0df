"""The estimate of the HLS project: its multipliers, ROMs and iterations are those that the written C++ has."""

import dataclasses
import re
from pathlib import Path

import keras
import pytest

from lmu_hls import toolchain
from lmu_hls.fixed import FixedType
from lmu_hls.front.extract import network_spec
from lmu_hls.hls import estimate
from lmu_hls.hls.estimate import SERIES_7, ULTRASCALE, block_rams, estimate_graph, estimate_layer, feedback
from lmu_hls.hls.tiles import Loop, Schedule, schedule
from lmu_hls.records import HlsFigures, HlsLayer, HlsSynthesis
from lmu_hls.report import from_json, to_html, to_json, to_markdown
from lmu_hls.verify.synthesis import compile_layers
from tests.support.lmu_models import convert, lmu, model
from tests.support.sample_records import BASIS, MANIFEST

MATRICES = ("encoder_x", "encoder_h", "encoder_mem", "hidden_mem", "hidden_x", "hidden_h")
BITS = 14  # of every weight and tensor


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """An LMU with an LSTM cell whose ROMs are deep, with Strategy Resource; its folder, contract and estimate."""
    folder = tmp_path_factory.mktemp("estimate") / "project"
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 160, "Strategy": "Resource"}}
    graph = convert(model(lmu(keras.layers.LSTMCell(4), name="l", order=40), n_in=4), folder, settings)
    graph.write()
    return folder, network_spec(graph).layers[0], estimate_graph(graph)


def sizes(folder: Path) -> dict[str, int]:
    text = (folder / "firmware" / "parameters.h").read_text()
    return {name: int(value) for name, value in re.findall(r"static const unsigned (\w+) = (\d+);", text)}


def tiles(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inputs, columns and weights of a word of each matrix."""
    text = (folder / "firmware" / "parameters.h").read_text()
    found = re.findall(r"typedef nnet::lmu_tile<(\d+), (\d+), (\d+)> (\w+)_tile;", text)
    return {name: (int(a), int(b), int(c)) for a, b, c, name in found}


def rams(values: int, word: int) -> int:
    """Block RAMs of an array of so many values of BITS bits, ``word`` of them in a word: 18 bits x 1024 words each."""
    words = values // word
    return 0 if words <= 64 else -(-words // 1024) * -(-word * BITS // 18)


def levels(count: int) -> int:
    return next(n for n in range(99) if 1 << n >= count)


def assert_cycles(folder: Path, step_cycles: int) -> None:
    """A step takes the iterations that parameters.h asks for, and the assumed cycles of each loop."""
    size, cycles = sizes(folder), 0
    for name in MATRICES:
        inputs, columns, _ = tiles(folder)[name]
        cycles += size[f"n_{name}"] // (inputs * columns) - 1 + 1 + 3 + levels(inputs + 1) + 2
    cycles += size["order"] // size["state_tile"] * size["memory_d"] // size["channel_tile"] - 1 + 1 + 3 + 1 + 2
    cycles += levels(size["order"] + 1)
    # A unit: pre, gate by table, f cell + i g, squash by table, o s
    cycles += (size["units"] // size["unit_tile"] - 1) * size["unit_interval"] + (1 + 2) + 2 + (3 + 1 + 1) + 2 + 4 + 2
    assert step_cycles == cycles + 1 + 2  # u is rounded; x comes in and h goes out


@pytest.mark.skipif(not toolchain.find("clang").found, reason="clang is not installed")
def test_every_multiplication_that_clang_finds_is_a_dsp(project):
    folder, _, made = project
    (compiled,) = compile_layers(folder).values()
    assert made.layers[0].dsp == made.layers[0].multipliers == compiled.multiplications


def test_block_rams_are_those_of_the_arrays_in_the_project(project):
    folder, _, made = project
    size = sizes(folder)
    arrays = [(size[f"n_{name}"], tiles(folder)[name][2]) for name in MATRICES]
    arrays += [(size["n_a"], size["state_tile"] * size["order"]), (size["n_b"], size["state_tile"])]
    tables = re.findall(r"<\w+table_t, (\d+)>\((\w+),", (folder / "firmware" / "myproject.cpp").read_text())
    assert {name for _, name in tables} == {"table2", "gate_table2"}  # candidate and squashed share tanh
    arrays += [(int(entries), 1) for entries, _ in tables]
    assert made.layers[0].bram18 == sum(rams(*array) for array in arrays) == 12


def test_a_step_has_the_iterations_of_parameters_h(project):
    folder, _, made = project
    assert_cycles(folder, made.layers[0].ii_cycles)
    assert made.layers[0].sequence_cycles == 5 * made.layers[0].latency_cycles


@pytest.mark.parametrize("name", ["encoder_mem", "update", "unit", "hidden_h"])
def test_an_iteration_too_many_is_noticed(name, project):
    folder, layer, _ = project
    plan = schedule(layer, "resource")
    longer = dataclasses.replace(plan.loops[name], iterations=plan.loops[name].iterations + 1)
    wrong = Schedule(plan.strategy, plan.reuse_factor, plan.multiplications, {**plan.loops, name: longer})
    with pytest.raises(AssertionError):
        assert_cycles(folder, estimate_layer(layer, wrong).ii_cycles)


def test_latency_goes_on_after_reuse_ports_or_feedback(project):
    _, layer, _ = project
    # h -> u (3 + levels of 87 + 1), mem (3 + 6 + 1), pre (3 + 7 + 1), gate 2, cell 5, squash 2, h 4
    assert feedback(layer) == 11 + 10 + 11 + 2 + 5 + 2 + 4
    plan = schedule(layer, "latency")
    for reuse, interval in ((1, 45), (45, 45), (46, 46)):
        made = estimate_layer(layer, dataclasses.replace(plan, reuse_factor=reuse))
        assert (made.ii_cycles, made.sequence_cycles - made.latency_cycles) == (interval, 4 * interval)
        assert made.dsp == -(-plan.multiplications // reuse)
    loop = Loop("unit", 12, 12, 1, (1, 4), interval=50)
    ports = estimate_layer(layer, dataclasses.replace(plan, reuse_factor=1, loops={**plan.loops, "unit": loop}))
    assert ports.ii_cycles == 50


@pytest.mark.parametrize("channels", [1, 2])
def test_a_sweep_waits_for_the_state_before(channels, tmp_path):
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 8, "Strategy": "Resource"}}
    settings["LayerName"] = {"l": {"MemoryUpdate": "tridiagonal"}}
    graph = convert(model(lmu(None, name="l", order=4, discretizer="bilinear")), tmp_path, settings)
    layer = network_spec(graph).layers[0]
    loop = Loop("update", 0, 0, 8 // channels, (1, channels), 2, 8, 2)
    # Two sweeps: a state every 5 cycles, of one of two channels every 3
    each = {1: 7 * 3, 2: 3 * 5}[channels]
    assert estimate._loop_cycles(layer, loop) == 2 * (1 + 5 + each + 2)


def test_products_and_roms_in_pieces():
    kinds = {bits: FixedType(bits, 4) for bits in (18, 19, 25, 26, 27, 28)}
    assert [SERIES_7.tiles(kinds[a], kinds[b]) for a, b in ((18, 25), (25, 18), (26, 18), (25, 19))] == [1, 1, 2, 2]
    assert [ULTRASCALE.tiles(kinds[27], kinds[18]), ULTRASCALE.tiles(kinds[28], kinds[28])] == [1, 4]
    assert SERIES_7.tiles(FixedType(24, 4, signed=False), FixedType(17, 4, signed=False)) == 1
    assert [block_rams(*rom) for rom in ((64, 1000), (65, 18), (65, 19), (1024, 36), (2048, 9), (1025, 18))] == [
        0, 1, 2, 2, 1, 2,
    ]  # fmt: skip


def test_the_part_decides_and_other_tools_have_no_estimate(tmp_path):
    settings = {"Model": {"Precision": "fixed<28,6>", "ReuseFactor": 1, "Strategy": "Latency"}}
    small = model(lmu(None, memory_d=1, order=2))
    made = [
        estimate_graph(convert(small, tmp_path / part, settings, part=part)) for part in ("xc7z020clg400-1", "xcku5p")
    ]
    assert [item.multiplier for item in made] == ["25 x 18", "27 x 18"] and made[0].part == "xc7z020clg400-1"
    assert estimate_graph(convert(small, tmp_path / "quartus", settings, backend="Quartus")) is None


def test_the_report_says_estimate_everywhere(project):
    made = project[2]
    report = dataclasses.replace(BASIS, manifest=dataclasses.replace(MANIFEST, hls=made))
    (row,) = [row for row in report.rows() if row.section == "HLS, estimate"]
    assert row.name == "l" and row.source.startswith("estimate (") and row.good is None
    assert f"{made.layers[0].dsp} DSP, 12 BRAM18" in row.value
    assert "## HLS project (estimate)" in to_markdown(report) and "<td>HLS, estimate</td>" in to_html(report)
    assert from_json(to_json(report)) == report
    assert "HLS" not in to_markdown(BASIS).replace("lmu-hls", "")


def test_figures_are_labelled_and_count():
    total = HlsLayer("total")
    with pytest.raises(ValueError, match="need a source"):
        HlsFigures("", (), total, "xcku5p")
    with pytest.raises(ValueError, match="an estimate has no clock period"):
        HlsFigures("estimate", (), total, "xcku5p", clock_ns=5.0)
    with pytest.raises(ValueError, match="not that of an estimate"):
        HlsSynthesis(HlsFigures("estimate", (), total, "xcku5p"))
    with pytest.raises(ValueError, match="dsp is -1"):
        HlsLayer("l", dsp=-1)
    assert [str(HlsLayer("l")), str(HlsLayer("l", ii_cycles=3, dsp=0))] == ["", "3 cycles a step; 0 DSP"]


def test_layers_without_a_model_are_named(tmp_path):
    settings = {"Model": {"Precision": "fixed<14,4>", "ReuseFactor": 1, "Strategy": "Latency"}}
    layers = (lmu(None, name="first"), lmu(None, name="second"), keras.layers.Dense(2, "relu", name="head"))
    made = estimate_graph(convert(model(*layers), tmp_path, settings))
    assert made.not_counted == ("head", "head_relu")
    assert made.total.dsp == sum(layer.dsp for layer in made.layers) > made.layers[0].dsp
