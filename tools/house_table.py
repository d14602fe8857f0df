"""What the tree of a revision is: lines by folder, repeated lines, files that name the tensor mem, the largest files.

python tools/house_table.py [REVISION]...
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("lmu_hls", "hdl", "sim", "tests", "benchmarks", "examples", "tools")
WINDOW = 6  # lines
MEM = re.compile(r"""\bmem_t\b|["']mem["']|\.mem\b""")


def sources(revision: str) -> dict[str, str]:
    """Path -> text of the revision's files in Python, Verilog, C++ and templates."""
    git = ("git", "-C", str(ROOT))
    names = subprocess.run([*git, "ls-tree", "-r", "--name-only", revision], capture_output=True, text=True, check=True)
    wanted = [name for name in names.stdout.splitlines() if name.endswith((".py", ".v", ".h", ".jinja"))]
    request = "".join(f"{revision}:{name}\n" for name in wanted).encode()
    data = subprocess.run([*git, "cat-file", "--batch"], input=request, capture_output=True, check=True).stdout
    texts, place = {}, 0
    for name in wanted:
        start = data.index(b"\n", place) + 1
        size = int(data[place:start].split()[2])
        texts[name] = data[start : start + size].decode()
        place = start + size + 1
    return texts


def repeated(texts: list[str]) -> int:
    """Windows of :data:`WINDOW` lines, without empty ones, that have been seen before."""
    windows: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        windows.update(tuple(lines[k : k + WINDOW]) for k in range(len(lines) - WINDOW + 1))
    return sum(count - 1 for count in windows.values())


def rows(revision: str) -> dict[str, int]:
    """The figures of a revision by their names."""
    texts, table = sources(revision), {}
    for folder in FOLDERS:
        inside = {name: text for name, text in texts.items() if name.startswith(f"{folder}/")}
        table[f"{folder}: lines"] = sum(text.count("\n") for text in inside.values())
        table[f"{folder}: repeated windows"] = repeated(list(inside.values()))
    package = {name: text for name, text in texts.items() if name.startswith("lmu_hls/")}
    table["files of lmu_hls that name the tensor mem or its type"] = sum(bool(MEM.search(t)) for t in package.values())
    table["largest file of lmu_hls in Python"] = max(t.count("\n") for n, t in package.items() if n.endswith(".py"))
    return table


def main(revisions: list[str]) -> None:
    """A row a figure, a column a revision."""
    tables = [rows(revision) for revision in revisions or ["HEAD"]]
    for name in tables[0]:
        print(f"{name:58}", *(f"{table[name]:>8,}" for table in tables))


if __name__ == "__main__":
    main(sys.argv[1:])
