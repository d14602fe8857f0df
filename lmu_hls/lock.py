"""One run at a time on an output folder: the second one says who is at work and waits.

The lock is a file beside the folder (inside it, where nothing can be written beside it). It is held by the system for
the process, so it ends with it however the process ends; the file is removed when the lock is given back.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.signals import signals_wait

NAME = "lmu_hls-lock"
Tell = Callable[[str], None]
_held: set[tuple[Path, int]] = set()


def tell_nobody(text: str) -> None:
    """Say nothing."""


@contextlib.contextmanager
def locked(root: Path, command: str, tell: Tell = tell_nobody) -> Iterator[None]:
    """Hold the lock of the folder ``root``, which need not be there, for ``command``; wait for it where need be.

    Within one thread it may be taken again. ``tell`` hears whom it waits for. Raises LmuHlsError when the lock file
    cannot be made. Where neither the folder nor the one above it can be written there is no lock, as there is nothing
    to be written either.
    """
    place = _place(real(root))
    key = (place, threading.get_ident()) if place else None
    if place is None or key is None or key in _held:
        yield
        return
    file = _acquire(place, root, command, tell)
    try:
        _held.add(key)
        yield
    finally:
        with signals_wait():
            _held.discard(key)
            with contextlib.suppress(OSError):
                place.unlink()
            os.close(file)


def real(root: Path) -> Path:
    """The folder itself, where ``root`` is a link to it."""
    return Path(os.path.realpath(root))


def _place(root: Path) -> Path | None:
    if os.access(root.parent, os.W_OK | os.X_OK):
        return root.with_name(f".{root.name}.{NAME}")
    if root.is_dir() and os.access(root, os.W_OK | os.X_OK):
        return root / f".{NAME}"
    return None


def _acquire(place: Path, root: Path, command: str, tell: Tell) -> int:
    """The open file that holds the lock."""
    while True:
        try:
            file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LmuHlsError(f"cannot lock {root} with {place}: {error.strerror}; is it a folder of yours?") from error
        try:
            _wait(file, root, tell)
            if _is(file, place):  # not one that its holder has removed meanwhile
                os.ftruncate(file, 0)
                os.pwrite(file, json.dumps({"pid": os.getpid(), "command": command}).encode(), 0)
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _wait(file: int, root: Path, tell: Tell) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(f"{root} is in use by {_holder(file)}; waiting for it. Stop waiting with Ctrl-C.")
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        tell(f"{root} is on a file system without locks; let no other run use it at the same time.")


def _is(file: int, place: Path) -> bool:
    try:
        there = place.stat()
    except FileNotFoundError:
        return False
    opened = os.fstat(file)
    return (there.st_dev, there.st_ino) == (opened.st_dev, opened.st_ino)


def _holder(file: int) -> str:
    try:
        found = json.loads(os.pread(file, 4096, 0))
        return f"'{found['command']}' (process {found['pid']})"
    except (ValueError, KeyError, TypeError):
        return "another run"
