"""Which of the collected tests run: those of thorough.py get their mark; ``--part K/N`` takes a part of the others."""

from __future__ import annotations

import zlib
from fnmatch import fnmatchcase

import pytest

from tests.support.thorough import THOROUGH

UNUSED = pytest.StashKey[list[tuple[str, str]]]()  # (file, pattern) that fit none of the tests that were collected


def is_thorough(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a test is left out: the last pattern that fits decides."""
    left_out = False
    for pattern in patterns:
        if fnmatchcase(name, pattern.removeprefix("!")):
            left_out = not pattern.startswith("!")
    return left_out


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--part",
        metavar="K/N",
        help="of the tests that are chosen otherwise, the K-th of N parts that are equal but for chance",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    used: set[tuple[str, str]] = set()
    for item in items:
        file, _, name = item.nodeid.partition("::")
        patterns = THOROUGH.get(file.removeprefix("tests/"), ())
        used |= {(file, pattern) for pattern in patterns if is_thorough(name, (pattern.removeprefix("!"),))}
        if is_thorough(name, patterns) and not any(item.iter_markers("slow")) and not any(item.iter_markers("nightly")):
            item.add_marker("thorough")
    every = {(f"tests/{file}", pattern) for file, patterns in THOROUGH.items() for pattern in patterns}
    config.stash[UNUSED] = sorted(every - used)
    if part := config.getoption("--part"):
        number, of = map(int, part.split("/"))
        chosen = [item for item in items if zlib.crc32(item.nodeid.encode()) % of == number % of]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
