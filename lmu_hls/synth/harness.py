"""A harness for place and route: every port of a unit has a register, and three pins are enough for all of them.

Inputs come from a shift register, outputs go into registers that are folded into one bit; so each path of the unit ends
in registers, as within a larger design, nothing of it is optimised away, and every package has pins enough. The unit is
synthesised alone before, so that its cells are exactly those that are counted, and joined with the harness afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import yosys
from lmu_hls.builds import built
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.evidence import digest
from lmu_hls.synth.families import Target
from lmu_hls.toolchain import need

TOP, INSTANCE, CLOCK = "lmu_harness", "unit", "clk"
PINS = (CLOCK, "si", "so")  # in the order of Device.pins
NETLIST = "netlist.json"
_STAT, _SOURCE, _SCRIPT, _LOG = "harness.json", "harness.v", "harness.ys", "harness.log"


@dataclass(frozen=True, slots=True)
class Harnessed:
    """The netlist of a unit in its harness, and the {resource: how many} that the harness adds."""

    netlist: Path
    counts: Mapping[str, int]


def harnessed(unit: Path, top: str, target: Target, workdir: Path) -> Harnessed:
    """Join the netlist of a unit, a JSON file of Yosys with the module ``top``, with a harness.

    ``workdir`` gets the script and the log. Raises LmuHlsError when the unit has no input ``clk`` of one bit, or Yosys
    fails.
    """
    text = harness(_ports(unit, top), top)
    tool = need("pyosys")
    passes = target.pad_passes
    parts = [tool.identity, *passes, top, text, digest(unit)]

    def make(folder: Path) -> None:
        (folder / _SOURCE).write_text(text, encoding="utf-8")
        (folder / "unit.json").symlink_to(unit)
        script = [
            f"read_verilog {_SOURCE}",
            f"hierarchy -check -top {TOP}",
            *passes,
            "delete t:$scopeinfo",
            f"tee -q -o {_STAT} stat -json -top {TOP}",
            f"delete ={top}",  # the black box makes room for the unit itself
            "read_json unit.json",
            f"hierarchy -check -top {TOP}",
            "flatten",
            "delete t:$scopeinfo",
            "check -assert",
            f"write_json {NETLIST}",
        ]
        yosys.run(script, workdir / _SCRIPT, workdir / _LOG, folder, f"join {top} with its harness")
        (folder / "unit.json").unlink()

    entry = built("harness", parts, make)
    cells = json.loads((entry / _STAT).read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
    counts = target.family.count({name: int(count) for name, count in cells.items() if name != top})
    return Harnessed(entry / NETLIST, {name: count for name, count in counts.items() if count})


def harness(ports: Mapping[str, tuple[str, int]], top: str) -> str:
    """The Verilog of a harness for ``top``, a black box with these ports: {name: (direction, bits)}."""
    if ports.get(CLOCK) != ("input", 1):
        raise LmuHlsError(f"{top} has no input {CLOCK} of one bit, which its harness needs; give it one")
    given = {name: bits for name, (way, bits) in ports.items() if way == "input" and name != CLOCK}
    taken = {name: bits for name, (way, bits) in ports.items() if way == "output"}
    if not taken or len(given) + len(taken) + 1 != len(ports):
        raise LmuHlsError(f"{top} has no output, or a port of both directions, which a harness cannot drive")
    n_in, n_out = max(1, sum(given.values())), sum(taken.values())
    declared = ", ".join(f"{way} wire [{bits - 1}:0] {name}" for name, (way, bits) in ports.items())
    joined = [f".{CLOCK}({CLOCK})", *_slices("given", given), *_slices("taken", taken)]
    return f"""\
(* blackbox *) module {top} ({declared}); endmodule
module {TOP} (input wire {CLOCK}, input wire si, output wire so);
  reg [{n_in - 1}:0] given;
  reg [{n_out - 1}:0] seen, folded;
  wire [{n_out - 1}:0] taken;
  always @(posedge {CLOCK}) begin
    given  <= {{given, si}};
    seen   <= taken;
    folded <= seen ^ {{folded, 1'b0}};
  end
  assign so = folded[{n_out - 1}];
  {top} {INSTANCE} ({", ".join(joined)});
endmodule
"""


def _slices(bus: str, ports: Mapping[str, int]) -> list[str]:
    found, start = [], 0
    for name, bits in ports.items():
        found.append(f".{name}({bus}[{start} +: {bits}])")
        start += bits
    return found


def _ports(netlist: Path, top: str) -> dict[str, tuple[str, int]]:
    ports = json.loads(netlist.read_text(encoding="utf-8"))["modules"][top]["ports"]
    return {name: (port["direction"], len(port["bits"])) for name, port in ports.items()}
