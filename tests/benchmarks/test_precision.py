"""The tables of benchmarks/precision.py come out, and show what they are meant to show."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_quick_tables():
    run = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "precision.py"), "--quick"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )
    rows = [re.split(r"\s*│\s*", line.strip("│ ")) for line in run.stdout.splitlines() if line.startswith("│")]
    overflows = [(row[-2], row[-1]) for row in rows if len(row) == 9]
    assert len(overflows) == 8
    assert all(proven == "0" and int(narrow.replace(",", "")) > 0 for proven, narrow in overflows)
    widths = [row for row in rows if len(row) == 11]
    assert len(widths) == 12
    for row in widths:
        measured, predicted, one_bit_fewer = map(float, row[-3:])
        assert one_bit_fewer < 40 <= measured
        assert abs(measured - predicted) < 1.5
