"""Processes of a test, found again by a mark in their environment, whoever their parent is by now."""

import contextlib
import os
import time
import uuid
from pathlib import Path

MARK = "LMU_HLS_TEST_MARK"


def new_mark():
    return uuid.uuid4().hex


def alive(mark):
    """Process numbers of all living processes with this mark; zombies have no environment left."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def wait_for(condition, seconds=20.0):
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)  # looking at all processes takes time, too
    return True


def all_gone(mark, seconds=5.0):
    return wait_for(lambda: not alive(mark), seconds)


def names(mark):
    """Names of the programs with this mark."""
    found = []
    for number in alive(mark):
        with contextlib.suppress(OSError):
            found.append(Path("/proc", str(number), "comm").read_text().strip())
    return found
