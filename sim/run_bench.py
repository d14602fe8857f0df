"""Builds and runs a cocotb bench with cocotb's own runner: `python run_bench.py JOB.json`, one process a job.

The JSON file holds simulator, sources, top, build_dir and waves; to run what was built, also test_module,
test_dir, results and env (more environment variables). The folder of this file is on the path of the simulator's
Python.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cocotb_tools.runner import get_runner


def build(job: dict[str, Any]) -> None:
    """Compile job's sources into its build_dir; with Verilator lmu_hls/verify/verilator.py does it."""
    get_runner(job["simulator"]).build(
        sources=job["sources"],
        hdl_toplevel=job["top"],
        build_dir=job["build_dir"],
        timescale=("1ns", "1ps"),
        waves=job["waves"],
        always=True,
    )


def run(job: dict[str, Any]) -> None:
    """Run job's test module on what `build` made."""
    get_runner(job["simulator"]).test(
        hdl_toplevel=job["top"],
        hdl_toplevel_lang="verilog",
        build_dir=job["build_dir"],
        test_module=job["test_module"],
        test_dir=job["test_dir"],
        results_xml=job["results"],
        timescale=("1ns", "1ps"),
        waves=job["waves"],
        plusargs=["+dumpfile_path=dump.fst"] if job["waves"] else [],
        extra_env={"COCOTB_REWRITE_ASSERTION_FILES": "", **job["env"]},
    )


if __name__ == "__main__":
    todo = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    (run if "test_module" in todo else build)(todo)
