"""SAIF, as Verilator writes it: for each bit how long it was 1, and how often it changed (IEEE 1801, Annex I)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmu_hls.errors import LmuHlsError

_TOKEN = re.compile(
    r"\(\s*INSTANCE\s+(?P<instance>[^\s()]+)"
    r"|\(\s*(?P<net>[^\s()]+)\s*(?P<counts>(?:\(\s*(?:T[01XZBC]|IG)\s+\d+\s*\)\s*)+)\)"
    r"|\(\s*DURATION\s+(?P<duration>\d+)\s*\)"
    r"|[()]"
)
_COUNT = re.compile(r"\(\s*(T[01XZBC]|IG)\s+(\d+)\s*\)")
_STATES = ("T0", "T1", "TX", "TZ", "TB")


@dataclass(frozen=True, slots=True)
class Toggles:
    """A bit of a simulation: time units in which it was 1, and ``changes`` from 0 to 1 and from 1 to 0."""

    high: int
    changes: int


@dataclass(frozen=True, slots=True)
class Saif:
    """``nets`` by full name, its scopes joined by dots and its bit in brackets; ``duration`` in time units."""

    duration: int
    nets: Mapping[str, Toggles]


def read_saif(path: Path) -> Saif:
    """The file. Raises LmuHlsError where it is damaged: not closed, or a bit whose states do not fill the duration."""
    try:
        return parse_saif(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LmuHlsError(f"{path} is no activity file: {error}. Run lmu-hls energy again.") from error


def parse_saif(text: str) -> Saif:
    """The contents of a SAIF file. Raises ValueError where it is damaged."""
    duration: int | None = None
    nets: dict[str, Toggles] = {}
    scopes: list[str] = []  # of each open bracket, the scope inside it
    for match in _TOKEN.finditer(text):
        if match["instance"]:
            scopes.append(f"{scopes[-1] if scopes else ''}{_plain(match['instance'])}.")
        elif match["counts"]:
            counts = {name: int(value) for name, value in _COUNT.findall(match["counts"])}
            name = (scopes[-1] if scopes else "") + _plain(match["net"])
            if duration is None or sum(counts.get(state, 0) for state in _STATES) != duration or "TC" not in counts:
                raise ValueError(f"the counts of {name} are not those of {duration} time units")
            nets[name] = Toggles(counts["T1"], counts["TC"])
        elif match["duration"]:
            duration = int(match["duration"])
        elif match[0] == "(":
            scopes.append(scopes[-1] if scopes else "")
        elif not scopes:
            raise ValueError("it has a bracket too many")
        else:
            scopes.pop()
    if scopes or duration is None or not nets:
        raise ValueError("it ends too early")
    return Saif(duration, nets)


def _plain(name: str) -> str:
    return name.replace("\\", "")
