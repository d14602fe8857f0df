"""How an output folder is replaced without losing the one before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.folder import OutputFolder


def check_free(root: Path, force: bool) -> None:
    """Refuse an output folder that holds something, unless it is one of ours and ``force`` is given."""
    if root.exists() and not root.is_dir():
        raise LmuHlsError(f"{root} is a file; name a folder")
    if not root.exists() or not any(root.iterdir()):
        return
    if not OutputFolder(root).manifest.is_file():
        raise LmuHlsError(f"{root} holds files that are not ours; name another folder, or empty it yourself")
    if not force:
        raise LmuHlsError(f"{root} is not empty; add --force to replace it, or name another folder")


@contextmanager
def replacing(root: Path, force: bool) -> Iterator[OutputFolder]:
    """Fill a folder beside ``root`` and put it in the place of ``root`` at the end.

    When the body raises, or is interrupted, what ``root`` held is untouched and nothing is left beside it.
    """
    root = root.absolute()
    check_free(root, force)
    draft = root.with_name(f".{root.name}.{os.getpid()}.draft")
    try:
        draft.mkdir(parents=True)
        yield OutputFolder(draft)
        _swap(draft, root)
    except OSError as error:
        where, why = error.filename or root, error.strerror or error
        raise LmuHlsError(f"cannot write {where}: {why}; free some space or choose another folder") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _swap(draft: Path, root: Path) -> None:
    if not root.exists():
        draft.rename(root)
        return
    old = root.with_name(f".{root.name}.{os.getpid()}.old")
    root.rename(old)
    try:
        draft.rename(root)
    except OSError:
        old.rename(root)
        raise
    shutil.rmtree(old, ignore_errors=True)
