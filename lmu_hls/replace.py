"""How an output folder is replaced: whole or not at all, whenever the run ends, and no file of somebody else with it.

A conversion fills a draft beside the folder. At the end the old folder is renamed, the draft takes its place, and the
old one is deleted. A run that is killed leaves a draft or an old folder, which the next run on the same folder, holding
its lock, knows by their names and by the mark inside: it puts the old folder back where none is in its place, and
deletes the rest.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.lock import NAME as LOCK
from lmu_hls.lock import Tell, locked, real, tell_nobody
from lmu_hls.records.folder import MANIFEST, NAMES, OutputFolder
from lmu_hls.signals import signals_wait

MARK = ".lmu_hls.json"  # in a folder of ours: the files that the conversion wrote
# What the commands write later, those of earlier versions and the demo, too
RESULTS = (*map(str, NAMES.results), "accuracy.json", "precision.svg", "test.npz", MARK, f".{LOCK}")
DERIVED = tuple(path.as_posix() for path in NAMES.derived)
# All of a folder whose conversion did not yet leave the mark
_CONVERTED = (NAMES.manifest, NAMES.model, NAMES.config, NAMES.spec, NAMES.log, NAMES.hls, NAMES.verilog)
_BEFORE = (*RESULTS, *map(str, _CONVERTED))
_NAMED = 3  # foreign files in a message


def check_free(root: Path, force: bool) -> None:
    """Refuse an output folder that holds something, unless ``force`` is given and all of it is ours."""
    if root.exists() and not root.is_dir():
        raise LmuHlsError(f"{root} is a file; name a folder")
    if not root.exists() or not any(root.iterdir()):
        return
    if not (root / MANIFEST).is_file():
        raise LmuHlsError(f"{root} holds files that are not ours; name another folder, or empty it yourself")
    if not force:
        raise LmuHlsError(f"{root} is not empty; add --force to replace it, or name another folder")
    others = foreign(root)
    if others:
        raise LmuHlsError(
            f"{root} holds files that are not ours: {', '.join(others[:_NAMED])}"
            f"{f' and {len(others) - _NAMED} more' if len(others) > _NAMED else ''}; move them elsewhere, or name "
            "another folder"
        )


@contextlib.contextmanager
def alone(root: Path, command: str, tell: Tell = tell_nobody) -> Iterator[None]:
    """Hold the folder's lock, and mend first what a killed run left beside it."""
    with locked(root, command, tell):
        recover(root)
        yield


@contextlib.contextmanager
def replacing(root: Path, force: bool) -> Iterator[OutputFolder]:
    """Fill the given folder, which takes the place of ``root`` at the end; where ``root`` is a link, of its target.

    When the body raises, or is interrupted, what ``root`` held is untouched and nothing is left beside it. The same
    where, meanwhile, something came to ``root`` that is not ours.
    """
    root = real(root)
    draft = _beside(root, "draft")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with alone(root, "convert"):
            check_free(root, force)
            draft.mkdir()
            try:
                _mark(draft, [])
                yield OutputFolder(draft)
                _mark(draft, sorted(_files(draft)))
                with signals_wait():
                    _swap(draft, root, force)
            finally:
                with signals_wait():
                    _remove(draft)
    except OSError as error:
        where, why = error.filename or root, error.strerror or error
        raise LmuHlsError(f"cannot write {where}: {why}; free some space or choose another folder") from error


def recover(root: Path) -> None:
    """Mend what killed runs left beside ``root``, whose lock is held."""
    root = real(root)
    draft, old, trash = (_beside(root, what) for what in ("draft", "old", "trash"))
    if _ours(old):
        if not root.exists() or (root.is_dir() and not any(root.iterdir())):
            old.rename(root)
        elif (root / MANIFEST).is_file():
            old.rename(trash)
    for left in (draft, trash):
        if _ours(left) or (left.is_dir() and not left.is_symlink() and not any(left.iterdir())):
            _remove(left)


def foreign(root: Path) -> list[str]:
    """The files in ``root`` that no command of ours wrote, named from there."""
    try:
        listed = set(json.loads((root / MARK).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        listed = None

    def ours(name: str) -> bool:
        if any(name == folder or name.startswith(f"{folder}/") for folder in DERIVED) or "/__pycache__/" in name:
            return True
        return name in RESULTS or (name in listed if listed is not None else name.partition("/")[0] in _BEFORE)

    return sorted(name for name in _files(root) if not ours(name))


def _files(root: Path) -> Iterator[str]:
    """All that is no folder, links to folders too, named from ``root``."""
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
        for name in (*files, *links):
            yield Path(folder, name).relative_to(root).as_posix()


def _swap(draft: Path, root: Path, force: bool) -> None:
    """Put the draft in the place of ``root``. What cannot be replaced is as it was."""
    if not root.exists() or not any(root.iterdir()):
        try:
            draft.rename(root)  # the system refuses where something is in the folder
        except OSError as error:
            raise LmuHlsError(f"{root} cannot be made: {error.strerror}; is another program at work there?") from error
        return
    old = _beside(root, "old")
    root.rename(old)
    try:
        check_free(old, force)  # after the renaming nothing can come to it any more
        draft.rename(root)
    except BaseException as error:
        old.rename(root)
        if isinstance(error, LmuHlsError):
            reason = str(error).replace(str(old), str(root))
            raise LmuHlsError(f"{reason} (they came while the conversion ran; nothing was changed)") from error
        raise
    trash = _beside(root, "trash")
    old.rename(trash)
    _remove(trash)


def _beside(root: Path, what: str) -> Path:
    return root.with_name(f".{root.name}.lmu_hls-{what}")


def _mark(folder: Path, files: list[str]) -> None:
    (folder / MARK).write_text(json.dumps({"files": files}, indent=1) + "\n", encoding="utf-8")


def _ours(folder: Path) -> bool:
    """Whether a folder beside the output folder was one of ours."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return (folder / MARK).is_file() or (folder / MANIFEST).is_file()


def _remove(folder: Path) -> None:
    """Delete a folder, its mark last, so that the rest is known again where this is cut short."""
    if not folder.is_dir():
        return
    with contextlib.suppress(OSError):
        if not (folder / MARK).is_file():
            _mark(folder, [])
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != MARK:
                path.unlink()
        if {path.name for path in folder.iterdir()} <= {MARK}:
            shutil.rmtree(folder, ignore_errors=True)
