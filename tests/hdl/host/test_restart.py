"""Restarts through AXI4-Lite at random times while a source and a sink with pauses go on: no stream is ever broken."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import sources, write_project
from lmu_hls.spec import LMU, Network
from lmu_hls.toolchain import find
from tests.support.hdl.restarts import assignments, restart_port
from tests.support.make_sim import golden_vectors, with_reuse
from tests.support.mutants import change
from tests.support.networks import random_network

needs_icarus = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
RESTARTS, WHOLE = 120, 60
OPTIONS = RtlOptions(axi_lite=True)


def network(every_step: bool) -> Network:
    rng = np.random.default_rng(10)
    of = with_reuse(rng, random_network(rng), place=0)
    layers = [replace(la, return_sequences=True) if isinstance(la, LMU) and every_step else la for la in of.layers]
    return of.with_layers(tuple(layers))


def bench(plan: NetworkPlan, x: list[int], y: list[int]) -> str:
    """One sequence again and again; whatever restarts come, each packet is its output, or a part of it and an error.

    It says CUT n, WHOLE n at the end, and BROKEN where a rule is not kept.
    """
    lite, table = restart_port(plan), assignments(plan, x, y)
    return f"""
module bench;
    reg clk = 0, rst = 1, s_valid = 0, m_ready = 0, aw = 0, w = 0, held = 0, last_q, user_q;
    reg [{plan.in_bus - 1}:0] x[0:{len(x) - 1}];
    reg [{plan.out_bus - 1}:0] y[0:{len(y) - 1}];
    reg [{plan.out_bus - 1}:0] data_q;
    integer in = 0, out = 0, cut = 0, whole = 0, restarts = 0, cycle = 0, pace = 0, seed = 7, quiet = 0;
    wire s_ready, m_valid, m_last, m_user, aw_ready, w_ready;
    wire [{plan.out_bus - 1}:0] m_data;
    always #5 clk = !clk;
    task broken(input [63:0] what);
        begin
            $display("BROKEN %0s in cycle %0d", what, cycle);
            $finish;
        end
    endtask
    {plan.top} dut (.clk(clk), .rst(rst), {lite}
        .s_axis_tdata(x[in]), .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tlast(in == {len(x) - 1}),
        .m_axis_tdata(m_data), .m_axis_tvalid(m_valid), .m_axis_tready(m_ready), .m_axis_tlast(m_last),
        .m_axis_tuser(m_user));
    initial begin
{table}    end
    always @(posedge clk) begin
        cycle <= cycle + 1;
        rst <= cycle < 4;
        if (cycle % 2048 == 0) pace <= $unsigned($random(seed)) % 4;
        if (!rst && cycle > 8) begin
            if (s_valid && s_ready) in <= in == {len(x) - 1} ? 0 : in + 1;
            if (!s_valid || s_ready) s_valid <= pace[0] || $unsigned($random(seed)) % 3 == 0;
            m_ready <= pace[1] || $unsigned($random(seed)) % 4 == 0;
            if (aw_ready) aw <= 0;
            if (w_ready) w <= 0;
            if (!aw && !w && restarts < {RESTARTS} && $unsigned($random(seed)) % {2 * plan.cycles.sequence} == 0) begin
                aw <= 1;
                w <= 1;
                restarts <= restarts + 1;
            end
            held <= m_valid && !m_ready;
            {{data_q, last_q, user_q}} <= {{m_data, m_last, m_user}};
            if (held && {{1'b1, data_q, last_q, user_q}} !== {{m_valid, m_data, m_last, m_user}}) broken("beat");
            quiet <= m_valid && m_ready ? 0 : quiet + 1;
            if (m_valid && m_ready) begin
                out <= m_last ? 0 : out + 1;
                if (m_user && m_last) begin
                    cut <= cut + 1;
                    if (out == 0 || m_data !== 0) broken("end");
                end else begin
                    if (m_data !== y[out] || m_user !== 0 || m_last !== (out == {len(y) - 1})) broken("data");
                    if (m_last) whole <= whole + 1;
                end
            end
            if (quiet > {20 * plan.cycles.sequence + 2000}) broken("stuck");
            if (restarts == {RESTARTS} && whole > {WHOLE}) begin
                $display("CUT %0d WHOLE %0d", cut, whole);
                $finish;
            end
        end
    end
endmodule
"""


def run(every_step: bool, folder: Path, fault: tuple[str, str] | None = None) -> str:
    of = network(every_step)
    plan = plan_network(of, OPTIONS)
    write_project(plan, folder, golden_vectors(np.random.default_rng(0), of, OPTIONS, 2))
    x = np.random.default_rng(1).integers(of.x.min_int, of.x.max_int + 1, (1, of.steps, of.n_in))
    (folder / "bench.v").write_text(bench(plan, x.ravel().tolist(), golden.predict(of, x).ravel().tolist()))
    if fault:
        path = folder / "rtl" / "net_lmu_restart.v"
        change(path, *fault)
    build = ["iverilog", "-g2009", "-s", "bench", "-o", "bench.vvp", *sources(plan), "bench.v"]
    subprocess.run(build, cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=folder, capture_output=True, text=True, timeout=600)
    return done.stdout


@needs_icarus
@pytest.mark.parametrize("every_step", [True, False])
def test_restarts_at_random_times(every_step: bool, tmp_path: Path) -> None:
    said = run(every_step, tmp_path)
    assert "BROKEN" not in said, said[:2000]
    (numbers,) = re.findall(r"CUT (\d+) WHOLE (\d+)", said)
    # Where only the last step comes out, packets are short, and hardly one is cut
    assert int(numbers[0]) > RESTARTS // 10 or not every_step
    assert int(numbers[1]) > WHOLE


FAULTS = {
    "as it was: the core's rst alone": ("wire keep = restart &&", "wire keep = 1'b0 &&"),
    "no end": ("if (restart) close_q <=", "if (1'b0) close_q <="),
    "nothing swallowed": ("(swallow_q || restart) && within_d", "1'b0"),
    "core not restarted": ("assign core_rst = rst || restart", "assign core_rst = rst"),
}


@needs_icarus
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_seeded_faults(fault: tuple[str, str], tmp_path: Path) -> None:
    assert "BROKEN" in run(True, tmp_path, fault)


CONE = """
import sys
from pyosys import libyosys
design = libyosys.Design()
for line in sys.stdin:
    libyosys.run_pass(line.rstrip(), design)
"""


@pytest.mark.skipif(not find("pyosys").found, reason="pyosys is not installed")
@pytest.mark.parametrize("axi_lite", [False, True])
def test_tready_comes_from_registers(axi_lite: bool, tmp_path: Path) -> None:
    """No input of the top is in the combinational cone of s_axis_tready."""
    of, options = network(False), RtlOptions(axi_lite=axi_lite)
    plan = plan_network(of, options)
    write_project(plan, tmp_path)
    cone = "w:s_axis_tready %ci*:-$dff,$sdff,$sdffe,$dffe,$adff,$mem_v2"
    passes = [f"read_verilog -defer {source}" for source in sources(plan)]
    passes += [f"hierarchy -top {plan.top}", "proc", "flatten", "opt_clean", f"select -assert-none {cone} i:* %i"]
    passes += [f"select -assert-any {cone.replace('s_axis_tready', 'in_tvalid')} i:* %i"]
    done = subprocess.run(
        [sys.executable, "-I", "-c", CONE], input="\n".join(passes), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
