"""Compiled programs, kept in the user's cache by the hash of all that goes into them.

Nothing that lies in an output folder is taken for a build of ours. An entry records the SHA-256 of each of its files;
one that is damaged or not whole is made again. The folder belongs to the user and is closed to others; it is
``LMU_HLS_CACHE``, else ``lmu_hls`` in ``XDG_CACHE_HOME`` or ``~/.cache``, and can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import inspect
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lmu_hls.errors import LmuHlsError

PACKAGE = __name__.partition(".")[0]
VARIABLE = "LMU_HLS_CACHE"
LIMIT_BYTES = 2 << 30  # the oldest entries go first
IN_USE_S = 3600.0  # an entry that was asked for this recently may still be needed
RECORD = "entry.json"
_UNFINISHED = "unfinished-"
# What changes the work of compilers beside their arguments
_ENVIRONMENT = (
    "CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "AR", "LINK", "CPATH", "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "LD_LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX",
)  # fmt: skip


def built(kind: str, parts: Sequence[str | bytes], make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` filled for these ``parts``, made now unless it is there, whole and unchanged.

    ``parts`` are all that the result depends on: sources, flags, paths and versions of tools; the environment's
    variables for compilers are added. ``make`` gets an empty folder, which is moved afterwards. The same build asked
    for twice at a time is made once.
    Raises LmuHlsError when the cache cannot be used, and what ``make`` raises; nothing is then kept.
    """
    digest = _digest([kind, *parts, *(f"{name}={os.environ.get(name, '')}" for name in _ENVIRONMENT)])
    try:
        root = cache_dir()
        entry = root / f"{kind}-{digest[:32]}"
        with _locked(root, entry):
            if not _sound(entry):
                _make(entry, make)
                prune(root, keep=entry)
            os.utime(entry / RECORD)
    except OSError as error:
        raise LmuHlsError(
            f"cannot keep builds in {error.filename or 'the cache'}: {error.strerror or error}; free some space, or "
            f"set {VARIABLE} to a folder of your own"
        ) from error
    return entry


def code_of(*functions: Callable[..., Any]) -> list[str]:
    """The hash of each file of ours that functions stand in or use: parts of what is built by them."""
    found: dict[str, str] = {}
    waiting = [inspect.getmodule(function) for function in functions]
    while waiting:
        module = waiting.pop()
        if module is None or module.__name__ in found or module.__name__.partition(".")[0] != PACKAGE:
            continue
        found[module.__name__] = hashlib.sha256(Path(inspect.getfile(module)).read_bytes()).hexdigest()
        waiting += [value if inspect.ismodule(value) else inspect.getmodule(value) for value in vars(module).values()]
    return [f"{name} {found[name]}" for name in sorted(found)]


def cache_dir() -> Path:
    """The folder of the builds, made if absent; LmuHlsError when others could write to it."""
    named = os.environ.get(VARIABLE)
    root = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lmu_hls"
    root = root.absolute()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = root.stat()
    if info.st_uid != os.geteuid() or stat.S_IMODE(info.st_mode) & 0o022:
        raise LmuHlsError(
            f"the cache of builds {root} belongs to another user or can be written by others; give it to yourself with "
            f"chmod 700, or set {VARIABLE} to a folder of your own"
        )
    return root


def prune(root: Path, keep: Path | None = None) -> None:
    """Delete the entries that were not used for longest, until the rest has at most ``LIMIT_BYTES``.

    Those of the last ``IN_USE_S`` stay, and so does ``keep``. What interrupted builds left goes, too.
    """
    entries = []
    for folder in root.iterdir():
        if folder.name.startswith(_UNFINISHED):
            _delete(root, folder.name.removeprefix(_UNFINISHED), folder)
        else:
            with contextlib.suppress(OSError):  # no entry, or another process has just deleted it
                used = (folder / RECORD).stat().st_mtime
                entries.append((used, sum(file.stat().st_size for file in folder.rglob("*")), folder))
    total = sum(size for _, size, _ in entries)
    for _, size, folder in sorted(entries):
        if total <= LIMIT_BYTES:
            break
        if folder != keep and _delete(root, folder.name, folder, IN_USE_S):
            total -= size


def _delete(root: Path, name: str, folder: Path, unused_s: float = 0.0) -> bool:
    """Delete the folder of an entry, unless somebody is at it or, with ``unused_s``, has asked for it since."""
    with _lock_file(root, name).open("w") as lock, contextlib.suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not unused_s or time.time() - (folder / RECORD).stat().st_mtime > unused_s:
            shutil.rmtree(folder, ignore_errors=True)
            return True
    return False


def _digest(parts: Sequence[str | bytes]) -> str:
    """SHA-256 of the parts, each with its length, so that they cannot run into each other."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


@contextlib.contextmanager
def _locked(root: Path, entry: Path) -> Iterator[None]:
    """One of 256 locks a kind, so that they need not be deleted; held by the process, it ends with it."""
    lock_file = _lock_file(root, entry.name)
    lock_file.parent.mkdir(exist_ok=True)
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_file(root: Path, name: str) -> Path:
    """Kinds have locks of their own: what makes one kind may ask for another."""
    kind, _, digest = name.rpartition("-")
    return root / "locks" / f"{kind}-{digest[:2]}"


def _make(entry: Path, make: Callable[[Path], None]) -> None:
    draft = entry.with_name(_UNFINISHED + entry.name)
    for left in (draft, entry):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir()
    try:
        make(draft)
        (draft / RECORD).write_text(json.dumps(_files(draft), indent=1) + "\n", encoding="utf-8")
        draft.rename(entry)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _files(folder: Path) -> dict[str, list[str]]:
    """SHA-256 and mode of each file."""
    return {
        file.relative_to(folder).as_posix(): [
            hashlib.sha256(file.read_bytes()).hexdigest(),
            oct(stat.S_IMODE(file.stat().st_mode)),
        ]
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != RECORD
    }


def _sound(entry: Path) -> bool:
    """Whether all files of the entry are there as they were made."""
    try:
        recorded = json.loads((entry / RECORD).read_text(encoding="utf-8"))
        found = _files(entry)
    except (OSError, ValueError):
        return False
    if not isinstance(recorded, dict) or not recorded:
        return False
    return all(found.get(name) == facts for name, facts in recorded.items())
