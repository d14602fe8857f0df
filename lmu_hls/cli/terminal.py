"""What a command shows: progress, warnings, records, each on the stream where it belongs."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lmu_hls.errors import LmuHlsWarning

if TYPE_CHECKING:
    from lmu_hls.report.record import Report

SAY_EVERY = 10.0  # seconds between two lines of progress off a terminal
out = Console()  # both look up the stream when they print
err = Console(stderr=True, soft_wrap=True)


def say(text: str) -> None:
    err.print(text, markup=False, highlight=False)


@contextmanager
def progress_bar() -> Iterator[Any]:
    """A progress bar on stderr, off a terminal a line now and then; the value is a function of (task, done, total)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        tasks: dict[str, Any] = {}
        said: dict[str, float] = {}  # when a line was printed last

        def show(task: str, done: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(task, total=total)
            if not err.is_terminal:  # no bar is drawn there
                if task not in said:
                    err.print(f"{task} ...", markup=False, highlight=False)
                    said[task] = time.monotonic()
                elif time.monotonic() - said[task] >= SAY_EVERY:
                    err.print(f"{task}: {done} of {total}", markup=False, highlight=False)
                    said[task] = time.monotonic()
            bar.update(tasks[task], completed=done, total=total)

        yield show


@contextmanager
def warnings_printed() -> Iterator[None]:
    """Our own warnings as lines of the command; those of others stay what they are."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", LmuHlsWarning)
        yield
    for item in heard:
        if issubclass(item.category, LmuHlsWarning):
            err.print(f"Warning: {item.message}", markup=False, highlight=False, style="yellow")
        else:
            warnings.warn(item.message, item.category, stacklevel=3)


def print_json(record: object) -> None:
    """A record as it stands in its file, or a list of records."""
    from lmu_hls.records import text_of
    from lmu_hls.records.jsonfile import encode

    sys.stdout.write(encode(record) if isinstance(record, (list, tuple)) else text_of(record))


def print_report(report: Report, outdir: Path, json_: bool) -> None:
    """A report that has just been written into ``outdir``. Raises what its `require` raises where it is no pass."""
    from lmu_hls.records.folder import OutputFolder
    from lmu_hls.report import to_json, to_table

    if json_:
        sys.stdout.write(to_json(report))
    else:
        out.print(to_table(report))
        say(f"The report is {OutputFolder(outdir).reports[-1]}")
    report.require()


def show_report(outdir: Path) -> None:
    from lmu_hls.report import build_report, to_table

    out.print(to_table(build_report(outdir)))
