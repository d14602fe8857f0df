"""The tables of benchmarks/precision.py come out, and show what they are meant to show."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "precision.py"


def rows(text: str) -> list[list[str]]:
    return [re.split(r"\s*│\s*", line.strip("│ ")) for line in text.splitlines() if line.startswith("│")]


def judge(lines: list[list[str]], sizes: int) -> None:
    """Four rows a size: no overflow with the proven bits, 40 dB with the bits found and not with one fewer."""
    overflows = [(row[-2], row[-1]) for row in lines if len(row) == 9]
    assert len(overflows) == 4 * min(sizes, 2)
    assert all(proven == "0" and int(narrow.replace(",", "")) > 0 for proven, narrow in overflows)
    widths = [row for row in lines if len(row) == 11]
    assert len(widths) == 4 * sizes
    for row in widths:
        measured, predicted, one_bit_fewer = map(float, row[-3:])
        assert one_bit_fewer < 40 <= measured
        assert abs(measured - predicted) < 1.5


def smallest(bits_fewer: int = 0) -> list[list[str]]:
    """The tables of order 6; with ``bits_fewer`` in mem than proven."""
    module = runpy.run_path(str(SCRIPT))
    channel_at = module["channel_at"]
    module["adversary_table"].__globals__["channel_at"] = lambda *arguments: channel_at(
        *arguments[:5], sum(arguments[5:]) + bits_fewer
    )
    console = Console(width=132)
    sizes = module["SIZES"][:1]
    tables = [
        module["stability_table"](sizes),
        module["adversary_table"](sizes, 2000),
        module["width_table"](sizes, True),
    ]
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    return rows(capture.get())


def test_the_smallest_tables() -> None:
    judge(smallest(), 1)


def test_a_bit_too_few_is_seen() -> None:
    with pytest.raises(AssertionError):
        judge(smallest(bits_fewer=1), 1)


def test_quick_tables() -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )
    judge(rows(run.stdout), 3)
