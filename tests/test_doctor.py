"""The doctor sees every tool once, and is content exactly when the required ones are there."""

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from lmu_hls import doctor as doctor_module
from lmu_hls.doctor import COMMANDS, PURPOSE, complete, doctor, lacking, plain, table
from lmu_hls.toolchain import TOOLS, Tool

THERE = Tool("verilator", Path("/opt/bin/verilator"), "5.052", True, "make install")
ABSENT = dataclasses.replace(THERE, found=False, path=None, version="")
OLD = dataclasses.replace(THERE, found=False, version="5.006", reason="version 5.006 is too old")


def test_every_tool_is_examined_once() -> None:
    tools = doctor()
    assert [tool.name for tool in tools] == ["python", *TOOLS]
    assert all(isinstance(tool, Tool) and tool.remedy for tool in tools)
    assert {tool.name for tool in tools if tool.found} >= {"python", "keras", "hls4ml", "tensorflow", "g++"}


def test_only_required_tools_count() -> None:
    assert complete([THERE, dataclasses.replace(ABSENT, required=False)])
    assert not complete([THERE, ABSENT])
    assert not complete([THERE, OLD])


def test_a_python_outside_the_supported_range_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "PYTHON_MIN", (3, 99))
    python = doctor()[0]
    assert not python.found
    assert python.version


def test_json_holds_every_field() -> None:
    there, absent, old = json.loads(json.dumps([plain(THERE), plain(ABSENT), plain(OLD)]))
    assert there == {
        "name": "verilator",
        "path": "/opt/bin/verilator",
        "version": "5.052",
        "found": True,
        "remedy": "make install",
        "required": True,
        "reason": "",
        "state": "found",
        "purpose": "fast simulation of the Verilog",
        "needed_by": ["verify", "verify --simulator blackbox", "energy", "demo"],
    }
    assert (absent["state"], absent["path"]) == ("missing", None)
    assert (old["state"], old["reason"]) == ("unusable", "version 5.006 is too old")


def test_the_table_tells_place_reason_or_remedy() -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(table([THERE, ABSENT, OLD, dataclasses.replace(ABSENT, name="vivado", required=False)]))
    assert isinstance(console.file, io.StringIO)
    lines = [line for line in console.file.getvalue().splitlines() if line.startswith("│")]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    use = "fast simulation of the Verilog"
    assert rows[:4] == [
        ["verilator", "found", "5.052", use, "/opt/bin/verilator"],
        ["verilator", "missing", "", use, "make install"],
        ["verilator", "unusable", "5.006", use, "/opt/bin/verilator: version 5.006 is too old. make install"],
        ["vivado", "optional", "", "AMD's synthesis and place and route", "make install"],
    ]
    assert ["report", "yes"] in rows and ["verify", "needs verilator"] in rows


def test_commands_say_what_they_lack() -> None:
    def without(*absent: str) -> dict[str, tuple[str, ...]]:
        return lacking([dataclasses.replace(THERE, name=name, found=name not in absent) for name in PURPOSE])

    assert not any(without().values())
    found = without("verilator", "pyosys")
    commands = {command.split()[0] for command, names in found.items() if names}
    assert commands == {"verify", "synth", "energy", "asic", "demo"}
    assert without("nextpnr-ice40")["synth --route, ice40"] == ("nextpnr-ice40",)
    assert found["demo"] == ("pyosys",)  # it takes the simulators that are there
    assert without("verilator", "icarus")["demo"] == ("verilator",)
    assert without("tensorflow", "g++")["report"] == without("g++")["synth"] == ()


def test_every_tool_has_a_purpose() -> None:
    assert set(PURPOSE) == {"python", *TOOLS}
    assert {name for names in COMMANDS.values() for name in names} <= set(PURPOSE)
