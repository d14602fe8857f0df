"""Static timing and power of a mapped netlist by OpenSTA: no wires, ideal clock, typical corner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import process
from lmu_hls.asic.activity import Activity
from lmu_hls.asic.cells import GATES, LIBRARY, Cells
from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import need

_TRIED_NS = 100.0
_SLACK = re.compile(r"^\s*(-?\d+\.\d+)\s+slack", re.MULTILINE)
_TOTAL = re.compile(r"^Total\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)", re.MULTILINE)
_STAGE = re.compile(r"^\s*\d+\.\d+\s+\d+\.\d+ [v^] \S+/\S+ \((\w+)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Power:
    """In watts. `internal`: inside of cells, what their clock pins take included; `switching`: of nets."""

    internal: float
    switching: float
    leakage: float
    total: float


def shortest_period(cells: Cells, work: Path) -> tuple[float, int]:
    """In nanoseconds, from register to register, and the cells on that path. Raises LmuHlsError when OpenSTA fails."""
    said = _run(cells, _TRIED_NS, ["report_checks -path_delay max -digits 4"], work, "timing")
    slack = _SLACK.search(said)
    if slack is None:
        raise LmuHlsError(f"OpenSTA found no path from register to register in {cells.top}; see {work / 'timing.log'}")
    pins = len(_STAGE.findall(said))  # the first is a clock, the last an input
    return _TRIED_NS - float(slack[1]), pins - 2


def power(cells: Cells, activity: Activity, period_ns: float, work: Path) -> Power:
    """At a clock of ``period_ns``, each pin changing as it did in the simulation."""
    commands = [
        f"sta::set_power_pin_activity [lindex [get_pins {cell}/{pin}] 0] {rate:.6f} 0.5"
        for (cell, pin), rate in rates(cells, activity).items()
    ]
    said = _run(cells, period_ns, [*commands, "report_power -digits 6"], work, "power")
    total = _TOTAL.search(said)
    if total is None:
        raise LmuHlsError(f"OpenSTA told no power of {cells.top}; the log is {work / 'power.log'}")
    return Power(*map(float, total.groups()))


def rates(cells: Cells, activity: Activity) -> Mapping[tuple[str, str], float]:
    """Changes a cycle of every pin but those at the clock, which OpenSTA knows."""
    return {pin: activity.toggles.get(net, 0) / activity.cycles for pin, net in cells.pins.items() if net != ("clk", 0)}


def _run(cells: Cells, period_ns: float, commands: list[str], work: Path, name: str) -> str:
    sta, liberty = need("opensta").path, need(LIBRARY).path
    work.mkdir(parents=True, exist_ok=True)
    # OpenSTA 2.0 knows no signed ports
    text = re.sub(r"\bsigned\b", "", (cells.folder / GATES).read_text(encoding="utf-8"))
    (work / GATES).write_text(text, encoding="utf-8")
    script = [
        f"read_liberty {{{liberty}}}",
        f"read_verilog {GATES}",
        f"link_design {cells.top}",
        f"create_clock -name clk -period {period_ns} [get_ports clk]",
        *commands,
    ]
    (work / f"{name}.tcl").write_text("\n".join(script) + "\n", encoding="utf-8")
    log = work / f"{name}.log"
    arguments = [str(sta), "-no_init", "-no_splash", "-exit", f"{name}.tcl"]
    code = process.run(arguments, tool="OpenSTA", cwd=work, log=log).code
    said = log.read_text(encoding="utf-8", errors="replace")
    if code or "Error:" in said:
        why = next((line for line in said.splitlines() if "Error:" in line), f"exit status {code}")
        raise LmuHlsError(f"OpenSTA could not read {cells.top}: {why}. The whole log is {log}")
    return said
