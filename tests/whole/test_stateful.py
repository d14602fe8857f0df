"""A stateful network from end to end: chunks are the sequence, until a reset, a restart or the next sequence."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import lmu_hls
from lmu_hls import golden
from lmu_hls.fixed import Ints, quantize, to_float
from lmu_hls.flow.convert import convert
from lmu_hls.flow.data import random_data
from lmu_hls.flow.verification import verify
from lmu_hls.records.folder import OutputFolder
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import sources, write_project
from lmu_hls.spec import Network, store
from lmu_hls.toolchain import find
from lmu_hls.verify.csim import SWITCH, compile_project, output_shape
from tests.support.hdl.restarts import assignments, restart_port
from tests.support.make_sim import golden_vectors, with_reuse
from tests.support.mutants import change
from tests.support.networks import chain, random_lmu

CHUNKS = 3
OPTIONS = RtlOptions(axi_lite=True)
needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")


def network(place: int = 0) -> Network:
    """At the least of its ReuseFactors, which no engine reaches; -1: at the largest, where one does all of a layer."""
    rng = np.random.default_rng(10)
    first = random_lmu(rng, name="first", activation="tanh", units=8)
    second = random_lmu(rng, name="second", x=first.h, n_in=8, activation="sigmoid", return_sequences=False)
    whole = chain("net", first.x, first.steps, first.n_in, (first, second))
    return replace(with_reuse(rng, whole, place=place), stateful=True)


def bench(plan: NetworkPlan, x: list[int], y: list[int]) -> str:
    """The chunks as golden has them, then again after rst, and again after CONTROL: WRONG where a beat is another."""
    lite, table = restart_port(plan), assignments(plan, x, y)
    beats = len(x) // CHUNKS
    return f"""
module bench;
    reg clk = 0, rst = 1, aw = 0, w = 0;
    reg [{plan.in_bus - 1}:0] x[0:{len(x) - 1}];
    reg [{plan.out_bus - 1}:0] y[0:{len(y) - 1}];
    integer in = 0, out = 0, run = 0, wait_q = 0;
    wire s_ready, m_valid, aw_ready, w_ready;
    wire [{plan.out_bus - 1}:0] m_data;
    always #5 clk = !clk;
    {plan.top} dut (.clk(clk), .rst(rst), {lite}
        .s_axis_tdata(x[in]), .s_axis_tvalid(!rst && in < {len(x)}), .s_axis_tready(s_ready),
        .s_axis_tlast(in % {beats} == {beats - 1}),
        .m_axis_tdata(m_data), .m_axis_tvalid(m_valid), .m_axis_tready(1'b1), .m_axis_tlast(), .m_axis_tuser());
    initial begin
{table}    end
    always @(posedge clk) begin
        wait_q <= wait_q + 1;
        rst <= run == 0 && wait_q < 4 || out == {len(y)} && run == 0;
        if (!rst && in < {len(x)} && s_ready) in <= in + 1;
        if (!rst && m_valid) begin
            if (m_data !== y[out]) $display("WRONG run %0d beat %0d", run, out);
            out <= out + 1;
        end
        if (aw_ready) aw <= 0;
        if (w_ready) w <= 0;
        if (out == {len(y)}) begin
            out <= 0;
            wait_q <= 0;
            run <= run + 1;
            {{aw, w}} <= {{2{{run == 1}}}};
        end
        if (out == 0 && in == {len(x)} && wait_q == 20) in <= 0;
        if (run == 3) begin
            $display("DONE");
            $finish;
        end
        if (wait_q > {100 * plan.cycles.sequence + 2000}) $finish;
    end
endmodule
"""


def run(folder: Path, faults: dict[str, tuple[str, str]]) -> str:
    """What the bench prints, with faults by module; those of lmu_engine are of a network with engines."""
    of = network(-1 if "lmu_engine" in faults else 0)
    plan = plan_network(of, OPTIONS)
    write_project(plan, folder, golden_vectors(np.random.default_rng(0), of, OPTIONS, 2))
    x = np.random.default_rng(1).integers(of.x.min_int, of.x.max_int + 1, (CHUNKS, of.steps, of.n_in))
    y = golden.predict_samples(of, x)
    assert not np.array_equal(y, golden.predict(of, x)), "the state does not matter: this proves nothing"
    (folder / "bench.v").write_text(bench(plan, x.ravel().tolist(), y.ravel().tolist()))
    for module, fault in faults.items():
        change(folder / "rtl" / f"net_{module}.v", *fault)
    build = ["iverilog", "-g2009", "-s", "bench", "-o", "bench.vvp", *sources(plan), "bench.v"]
    subprocess.run(build, cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=folder, capture_output=True, text=True, timeout=600)
    return done.stdout


NOT_FRESH = ("fresh_q <= 1'b1;", "fresh_q <= fresh_q !== 1'b0;")  # but after power-on
NOT_FRESH_MEMORY = ("{fresh_q, first_channel_q} <= 2'b11;", "{fresh_q, first_channel_q} <= {fresh_q !== 1'b0, 1'b1};")
NOT_FIRST = ("if (rst) m_axis_tuser <= 1'b1;", "if (rst) m_axis_tuser <= m_axis_tuser !== 1'b0;")
NOT_FRESH_ENGINE = ("{fresh_q, first_q} <= 2'b11;", "{fresh_q, first_q} <= {fresh_q !== 1'b0, 1'b1};")
FAULTS = {
    "mem survives": ({"lmu_step_start": NOT_FIRST, "lmu_memory_dense": NOT_FRESH_MEMORY}, {"1", "2"}),
    "h survives": ({"lmu_concat": NOT_FRESH}, {"1", "2"}),
    "states survive in an engine": ({"lmu_engine": NOT_FRESH_ENGINE}, {"1", "2"}),
    "an engine without a fault": ({"lmu_engine": ("module net_lmu_engine #(", "module net_lmu_engine  #(")}, set()),
    "CONTROL does not reach the core": (
        {"lmu_restart": ("assign core_rst = rst || restart", "assign core_rst = rst")},
        {"2"},
    ),
}


@needs_icarus
def test_rst_and_control_begin_a_sequence_anew(tmp_path):
    assert run(tmp_path, {}).split() == ["DONE"]


@needs_icarus
@pytest.mark.parametrize(("faults", "runs"), FAULTS.values(), ids=FAULTS)
def test_a_state_that_is_not_reset_is_seen(faults, runs, tmp_path):
    """In the runs after the reset that is not one, and in no other."""
    said = run(tmp_path, faults)
    assert {line.split()[2] for line in said.splitlines() if "WRONG" in line} == runs


def stateful_folder(root: Path) -> OutputFolder:
    """h goes back into the memory, so it is state, too."""
    inputs = keras.Input(batch_shape=(1, 5, 2))
    h = lmu_hls.LMU(2, 3, 40.0, keras.layers.Dense(4, "tanh"), hidden_to_memory=True, stateful=True, name="lmu")(inputs)
    keras.utils.set_random_seed(0)
    convert(keras.Model(inputs, keras.layers.Dense(2, name="head")(h), name="small"), root)
    return OutputFolder(root)


@pytest.mark.parametrize("simulator", ["icarus", pytest.param("verilator", marks=pytest.mark.slow)])
def test_verify_takes_samples_for_chunks(simulator, tmp_path, monkeypatch):
    """csim and the Verilog equal golden; a state that is not kept is seen in both."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    folder = stateful_folder(tmp_path / "out")
    data = random_data(store.load(folder.spec), 8)
    assert verify(folder, data, simulators=[simulator]).passed
    change(folder.hls / "firmware/nnet_utils/nnet_lmu.h", "static typename CONFIG_T::mem_t", "typename CONFIG_T::mem_t")
    change(folder.verilog / "rtl/small_top.v", ".STREAMING(1)", ".STREAMING(0)", several=True)
    found = {item.name: item.passed for item in verify(folder, data, simulators=[simulator]).comparisons}
    assert list(found.values()) == [False, False], found


def outputs(folder: OutputFolder, of: Network, x: Ints, states: list[int]) -> list[Ints]:
    """The C++ in this process, a call for each sample with the state that it says: zero, go on, begin."""
    project = compile_project(folder.hls)
    library, pointer = ctypes.CDLL(str(project.library)), ctypes.POINTER(ctypes.c_double)
    function = getattr(library, f"{project.name}_double")
    found = []
    for sample, state in zip(to_float(x, of.x), states, strict=True):
        ctypes.c_int.in_dll(library, SWITCH).value = state
        row, out = np.ascontiguousarray(sample, np.float64), np.zeros(output_shape(of))
        function(row.ctypes.data_as(pointer), out.ctypes.data_as(pointer))
        found.append(quantize(out, of.out))
    return found


def test_calls_of_the_cpp_share_a_state_only_where_they_shall(tmp_path, monkeypatch):
    """Samples of a batch never meet, and what begins anew knows nothing of before; both faults are seen."""
    monkeypatch.setenv("CXXFLAGS", "-O0")
    monkeypatch.chdir(tmp_path)
    folder = stateful_folder(tmp_path / "out")
    monkeypatch.chdir(folder.hls)
    of = store.load(folder.spec)
    x = quantize(random_data(of, 3).x, of.x)[[0, 1, 2, 1, 0]]
    states = [2, 1, 0, 1, 2]  # 0: a sample of its own in between
    chunks, alone = golden.predict_samples(of, x[[0, 1, 3]]), golden.predict(of, x[2:3])
    expected = [chunks[0], chunks[1], alone[0], chunks[2], chunks[0]]
    assert np.array_equal(outputs(folder, of, x, states), expected)
    header = folder.hls / "firmware/nnet_utils/nnet_lmu.h"
    whole = header.read_text()
    for name, wrong in (("state_of_call == 2", {4}), ("state_of_call == 0", {2, 3})):
        change(header, f"if (lmu_{name}", f"if (false && lmu_{name}")
        found = outputs(folder, of, x, states)
        assert {k for k in range(len(x)) if not np.array_equal(found[k], expected[k])} == wrong
        header.write_text(whole)
