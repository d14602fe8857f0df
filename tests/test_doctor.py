"""The doctor sees every tool once, and is content exactly when the required ones are there."""

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from lmu_hls import doctor as doctor_module
from lmu_hls.doctor import complete, doctor, plain, table
from lmu_hls.toolchain import TOOLS, Tool

THERE = Tool("verilator", Path("/opt/bin/verilator"), "5.052", True, "make install")
ABSENT = dataclasses.replace(THERE, found=False, path=None, version="5.006")


def test_every_tool_is_examined_once() -> None:
    tools = doctor()
    assert [tool.name for tool in tools] == ["python", *TOOLS]
    assert all(isinstance(tool, Tool) and tool.remedy for tool in tools)
    assert {tool.name for tool in tools if tool.found} >= {"python", "keras", "hls4ml", "tensorflow", "g++"}


def test_only_required_tools_count() -> None:
    assert complete([THERE, dataclasses.replace(ABSENT, required=False)])
    assert not complete([THERE, ABSENT])


def test_a_python_outside_the_supported_range_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "PYTHON_MIN", (3, 99))
    python = doctor()[0]
    assert not python.found
    assert python.version


def test_json_holds_every_field() -> None:
    assert json.loads(json.dumps([plain(THERE), plain(ABSENT)])) == [
        {
            "name": "verilator",
            "path": "/opt/bin/verilator",
            "version": "5.052",
            "found": True,
            "remedy": "make install",
            "required": True,
        },
        {
            "name": "verilator",
            "path": None,
            "version": "5.006",
            "found": False,
            "remedy": "make install",
            "required": True,
        },
    ]


def test_the_table_tells_place_or_remedy() -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(table([THERE, ABSENT, dataclasses.replace(ABSENT, name="vivado", required=False)]))
    assert isinstance(console.file, io.StringIO)
    lines = [line for line in console.file.getvalue().splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines] == [
        ["verilator", "found", "5.052", "/opt/bin/verilator"],
        ["verilator", "missing", "5.006", "make install"],
        ["vivado", "optional", "5.006", "make install"],
    ]
