"""The backend ``Verilog`` with a compiled accelerator: two networks, each Verilated once."""

import json
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

from lmu_hls import backend, golden, process, toolchain
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import quantize
from lmu_hls.records.schema import unseal
from lmu_hls.spec import ArgMax, Softmax
from tests.support.lmu_models import N_IN, STEPS, config, convert, lmu, model

SAMPLES = 60


def compiled(built: keras.Model, folder: Path, settings=None, **options):
    try:
        toolchain.simulator_env("verilator")
    except LmuHlsError as error:
        pytest.skip(reason=str(error))
    graph = convert(built, folder, settings, backend="Verilog", **options)
    graph.compile()
    return graph


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Sequences: two LMU layers, one recurrent and tridiagonal, a Dense layer and a softmax; a folder with a space."""
    built = model(
        lmu(keras.layers.SimpleRNN(3).cell, discretizer="bilinear", name="one"),
        lmu("relu", return_sequences=False, name="two"),
        keras.layers.Dense(3, activation="softmax", name="head"),
    )
    settings = config(built, default_precision="fixed<12,4>")
    settings["LayerName"]["one"]["MemoryUpdate"] = "tridiagonal"
    return compiled(built, tmp_path_factory.mktemp("a stack"), settings)


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """Streaming: an LMU layer with all feedback, a Dense layer and the argmax, with registers."""
    built = model(lmu("tanh", return_sequences=False, name="lmu"), keras.layers.Dense(4, name="head"), n_in=2)
    folder = tmp_path_factory.mktemp("endless")
    return compiled(built, folder, config(built), mode="streaming", output="argmax", axi_lite=True)


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(SAMPLES, STEPS, N_IN))


def rom_of(graph, layer: str) -> Path:
    """That of its encoder, or of an engine for all of it."""
    folder = Path(graph.config.get_output_dir()) / "rom"
    return next(path for part in ("encoder", "engine") for path in folder.glob(f"*_{layer}_{part}_????????.hex"))


def test_the_verilog_gives_goldens_values(stack, x):
    assert isinstance(backend.design_of(stack).network.layers[-1], Softmax)
    told = []
    answer = stack.predict(x, progress=lambda done, total: told.append((done, total)))
    assert np.array_equal(answer, stack.predict(x, engine="golden"))
    assert len(np.unique(answer, axis=0)) > SAMPLES / 2
    assert told[-1] == (SAMPLES, SAMPLES)
    one = stack.predict(x[:1].astype(np.float32))
    assert one.dtype == np.float32 and np.array_equal(one, answer[0].astype(np.float32))


def test_every_traced_tensor_is_goldens(stack, x):
    answer, traced = stack.trace(x)
    reference, expected = stack.trace(x, engine="golden")
    assert np.array_equal(answer, reference)
    assert set(traced) == set(expected) == {f"{layer}.{name}" for layer in ("one", "two") for name in ("u", "mem", "h")}
    assert all(np.array_equal(traced[key], expected[key]) for key in traced)
    results = backend.verify(stack, x)
    assert len(results) == 7 and all(result.passed for result in results)


def test_the_cycles_are_those_of_the_formulas(stack, x):
    of = backend.design_of(stack)
    made, values = backend.compile(stack), quantize(x, of.network.x)
    assert made.run(values).ii_cycles == of.plan.cycles.ii
    assert made.run(values[:4], pause=2000).latency_cycles == of.plan.cycles.latency


def test_a_seeded_fault_in_a_rom_is_caught(stack, x):
    rom = rom_of(stack, "two")
    text = rom.read_text()
    words = text.splitlines()
    rom.write_text("\n".join([f"{int(words[0], 16) ^ 2:0{len(words[0])}x}", *words[1:]]) + "\n")
    try:
        failed = {result.name for result in backend.verify(stack, x) if not result.passed}
    finally:
        rom.write_text(text)
    assert "verilog two.u" in failed and "verilog one.h" not in failed
    assert all(result.passed for result in backend.verify(stack, x))


def test_a_missing_rom_stops_the_simulation(stack, x):
    rom = rom_of(stack, "one")
    kept = rom.rename(rom.with_suffix(".kept"))
    try:
        with pytest.raises(LmuHlsError, match=r"(?s)one_encoder_\w+\.hex holds 0 words.*write the project again"):
            stack.predict(x)
    finally:
        kept.rename(rom)


def test_the_project_stands_alone_and_its_own_bench_passes(stack):
    if not toolchain.find("icarus").found:
        pytest.skip(reason="Icarus is not installed")
    folder = Path(stack.config.get_output_dir())
    done = subprocess.run(["make", "-C", str(folder), "sim"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_build_reports_the_whole_accelerator(tmp_path):
    if not toolchain.find("pyosys").found:
        pytest.skip(reason="pyosys is not installed")
    built = model(lmu("relu", (False, False, True), memory_d=1, name="two"), n_in=1)
    graph = convert(built, tmp_path / "out", config(built, default_precision="fixed<8,3>"), backend="Verilog")
    report = graph.build()  # which writes the project first
    of = backend.design_of(graph)
    assert report == unseal(json.loads((tmp_path / "out/build.json").read_text()))
    assert report["Top"] == "myproject_top" and report["Cycles"]["Step"] == of.plan.cycles.ii
    assert report["ReuseFactor"].startswith(f"ReuseFactor 1, as fast as possible: {of.plan.cycles.ii} cycles a step")
    assert report["Multipliers"] == sum(layer["Multipliers"] for layer in report["Layers"].values())
    assert report["Layers"]["two"]["ReuseFactor"] == of.network.layers[0].reuse_factor
    assert report["Resources"]["counts"]["LUT"] > 100 and report["Resources"]["counts"]["FF"] > 100
    assert "Resources" not in graph.build(synth=False)
    assert graph.build(target="ecp5")["Resources"]["counts"]["DP16KD"] == 0
    with pytest.raises(LmuHlsError, match=r"'ecp6' is none of ecp5, .*did you mean 'ecp5'"):
        graph.build(target="ecp6")


def test_ten_thousand_streamed_steps_are_goldens(endless):
    network = backend.design_of(endless).network
    assert isinstance(network.layers[-1], ArgMax)
    x = np.random.default_rng(1).normal(size=(10_000 // STEPS, STEPS, 2))
    answer = endless.predict(x)
    assert answer.shape == (2000, STEPS) and set(np.unique(answer)) == {0, 1, 2, 3}
    assert np.array_equal(answer, endless.predict(x, engine="golden"))
    assert not np.array_equal(answer[1000:], endless.predict(x[1000:])), (
        "the state does not matter: this proves nothing"
    )


def test_streamed_tensors_are_goldens(endless):
    x = np.random.default_rng(2).normal(size=(100, STEPS, 2))
    assert all(result.passed for result in backend.verify(endless, x))
    _, traced = endless.trace(x)
    assert traced["lmu.mem"].shape == (100, STEPS, 6)


def test_gaps_and_stalls_do_not_matter(endless):
    of = backend.design_of(endless)
    x = quantize(np.random.default_rng(3).normal(size=(1, 500, 2)), of.network.x)
    run = backend.compile(endless).run(x, gap=0.3, stall=0.3, tlast=False)
    states = golden.zero_states(of.network, 1)
    assert np.array_equal(run.outputs, golden.run(of.network, x, states=states).output)


def test_writing_again_asks_for_compiling_again(endless):
    endless.write()
    with pytest.raises(LmuHlsError, match="not compiled"):
        endless.predict(np.zeros((1, STEPS, 2)))
    endless.compile()
    assert endless.predict(np.zeros((1, STEPS, 2))).shape == (STEPS,)


def test_test_data_of_the_user_becomes_vectors(tmp_path, x):
    np.save(tmp_path / "x.npy", x[:2])
    built = model(lmu("relu"))
    graph = convert(built, tmp_path / "out", backend="Verilog", input_data_tb=str(tmp_path / "x.npy"))
    graph.write()
    lines = (tmp_path / "out/vectors/input.hex").read_text().splitlines()
    assert len(lines) == 2 * STEPS * N_IN
    first = quantize(x[0, 0, :1], backend.design_of(graph).network.x)
    assert int(lines[0], 16) == int(first[0]) & 0xFFFF
    np.save(tmp_path / "x.npy", x[0, 0])
    with pytest.raises(LmuHlsError, match=r"input_data_tb .* cannot be used"):
        graph.write()


def test_an_absent_tool_is_named(tmp_path, monkeypatch):
    graph = convert(model(lmu("relu")), tmp_path, backend="Verilog")
    graph.write()
    absent = toolchain.Tool("verilator", None, "", False, "make install")
    monkeypatch.setattr(toolchain, "TOOLS", {**toolchain.TOOLS, "verilator": lambda name: absent})
    with pytest.raises(LmuHlsError, match=r"verilator is not installed\. Install it with: make install"):
        graph.compile()
    assert not (tmp_path / "work").exists()


def test_an_interrupt_ends_the_program(stack, x, monkeypatch):
    made = backend.compile(stack)
    started = []
    end = process._end

    def remember(ended):
        started.append(ended)
        end(ended)

    def interrupted(done):
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_end", remember)
    values = quantize(np.tile(x, (4000, 1, 1)), backend.design_of(stack).network.x)
    with pytest.raises(KeyboardInterrupt):
        made.run(values, progress=interrupted)
    assert started[0].poll() not in (None, 0)
