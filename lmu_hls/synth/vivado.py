"""Vivado out of context for AMD's devices: the script is always written, and run where Vivado is on the PATH.

Out of context there are no pads; paths that end at a port are not timed. What is read are the text forms of
report_utilization and report_timing_summary (AMD UG906).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import process
from lmu_hls.builds import built
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.evidence import digest
from lmu_hls.records.placement import CriticalPath, Place, Usage
from lmu_hls.synth.constraints import sdc
from lmu_hls.synth.families import Target
from lmu_hls.toolchain import find

SCRIPT, CLOCK_FILE, USED, TIMING = "vivado.tcl", "clock.xdc", "utilization.rpt", "timing.rpt"
_LOG = "vivado.log"
_WORD = re.compile(r"[\w./+-]+")
# Names in the first column of report_utilization, of 7 series and UltraScale+; block RAM is counted in pairs
_ROWS = {
    "Slice LUTs": ("LUT", 1), "CLB LUTs": ("LUT", 1), "Slice Registers": ("FF", 1), "CLB Registers": ("FF", 1),
    "DSPs": ("DSP", 1), "Block RAM Tile": ("BRAM18", 2), "URAM": ("URAM", 1),
}  # fmt: skip
_SUMMARY = re.compile(r"^\s*WNS\(ns\).*\n[\s-]+\n\s*(-?[\d.]+|NA)\s", re.MULTILINE)
_PATH = re.compile(
    r"^Slack[^\n]*\n\s+Source:\s+(?P<start>\S+).*?^\s+Destination:\s+(?P<end>\S+).*?"
    r"^\s+Path Type:\s+Setup.*?^\s+Data Path Delay:\s+(?P<delay>[\d.]+)ns\s+"
    r"\(logic (?P<logic>[\d.]+)ns[^)]*\)\s+route (?P<route>[\d.]+)ns",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Implemented:
    """What the reports of one run say; ``path`` is None where nothing is timed."""

    usage: Mapping[str, Usage]
    fmax_mhz: float
    path: CriticalPath | None


def script(
    verilog: Sequence[str], top: str, parameters: Mapping[str, int | str], part: str, clock_file: str = CLOCK_FILE,
    reports: str = "",
) -> str:  # fmt: skip
    """Tcl for synthesis, place, route and reports, in a folder from which all files and the ROM files are named.

    ``reports`` is what the names of the reports begin with, such as a folder.
    """
    for word in (*verilog, top, part, *parameters):
        if not _WORD.fullmatch(word):
            raise LmuHlsError(f"Vivado's script cannot name {word!r}; rename the file or its folder")
    generics = "".join(f" -generic {name}={value}" for name, value in parameters.items())
    return "".join(
        f"{line}\n"
        for line in (
            "# A memory that is not read is an error, not a warning: its weights would be lost.",
            "set_msg_config -id {Synth 8-4445} -new_severity ERROR",
            *(f"read_verilog {{{path}}}" for path in verilog),
            f"read_xdc -mode out_of_context {clock_file}",
            f"synth_design -mode out_of_context -top {top} -part {part}{generics}",
            "opt_design",
            "place_design",
            "phys_opt_design",
            "route_design",
            f"report_utilization -file {reports}{USED}",
            f"report_timing_summary -max_paths 1 -file {reports}{TIMING}",
        )
    )


def implement(
    verilog: Sequence[Path], top: str, parameters: Mapping[str, int | str], target: Target, clock_mhz: float,
    workdir: Path, data_dir: Path, data: Sequence[Path],
) -> Path:  # fmt: skip
    """Write SCRIPT and CLOCK_FILE into ``workdir`` and run them; the kept folder with the reports USED and TIMING.

    ``verilog`` and ``data`` lie below ``data_dir``. Raises LmuHlsError when Vivado is not there (the script then is),
    fails, or takes too long; its log stays in ``workdir``.
    """
    assert target.device is not None
    names = [os.path.relpath(path, data_dir) for path in verilog]
    text, clock = script(names, top, parameters, target.device.part), sdc("clk", clock_mhz)
    workdir.mkdir(parents=True, exist_ok=True)
    (workdir / SCRIPT).write_text(text, encoding="utf-8")
    (workdir / CLOCK_FILE).write_text(clock, encoding="utf-8")
    tool = find("vivado")
    if tool.path is None:
        raise LmuHlsError(
            f"{target.name} needs Vivado for place and route, and it is not on the PATH; counts of {target.name} are "
            f"those before placement. The script is {workdir / SCRIPT}, to be run in {data_dir} with {CLOCK_FILE} there"
        )
    program, log = tool.path, workdir / _LOG
    hashes = [f"{os.path.relpath(path, data_dir)} {digest(path)}" for path in (*verilog, *sorted(data))]

    def make(folder: Path) -> None:
        links = [folder / entry.name for entry in data_dir.iterdir() if entry.is_dir()]
        for link in links:
            link.symlink_to((data_dir / link.name).resolve())
        for name, content in ((SCRIPT, text), (CLOCK_FILE, clock)):
            (folder / name).write_text(content, encoding="utf-8")
        command = [str(program), "-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", SCRIPT]
        code = process.run(command, tool="vivado", cwd=folder, log=log).code
        said = log.read_text(encoding="utf-8", errors="replace")
        if code or not (folder / USED).is_file() or not (folder / TIMING).is_file():
            lines = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()[-1:]
            why = process.trouble(code, said) or " ".join(lines[:2]) or "it printed nothing"
            raise LmuHlsError(f"vivado could not implement {top} (exit status {code}): {why}. The log is {log}.")
        for link in links:
            link.unlink()
        shutil.rmtree(folder / ".Xil", ignore_errors=True)

    return built("vivado", [str(program.resolve()), tool.identity, text, clock, *hashes], make)


def read_reports(folder: Path, scopes: Mapping[str, str], top: str, clock_mhz: float) -> Implemented:
    """The reports that `implement` left. Raises LmuHlsError for text that is not of the documented form."""
    used, timing = (
        (folder / name).read_text(encoding="utf-8", errors="replace") for name in (USED, TIMING)
    )  # fmt: skip
    slack = _SUMMARY.search(timing)
    if slack is None:
        raise LmuHlsError(f"{folder / TIMING} has no Design Timing Summary with WNS(ns)")
    if slack[1] == "NA":
        raise LmuHlsError(f"{folder / TIMING} times nothing: no path lies between two registers of the clock")
    return Implemented(
        read_utilization(used), 1000.0 / (1000.0 / clock_mhz - float(slack[1])), _path(timing, scopes, top)
    )


def read_utilization(text: str) -> dict[str, Usage]:
    """{our resource: used and available} of report_utilization. LmuHlsError where LUTs or registers are missing."""
    found: dict[str, Usage] = {}
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if "Used" in cells and "Available" in cells:
            columns = cells
        name, times = _ROWS.get(cells[0].rstrip("*").strip() if cells else "", ("", 0))
        if not name or name in found or len(cells) != len(columns):
            continue
        row = dict(zip(columns, cells, strict=True))
        found[name] = Usage(round(float(row["Used"]) * times), round(float(row["Available"]) * times))
    if not {"LUT", "FF"} <= set(found):
        raise LmuHlsError("Vivado's utilisation report has no rows for LUTs and registers with Used and Available")
    return found


def _path(text: str, scopes: Mapping[str, str], top: str) -> CriticalPath | None:
    found = _PATH.search(text)
    if found is None:
        return None
    start, end = (_place(found[name], scopes, top) for name in ("start", "end"))
    through = dict.fromkeys((start.instance or top, end.instance or top))
    return CriticalPath(float(found["delay"]), float(found["logic"]), float(found["route"]), start, end, tuple(through))


def _place(pin: str, scopes: Mapping[str, str], top: str) -> Place:
    """The register of a pin such as "lmu_memory/ram/q_reg[3]/D"."""
    *instances, cell, _ = [*pin.split("/"), ""] if "/" not in pin else pin.split("/")
    name = ".".join(instances)
    instance = max((scope for scope in scopes if f"{name}.".startswith(f"{scope}.")), key=len, default="")
    return Place(instance, scopes.get(instance, top), cell.replace("_reg", "", 1))
