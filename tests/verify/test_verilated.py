"""The compiled program around an accelerator, on a small hand-made top: a memory unit with its own ROM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lmu_hls import builds
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, Ints
from lmu_hls.golden.assign import Step
from lmu_hls.resources import hdl_file
from lmu_hls.rtl.memory import memory_unit
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.spec import LMU
from lmu_hls.verify import verilated
from lmu_hls.verify.interface import Interface, Port, Probe, Values
from tests.support.networks import random_lmu

TOP = """
module tiny_top (
    input wire clk, input wire rst,
    input wire [{x}:0] s_axis_tdata, input wire s_axis_tvalid, output wire s_axis_tready, input wire s_axis_tlast,
    output wire [{y}:0] m_axis_tdata, output wire m_axis_tvalid, input wire m_axis_tready, output wire m_axis_tlast,
    output wire [0:0] m_axis_tuser
);
    reg first = 1'b1;
    reg channel = 1'b0;
    wire signed [{mem}:0] value;
    wire [{u}:0] tap_lmu_u_tdata = s_axis_tdata[{u}:0];
    wire tap_lmu_u_tvalid = s_axis_tvalid;
    wire tap_lmu_u_tready = s_axis_tready;
    reg [7:0] fault[0:0];  // read when the simulation starts, so that all faults share one build
    initial $readmemh("fault.hex", fault);
    reg beat_phase = 1'b0;
    wire last, valid;
    wire stuck = fault[0] == {stuck} && channel;
    wire withdrawn = fault[0] == {withdrawn} && beat_phase;
    wire extra = fault[0] == {extra} && finished && !valid;
    reg finished = 1'b0;
    always @(posedge clk) begin
        beat_phase <= !beat_phase;
        if (m_axis_tvalid && m_axis_tready) finished <= last;
        if (rst) {{first, channel}} <= 2'b10;
        else if (s_axis_tvalid && s_axis_tready) begin
            channel <= !channel;
            if (channel) first <= s_axis_tlast;
        end
    end
    assign m_axis_tdata = value;
    assign m_axis_tvalid = (valid && !withdrawn) || extra;
    assign m_axis_tlast = fault[0] == {early} ? beat_phase : last;
    lmu_memory_dense #({parameters}) unit (
        .clk(clk), .rst(rst),
        .s_axis_tdata(s_axis_tdata[{u}:0]), .s_axis_tvalid(s_axis_tvalid && !stuck), .s_axis_tready(s_axis_tready),
        .s_axis_tlast(s_axis_tlast), .s_axis_tuser(first),
        .m_axis_tdata(value), .m_axis_tvalid(valid), .m_axis_tready(m_axis_tready && !withdrawn),
        .m_axis_tlast(last), .m_axis_tuser(m_axis_tuser)
    );
endmodule
"""
STEPS = 5
FAULTS = {"stuck": 1, "withdrawn": 2, "extra": 3, "early": 4}  # as {name} in the top


@pytest.fixture(scope="module")
def lmu() -> LMU:
    lmu = random_lmu(np.random.default_rng(3), steps=STEPS, x=FixedType(9, 3))
    assert (lmu.memory_d, lmu.order) == (2, 3)
    return lmu


@pytest.fixture
def tiny(lmu: LMU, tmp_path: Path, workdir: Path, verilator: str):
    """A function that builds the top, with a fault in it or from another source."""
    unit = memory_unit(lmu, lanes=1)

    def make(fault: str = "", source: str = TOP) -> verilated.Accelerator:
        parameters = {name: value for name, value in unit.parameters.items() if isinstance(value, int)}
        text = ", ".join(f".{name}({value})" for name, value in parameters.items())
        text += f', .ROM_FILE("{unit.rom.file}")'
        u, mem = Values.from_type(lmu.u), Values.from_type(lmu.mem)
        sizes = {"x": u.bus - 1, "y": mem.bus - 1, "u": u.width - 1, "mem": mem.width - 1}
        source = source.format(**sizes, **FAULTS, parameters=text)
        (tmp_path / "fault.hex").write_text(f"{FAULTS.get(fault, 0):02x}\n")
        (tmp_path / "tiny_top.v").write_text(source)
        (tmp_path / "rom").mkdir(exist_ok=True)
        (tmp_path / unit.rom.file).write_text(unit.rom.text())
        probes = (
            Probe("lmu", "u", "tap_lmu_u", u, lmu.memory_d),
            Probe("lmu", "mirrored", "tap_lmu_u", u, lmu.memory_d, order=(1, 0)),
        )
        ends = (Port("u", "s_axis", u, lmu.memory_d),), (Port("mem", "m_axis", mem, 6),)
        interface = Interface("tiny_top", *ends, unit.sizes.ii_cycles + unit.sizes.latency_cycles, probes)
        sources = [*map(hdl_file, with_submodules([unit.module])), tmp_path / "tiny_top.v"]
        return verilated.build(sources, interface, tmp_path, workdir / "tiny")

    make.unit = unit
    return make


def sequences(lmu: LMU, count: int) -> tuple[Ints, Ints]:
    """u of random sequences, and the mem that golden gives."""
    rng = np.random.default_rng(0)
    u = rng.integers(lmu.u.min_int, lmu.u.max_int + 1, (count, STEPS, lmu.memory_d))
    return u, expected_mem(lmu, u)


def expected_mem(lmu: LMU, u: Ints) -> Ints:
    memory = Step(lmu.name, lmu.memory)
    mem = np.zeros((len(u), lmu.memory_d * lmu.order), np.int64)
    steps = []
    for t in range(u.shape[1]):
        mem = memory.numbers({"u": u[:, t]}, {"mem": mem})["mem"]
        steps.append(np.asarray(mem))
    return np.stack(steps, axis=1).astype(np.int64)


def test_outputs_taps_and_cycles(tiny, lmu):
    u, mem = sequences(lmu, 40)
    made = tiny()
    done: list[int] = []
    run = made.run(u, trace=True, progress=done.append)
    assert np.array_equal(run.outputs, mem)
    assert np.array_equal(run.probes["lmu"]["u"], u)
    assert np.array_equal(run.probes["lmu"]["mirrored"], u[..., ::-1])
    assert run.ii_cycles == tiny.unit.sizes.ii_cycles
    assert made.run(u, pause=100).latency_cycles == tiny.unit.sizes.latency_cycles
    assert done[-1] == 40
    at_bounds = (mem == lmu.mem.min_int) | (mem == lmu.mem.max_int)
    if lmu.mem.overflow != "WRAP":
        (end,) = run.ends.values()
        assert not (end.user & ~at_bounds).any()


def test_cycles_are_the_same_where_nothing_is_recorded(tiny, lmu):
    """Without records several cycles are one evaluation; each beat still has the cycle that it moves in."""
    u, _ = sequences(lmu, 20)
    recorded, plain = tiny().run(u, trace=True), tiny().run(u)
    (before,), (after,) = recorded.ends.values(), plain.ends.values()
    assert np.array_equal(plain.accepted, recorded.accepted) and plain.cycles == recorded.cycles
    assert np.array_equal(after.cycles, before.cycles) and np.array_equal(after.values, before.values)


def test_gaps_and_stalls_change_nothing(tiny, lmu):
    u, mem = sequences(lmu, 30)
    run = tiny().run(u, trace=True, gap=0.4, stall=0.4, seed=5)
    assert np.array_equal(run.outputs, mem)
    assert np.array_equal(run.probes["lmu"]["u"], u)
    with pytest.raises(ValueError, match="not one and the same number"):
        run.ii_cycles  # noqa: B018 - a property that raises
    with pytest.raises(ValueError, match="give the run a pause"):
        run.latency_cycles  # noqa: B018 - a property that raises


def test_a_build_is_kept_and_reads_the_rom_anew(tiny, lmu):
    u, mem = sequences(lmu, 20)
    made = tiny()
    before = made.program.stat().st_mtime_ns
    rom = made.directory / tiny.unit.rom.file
    words = rom.read_text().splitlines()
    rom.write_text("\n".join([f"{int(words[0], 16) ^ 1:0{len(words[0])}x}", *words[1:]]) + "\n")
    assert not np.array_equal(made.run(u).outputs, mem)
    again = tiny()  # writes the ROM again
    assert again.program.stat().st_mtime_ns == before
    assert np.array_equal(again.run(u).outputs, mem)


@pytest.mark.parametrize("text", (None, "0\n"), ids=("missing", "short"))
def test_a_bad_rom_file_is_an_error_and_not_the_end_of_this_process(tiny, lmu, text):
    made = tiny()
    rom = made.directory / tiny.unit.rom.file
    if text is None:
        rom.unlink()
    else:
        rom.write_text(text)
    with pytest.raises(LmuHlsError, match=rf"(?s){tiny.unit.rom.file} holds . words.*write the project again"):
        made.run(sequences(lmu, 1)[0])


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("stuck", r"stuck since cycle .* of 100 input beats .* of 300 output beats"),
        ("withdrawn", r"changed or withdrew an output beat that had not been taken"),
        ("extra", r"[0-9,]+ output beats too many|tlast elsewhere"),
        ("early", r"tlast elsewhere than on the last beat"),
    ],
)
def test_a_seeded_fault_is_seen(fault, text, tiny, lmu):
    with pytest.raises(LmuHlsError, match=text):
        tiny(fault).run(sequences(lmu, 10)[0], stall=0.5 if fault == "withdrawn" else 0.0)


def test_broken_verilog_is_reported(tiny):
    with pytest.raises(LmuHlsError, match=r"(?s)could not compile.*build\.log"):
        tiny(source=TOP.replace("wire last, valid;", "wire last valid;"))


def test_values_and_probabilities_are_checked(tiny, lmu):
    made = tiny()
    u, _ = sequences(lmu, 1)
    for wrong in (u[0], u[..., :1], u.astype(float), u + (1 << lmu.u.width), u[:0]):
        with pytest.raises(ValueError):
            made.run(wrong)
    with pytest.raises(ValueError, match="probabilities"):
        made.run(u, gap=1.0)
    with pytest.raises(ValueError, match="65 bits"):
        Values(65)


def test_no_program_is_taken_from_the_output_folder(tmp_path, monkeypatch):
    """Whatever lies in the work folder, the program that runs is the one in the user's cache, as it was made."""
    source = tmp_path / "top.v"
    source.write_text("module top; endmodule\n")
    made = []

    def compiled(files, flags, program, env, log):
        made.append(program)
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)

    monkeypatch.setenv(builds.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(verilated, "_compile", compiled)
    interface = Interface("top", (Port("x", "s_axis", Values(8), 1),), (Port("y", "m_axis", Values(8), 1, False),), 1)
    work = tmp_path / "work"
    program = verilated.build([source], interface, tmp_path, work).program
    assert program.is_relative_to(tmp_path / "cache")
    planted = work / program.parent.name / "harness"
    planted.parent.mkdir()
    planted.write_text("#!/bin/sh\ntouch PWN\n")
    planted.chmod(0o755)
    program.write_text("#!/bin/sh\ntouch PWN\n")
    again = verilated.build([source], interface, tmp_path, work).program
    assert (again, len(made), again.read_text()) == (program, 2, "#!/bin/sh\nexit 0\n")
    source.write_text("module top; wire x; endmodule\n")
    assert verilated.build([source], interface, tmp_path, work).program != program
