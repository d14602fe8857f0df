"""Which records of an output folder still speak of the files that lie there."""

from __future__ import annotations

from dataclasses import dataclass

CURRENT, STALE, NOT_RUN, NOT_FINISHED, EDITED = "current", "stale", "not run", "not finished", "edited"
STATES = (CURRENT, STALE, NOT_RUN, NOT_FINISHED, EDITED)


@dataclass(frozen=True, slots=True)
class Standing:
    """One record: what it is called, the data that it is about ("" for none), and its state.

    current: every file that it depends on is as it was.
    stale: the first one that is not stands in `reason`, and nothing of the record is shown.
    not finished: a check that was begun and was interrupted, or ended in an error.
    edited: the project is not what convert wrote. That is allowed, but what convert computed of it is not shown.
    `remedy` is the command that makes the record current. `judged`: the verdict depends on it.
    """

    record: str
    data: str
    state: str
    reason: str = ""
    remedy: str = ""
    judged: bool = True

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"state {self.state!r} is none of {', '.join(STATES)}")

    @property
    def name(self) -> str:
        return f"{self.record}, {self.data}" if self.data else self.record

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.name} is {self.state}{why}" + (f"; run: {self.remedy}" if self.remedy else "")
