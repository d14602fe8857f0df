"""The LiteX class of a written project: in a LiteX SoC, its registers over the SoC's bus and its streams, simulated."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lmu_hls.backend.design import design
from lmu_hls.integration import integration_files
from lmu_hls.integration.ports import ports
from lmu_hls.rtl import registers
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.plan import NetworkPlan
from lmu_hls.rtl.standalone import write_project
from lmu_hls.toolchain import find
from tests.support.ends import fusion
from tests.support.make_sim import fast_network, golden_vectors

PYTHON = os.environ.get("LITEX_PYTHON", sys.executable)  # LiteX may live in an environment of its own
SOC = Path(__file__).parents[1] / "support" / "litex_soc.py"
BENCH = """\
`timescale 1ns / 1ns
module bench;
    reg clk = 0, rst = 1;
    wire done, wrong, read, good;
    wire [31:0] word;
    wire [7:0] index;
    soc soc (.clk(clk), .rst(rst), .done(done), .wrong(wrong), .reg_read(read), .reg_word(word), .reg_index(index),
        .reg_good(good));
    always #5 clk = !clk;
    initial begin
        #200 rst = 0;
        #4000000 $display("TIMEOUT"); $finish;
    end
    always @(posedge clk) if (!rst) begin
        if (read) $display("read %0d %h %b", index, word, good);
        if (done) begin
            $display("%s", wrong ? "WRONG" : "RIGHT");
            $finish;
        end
    end
endmodule
"""
needs_litex = pytest.mark.skipif(
    not find("icarus").found
    or subprocess.run([PYTHON, "-c", "import litex.gen, migen"], capture_output=True).returncode != 0,
    reason="LiteX or Icarus Verilog is not installed; LITEX_PYTHON names a Python that has LiteX",
)


def plan(**options: bool) -> NetworkPlan:
    return plan_network(fast_network(10), RtlOptions(**options))


def project(folder: Path) -> NetworkPlan:
    network, options = fast_network(10), RtlOptions(axi_lite=True)
    made = plan_network(network, options)
    vectors = golden_vectors(np.random.default_rng(0), network, options, 2)
    write_project(made, folder, vectors, extra=integration_files(made))
    return made


def simulate(folder: Path, soc: Path, name: str = "net") -> str:
    soc.mkdir()
    command = [PYTHON, str(SOC), str(folder), name, str(soc)]
    done = subprocess.run(command, cwd=soc, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (soc / "bench.v").write_text(BENCH)
    files = ["bench.v", "soc.v", *(soc / "sources").read_text().splitlines()]
    subprocess.run(["iverilog", "-g2009", "-s", "bench", "-o", "bench.vvp", *files], cwd=soc, check=True)
    return subprocess.run(["vvp", "-n", "bench.vvp"], cwd=soc, capture_output=True, text=True, timeout=120).stdout


@needs_litex
@pytest.mark.slow
def test_in_a_soc_registers_are_read_and_outputs_are_golden_s(tmp_path: Path) -> None:
    made = project(tmp_path / "verilog")
    said = simulate(tmp_path / "verilog", tmp_path / "soc")
    assert said.splitlines()[-1] == "RIGHT", said
    reads = re.findall(r"read (\d+) (\w+) (\d)", said)
    assert [int(index) for index, _, _ in reads] == list(range(16)) and {good for _, _, good in reads} == {"1"}
    words = {register.name: int(word, 16) for register, (_, word, _) in zip(registers.FIXED, reads, strict=True)}
    assert {name: words[name] for name in made.identity} == made.identity
    vectors = tmp_path / "verilog" / "vectors" / "output.hex"
    first, *rest = vectors.read_text().split()
    vectors.write_text("\n".join([f"{int(first, 16) ^ 1:x}", *rest]) + "\n")
    assert "WRONG" in simulate(tmp_path / "verilog", tmp_path / "other")


@needs_litex
@pytest.mark.slow
def test_in_a_soc_with_several_streams(tmp_path: Path) -> None:
    made = design(fusion(), RtlOptions(axi_lite=True), 8)
    made.write(tmp_path / "verilog")
    assert simulate(tmp_path / "verilog", tmp_path / "soc", "fusion").splitlines()[-1] == "RIGHT"
    vectors = tmp_path / "verilog" / "vectors" / "output_a_b.hex"
    first, *rest = vectors.read_text().split()
    vectors.write_text("\n".join([f"{int(first, 16) ^ 1:x}", *rest]) + "\n")
    assert "WRONG" in simulate(tmp_path / "verilog", tmp_path / "other", "fusion")


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("options", [{}, {"axi_lite": True}, {"inline_roms": True}])
def test_the_class_connects_every_port_in_its_direction(options: dict[str, bool], several: bool) -> None:
    made = design(fusion(), RtlOptions(**options), 8).plan if several else plan(**options)
    text = integration_files(made)[f"integration/{made.name}_litex.py"]
    instance = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Instance"
    )
    named = [keyword.arg for keyword in instance.keywords if keyword.arg and keyword.arg != "p_ROM_DIR"]
    assert named == [f"{port.direction[0]}_{port.name}" for port in ports(made)]
    assert ("p_ROM_DIR" in text) == (not made.options.inline_roms)
