"""What is installed, which version, and what is missing."""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from lmu_hls.toolchain import TOOLS, Tool, find

PYTHON_MIN, PYTHON_END = (3, 10), (3, 13)


def doctor() -> list[Tool]:
    """Every tool that lmu_hls can use, this Python first; tools are asked for their version, not loaded."""
    return [_python(), *(find(name) for name in TOOLS)]


def complete(tools: Sequence[Tool]) -> bool:
    """Whether every required tool is there."""
    return all(tool.found for tool in tools if tool.required)


def plain(tool: Tool) -> dict[str, Any]:
    """The tool as a dictionary for JSON."""
    return {**dataclasses.asdict(tool), "path": str(tool.path) if tool.path else None}


def table(tools: Sequence[Tool]) -> Table:
    """The tools as a table for rich: version and place, or the command that installs what is missing."""
    shown = Table()
    for column in ("Tool", "State", "Version", "Where, or how to install"):
        shown.add_column(column, overflow="fold")
    for tool in tools:
        if tool.found:
            state, place = "[green]found[/green]", str(tool.path or "")
        else:
            state = "[red]missing[/red]" if tool.required else "[yellow]optional[/yellow]"
            place = tool.remedy
        shown.add_row(escape(tool.name), state, escape(tool.version), escape(place))
    return shown


def _python() -> Tool:
    fits = PYTHON_MIN <= sys.version_info[:2] < PYTHON_END
    return Tool("python", Path(sys.executable), platform.python_version(), fits, "apt-get install python3.11")
