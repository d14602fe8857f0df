"""A number with its unit and its source."""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = ("formula", "count", "keras", "golden", "csim", "rtl_sim", "synth", "pnr", "csynth", "cosim")


def check_source(source: str) -> None:
    """ValueError for what is none of SOURCES."""
    if source not in SOURCES:
        raise ValueError(f"source {source!r} is none of {', '.join(SOURCES)}")


def check_counts(record: object, *names: str) -> None:
    """ValueError for a negative one among the fields ``names``."""
    for name in names:
        value = getattr(record, name)
        if value < 0:
            raise ValueError(f"{name} is {value}, but a count cannot be negative")


@dataclass(frozen=True, slots=True)
class Number:
    """A value with its unit ("cycles", "%", "" for a bare count) and where it came from (one of SOURCES)."""

    value: int | float
    unit: str
    source: str

    def __post_init__(self) -> None:
        check_source(self.source)

    def __str__(self) -> str:
        return f"{self.value} {self.unit}".rstrip()
