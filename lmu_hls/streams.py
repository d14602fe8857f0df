"""The standard streams of the command line: closed ones lead nowhere, and a pipe without a reader is no error."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any, TextIO, cast


class _Output(io.RawIOBase):
    """A file descriptor; once its reader has gone, or writing has failed, what is written is lost without a word."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor, self._gone = descriptor, False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._gone:
            try:
                return os.write(self._descriptor, data)
            except OSError as error:
                self._gone = True
                if not isinstance(error, BrokenPipeError):
                    raise  # once: a full disk, say
        return len(data)


def take() -> None:
    """Put streams like this in the place of sys.stdin, sys.stdout and sys.stderr. Before any file is opened.

    A closed descriptor gets the null device, as the next file that is opened would get its number and with it what is
    printed. What native libraries write to descriptor 2 goes nowhere; what Python prints to sys.stderr is seen.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # a descriptor, not a path
    _flush(sys.stdout)
    _flush(sys.stderr)
    sys.stdout = _stream(1, sys.stdout)
    sys.stderr = _stream(os.dup(2), sys.stderr)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _flush(stream: TextIO | None) -> None:
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.flush()


def _stream(descriptor: int, like: TextIO | None) -> TextIO:
    raw = _Output(descriptor)
    return io.TextIOWrapper(
        io.BufferedWriter(cast(Any, raw)),
        encoding=like.encoding if like else "utf-8",
        errors="backslashreplace",  # a name that the terminal's encoding lacks is no reason to fail
        line_buffering=descriptor != 1 or raw.isatty(),
    )
