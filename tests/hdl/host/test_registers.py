"""lmu_registers under both simulators: every output of every cycle against a model, and what a driver reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls.fixed import FixedType
from lmu_hls.resources import hdl_file
from lmu_hls.rtl import registers
from lmu_hls.rtl.network import plan_network
from lmu_hls.rtl.options import RtlOptions
from lmu_hls.spec import store
from lmu_hls.verify import simulator as sim
from tests.support.make_sim import with_reuse
from tests.support.mutants import write_mutants
from tests.support.networks import random_network

Facts = dict[str, Any]
IDENTITY = ("ID", "CONTRACT", "INPUTS", "OUTPUTS", "STEPS", "INPUT_TYPE", "OUTPUT_TYPE", "MODE")


def identity(seed: int) -> dict[str, int]:
    """Values that differ from one another in every byte."""
    return {name: (0x9E3779B9 * (seed + k)) & 0xFFFFFFFF for k, name in enumerate(IDENTITY, 1)}


UNITS: dict[str, Facts] = {
    "one": {"counters": 1, "identity": identity(0), "addr_w": 12},
    "fifteen": {"counters": 15, "identity": identity(10), "addr_w": 7},
    "sixteen": {"counters": 16, "identity": identity(20), "addr_w": 7},
}
AXI = {
    "awaddr": "in ADDR", "awvalid": "in 1", "awready": "out 1", "wdata": "in 32", "wstrb": "in 4", "wvalid": "in 1",
    "wready": "out 1", "bresp": "out 2", "bvalid": "out 1", "bready": "in 1", "araddr": "in ADDR", "arvalid": "in 1",
    "arready": "out 1", "rdata": "out 32", "rresp": "out 2", "rvalid": "out 1", "rready": "in 1",
}  # fmt: skip
OTHERS = {
    "rst": "in 1", "restart": "out 1", "busy": "in 1", "framing_error": "in 1", "step": "in 1", "sequence_end": "in 1",
    "clipped": "in COUNTERS",
}  # fmt: skip
PORTS = {**{f"s_axil_{name}": port for name, port in AXI.items()}, **OTHERS}


def top(units: dict[str, Facts], modules: dict[str, str]) -> str:
    """The units side by side in a module `registers`."""
    ports, instances = ["input wire clk"], []
    for name, facts in units.items():
        for port, kind in PORTS.items():
            way, width = kind.split()
            bits = {"ADDR": facts["addr_w"], "COUNTERS": facts["counters"]}.get(width) or int(width)
            ports.append(f"{way}put wire [{bits - 1}:0] {name}_{port}")
        wiring = ", ".join(f".{port}({name}_{port})" for port in PORTS)
        values = f".COUNTERS({facts['counters']}), .ADDR_W({facts['addr_w']})"
        values += "".join(f", .{register}(32'd{value})" for register, value in facts["identity"].items())
        instances.append(f"    {modules[name]} #({values}) {name} (.clk(clk), {wiring});\n")
    return "module registers (\n    " + ",\n    ".join(ports) + "\n);\n" + "".join(instances) + "endmodule\n"


def exercise(
    units: dict[str, Facts], modules: dict[str, str], sources: list[Path], simulator: str, folder: Path, operations: int
) -> dict[str, list[str]]:
    """Problems of each unit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registers.v").write_text(top(units, modules))
    (folder / "jobs.json").write_text(json.dumps({"units": units, "operations": operations}))
    built = sim.build(simulator, [*sources, folder / "registers.v"], "registers", folder)
    results = folder / "results.json"
    sim.run(built, "registers_bench", folder, {"LMU_JOBS": str(folder / "jobs.json"), "LMU_RESULTS": str(results)})
    return json.loads(results.read_text())


def test_every_cycle(simulator: str, tmp_path: Path) -> None:
    modules = dict.fromkeys(UNITS, "lmu_registers")
    found = exercise(UNITS, modules, [hdl_file("lmu_registers")], simulator, tmp_path, 40)
    assert found == {name: [] for name in UNITS}


MUTANTS = {
    "restart without strobe": ("write && w_strobe_q && w_data_q[0]", "write && w_data_q[0]"),
    "restart on any data": ("write && w_strobe_q && w_data_q[0]", "write && w_strobe_q"),
    "restart on any address": ("set_bit0 && wr_control && !rst", "set_bit0 && !rst"),
    "error not cleared": ("if (wr_clear) framing_error_q <= 1'b0;", ""),
    "error cleared while it comes": ("(framing_error) framing_error", "(framing_error && !set_bit0) framing_error"),
    "write without its data": ("aw_valid_q && w_valid_q && !s_axil_bvalid", "aw_valid_q && !s_axil_bvalid"),
    "response overwritten": ("write = aw_valid_q && w_valid_q && !s_axil_bvalid", "write = aw_valid_q && w_valid_q"),
    "response not kept": ("if (s_axil_bready) s_axil_bvalid <= 1'b0;", "s_axil_bvalid <= 1'b0;"),
    "unknown write is fine": ("wr_control || wr_status || wr_beat ? OKAY : SLVERR", "OKAY"),
    "unknown read is fine": ("known ? OKAY : SLVERR", "OKAY"),
    "one address too many": ("< WORDS[INDEX_W:0]", "<= WORDS[INDEX_W:0]"),
    "read data change": ("if (s_axil_rready)", "s_axil_rdata <= r_data; if (s_axil_rready)"),
    "high word not kept": (" cycles_high_q, cycles_q", " cycles_q[63:32], cycles_q"),
    "counter wraps": ("clipped[k] && count_q != FULL", "clipped[k]"),
    "sequences wrap": ("sequence_end && sequences_q != FULL", "sequence_end"),
    "first step counted": ("since_q != 0 && since_q != FULL", "since_q != FULL"),
    "restart keeps the counters": ("if (clear) count_q <= 32'd0;", "if (rst) count_q <= 32'd0;"),
    "wrong counter": ("clipped_counts[32*k+:32] =", "clipped_counts[32*(COUNTERS-1-k)+:32] ="),
    "errors wrap": ("framing_error && framing_q != FULL", "framing_error"),
    "errors not cleared": ("if (wr_clear) framing_q <=", "if (1'b0) framing_q <="),
    "an error in the cycle of the clearing is lost": ("{31'd0, framing_error}", "32'd0"),
    "types exchanged": ("OUTPUT_TYPE, INPUT_TYPE, STEPS", "OUTPUT_TYPE, OUTPUT_TYPE, STEPS"),
}  # fmt: skip


def test_mutants_are_caught(icarus: str, tmp_path: Path) -> None:
    written = write_mutants("lmu_registers", MUTANTS, tmp_path / "hdl")
    names = {f"m{k}": name for k, name in enumerate(MUTANTS)}
    units = {unit: {"counters": 3, "identity": identity(30), "addr_w": 7} for unit in names}
    modules = {unit: written[name] for unit, name in names.items()}
    sources = [tmp_path / "hdl" / f"{module}.v" for module in written.values()]
    found = exercise(units, modules, sources, icarus, tmp_path / "run", 5)
    assert {names[unit] for unit, problems in found.items() if problems} == set(MUTANTS)


def test_one_list_of_registers() -> None:
    """The tables for the readers are made from it, and the parameters are the registers that say what it is."""
    assert registers.verilog_table() in hdl_file("lmu_registers").read_text()
    assert registers.markdown_table() in (Path(__file__).parents[3] / "docs" / "verilog.md").read_text()
    assert set(IDENTITY) < set(registers.ADDRESS) and registers.MAGIC == 0x4C4D5503
    rng = np.random.default_rng(10)
    plan = plan_network(with_reuse(rng, random_network(rng), place=0), RtlOptions(axi_lite=True))
    assert set(plan.identity) == set(IDENTITY)
    assert registers.type_word(FixedType(12, 14)) == 0x1FE0C and registers.type_word(FixedType(8, 2, False)) == 0x608


def test_the_contract_is_that_of_the_file(tmp_path: Path) -> None:
    network = random_network(np.random.default_rng(10))
    store.save(network, tmp_path / "spec.npz")
    assert store.digest(network) == hashlib.sha256((tmp_path / "spec.npz").read_bytes()).hexdigest()
