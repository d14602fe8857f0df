"""Elaboration by a simulator, with all warnings on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from lmu_hls.toolchain import simulator_env
from tests.support.hdl.stream_grid import modules


def lint(top: str, sources: Iterable[Path], *options: str, folder: Path | None = None) -> tuple[int, str]:
    """Exit code and messages of Verilator in ``folder``; ``(0, "")`` where it has not one warning."""
    command = ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", top, *options]
    return _run("verilator", [*command, *map(str, sources)], folder)


def elaborate(simulator: str, top: str, parameters: Mapping[str, object], folder: Path) -> tuple[int, str]:
    """Exit code and messages for one module of hdl/; ``folder`` gets what Icarus makes."""
    if simulator == "verilator":
        return lint(top, modules([top]), *(f"-G{name}={value}" for name, value in parameters.items()))
    command = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-o", str(folder / "out.vvp"), "-s", top]
    command += [f"-P{top}.{name}={value}" for name, value in parameters.items()]
    return _run(simulator, [*command, *map(str, modules([top]))])


def _run(simulator: str, command: list[str], folder: Path | None = None) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, env=simulator_env(simulator), cwd=folder)
    return done.returncode, (done.stdout + done.stderr).strip()


def check_stops(simulator: str, top: str, parameters: Mapping[str, object], message: str, folder: Path) -> None:
    """Parameters with which a module must not elaborate, and what is said of them."""
    code, text = elaborate(simulator, top, parameters, folder)
    assert code != 0 and message in text, text


def check_clean(simulator: str, top: str, parameters: Mapping[str, object], folder: Path) -> None:
    """Not one warning; parameters that are no numbers keep their values."""
    numbers = {name: value for name, value in parameters.items() if isinstance(value, int)}
    assert elaborate(simulator, top, numbers, folder) == (0, ""), (top, parameters)
