"""What the top reports: framing errors with the output, and counters in the registers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import Ints
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.rtl.registers import ADDRESS
from lmu_hls.rtl.standalone import Vectors, write_project
from lmu_hls.spec import LMU, Network, store
from lmu_hls.toolchain import find
from tests.support.make_sim import make, with_reuse
from tests.support.networks import random_network

pytestmark = pytest.mark.skipif(not find("icarus").found, reason="Icarus Verilog is not installed")
CLIPPED = ADDRESS["CLIPPED"]
SEQUENCES = 40  # after which the queues between two layers are full, of which the first is a cycle faster


def make_network(every_step: bool) -> Network:
    rng = np.random.default_rng(10)
    network = with_reuse(rng, random_network(rng), place=0)
    layers = [replace(la, return_sequences=True) if isinstance(la, LMU) and every_step else la for la in network.layers]
    return network.with_layers(tuple(layers))


def shorter(network: Network, steps: int) -> Network:
    return network.with_steps(steps)


def beats(values: Ints, bus: int, error: int = 0) -> list[str]:
    """Words {tuser, tlast, tdata}, the last beat with tlast."""
    words = [int(value) & ((1 << bus) - 1) for value in values.ravel()]
    words[-1] |= (1 << bus) | (error << (bus + 1))
    return [f"{word:x}" for word in words]


@pytest.mark.parametrize("axi_lite", [False, True])
@pytest.mark.parametrize("every_step", [True, False])
def test_wrong_framing_is_reported_and_mended(every_step: bool, axi_lite: bool, tmp_path: Path) -> None:
    """Right, cut within a step, cut after a step, too long, one beat, right: bit for bit, each with its own flag."""
    network = make_network(every_step)
    steps, n_in = network.steps, network.n_in
    plan = plan_network(network)
    x = np.random.default_rng(1).integers(network.x.min_int, network.x.max_int + 1, (6, steps, n_in))
    lengths = [steps * n_in, 2 * n_in + 1, 3 * n_in, steps * n_in, 1, steps * n_in]
    wanted, got = [], []
    for k, (sequence, length) in enumerate(zip(x, lengths, strict=True)):
        surplus = x[0].ravel()[: n_in + 1] if k == 3 else np.zeros(0, np.int64)
        wanted += beats(np.concatenate([sequence.ravel()[:length], surplus]), plan.in_bus)
        used = -(-length // n_in)
        filled = np.where(np.arange(used * n_in) < length, sequence.ravel()[: used * n_in], 0)
        y = golden.predict(shorter(network, used), filled.reshape(1, used, n_in))
        got += beats(y, plan.out_bus, int(k not in (0, 5)))
    write_project(
        plan_network(network, RtlOptions(axi_lite=axi_lite)), tmp_path, Vectors(x, golden.predict(network, x))
    )
    (tmp_path / "vectors" / "input.hex").write_text("\n".join(wanted) + "\n")
    (tmp_path / "vectors" / "output.hex").write_text("\n".join(got) + "\n")
    bench = tmp_path / "tb" / "net_tb.v"
    text = re.sub(r"IN_BEATS = \d+", f"IN_BEATS = {len(wanted)}", bench.read_text())
    bench.write_text(re.sub(r"OUT_BEATS = \d+", f"OUT_BEATS = {len(got)}", text))
    done = make(tmp_path)
    assert done.returncode == 0 and done.stdout.count("PASS") == 2, done.stdout + done.stderr


def test_registers_count(tmp_path: Path) -> None:
    """Their number, the cycles of a step, and the clipped values of u and mem as golden has them."""
    network = make_network(every_step=True)
    options = RtlOptions(axi_lite=True)
    x = np.random.default_rng(2).integers(
        network.x.min_int, network.x.max_int + 1, (SEQUENCES, network.steps, network.n_in)
    )
    trace = golden.run(network, x)
    plan = plan_network(network, options)
    manifest = write_project(plan, tmp_path, Vectors(x, trace.output))
    expected = {ADDRESS[name]: value for name, value in plan.identity.items()}
    assert f"{plan.identity['CONTRACT']:08x}" == store.digest(network)[:8]
    expected |= {
        ADDRESS["SEQUENCES"]: SEQUENCES,
        ADDRESS["STEP_CYCLES"]: manifest.hardware.ii_cycles,
        ADDRESS["STATUS"]: 0,
    }
    for k, counter in enumerate(manifest.counters):
        layer, tensor = counter.split(".")
        if tensor in ("u", "mem"):
            expected[CLIPPED + 4 * k] = trace[layer].overflows[tensor]
    assert sum(value > 0 for address, value in expected.items() if address >= CLIPPED) >= 2
    _read_at_the_end(tmp_path / "tb" / "net_tb.v", list(expected))
    done = make(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    reads = [(int(a, 16), int(d)) for a, d in re.findall(r"read ([0-9a-f]+) (\d+)", done.stdout)]
    at_full_speed, with_pauses = dict(reads[: len(expected)]), dict(reads[len(expected) :])
    assert at_full_speed == expected
    cycles = ADDRESS["STEP_CYCLES"]
    assert with_pauses == expected | {cycles: with_pauses[cycles]}


def _read_at_the_end(bench: Path, addresses: list[int]) -> None:
    """Let the bench read registers before it finishes."""
    text = bench.read_text()
    text = text.replace(".s_axil_araddr(12'd0)", ".s_axil_araddr(address)").replace(
        ".s_axil_arvalid(1'b0)", ".s_axil_arvalid(reading)"
    )
    text = text.replace(".s_axil_rdata()", ".s_axil_rdata(register)").replace(
        ".s_axil_rvalid()", ".s_axil_rvalid(given)"
    )
    text = text.replace("    reg clk, rst, stall;", "    reg [11:0] address = 0; reg reading = 0; wire [31:0] register;"
                        " wire given; reg ended = 0;\n    reg clk, rst, stall;")  # fmt: skip
    assert text.count("            $finish;") == 1
    text = text.replace("            $finish;", "            ended <= 1'b1;")
    reads = "".join(
        f"        address <= 12'd{a}; reading <= 1'b1; @(posedge clk); @(posedge clk); reading <= 1'b0;\n"
        f'        while (!given) @(posedge clk); $display("read %h %0d", address, register); @(posedge clk);\n'
        for a in addresses
    )
    ending = f"    initial begin\n        wait (ended);\n        @(posedge clk);\n{reads}"
    ending += "        $finish;\n    end\n\nendmodule"
    bench.write_text(text.replace("endmodule", ending))
