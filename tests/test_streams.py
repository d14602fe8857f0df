"""Closed standard streams, pipes without a reader and a full disk behind them."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_VERIFIED = 4


def shell(command, redirection):
    line = f"{shlex.quote(sys.executable)} -m lmu_hls.cli {command} {redirection}"
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "| head -1", "| true"])
def test_streams_that_are_closed_change_nothing_else(converted, closed):
    done = shell(f"report {converted}", closed)
    assert done.returncode == NOT_VERIFIED, done.stderr
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
    assert ("2>&-" in closed) == (done.stderr == "")
    assert (">&-" in closed.replace("2>&-", "") or "true" in closed) == (done.stdout == "")
    assert (converted / "report.md").read_text().startswith("# ")  # and not what was to be printed


@pytest.mark.parametrize("command", ["--help", "doctor --json"])
def test_other_output_into_a_pipe_without_a_reader(command):
    done = shell(command, "| true")
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("option", ["", "--json"])
def test_a_full_disk_behind_stdout_is_one_message(converted, option):
    done = shell(f"report {converted} {option}", "> /dev/full")
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "The disk is full" in done.stderr
