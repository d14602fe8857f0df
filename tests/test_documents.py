"""Every command that a document shows is one: the parser of the command line takes it, make and Python find it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from lmu_hls import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "tests/README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCK = re.compile(r"^(?:    )?((?:lmu-hls|make|python)\b(?:\\\n|[^\n])*)", re.MULTILINE)
INLINE = re.compile(r"`((?:lmu-hls|make|python) [^`\n]+)`")
PLACEHOLDER = re.compile(r"[A-Z]+")  # for a value: N, NAME, TYPE
# Of the folders that convert and board write
WRITTEN = ("lmu_hls/rtl/templates/Makefile.jinja", "lmu_hls/boards/host.py")
Refused = typer.BadParameter.__bases__[0]  # click's UsageError, wherever typer has it from


def commands(text: str) -> Iterator[tuple[list[str], bool]]:
    """The words of each command, and whether it stands alone in its line, so that nothing may be lacking in it."""
    for alone, found in ((True, BLOCK.findall(text)), (False, INLINE.findall(text))):
        for line in found:
            yield shlex.split(line.replace("\\\n", " "), comments=True), alone


def fault(words: list[str], alone: bool) -> str | None:
    """What is wrong with a command."""
    if words[0] == "make":
        targets = [word for word in words[1:] if "=" not in word]
        makefiles = "".join((ROOT / name).read_text() for name in ("Makefile", WRITTEN[0]))
        unknown = [name for name in targets if not re.search(rf"^{re.escape(name)}:", makefiles, re.MULTILINE)]
        return f"no target {unknown}" if unknown else None
    if words[0] == "python":
        place = Path(words[2].replace(".", "/")) if words[1] == "-m" else Path(words[1])
        tried = (place, place.with_suffix(".py"), place / "__main__.py")
        known = any((ROOT / path).is_file() for path in tried) or place.name == Path(WRITTEN[1]).name
        return None if known else f"no {place}"
    try:
        parse(words[1:], alone)
    except Refused as error:
        said = str(error.format_message())
        return None if not alone and said.endswith("requires an argument.") else said
    return None


def parse(words: list[str], alone: bool) -> None:
    """Take the words apart as the command line does, without what its options do. Raises Refused."""
    command = typer.main.get_command(cli.app).commands.get(words[0])
    if command is None:
        raise Refused(f"no command {words[0]!r}")
    for parameter in command.params:
        parameter.callback = None
        parameter.required = parameter.required and alone
    command.no_args_is_help = False
    command.make_context(words[0], ["1" if PLACEHOLDER.fullmatch(word) else word for word in words[1:]])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_those_that_there_are(document: Path) -> None:
    wrong = [
        (" ".join(words), said) for words, alone in commands(document.read_text()) if (said := fault(words, alone))
    ]
    assert wrong == []


def test_documents_show_commands() -> None:
    shown = [words for document in DOCUMENTS for words, _ in commands(document.read_text())]
    assert len(shown) > 60 and {words[1] for words in shown if words[0] == "lmu-hls"} >= {"convert", "verify", "synth"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lmu-hls convret m.keras out", "no command"),
        ("    lmu-hls convert m.keras out --reuse-fctor 4", "No such option"),
        ("lmu-hls convert m.keras", "Missing argument"),
        ("lmu-hls doctor out", "unexpected extra argument"),
        ("lmu-hls synth out --seeds x", "valid integer"),
        ("lmu-hls synth out --target ecp5-85k \\\n    --seeds 0", "greater than or equal to 1"),
        ("see `lmu-hls report --jsn`", "No such option"),
        ("`make tst`", "no target"),
        ("python -m examples.absent", "no examples"),
    ],
)
def test_a_wrong_command_is_seen(text: str, said: str) -> None:
    assert said in next(f for words, alone in commands(text) if (f := fault(words, alone)))
