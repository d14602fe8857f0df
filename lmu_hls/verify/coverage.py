"""Line and toggle coverage of the Verilog, from the counts that Verilator leaves after each simulation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lmu_hls.errors import LmuHlsError

_RECORD = re.compile(r"^C '(.*)' (\d+)$")
_KINDS = {"line": "line", "branch": "line", "toggle": "toggle"}


@dataclass(frozen=True, slots=True)
class ModuleCoverage:
    """Coverage of one Verilog file, all its instances and configurations together.

    lines: statements and branches, as Verilator counts them. toggles: bits, each of 0->1 and 1->0 being one.
    missed_lines: "LINE what" of each statement or branch that never ran.
    """

    module: str
    lines: int
    lines_hit: int
    toggles: int
    toggles_hit: int
    missed_lines: tuple[str, ...]

    @property
    def line_percent(self) -> float:
        return _percent(self.lines_hit, self.lines)

    @property
    def toggle_percent(self) -> float:
        return _percent(self.toggles_hit, self.toggles)


def _percent(hit: int, total: int) -> float:
    return 100.0 * hit / total if total else 100.0


def read(files: Iterable[Path], sources: Path) -> tuple[ModuleCoverage, ...]:
    """Coverage of each Verilog file below the folder `sources`, sorted by name.

    What other files count (test benches, copies with seeded faults) is left out. Raises LmuHlsError when there are no
    counts for `sources`.
    """
    counts: dict[str, dict[tuple[str, ...], int]] = defaultdict(lambda: defaultdict(int))
    for file in files:
        for record in file.read_text(encoding="utf-8", errors="replace").splitlines():
            match = _RECORD.match(record)
            if not match:
                continue
            fields = dict(part.split("\x02", 1) for part in match.group(1).split("\x01") if "\x02" in part)
            source = Path(fields["f"])
            if source.is_relative_to(sources) and fields["t"] in _KINDS:
                point = (_KINDS[fields["t"]], fields["l"], fields.get("n", ""), fields.get("o", ""))
                counts[source.stem][point] += int(match.group(2))
    if not counts:
        raise LmuHlsError(f"There are no coverage counts of the Verilog in {sources}. Run `make coverage`.")
    return tuple(_module(name, counts[name]) for name in sorted(counts))


def total(modules: Iterable[ModuleCoverage]) -> ModuleCoverage:
    """All modules as one."""
    each = tuple(modules)
    missed = tuple(f"{entry.module}:{line}" for entry in each for line in entry.missed_lines)
    return ModuleCoverage(
        "all",
        sum(entry.lines for entry in each),
        sum(entry.lines_hit for entry in each),
        sum(entry.toggles for entry in each),
        sum(entry.toggles_hit for entry in each),
        missed,
    )


def _module(name: str, counts: dict[tuple[str, ...], int]) -> ModuleCoverage:
    lines = {point: count for point, count in counts.items() if point[0] == "line"}
    toggles = [count for point, count in counts.items() if point[0] == "toggle"]
    missed = sorted((int(point[1]), point[3]) for point, count in lines.items() if not count)
    return ModuleCoverage(
        name,
        len(lines),
        len(lines) - len(missed),
        len(toggles),
        sum(count > 0 for count in toggles),
        tuple(f"{line} {what}" for line, what in missed),
    )
