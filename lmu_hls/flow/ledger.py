"""verify.json while `verify` runs: what of earlier runs stays in it, and what of this run is in it already.

A check is one implementation on one data set (told by the contents of x), with evidence of its own. When `verify`
starts, these rows go:

- the checks that it is going to make, and the reference of its data. They come back one by one as they end; until then
  they stand there as not finished, and so does what an interruption or an error leaves;
- checks of the same implementations on other data, and references of other data, whose files have changed since.

All else stays: other simulators, other data. A row whose files change later stays too, and `report` calls it stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lmu_hls.errors import LmuHlsError, NotVerified
from lmu_hls.records import Check, Comparison, Conversion, Reference, Timing, Verification, dump, evidence, load
from lmu_hls.records.evidence import DataSet, Digests, Evidence
from lmu_hls.records.folder import OutputFolder
from lmu_hls.records.traces import Traces

REFERENCE = ("overruns", "accuracy", "fidelity")  # topics


@dataclass(slots=True)
class Ledger:
    """The record of a run on ``data``, and the files as they were before it."""

    folder: OutputFolder
    data: DataSet
    before: Digests
    record: Verification

    @classmethod
    def begin(
        cls, folder: OutputFolder, data: DataSet, before: Digests, checks: Sequence[tuple[str, str, str]]
    ) -> Ledger:
        """Take the rows that this run makes out of verify.json, and the reports away.

        ``before`` are the files, from before anything was read; ``checks`` are (name, topic, command). Raises
        NotVerified when the folder holds another network than convert wrote.
        """
        changed = load(folder.conversion, Conversion).evidence.difference("conversion", before)
        if changed:
            raise NotVerified(
                f"{changed} since the conversion of {folder.root}; convert again: lmu-hls convert --force"
            )
        made = cls(folder, data, before, _remaining(folder, data, [name for name, _, _ in checks], before))
        opened = (Check(name, topic, made._evidence(topic, command, {})) for name, topic, command in checks)
        made.record = replace(made.record, checks=(*made.record.checks, *opened))
        folder.forget(folder.verification, folder.traces)
        dump(folder.verification, made.record)
        return made

    def enter(self, name: str, comparison: Comparison, timing: Timing | None, tools: dict[str, str]) -> None:
        """A check that has ended. Raises LmuHlsError, and leaves it unfinished, when a file changed meanwhile."""
        (opened,) = (check for check in self.record.checks if check.name == name and self._mine(check))
        self._unchanged(opened.topic)
        ended = replace(opened, evidence=replace(opened.evidence, tools=tools), comparison=comparison, timing=timing)
        self.record = replace(
            self.record, checks=tuple(ended if check is opened else check for check in self.record.checks)
        )
        dump(self.folder.verification, self.record)

    def refer(self, command: str, tools: dict[str, str], reference: Reference) -> None:
        """What golden and Keras gave."""
        self._unchanged(*REFERENCE)
        full = replace(reference, evidence=self._evidence(REFERENCE, command, tools))
        self.record = replace(self.record, references=(*self.record.references, full))
        dump(self.folder.verification, self.record)

    def trace(self, traces: Traces) -> None:
        """What is drawn of this run; it replaces that of the run before."""
        commands = [check.evidence.command for check in self.record.checks if self._mine(check)]
        about = self._evidence("traces", commands[-1] if commands else "", {})
        self._unchanged("traces")
        dump(self.folder.traces, replace(traces, evidence=about))

    def _evidence(self, topics: str | Sequence[str], command: str, tools: dict[str, str]) -> Evidence:
        files = evidence.of_topics(topics, self.before, [self.data.file])
        return Evidence(files, self.data, command, tools)

    def _mine(self, check: Check) -> bool:
        return check.evidence.data is not None and check.evidence.data.x == self.data.x

    def _unchanged(self, *topics: str) -> None:
        now = evidence.digests(self.folder.root, [self.data.file])
        changed = self._evidence(topics, "", {}).difference(topics, now)
        if changed:
            raise LmuHlsError(f"{changed} while {self.folder.root} was being verified; run the command again")


def _remaining(folder: OutputFolder, data: DataSet, names: Sequence[str], now: Digests) -> Verification:
    """The rows of earlier runs that stay. A record that cannot be read has none."""
    try:
        earlier = load(folder.verification, Verification)
    except LmuHlsError:
        return Verification()
    rows: tuple[Check | Reference, ...] = (*earlier.checks, *earlier.references)
    extra = [file for row in rows for file in row.evidence.extra]
    now = {**now, **evidence.digests(folder.root, extra)} if extra else now

    def stays(row: Check | Reference, again: bool, topics: str | Sequence[str]) -> bool:
        same = row.evidence.data is None or row.evidence.data.x == data.x
        return not again or (not same and not row.evidence.difference(topics, now))

    return Verification(
        tuple(check for check in earlier.checks if stays(check, check.name in names, check.topic)),
        tuple(item for item in earlier.references if stays(item, True, REFERENCE)),
    )
