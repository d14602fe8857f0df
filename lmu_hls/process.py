"""Running external programs: each in a process group of its own, which ends whole, whatever ends the run.

A program that is left early - by an exception, a signal, a time limit - takes everything it started along: first
SIGTERM, after ``GRACE_S`` SIGKILL, to the whole group. That this process itself is killed with SIGKILL is seen by a
small shell on a pipe, which then kills the group. What stays: a program that moves to a session of its own, and one
whose parent is killed in the microseconds between starting it and telling the shell.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lmu_hls.errors import LmuHlsError
from lmu_hls.signals import signals_wait

LIMIT_S = 3600.0
LIMIT_VARIABLE = "LMU_HLS_TOOL_TIMEOUT"
LIMIT_REMEDY = f"Allow it more time with --tool-timeout SECONDS, or with {LIMIT_VARIABLE} in the environment."
GRACE_S = 2.0
KEPT_BYTES = 4 << 20  # of captured output, the last ones
_LINE_BYTES = 1 << 20  # of a line without an end that are waited for
_TICK_S = 0.05
# End of file without a line before it: whoever started this has been killed.
_WATCH = 'read -r group && { read -r ended || kill -9 "-$group"; }'
_ISOLATED = """\
import json, runpy, sys
sys.path[:] = json.loads(sys.argv[1])
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_MEMORY = re.compile(
    r"cannot allocate memory|virtual memory exhausted|out of memory|std::bad_alloc|killed signal terminated|"
    r"\bKilled \(program|^MemoryError", re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_CRASH = re.compile(r"internal compiler error|segmentation fault|illegal instruction|bus error", re.IGNORECASE)

_limit_s: float | None = None
_thread = threading.local()  # ``over``: the event that ends what this thread runs


class ToolTimeout(LmuHlsError):
    """A program took longer than it may."""


class Stopped(LmuHlsError):
    """The run that this program was part of has ended."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended: ``code`` is its exit status, -N after signal N; ``output`` what it printed, if captured."""

    code: int
    output: str = ""


def run(
    command: Sequence[str | Path],
    *,
    tool: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    log: Path | None = None,
    line: Callable[[str], None] | None = None,
    limit: float | None = None,
) -> Done:
    """Run a program to its end, stdout and stderr together.

    ``tool`` names it in messages. ``stdin`` is what it reads on stdin (default: nothing). With ``log`` all it prints
    goes to that file, which stays; else the end of it (``KEPT_BYTES``) is captured. ``line`` is told each line, without
    its line break, as it comes. ``limit`` is in seconds; the default is that of :func:`default_limit`.

    Raises ToolTimeout at the limit, Stopped when the :func:`threads` are to end, LmuHlsError when the program cannot be
    started. Any exception, also one that ``line`` raises, ends the program and all that it started.
    """
    limit = default_limit() if limit is None else limit
    deadline = time.monotonic() + limit
    with contextlib.ExitStack() as files:
        source: int | IO[bytes] = subprocess.DEVNULL if stdin is None else files.enter_context(_spooled(stdin))
        file = None if log is None else files.enter_context(log.open("wb", buffering=0))
        target: int | IO[bytes] = file if file is not None and line is None else subprocess.PIPE
        with _group(command, tool, cwd, env, source, target) as process:
            try:
                text = _read(process, deadline, line, file)
                _wait(process, deadline)
            except (subprocess.TimeoutExpired, TimeoutError):
                raise ToolTimeout(_late(tool, limit, log)) from None
    return Done(process.returncode, text)


@contextlib.contextmanager
def session(
    command: Sequence[str | Path], *, tool: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A program to talk with: its stdin and its output, stdout and stderr together. It ends with the block.

    Raises LmuHlsError when the program cannot be started.
    """
    with _group(command, tool, cwd, env, subprocess.PIPE, subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdin, process.stdout
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()


@contextlib.contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that run programs. When the block is left by an exception, what they run is ended, the rest dropped."""
    over = threading.Event()

    def begin() -> None:
        _thread.over = over

    with ThreadPoolExecutor(count, initializer=begin) as pool:
        try:
            yield pool
        except BaseException:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def python(script: Path, *arguments: str, first: Sequence[Path] = ()) -> list[str]:
    """The command that runs a Python file of ours, which imports nothing from the folder that it runs in.

    The new interpreter ignores the environment (``-I``) and gets the folders in ``first``, then those on this one's
    path that do not depend on where it runs.
    """
    path = [*map(str, first), *(entry for entry in sys.path if entry and Path(entry).is_absolute())]
    return [sys.executable, "-I", "-c", _ISOLATED, json.dumps(path), str(script), *arguments]


def hear_progress(progress: Callable[[int], None]) -> tuple[Callable[[str], None], deque[str]]:
    """The ``line`` of :func:`run` for a program of ours that prints "done N", and the last of its other lines."""
    printed: deque[str] = deque(maxlen=1000)

    def hear(line: str) -> None:
        if line.startswith("done "):
            progress(int(line.split()[1]))
        else:
            printed.append(line)

    return hear, printed


def trouble(code: int, output: str) -> str | None:
    """Why a failed program could not do its work, where that is not the fault of its input; None where it may be."""
    if _FULL.search(output):
        return "the disk is full: free some space and run the command again"
    if code in (-signal.SIGKILL, 128 + signal.SIGKILL) or _MEMORY.search(output):
        return "it was killed or ran out of memory: close other programs, or use a machine with more memory"
    if code < 0:
        return f"it crashed ({_signal_name(-code)}): run the command again, or use another version of it"
    if _CRASH.search(output):
        return "it crashed: run the command again, or use another version of it"
    return None


def default_limit() -> float:
    """Seconds that one run of a program may take: set by :func:`set_limit`, else by the environment, else an hour.

    Raises LmuHlsError when the environment holds no number of seconds.
    """
    if _limit_s is not None:
        return _limit_s
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    try:
        seconds = float(text or LIMIT_S)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise LmuHlsError(f"{LIMIT_VARIABLE} is {text!r}; set it to a number of seconds, such as 600")
    return seconds


def set_limit(seconds: float | None) -> None:
    """Set what :func:`default_limit` gives; None returns to the environment's value."""
    global _limit_s
    if seconds is not None and not 0 < seconds < float("inf"):
        raise LmuHlsError(f"a tool timeout of {seconds:g} s is not possible; give a number of seconds above 0")
    _limit_s = seconds


@contextlib.contextmanager
def _group(
    command: Sequence[str | Path],
    tool: str,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    source: int | IO[bytes],
    target: int | IO[bytes],
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own; at the end of the block nothing of the group is left."""
    with contextlib.ExitStack() as last:
        with signals_wait():
            tell = last.enter_context(_watcher())
            try:
                process = subprocess.Popen(
                    [str(part) for part in command], cwd=cwd, env=None if env is None else dict(env), stdin=source,
                    stdout=target, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise LmuHlsError(
                    f"{tool} cannot be started: {error.strerror}: {error.filename or command[0]}"
                ) from error
            last.callback(_end, process)
            tell(process.pid)
        yield process


@contextlib.contextmanager
def _watcher() -> Iterator[Callable[[int], None]]:
    """A shell that kills the group which it is told of when this process dies without another word."""
    try:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except OSError:  # no shell: all but SIGKILL is still dealt with
        yield lambda group: None
        return
    pipe = shell.stdin
    assert pipe is not None

    def tell(group: int) -> None:
        with contextlib.suppress(OSError):
            os.write(pipe.fileno(), f"{group}\n".encode())

    try:
        yield tell
    finally:
        with contextlib.suppress(OSError):
            os.write(pipe.fileno(), b"0\nended\n")  # the first is for a shell that knows of no group yet
        with contextlib.suppress(OSError):
            pipe.close()
        shell.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group: SIGTERM, ``GRACE_S`` for the leader, SIGKILL."""
    try:
        if process.poll() is None:
            _signal(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_S)
    finally:
        _signal(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read(
    process: subprocess.Popen[bytes], deadline: float, line: Callable[[str], None] | None, log: IO[bytes] | None
) -> str:
    """What the process prints up to its end, the last ``KEPT_BYTES``, or all of it in ``log``; TimeoutError at the
    deadline."""
    if process.stdout is None:
        return ""
    kept: deque[bytes] = deque()
    size, rest = 0, b""
    for chunk in _chunks(process, process.stdout.fileno(), deadline):
        if log is None:
            kept.append(chunk)
            size += len(chunk)
        else:
            log.write(chunk)
        while kept and size - len(kept[0]) >= KEPT_BYTES:
            size -= len(kept.popleft())
        if line is not None:
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LINE_BYTES:
                whole, rest = [*whole, rest], b""
            for text in whole:
                line(text.decode("utf-8", "replace"))
    if line is not None and rest:
        line(rest.decode("utf-8", "replace"))
    return b"".join(kept).decode("utf-8", "replace")


def _wait(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait for the end; subprocess.TimeoutExpired at the deadline."""
    while True:
        left = deadline - time.monotonic()
        patience = min(left, _TICK_S) if hasattr(_thread, "over") else left
        try:
            process.wait(max(0.0, patience))
            return
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise
            _heed_end()


def _heed_end() -> None:
    over: threading.Event | None = getattr(_thread, "over", None)
    if over is not None and over.is_set():
        raise Stopped("the run was ended")


def _chunks(process: subprocess.Popen[bytes], stream: int, deadline: float) -> Iterator[bytes]:
    """Bytes as they come, until the end of the stream or of the process: what it leaves behind may hold the stream."""
    ended = False
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if time.monotonic() > deadline:
                raise TimeoutError
            _heed_end()
            if selector.select(0 if ended else _TICK_S):
                chunk = os.read(stream, 1 << 16)
                if not chunk:
                    return
                yield chunk
            elif ended:
                return
            else:  # it may have printed and ended since: look once more
                ended = process.poll() is not None


@contextlib.contextmanager
def _spooled(text: str) -> Iterator[IO[bytes]]:
    """A file that holds the text, to be read from its start."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.seek(0)
        yield file


def _late(tool: str, limit: float, log: Path | None) -> str:
    where = f" What it printed is in {log}." if log else ""
    return f"{tool} did not end within {limit:g} s and was stopped.{where} {LIMIT_REMEDY}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
