"""`pytest --cpu 20`: processor time of each file and of the dearest tests, children included.

The wall time of a test depends on what else runs, its processor time hardly does, so budgets are set in it. With the
workers of pytest-xdist, too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

_KEY = "processor seconds"
_tests: Counter[str] = Counter()
_start = 0.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu", type=int, default=0, metavar="N", help="print the processor time of N files and tests")


def _used() -> float:
    """Seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What comes before is not of the first test; its set-up is."""
    global _start
    _start = _used()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """A report of set-up, call and tear-down each says what all until then has taken in this process."""
    report = yield
    report.user_properties = [*report.user_properties, (_KEY, _used() - _start)]
    return report


_last: dict[object, float] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    worker = getattr(report, "node", None)
    used = dict(report.user_properties).get(_KEY)
    if used is not None:
        _tests[report.nodeid] += used - _last.get(worker, 0.0)
        _last[worker] = used


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = config.getoption("--cpu")
    if count:
        files: Counter[str] = Counter()
        for test, seconds in _tests.items():
            files[test.split("::")[0]] += seconds
        terminalreporter.section(f"processor time: {_tests.total():.1f} s in {len(_tests)} tests")
        for name, seconds in [*files.most_common(count), *_tests.most_common(count)]:
            terminalreporter.write_line(f"{seconds:7.2f} s  {name}")
