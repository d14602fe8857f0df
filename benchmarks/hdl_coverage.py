"""Line and toggle coverage of hdl/ under Verilator from the benches in tests/hdl: `python benchmarks/hdl_coverage.py`.

Exit status 1 when fewer than 95 % of the lines of all modules together have run, or when a bench has failed. With
--keep, the counts of earlier runs stay; with --report, nothing is run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lmu_hls.resources import hdl_dir, hdl_modules
from lmu_hls.verify.coverage import ModuleCoverage, read, total
from lmu_hls.verify.simulator import COVERAGE

TARGET = 95.0
ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "coverage"


def collect(arguments: list[str]) -> int:
    """Run the benches of tests/hdl under Verilator; their counts go to FOLDER."""
    command = [sys.executable, "-m", "pytest", "-q", "-k", "verilator", "-m", "not slow", *(arguments or ["tests/hdl"])]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, COVERAGE: str(FOLDER)}).returncode


def row(entry: ModuleCoverage) -> str:
    lines = f"{entry.lines_hit:5d} of {entry.lines:5d}  {entry.line_percent:6.2f} %"
    return f"{entry.module:28s} {lines}   {entry.toggles_hit:6d} of {entry.toggles:6d}  {entry.toggle_percent:6.2f} %"


def main(arguments: list[str]) -> int:
    options = {"--keep", "--report"} & set(arguments)
    if not options:
        shutil.rmtree(FOLDER, ignore_errors=True)
    failed = 0 if "--report" in options else collect([entry for entry in arguments if entry not in options])
    modules = read(sorted(FOLDER.glob("*.dat")), hdl_dir())
    unseen = sorted(hdl_modules().keys() - {entry.module for entry in modules})
    everything = total(modules)
    print(f"{'module':28s} {'lines and branches':24s}   toggles")
    for entry in (*modules, everything):
        print(row(entry))
    for missed in everything.missed_lines:
        print(f"never run: {missed}")
    if unseen:
        print(f"no bench under Verilator, or nothing to count: {', '.join(unseen)}")
    return 1 if failed or everything.line_percent < TARGET else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
