"""Building and running cocotb benches in processes of their own; builds are kept in the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lmu_hls import builds, process
from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import sim_dir
from lmu_hls.toolchain import SIMULATORS, find, simulator_env
from lmu_hls.verify import verilator

BUILT, LOG = "built.json", "build.log"
# Names a folder: Verilator then counts the lines and toggles of the Verilog, and each run leaves a file there.
COVERAGE = "LMU_COVERAGE"
TAIL_LINES = 15
COMPILER_FLAGS = "-Os"
FST_HEADERS = (Path("/usr/include/lz4.h"), Path("/usr/include/zlib.h"))  # that Verilator's FST needs; VCD needs nothing


def build(simulator: str, sources: Sequence[Path], top: str, workdir: Path, waves: bool = False) -> Path:
    """Compile Verilog for cocotb, or take the build in the user's cache when nothing has changed; return its folder.

    ``workdir`` gets the log of the compilation. Raises LmuHlsError when a tool is absent or the compilation fails, with
    the end of the compiler's output.
    """
    env = simulator_env(simulator)
    coverage = simulator == "verilator" and bool(os.environ.get(COVERAGE))
    tools = [find(name) for name in SIMULATORS[simulator]]
    parts: list[str | bytes] = [json.dumps([simulator, top, waves, coverage])]
    parts += [f"{tool.path} {tool.identity}" for tool in tools]
    for source in sources:
        parts += [str(source.resolve()) if coverage else source.name, source.read_bytes()]
    if simulator == "verilator":
        arguments, variables = _verilator_arguments(top, waves, coverage)
        parts += [*arguments, *variables, COMPILER_FLAGS]
    else:
        parts.append((sim_dir() / "run_bench.py").read_bytes())
    workdir.mkdir(parents=True, exist_ok=True)
    log = workdir.resolve() / LOG
    job = {"simulator": simulator, "top": top, "waves": waves}

    def compile_into(folder: Path) -> None:
        """Of copies: simulators read names of files out of command files, where a path may mean something else."""
        with tempfile.TemporaryDirectory(prefix="lmu-hls-") as scratch:
            place = Path(scratch)
            # Coverage is counted for the files as they are called
            copies = [str(source.resolve() if coverage else shutil.copy(source, place)) for source in sources]
            if simulator == "verilator":
                optimise = "-O0" if coverage else COMPILER_FLAGS  # the counters make optimisation take minutes
                code = verilator.program([*arguments, *copies], place, "Vtop", optimise, env, log, variables)
                if not code:
                    shutil.move(place / verilator.OBJECTS / top, folder)
            else:
                code = execute({**job, "sources": copies, "build_dir": str(folder)}, folder, env, log)
        if code:
            raise LmuHlsError(failure(f"{simulator} could not compile {top}", code, log))
        (folder / BUILT).write_text(json.dumps(job) + "\n", encoding="utf-8")

    return builds.built(simulator, parts, compile_into)


def _verilator_arguments(top: str, waves: bool, coverage: bool) -> tuple[list[str], list[str]]:
    """What cocotb needs of Verilator, and the variables of its makefile."""
    from cocotb_tools import config  # not needed by the commands that do not simulate

    arguments = ["--top-module", top, "-o", top, "--vpi", "--public-flat-rw", "--timescale", "1ns/1ps", "-Wno-fatal"]
    arguments += ["-LDFLAGS", f"-Wl,-rpath,{config.libs_dir} -L{config.libs_dir} -lcocotbvpi_verilator"]
    if waves:
        arguments.append("--trace-fst" if all(path.exists() for path in FST_HEADERS) else "--trace-vcd")
    if coverage:
        arguments += ["--coverage-line", "--coverage-toggle"]
    arguments.append(str(config.share_dir / "lib" / "verilator" / "verilator.cpp"))
    return arguments, ["VM_TRACE=1"] if waves else []


def failure(what: str, code: int, log: Path) -> str:
    """The message for a compilation that failed: the end of its log, and the remedy where the tool itself broke."""
    trouble = process.trouble(code, log.read_text(encoding="utf-8", errors="replace"))
    return f"{what}; the full text is in {log}\n{tail(log)}" + (f"\n{trouble}" if trouble else "")


def run(
    built: Path,
    module: str,
    run_dir: Path,
    variables: Mapping[str, str],
    waves: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> bool:
    """Run the tests of a cocotb module on a build in ``run_dir``; True when the simulator and all tests succeed.

    What the simulator prints is in ``run_dir/sim.log``; ``progress`` hears each "done N" of it. The counts
    of a build with coverage go to the folder named by the environment variable LMU_COVERAGE.
    """
    made = json.loads((built / BUILT).read_text(encoding="utf-8"))
    run_dir.mkdir(parents=True, exist_ok=True)
    results = run_dir.resolve() / "results.xml"
    job = {
        **made,
        "build_dir": str(built),
        "test_module": module,
        "test_dir": str(run_dir.resolve()),
        "results": str(results),
        "env": dict(variables),
        "waves": waves,
    }
    hear, _ = process.hear_progress(progress)
    succeeded = execute(job, run_dir, simulator_env(made["simulator"]), run_dir / "sim.log", hear) == 0
    _keep_coverage(run_dir / "coverage.dat")
    if not succeeded:
        return False
    return results.is_file() and "<failure" not in results.read_text(encoding="utf-8")


def _keep_coverage(file: Path) -> None:
    if os.environ.get(COVERAGE) and file.is_file():
        folder = Path(os.environ[COVERAGE])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / f"{uuid.uuid4().hex}.dat")


def execute(
    job: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str],
    log: Path,
    line: Callable[[str], None] | None = None,
) -> int:
    """Run one job of sim/run_bench.py and return its exit code; ``line`` is told each line of what goes to ``log``.

    The simulator's Python finds the modules in the folder of run_bench.py, and none in ``folder``.
    """
    file = folder.resolve() / "job.json"
    file.write_text(json.dumps(job, indent=1) + "\n", encoding="utf-8")
    command = process.python(sim_dir() / "run_bench.py", str(file), first=[sim_dir()])
    tool = f"The simulation with {job['simulator']}"
    return process.run(command, tool=tool, cwd=folder, env=env, log=log, line=line).code


def fresh_dir(workdir: Path, name: str) -> Path:
    """A new folder for one run, so that runs at the same time do not meet."""
    workdir.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=workdir))


def copy_roms(rtl_dir: Path, run_dir: Path) -> None:
    """Copy the ROM files to where the simulation runs: the Verilog names them relative to the current folder."""
    if (rtl_dir / "rom").is_dir():
        shutil.copytree(rtl_dir / "rom", run_dir / "rom", dirs_exist_ok=True)


def tail(log: Path) -> str:
    """The last lines of a log, or the lines that name errors where there are some."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
    return "\n".join((errors or lines)[-TAIL_LINES:])
