"""Signals that end this process: everything unwinds, and steps that must be whole are."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

REPEAT_S = 3.0
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """SIGINT, SIGTERM or SIGHUP, whose number is ``signum``; everything unwinds as after Ctrl-C."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum


@contextlib.contextmanager
def signals_unwind() -> Iterator[list[int]]:
    """Inside, SIGINT, SIGTERM and SIGHUP raise :class:`Interrupted`; those that were ignored (nohup) stay ignored.

    An exception can get lost: while Python deletes an object, or in an import that survives the failure of another.
    It is therefore raised again every ``REPEAT_S`` until the block ends. The value is the list of signals that came.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # where no signal is handled
        yield came
        return

    def interrupt(signum: int, frame: FrameType | None) -> None:
        came.append(signum)
        signal.setitimer(signal.ITIMER_REAL, REPEAT_S, REPEAT_S)
        raise Interrupted(signum)

    def again(signum: int, frame: FrameType | None) -> None:
        raise Interrupted(came[0])

    before: dict[signal.Signals, Any] = {signal.SIGALRM: signal.signal(signal.SIGALRM, again)}
    try:
        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, interrupt)
        yield came
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Inside, signals that Python handles wait; they are handled at the end. For a few quick steps that must be whole.

    Does nothing outside the main thread, where no signal is handled.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (*_STOPPING, signal.SIGALRM)}
    handled = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handled:
        signal.signal(number, lambda signum, frame: came.append(signum))
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
        for signum in came[:1]:
            handled[signal.Signals(signum)](signum, None)
