"""Building and running cocotb benches in processes of their own; builds are kept by the hash of what goes into them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmu_hls import process
from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import sim_dir
from lmu_hls.toolchain import find, simulator_env

BUILT = "built.json"
# Names a folder: Verilator then counts the lines and toggles of the Verilog, and each run leaves a file there.
COVERAGE = "LMU_COVERAGE"
TAIL_LINES = 15


def build(simulator: str, sources: Sequence[Path], top: str, workdir: Path, waves: bool = False) -> Path:
    """Compile Verilog for cocotb and return the build folder in ``workdir``, which is reused while nothing changes.

    A build is made beside its final place, so that an interrupted one is never taken for whole. Raises LmuHlsError
    when a tool is absent or the compilation fails, with the end of the compiler's output.
    """
    env = simulator_env(simulator)
    coverage = simulator == "verilator" and bool(os.environ.get(COVERAGE))
    digest = hashlib.sha256(json.dumps([simulator, find(simulator).version, top, waves, coverage]).encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    digest.update((sim_dir() / "run_bench.py").read_bytes())
    workdir.mkdir(parents=True, exist_ok=True)
    target = workdir.resolve() / f"build-{digest.hexdigest()[:16]}"
    with (workdir / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the same build asked for twice at a time is made once
        if not target.is_dir():
            _compile(simulator, sources, top, target, env, waves, coverage)
    return target


def _compile(
    simulator: str, sources: Sequence[Path], top: str, target: Path, env: Mapping[str, str], waves: bool, coverage: bool
) -> None:
    draft = target.with_name(f"unfinished-{target.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    job = {
        "simulator": simulator,
        "sources": [str(source.resolve()) for source in sources],
        "top": top,
        "build_dir": str(draft),
        "waves": waves,
        "coverage": coverage,
    }
    log = draft / "build.log"
    if execute(job, draft, env, log) != 0:
        raise LmuHlsError(f"{simulator} could not compile {top}; the full text is in {log}\n{tail(log)}")
    (draft / BUILT).write_text(json.dumps(job) + "\n", encoding="utf-8")
    draft.rename(target)


def run(built: Path, module: str, run_dir: Path, variables: Mapping[str, str], waves: bool = False) -> bool:
    """Run the tests of a cocotb module on a build in ``run_dir``; True when the simulator and all tests succeed.

    What the simulator prints is in ``run_dir/sim.log``. The counts of a build with coverage go to the folder named by
    the environment variable LMU_COVERAGE.
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
    succeeded = execute(job, run_dir, simulator_env(made["simulator"]), run_dir / "sim.log") == 0
    _keep_coverage(run_dir / "coverage.dat")
    if not succeeded:
        return False
    return results.is_file() and "<failure" not in results.read_text(encoding="utf-8")


def _keep_coverage(file: Path) -> None:
    if os.environ.get(COVERAGE) and file.is_file():
        folder = Path(os.environ[COVERAGE])
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / f"{uuid.uuid4().hex}.dat")


def execute(job: Mapping[str, Any], folder: Path, env: Mapping[str, str], log: Path) -> int:
    """Run one job of sim/run_bench.py and return its exit code.

    The simulator's Python finds the modules in the folder of run_bench.py, and none in ``folder``.
    """
    file = folder.resolve() / "job.json"
    file.write_text(json.dumps(job, indent=1) + "\n", encoding="utf-8")
    command = process.python(sim_dir() / "run_bench.py", str(file), first=[sim_dir()])
    return process.run(command, tool=f"The simulation with {job['simulator']}", cwd=folder, env=env, log=log).code


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
