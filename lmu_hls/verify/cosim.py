"""Co-simulation: the C++ of a Vitis HLS project with the Verilog of its RTL blackboxes in place of their C++ models.

Verilator compiles the blackboxes, which the descriptions in the project name, beside the C++ that csim compiles. Each
call goes through ap_ctrl_chain and the FIFOs; in every second one ap_ce, empty, full and ap_continue come and go.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmu_hls import builds
from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import contained, is_identifier
from lmu_hls.rendering import render
from lmu_hls.toolchain import find, simulator_env
from lmu_hls.verify import verilator
from lmu_hls.verify.csim import CsimProject, Sizes, arguments_of, preprocess, run_compiler
from lmu_hls.verify.simulator import LOG, failure

SIMULATOR = "blackbox"
PROGRAM, PREFIX = "cosim", "Vcosim"
WITHOUT_MODELS = "#define LMU_BLACKBOX_VERILATED\n"  # which the bridge of the project asks for
FLAGS = ("-O3", "-Wno-fatal", "-Wno-WIDTH", "--x-assign", "fast", "--x-initial", "unique", "--top-module", PROGRAM)
OPTIMISE = "-O2"
UNIT = "unit.o"  # the C++ of the project
PATIENCE = 16  # times the latency that a call may take
_PARAMETERS = r"void {name}\(([\w:<>&, ]+)\);"  # of its function, in its header


@dataclass(frozen=True, slots=True)
class Box:
    """A blackbox of a project: its function and module, the function's parameters, its Verilog, its longest call."""

    name: str
    parameters: str
    sources: tuple[Path, ...]
    patience: int


class Cosimulation(CsimProject):
    """A project compiled with its Verilog; ``library`` is the program."""

    __slots__ = ()

    def _command(self, inputs: Path, outputs: Path, sizes: Sizes, stateful: bool) -> list[str]:
        samples = len(np.load(inputs, mmap_mode="r"))
        np.save(outputs, np.full((samples, sum(sizes[1])), np.nan))  # the program fills it in
        numbers = [samples, len(sizes[0]), *sizes[0], *sizes[1]]
        return [str(self.library), str(inputs), str(outputs), *map(str, numbers)]


def blackboxes(project: Path) -> tuple[Box, ...]:
    """The RTL blackboxes of a project; LmuHlsError when there is none, or one is not as it was written."""
    found = tuple(box for file in sorted(project.glob("*.json")) if (box := _box(project, file)) is not None)
    if not found:
        raise LmuHlsError(f"{project} has no RTL blackbox; convert with MemoryUpdateRtl: True for an LMU layer")
    return found


def _box(project: Path, file: Path) -> Box | None:
    try:
        made = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LmuHlsError(f"{file} cannot be read: {error}; convert the model again") from None
    name = made.get("rtl_top_module_name") if isinstance(made, dict) else None
    if name is None:
        return None
    try:
        sources = tuple(contained(project, source, str(file)) for source in made["rtl_files"])
        header = contained(project, made["c_files"][0]["c_file"], str(file)).with_suffix(".h")
        latency = int(made["rtl_performance"]["latency"])
        parameters = re.search(_PARAMETERS.format(name=name), header.read_text(encoding="utf-8"))
        if not is_identifier(name) or parameters is None:
            raise ValueError(name)
    except (OSError, KeyError, IndexError, TypeError, ValueError, re.error) as error:
        raise LmuHlsError(f"{file} is not as lmu_hls wrote it ({error!r}); convert the model again") from None
    return Box(name, parameters[1], sources, PATIENCE * latency + 1000)


def build(project_dir: Path, workdir: Path) -> Cosimulation:
    """Compile the project with the Verilog in it, or take the build in the user's cache when nothing has changed.

    ``workdir`` gets the log. Raises LmuHlsError when a tool is absent, the project has no blackbox, or one of the
    compilers refuses it.
    """
    env = simulator_env(SIMULATOR)
    boxes = blackboxes(Path(project_dir))
    files = {source.name: source.read_bytes() for box in boxes for source in box.sources if source.is_file()}
    missing = [source for box in boxes for source in box.sources if not source.is_file()]
    if missing:
        raise LmuHlsError(f"Verilog file {missing[0]} does not exist; convert the model again")
    workdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
        text = Path(scratch, "unit.ii")
        calls = render("verify", "cosim_calls.cpp", boxes=boxes)
        directory, name, command = preprocess(project_dir, text, WITHOUT_MODELS, calls)
        facts = {"boxes": boxes, "name": name, "arrays": arguments_of(directory, name)}
        files |= {part: render("verify", part, **facts).encode() for part in ("cosim.v", "cosim.cpp")}
        tools = [find(tool) for tool in ("verilator", "g++")]
        cpp: list[str | bytes] = [*command, f"{tools[1].path} {tools[1].identity}", text.read_bytes()]
        parts: list[str | bytes] = [*cpp, *FLAGS, OPTIMISE, f"{tools[0].path} {tools[0].identity}"]
        parts += [item for pair in files.items() for item in pair]

        def compile_cpp(folder: Path) -> None:
            run_compiler([*command, "-c", str(text), "-o", str(folder / UNIT)], directory)

        def make(folder: Path) -> None:
            place = Path(scratch, "build")
            place.mkdir()
            # The C++ knows no Verilog: where only that changes, it is compiled already
            shutil.copyfile(builds.built("cosim-unit", cpp, compile_cpp) / UNIT, place / UNIT)
            _verilate(files, place, folder / PROGRAM, env, workdir.resolve() / LOG)

        program = builds.built("cosim", parts, make) / PROGRAM
    return Cosimulation(directory, name, program)


def _verilate(files: Mapping[str, bytes], place: Path, program: Path, env: Mapping[str, str], log: Path) -> None:
    for name, content in files.items():
        (place / name).write_bytes(content)
    arguments: Sequence[str] = [*FLAGS, "-o", PROGRAM, *files, str(place / UNIT)]
    code = verilator.program(arguments, place, PREFIX, OPTIMISE, env, log)
    if code:
        raise LmuHlsError(failure("Verilator could not compile the blackboxes", code, log))
    shutil.move(place / verilator.OBJECTS / PROGRAM, program)
