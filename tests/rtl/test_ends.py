"""Several inputs and outputs in the Verilog, a stream each: golden's integers at any pace of each stream."""

import subprocess

import keras
import numpy as np
import pytest

from lmu_hls import backend, golden
from lmu_hls.backend.design import Design, design, random_inputs
from lmu_hls.errors import LmuHlsError
from lmu_hls.integration import integration_files
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.toolchain import find, simulator_env
from lmu_hls.verify import bench
from lmu_hls.verify.rtlsim import Formulas
from lmu_hls.verify.rtlsim import simulate as simulate_all
from tests.support.ends import STEPS, fusion, pair, unequal
from tests.support.hdl.stream_grid import Stream, Unit, problems, run_streams
from tests.support.lmu_models import convert, lmu
from tests.support.mutants import change

needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus is not installed")


def simulate(made: Design, folder) -> str:
    """Compile and run the project's test bench, at full speed and with pauses; what it prints."""
    (folder / "build").mkdir()
    sources = [str(path) for path in sorted((folder / "rtl").glob("*.v"))]
    command = ["iverilog", "-g2009", "-Wall", "-o", "build/sim.vvp", *sources, f"tb/{made.plan.name}_tb.v"]
    env = simulator_env("icarus")
    compiled = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)
    assert not compiled.returncode, compiled.stderr
    runs = [["vvp", "-n", "build/sim.vvp"], ["vvp", "-n", "build/sim.vvp", "+stall"]]
    done = [subprocess.run(run, cwd=folder, capture_output=True, text=True, env=env) for run in runs]
    return "".join(run.stdout + run.stderr for run in done)


@pytest.fixture(scope="module")
def made():
    return design(fusion(), RtlOptions(), 8)


def test_ports_have_the_names_of_the_model(made):
    plan = made.plan
    assert [end.prefix for end in plan.inputs] == ["s_axis_left_ear", "s_axis_s_axis"]
    assert [end.prefix for end in plan.outputs] == ["m_axis_both", "m_axis_a_b"]
    assert [end.bus for end in (*plan.inputs, *plan.outputs)] == [8, 16, 8, 16]
    assert [end.steps for end in plan.outputs] == [None, 1]
    files = integration_files(plan)
    assert "s_axis_left_ear_tdata" in files["component.xml"]


@needs_icarus
@pytest.mark.parametrize("network", [fusion(), unequal(2), unequal(1)], ids=["2-2", "2-1", "1-2"])
def test_with_registers_the_ports_are_the_same(network, tmp_path):
    made = design(network, RtlOptions(axi_lite=True), 8)
    made.write(tmp_path)
    assert simulate(made, tmp_path).count("PASS") == 2


@needs_icarus
def test_the_project_equals_golden_and_a_changed_coefficient_is_seen(made, tmp_path):
    made.write(tmp_path)
    assert simulate(made, tmp_path).count("PASS") == 2
    rom = tmp_path / made.plan.names.rom(made.plan.net.roms["rom/right.hex"])
    word, *others = rom.read_text().splitlines()
    rom.write_text("\n".join([f"{int(word, 16) ^ 2:0{len(word)}x}", *others]) + "\n")
    (tmp_path / "build/sim.vvp").unlink()
    (tmp_path / "build").rmdir()
    assert "output beats differ" in simulate(made, tmp_path)


@needs_icarus
@pytest.mark.parametrize("network", [fusion, pair], ids=["fusion", "pair"])
def test_several_values_a_beat(network, tmp_path):
    wide = design(network(), RtlOptions(values_per_beat=2), 4)
    assert max(end.together for end in wide.plan.inputs) == 2
    assert all(end.together == 2 for end in wide.plan.outputs)
    wide.write(tmp_path)
    assert simulate(wide, tmp_path).count("PASS") == 2


@needs_icarus
def test_streams_are_independent_and_framing_is_mended(made, workdir, tmp_path):
    """Each stream with pauses of its own, and a sequence that ends early in one input: all others stay right."""
    made.write(tmp_path)
    vectors, plan = made.vectors(), made.plan
    right = phase(plan, vectors, [None] * 4)
    short = phase(plan, vectors, [None, 3, None, None])
    unit = Unit(
        plan.top,
        {"ROM_DIR": str(tmp_path / "rom")},
        tuple(Stream(end.prefix, end.bus) for end in plan.inputs),
        tuple(Stream(end.prefix, end.bus, user=1) for end in plan.outputs),
    )
    jobs = [
        {"unit": "u", "phases": [each], "gap": gap, "stall": stall, "seed": seed, "patience": 4000}
        for each in (right, short)
        for seed, (gap, stall) in enumerate([(0.0, 0.0), (0.5, 0.0), (0.2, 0.7)])
    ]
    results = run_streams({"u": unit}, jobs, "icarus", workdir, tmp_path / "run", hdl=tmp_path / "rtl")
    assert [problems(result) for result in results] == [[]] * len(jobs)


def phase(plan, vectors, cut):
    """The vectors as beats; ``cut``: the beats of the first input's sequences that end early, which none compares."""
    inputs, outputs = {}, {}
    for k, (end, x) in enumerate(vectors.arrays(plan.inputs, vectors.inputs)):
        beats = []
        for sequence, length in zip(x.reshape(len(x), -1).tolist(), cut, strict=True):
            kept = sequence[: length if k == 0 else None]
            beats += [[value & ((1 << end.bus) - 1), int(at == len(kept) - 1), 0] for at, value in enumerate(kept)]
        inputs[end.prefix] = beats
    for end, y in vectors.arrays(plan.outputs, vectors.outputs):
        beats = []
        for sequence, length in zip(y.reshape(len(y), -1).tolist(), cut, strict=True):
            last = len(sequence) - 1
            beats += [
                [None if length else value & ((1 << end.bus) - 1), int(at == last), int(at == last and bool(length))]
                for at, value in enumerate(sequence)
            ]
        outputs[end.prefix] = beats
    return {"inputs": inputs, "outputs": outputs}


@needs_icarus
def test_words_of_framing_that_are_not_waited_for_are_seen(made, tmp_path):
    made.write(tmp_path)
    change(
        tmp_path / f"rtl/{made.plan.top}.v", "_tready = m_axis_both_tready && sequence_end_both", "_tready = 1'b1", True
    )
    assert "PASS" not in simulate(made, tmp_path)


LATE = """    reg [31:0] late_q = 32'd0;
    always @(posedge clk) if (s_axis_b_tvalid && s_axis_b_tready) late_q <= {late_q[15:0], 8'd0, s_axis_b_tdata};

endmodule"""
SWAP = ("s_axis_a_tdata[7:0]", "s_axis_T_tdata[7:0]"), ("s_axis_b_tdata[7:0]", "s_axis_a_tdata[7:0]")
FAULTS = {  # text of the top and what takes its place -> what is said
    "right": ((), ""),
    "inputs swapped": ((*SWAP, ("s_axis_T", "s_axis_b")), "0 of 4"),
    "a step late": ((("s_axis_b_tdata[7:0]", "late_q[23:16]"), ("endmodule", LATE)), "0 of 4"),
    "tlast lost": ((("assign m_axis_less_tlast = ", "assign m_axis_less_tlast = 1'b0 && "),), "m_axis_less_tlast"),
}


@needs_icarus
@pytest.mark.parametrize("fault", FAULTS)
def test_verification_drives_and_compares_every_stream(fault, workdir, tmp_path):
    """Each stream with pauses of its own; what is wrong with one of several streams is seen and told."""
    made = design(pair(), RtlOptions(), 8)
    made.write(tmp_path)
    texts, said = FAULTS[fault]
    for text in texts:
        change(tmp_path / f"rtl/{made.plan.top}.v", *text)
    x, cycles = random_inputs(made.network), made.plan.cycles
    trace = golden.run_samples(made.network, x)
    expected = {(layer, name): trace[layer].tensors[name] for layer, name in made.network.observed}
    expected |= {made.interface.key(port): trace.outputs[port.name] for port in made.interface.outputs}
    simulation = bench.build("icarus", made.sources(tmp_path), made.interface, tmp_path, workdir / "pair")

    def compared():
        formulas = Formulas(cycles.ii, cycles.latency)
        comparison, timing, excerpt = simulate_all(simulation, x, expected, formulas, ("pair", "icarus"))
        return f"{comparison.exact} of {comparison.samples}", timing, excerpt

    if "tlast" in said:
        with pytest.raises(LmuHlsError, match=said):
            compared()
        return
    samples, timing, excerpt = compared()
    assert samples == (said or "4 of 4") and timing.passed
    if not said:
        assert [key for key in ((beats.layer, beats.tensor) for beats in excerpt.streams) if not key[0]] == [
            ("", "x a"), ("", "x b"), ("", "output lmu"), ("", "output less")
        ]  # fmt: skip
        for seed in range(2):
            run = simulation.run(x, trace=True, gap=0.4, stall=0.4, seed=seed)
            assert all(np.array_equal(run.tensors[key], values) for key, values in expected.items())
        with pytest.raises(ValueError, match="values of a are given; pair_top takes a, b"):
            simulation.run({"a": x["a"]})


@needs_icarus
def test_endless_streams_have_no_tlast(tmp_path):
    """In streaming mode the state runs on, steps are paired by their number, and no tlast is read or given."""
    streams = design(pair(), RtlOptions(streaming=True), 8)
    streams.write(tmp_path)
    assert simulate(streams, tmp_path).count("PASS") == 2
    top = (tmp_path / f"rtl/{streams.plan.top}.v").read_text()
    assert "lmu_fork #(\n        .WIDTH(1)" not in top and top.count("_tlast = 1'b0;") == 2
    x = random_inputs(streams.network)
    last = streams.golden_all(x)["lmu"][1:]
    assert not np.array_equal(
        last, golden.run_samples(streams.network, x).outputs["lmu"][1:]
    )  # as each starts from zero


@pytest.mark.skipif(not find("verilator").found, reason="Verilator is not installed")
@pytest.mark.parametrize("mode", ["sequence", "streaming"])
def test_predict_takes_and_gives_a_list(mode, tmp_path):
    """The backend Verilog: an array for each input and for each output, those of golden; and its verify."""
    keras.utils.set_random_seed(2)
    left, right = keras.Input((STEPS, 2), name="left"), keras.Input((STEPS, 1), name="right")
    fused = keras.layers.Concatenate(name="fused")([left, right])
    h = lmu("relu", (False, False, True), name="memory")(fused)
    ends = [keras.layers.Dense(2, name="trace")(h), keras.layers.Dense(1, "sigmoid", name="alarm")(h)]
    built = keras.Model([left, right], ends, name="two")
    graph = convert(built, tmp_path / "out", backend="Verilog", mode=mode)
    graph.write()
    graph.compile()
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(3, STEPS, width)).astype(np.float32) for width in (2, 1)]
    found, expected = graph.predict(x), backend.predict(graph, x, engine="golden")
    assert [values.shape for values in found] == [(3, STEPS * 2), (3, STEPS)] and found[0].dtype == np.float32
    assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True))
    results = {result.name: result.passed for result in backend.verify(graph, x)}
    assert results.keys() > {"verilog output trace", "verilog output alarm_sigmoid", "verilog memory.mem"}
    assert all(results.values())
    if mode == "sequence":
        assert np.abs(found[0].reshape(3, STEPS, 2) - built.predict(x, verbose=0)[0]).max() < 0.1
    with pytest.raises(LmuHlsError, match="give a list with one array for each"):
        graph.predict(x[0])


def test_what_there_is_not(made):
    with pytest.raises(LmuHlsError, match="has 2 inputs and 2 outputs, a stream each"):
        plan_network(fusion(), RtlOptions(check_steps=False))
    with pytest.raises(LmuHlsError, match="endless streams have no ends that registers count; leave AXILite out"):
        plan_network(pair(), RtlOptions(axi_lite=True, streaming=True))
    with pytest.raises(LmuHlsError, match="the model has 2 outputs; leave it out"):
        RtlOptions(output="argmax").apply(fusion())
