"""What is installed, which version, what is missing or unusable, and which commands work with the rest."""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from lmu_hls.toolchain import SIMULATORS, TOOLS, Tool, find

PYTHON_MIN, PYTHON_END = (3, 10), (3, 13)
PURPOSE: Mapping[str, str] = {
    "python": "runs all of this",
    "hls4ml": "writes the HLS project",
    "keras": "reads, trains and saves models",
    "tensorflow": "computes Keras models",
    "cocotb": "drives the simulators",
    "pyosys": "Yosys: synthesis, proofs",
    "verilator": "fast simulation of the Verilog",
    "icarus": "a second simulator, four-valued",
    "libpython": "Python inside the simulators",
    "g++": "compiles csim, and what Verilator writes",
    "make": "builds what Verilator writes",
    "perl": "Verilator is started by it",
    "ccache": "makes repeated builds faster",
    "nextpnr-ecp5": "place and route on Lattice ECP5",
    "nextpnr-ice40": "place and route on Lattice iCE40",
    "nextpnr-gowin": "place and route on Gowin",
    "ecppack": "bitstreams for Lattice ECP5",
    "icepack": "bitstreams for Lattice iCE40",
    "gowin_pack": "bitstreams for Gowin",
    "osu018": "standard cells of 180 nm (qflow)",
    "opensta": "timing and power of standard cells",
    "clang": "reads the C++ as an HLS tool does, in the tests",
    "vitis_hls": "AMD's HLS, for the project in hls/",
    "vivado_hls": "AMD's HLS before Vitis, for the project in hls/",
    "vivado": "AMD's synthesis and place and route",
}
_MODEL = ("python", "keras", "tensorflow", "hls4ml")
_DEMO = (*_MODEL, "g++", "pyosys")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "convert, profile": _MODEL,
    "verify": tuple(dict.fromkeys(("python", "g++", *SIMULATORS["verilator"]))),
    "verify --simulator icarus": ("python", "g++", *SIMULATORS["icarus"]),
    "verify --simulator blackbox": ("python", *SIMULATORS["blackbox"]),
    "verify --simulator none": ("python", "g++"),
    "synth": ("python", "pyosys"),
    "synth --route, ecp5": ("python", "pyosys", "nextpnr-ecp5"),
    "synth --route, ice40": ("python", "pyosys", "nextpnr-ice40"),
    "synth --route, gowin": ("python", "pyosys", "nextpnr-gowin"),
    "energy": ("python", "pyosys", *(name for name in SIMULATORS["verilator"])),
    "asic": ("python", "pyosys", "osu018"),
    "asic with clock and energy": ("python", "pyosys", "osu018", "opensta", "icarus"),
    "report": ("python",),
    "demo": tuple(dict.fromkeys((*_DEMO, *SIMULATORS["verilator"]))),
}


def doctor() -> list[Tool]:
    """Every tool that lmu_hls can use, this Python first; tools are asked for their version, not loaded."""
    return [_python(), *(find(name) for name in TOOLS)]


def complete(tools: Sequence[Tool]) -> bool:
    """Whether every required tool is there and usable."""
    return all(tool.found for tool in tools if tool.required)


def lacking(tools: Sequence[Tool]) -> dict[str, tuple[str, ...]]:
    """Command -> the tools that it lacks; () for one that works."""
    absent = {tool.name for tool in tools if not tool.found}
    found = {command: tuple(name for name in names if name in absent) for command, names in COMMANDS.items()}
    if not found["verify --simulator icarus"]:  # the demo takes the simulators that are there
        found["demo"] = tuple(name for name in found["demo"] if name in _DEMO)
    return found


def plain(tool: Tool) -> dict[str, Any]:
    """The tool as a dictionary for JSON."""
    return {
        **dataclasses.asdict(tool),
        "path": str(tool.path) if tool.path else None,
        "state": tool.state,
        "purpose": PURPOSE[tool.name],
        "needed_by": [command for command, names in COMMANDS.items() if tool.name in names],
    }


def table(tools: Sequence[Tool]) -> Group:
    """For rich: the tools with version and place, or what is wrong and the remedy; the commands with what they lack."""
    shown = Table()
    for column in ("Tool", "State", "Version", "What for", "Where, or how to install"):
        shown.add_column(column, overflow="fold")
    for tool in tools:
        place = str(tool.path or "") if tool.found else tool.remedy
        if tool.reason:
            place = f"{tool.path}: {tool.reason}. {tool.remedy}"
        colour = "green" if tool.found else "red" if tool.required else "yellow"
        state = "optional" if tool.state == "missing" and not tool.required else tool.state
        shown.add_row(
            escape(tool.name), f"[{colour}]{state}[/{colour}]", escape(tool.version), PURPOSE[tool.name], escape(place)
        )
    commands = Table()
    for column in ("Command", "Works"):
        commands.add_column(column)
    for command, absent in lacking(tools).items():
        commands.add_row(command, f"[red]needs {', '.join(absent)}[/red]" if absent else "[green]yes[/green]")
    return Group(shown, commands)


def _python() -> Tool:
    fits = PYTHON_MIN <= sys.version_info[:2] < PYTHON_END
    reason = "" if fits else f"3.{PYTHON_MIN[1]} to 3.{PYTHON_END[1] - 1} are supported"
    version = platform.python_version()
    return Tool("python", Path(sys.executable), version, fits, "apt-get install python3.11", reason=reason)
