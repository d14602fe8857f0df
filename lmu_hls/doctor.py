"""What is installed, which version, and what is missing."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from lmu_hls.toolchain import TOOLS, Tool, find

PYTHON_MIN, PYTHON_END = (3, 10), (3, 13)


def doctor() -> list[Tool]:
    """Every tool that lmu_hls can use, this Python first; tools are asked for their version, not loaded."""
    return [_python(), *(find(name) for name in TOOLS)]


def complete(tools: list[Tool]) -> bool:
    """Whether every required tool is there."""
    return all(tool.found for tool in tools if tool.required)


def _python() -> Tool:
    fits = PYTHON_MIN <= sys.version_info[:2] < PYTHON_END
    return Tool("python", Path(sys.executable), platform.python_version(), fits, "apt-get install python3.11")
