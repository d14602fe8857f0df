"""ROM files are compared with the manifest before synthesis, because Yosys takes a short or altered one in silence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import contained
from lmu_hls.records import load
from lmu_hls.records.evidence import digest
from lmu_hls.records.folder import MANIFEST
from lmu_hls.rtl.manifest import Project

_TEXT = re.compile(r'"([^"\\\n]+)"')


def check_roms(project: Path) -> None:
    """Every ROM file of a Verilog project is what its manifest says. Raises LmuHlsError with the first that is not."""
    listed = load(project / MANIFEST, Project)
    for name, words in listed.words.items():
        wanted, file = listed.files.get(name, ""), contained(project, name, f"{project.name}/{MANIFEST}")
        if wanted and digest(file) == wanted:
            continue
        raise LmuHlsError(
            f"{file} {_fault(file, words)}: it is not the one that the conversion wrote; "
            "restore it, or convert again with: lmu-hls convert MODEL.keras OUTDIR --force"
        )


def data_files(data_dir: Path, verilog: Iterable[Path], parameters: Mapping[str, int | str]) -> list[Path]:
    """The files that the Verilog may read, named from ``data_dir``: ROM files, and what else its texts may name.

    A text in the Verilog or a parameter may be a path, or the last part of one that is put together; edited Verilog may
    name files anywhere.
    """
    texts = {value for value in parameters.values() if isinstance(value, str)}
    for source in verilog:
        with contextlib.suppress(OSError):
            texts.update(_TEXT.findall(source.read_text(encoding="utf-8", errors="replace")))
    names = {text.rpartition("/")[2] for text in texts}
    inside = (path for path in data_dir.rglob("*") if path.suffix == ".hex" or path.name in names)
    outside = (data_dir / text for text in texts if "\0" not in text)
    return sorted(dict.fromkeys(path for path in (*inside, *outside) if _is_file(path)))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a text that is too long for a path
        return False


def _fault(path: Path, words: int) -> str:
    try:
        found = len(path.read_text(encoding="ascii", errors="replace").split())
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if found != words:
        return f"has {found} of {words} words" if found < words else f"has {found} words, {found - words} too many"
    return "has other contents"
