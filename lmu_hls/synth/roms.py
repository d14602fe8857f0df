"""ROM files are compared with the manifest before synthesis, because Yosys takes a short or altered one in silence."""

from __future__ import annotations

from pathlib import Path

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import contained
from lmu_hls.records import load
from lmu_hls.records.evidence import digest
from lmu_hls.rtl.manifest import Project

MANIFEST = "manifest.json"


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


def data_files(data_dir: Path) -> list[Path]:
    """What the Verilog of a project reads: its ROM files."""
    return sorted(path for path in data_dir.rglob("*.hex") if path.is_file())


def _fault(path: Path, words: int) -> str:
    try:
        found = len(path.read_text(encoding="ascii", errors="replace").split())
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    if found != words:
        return f"has {found} of {words} words" if found < words else f"has {found} words, {found - words} too many"
    return "has other contents"
