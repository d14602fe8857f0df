"""Building and running cocotb benches in processes of their own; builds are kept by the hash of what goes into them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import sim_dir
from lmu_hls.toolchain import find, simulator_env

DONE = "built.json"
TAIL_LINES = 15


def build(simulator: str, sources: Sequence[Path], top: str, workdir: Path, waves: bool = False) -> Path:
    """Compile Verilog for cocotb and return the build folder, which lies in ``workdir`` and is reused while nothing changes.

    Raises LmuHlsError when a tool is absent or the compilation fails, with the end of the compiler's output.
    """
    env = simulator_env(simulator)
    digest = hashlib.sha256(json.dumps([simulator, find(simulator).version, top, waves]).encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    digest.update((sim_dir() / "run_bench.py").read_bytes())
    target = workdir.resolve() / f"build-{digest.hexdigest()[:16]}"
    if (target / DONE).is_file():
        return target
    target.mkdir(parents=True, exist_ok=True)
    job = {
        "simulator": simulator,
        "sources": [str(source.resolve()) for source in sources],
        "top": top,
        "build_dir": str(target),
        "waves": waves,
    }
    log = target / "build.log"
    if execute(job, target, env, log) != 0:
        raise LmuHlsError(f"{simulator} could not compile {top}; the full text is in {log}\n{tail(log)}")
    (target / DONE).write_text(json.dumps(job) + "\n", encoding="utf-8")
    return target


def run(built: Path, module: str, run_dir: Path, variables: Mapping[str, str], waves: bool = False) -> bool:
    """Run the tests of a cocotb module on a build in ``run_dir``; True when the simulator and all tests succeed.

    What the simulator prints is in ``run_dir/sim.log``.
    """
    made = json.loads((built / DONE).read_text(encoding="utf-8"))
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
    if execute(job, run_dir, simulator_env(made["simulator"]), run_dir / "sim.log") != 0:
        return False
    return results.is_file() and "<failure" not in results.read_text(encoding="utf-8")


def execute(job: Mapping[str, Any], folder: Path, env: Mapping[str, str], log: Path) -> int:
    """Run one job of sim/run_bench.py and return its exit code; an interrupt takes its child processes along."""
    file = folder / "job.json"
    file.write_text(json.dumps(job, indent=1) + "\n", encoding="utf-8")
    command = [sys.executable, str(sim_dir() / "run_bench.py"), str(file)]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def fresh_dir(workdir: Path, name: str) -> Path:
    """A new folder for one run, so that runs at the same time do not meet."""
    workdir.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=workdir))


def copy_roms(rtl_dir: Path, run_dir: Path) -> None:
    """Copy the ROM files to where the simulation runs, because the Verilog names them relative to the current folder."""
    if (rtl_dir / "rom").is_dir():
        shutil.copytree(rtl_dir / "rom", run_dir / "rom", dirs_exist_ok=True)


def tail(log: Path) -> str:
    """The last lines of a log, or the lines that name errors where there are some."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if "error" in line.lower() or "FATAL" in line]
    return "\n".join((errors or lines)[-TAIL_LINES:])
