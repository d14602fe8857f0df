"""What a record is about, as SHA-256: every file, the data, the command and the tools; and whether that still holds.

A record is *current* while the files that its topic depends on are the ones that it was made from; nothing was changed,
removed or added. SUBJECTS is the one place that says what depends on what.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lmu_hls.records.folder import (
    BENCH,
    CORE,
    INTEGRATION,
    IP_XACT,
    LICENSE,
    MAKEFILE,
    MANIFEST,
    NAMES,
    README,
    ROM,
    RTL,
    SOFTWARE,
    VECTORS,
)

# Not "from lmu_hls import": the package loads its names on demand, and to import-linter that would import them all.
VERSION: str = sys.modules["lmu_hls"].__version__


def _all(*folders: Path) -> tuple[str, ...]:
    return tuple(f"{folder.as_posix()}/**" for folder in folders)


MODEL, CONFIG, SPEC = map(str, (NAMES.model, NAMES.config, NAMES.spec))
CONTRACT = (MODEL, CONFIG, SPEC)
HLS = _all(NAMES.hls)
VERILOG = _all(NAMES.verilog / RTL, NAMES.verilog / ROM)
_BESIDE = VECTORS, BENCH, SOFTWARE, INTEGRATION
_TOP = MANIFEST, MAKEFILE, CORE, README, LICENSE, IP_XACT
# topic -> the files that it depends on; "folder/**" is everything below the folder.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "conversion": (*CONTRACT, str(NAMES.manifest)),
    "project": (
        SPEC,
        *HLS,
        *VERILOG,
        *_all(*(NAMES.verilog / name for name in _BESIDE)),
        *((NAMES.verilog / name).as_posix() for name in _TOP),
    ),
    "precision": CONTRACT,
    "overruns": (SPEC, str(NAMES.precision)),
    "accuracy": (MODEL, SPEC),
    "fidelity": (MODEL, SPEC),
    "csim": (SPEC, *HLS),
    "rtlsim": (SPEC, *VERILOG),
    "synthesis": VERILOG,
    "csynth": HLS,
    "traces": (MODEL, SPEC, *VERILOG),
    "energy": (SPEC, *VERILOG),
    "asic": (*VERILOG, *_all(NAMES.verilog / VECTORS, NAMES.verilog / BENCH)),
}
# What tools leave in those folders. None of it can be read by a compiler or a simulator as a source.
LEFT_BEHIND = tuple(
    f"{NAMES.hls}/{name}" for name in ("csim/*", "lmu_prj/*", "*.log", "*.jou", "*.so", "*.o", "*.tar.gz")
)
CHUNK = 1 << 20

Digests = Mapping[str, str]  # path below the output folder -> SHA-256, "" for what cannot be hashed


@dataclass(frozen=True, slots=True)
class ArrayId:
    """Shape, dtype and SHA-256 of the contents of an array."""

    shape: tuple[int, ...]
    dtype: str
    sha256: str

    @classmethod
    def from_values(cls, values: NDArray[np.generic]) -> ArrayId:
        contents = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        return cls(tuple(map(int, values.shape)), values.dtype.str, hashlib.sha256(contents.data).hexdigest())


@dataclass(frozen=True, slots=True)
class DataSet:
    """The inputs x and, where known, the answers y, and where they came from.

    ``label`` is the name of the file without its folder, or "random, seed 0, 32 samples". ``file`` is its path below
    the output folder where it lies there (it is then hashed with the other files), else "".
    """

    label: str
    x: ArrayId
    y: ArrayId | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one record is about: ``files`` by path below the output folder, the data, ``command`` as it can be repeated.

    ``tools`` has versions by name, ``version`` is that of lmu_hls. A record is not stale because another version is
    installed now: what it says was found with those that it names.
    """

    files: Digests = field(default_factory=dict)
    data: DataSet | None = None
    command: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    version: str = VERSION

    @property
    def extra(self) -> tuple[str, ...]:
        """Files beyond those of the topics: data that lies in the output folder."""
        return (self.data.file,) if self.data and self.data.file else ()

    def difference(self, topics: str | Iterable[str], now: Digests) -> str:
        """The first file that is not as it was, such as "verilog/rom/a.hex has changed"; "" when all are.

        ``now`` comes from :func:`digests` of the whole folder.
        """
        wanted = [pattern for topic in _several(topics) for pattern in SUBJECTS[topic]] + list(self.extra)
        return _difference(_only(self.files, wanted), _only(now, wanted))


def digests(root: Path, extra: Iterable[str] = ()) -> dict[str, str]:
    """SHA-256 of every file that some topic depends on, by its path below ``root``, and of the ``extra`` ones."""
    patterns = dict.fromkeys(pattern for topic in SUBJECTS.values() for pattern in topic)
    found: dict[str, str] = {}
    for pattern in patterns:
        folder = pattern.removesuffix("/**")
        names = _below(root, folder) if folder != pattern else [pattern]
        found.update((name, "") for name in names if os.path.lexists(root / name))
    inside = (name for name in extra if name and not PurePosixPath(name).is_absolute() and ".." not in Path(name).parts)
    found.update((name, "") for name in inside if os.path.lexists(root / name))
    return {name: digest(root / name) for name in sorted(found)}


def of_topics(topics: str | Iterable[str], now: Digests, extra: Iterable[str] = ()) -> dict[str, str]:
    """The part of ``now`` that the topics depend on: the ``files`` of an :class:`Evidence`."""
    return _only(now, [pattern for topic in _several(topics) for pattern in SUBJECTS[topic]] + list(extra))


def digest(path: Path) -> str:
    """SHA-256 of a file's contents; "" for what is no file or cannot be read, which equals nothing."""
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return ""
        with path.open("rb") as file:
            if hasattr(hashlib, "file_digest"):
                return str(hashlib.file_digest(file, "sha256").hexdigest())
            made = hashlib.sha256()
            while block := file.read(CHUNK):
                made.update(block)
            return made.hexdigest()
    except OSError:
        return ""


def _several(topics: str | Iterable[str]) -> Iterable[str]:
    return (topics,) if isinstance(topics, str) else topics


def _below(root: Path, folder: str) -> Iterator[str]:
    """Files below a folder, without what tools left behind; a link to a folder counts as a file that is not hashed."""
    for place, folders, names in os.walk(root / folder):
        here = Path(place).relative_to(root).as_posix()
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in (f"{here}/{name}" for name in (*names, *links)):
            if not any(fnmatchcase(name, pattern) for pattern in LEFT_BEHIND):
                yield name


def _only(files: Digests, patterns: Iterable[str]) -> dict[str, str]:
    exact = set(patterns)
    folders = tuple(pattern.removesuffix("**") for pattern in exact if pattern.endswith("/**"))
    return {name: value for name, value in files.items() if name in exact or name.startswith(folders)}


def _difference(was: Digests, now: Digests) -> str:
    for name in sorted({*was, *now}):
        if name not in now:
            return f"{name} is gone"
        if name not in was:
            return f"{name} is new"
        if was[name] != now[name] or not now[name]:
            return f"{name} has changed"
    return "" if now else "the record names no files"
