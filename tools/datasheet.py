"""hdl/README.md, a datasheet made from the headers of the modules; with --check, only say whether it is that.

A header is the comment at the top of a file. Its parts, in this order:

    // SPDX-License-Identifier: Apache-2.0
    // What the module does.
    //
    //   the equation, in lines with three blanks before them          where there is one
    //
    //   Signal   Width   Direction   Description                      the table of ports
    //
    //   Cycles (when they hold); symbols
    //   latency = formula    from what to what                        and ii, and symbols of the formulas

Explanations stand behind a formula after two blanks or more, behind an equation after three. Property modules need no
cycles.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from lmu_hls.errors import LmuHlsError
from lmu_hls.naming import markdown
from lmu_hls.resources import hdl_dir, hdl_modules, property_modules
from lmu_hls.rtl.copies import without_formal

README = hdl_dir() / "README.md"
SUBJECTS = {
    "number": "Numbers: types, rounding, functions",
    "store": "Memories and delays",
    "stream": "Streams",
    "matrix": "A matrix times a vector",
    "memory": "The LMU's memory, and what is written to it",
    "cell": "Hidden cells",
    "head": "Behind the last layer",
    "host": "What the host sees",
    "formal": "Properties that many proofs share",
}
_SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
_EQUATION = re.compile(r"^[^=]{1,40}=")
_CYCLES = re.compile(r"^Cycles(?: \([^)]*\))?;?\s*(.*)")
_FORMULA = re.compile(r"^(\w+) +=")
_PARAMETERS = re.compile(r"^module \w+ #\(\n(.*?)^\) \(", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"(\w+) = ")
_INSTANCE = re.compile(r"^ *((?:lmu|f)_\w+)\s+(?:#\s*\(|\w+\s*\()", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row. ``cycles`` are the formulas of latency and ii, ``where`` those of their symbols.

    ``inside`` are the modules of which it has instances.
    """

    module: str
    does: str
    equation: tuple[str, ...]
    cycles: tuple[str, ...]
    where: tuple[str, ...]
    parameters: tuple[str, ...]
    inside: tuple[str, ...]


def entry(path: Path, with_cycles: bool = True) -> Entry:
    """What the header of the module in ``path`` says. Raises LmuHlsError for a part that it lacks."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith(_SPDX):
        raise _lacks(path, _SPDX.strip())
    header = [line[3:].rstrip() for line in _comment(text[len(_SPDX) :])]
    does = _until(header, lambda line: not line or line.startswith("  "))
    if not does or does[-1][-1] not in ".:":
        raise _lacks(path, "a first sentence that says what the module does")
    ports = next((k for k, line in enumerate(header) if re.match(r"  Signal +Width +Direction", line)), None)
    if ports is None:
        raise _lacks(path, "a table of ports: Signal, Width, Direction, Description")
    block = [line.strip() for line in _until(header[len(does) + 1 : ports], lambda line: not line.startswith("  "))]
    cycles, where = _cycles(header[ports:])
    if with_cycles and not any(line.startswith("latency") for line in cycles):
        raise _lacks(path, "a paragraph `Cycles` with a line `latency = ...`")
    source = without_formal(text)
    declared = _PARAMETERS.search(source)
    return Entry(
        module=path.stem,
        does=" ".join(does).removesuffix(":").removesuffix(".") + ".",
        equation=tuple(block) if any(map(_EQUATION.match, block)) else (),
        cycles=cycles,
        where=where,
        parameters=tuple(_PARAMETER.findall(re.sub(r"//.*", "", declared[1]))) if declared else (),
        inside=tuple(sorted(set(_INSTANCE.findall(source)) - {path.stem})),
    )


def _lacks(path: Path, part: str) -> LmuHlsError:
    return LmuHlsError(f"The header of {path} lacks {part}. tools/datasheet.py says what a header has.")


def _comment(text: str) -> list[str]:
    return _until(text.splitlines(), lambda line: not line.startswith("//"))


def _until(lines: list[str], ends: Callable[[str], bool]) -> list[str]:
    """The lines before the first one that ``ends``."""
    end = next((k for k, line in enumerate(lines) if ends(line)), len(lines))
    return lines[:end]


def _cycles(header: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of latency and ii, and those of the symbols in them, without explanations."""
    lines = [line.strip() for line in header]
    start = next((k for k, line in enumerate(lines) if _CYCLES.match(line)), None)
    if start is None:
        return (), ()
    head = _CYCLES.match(lines[start])
    assert head is not None
    paragraph = _until(lines[start:], lambda line: not line)[1:]
    found = [re.split(r"\s{2,}", re.sub(r"^(\w+) +=", r"\1 =", line))[0] for line in paragraph]
    formulas = [line for line in found if _FORMULA.match(line)]
    cycles = tuple(line for line in formulas if line.startswith(("latency", "ii")))
    symbols = [head[1].rstrip(";")] if head[1] else []
    return cycles, tuple(symbols + [line for line in formulas if line not in cycles])


def datasheet() -> str:
    """The text of hdl/README.md. Raises LmuHlsError for a header that lacks a part or a folder without a title."""
    folders: dict[str, list[Entry]] = {}
    for path in (*hdl_modules().values(), *property_modules().values()):
        folders.setdefault(path.parent.name, []).append(entry(path, path.parent.name != "formal"))
    if folders.keys() != SUBJECTS.keys():
        raise LmuHlsError(f"{hdl_dir()} has the folders {sorted(folders)}, tools/datasheet.py has {sorted(SUBJECTS)}.")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(markdown=markdown, code=_code, equation=_equation)
    text = environment.get_template("datasheet.md.jinja").render(subjects=SUBJECTS, folders=folders)
    unknown = set(re.findall(r"\blmu_[a-z_]+", text)) - hdl_modules().keys() - {"lmu_hls"}
    if unknown:
        raise LmuHlsError(f"The datasheet names {sorted(unknown)}, which hdl/ does not have.")
    return text


def _equation(lines: tuple[str, ...]) -> str:
    """Lines of equations in a cell of a table, with their explanations."""
    rows = []
    for line in lines:
        match = re.match(r"[^=]*=", line)
        left, right = (match[0], line[match.end() :]) if match else ("", line)
        first, *others = re.split(" {3,}", right)
        parts = [_code((left + first,)), *(_code((other,)) if "=" in other else markdown(other) for other in others)]
        rows.append(" ".join(parts))
    return "<br>".join(rows)


def _code(lines: tuple[str, ...]) -> str:
    """Lines of code in a cell of a table."""
    return "<br>".join(f"`{re.sub(' +', ' ', line)}`" for line in lines).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write it, or with --check return 1 when it differs."""
    try:
        text = datasheet()
    except LmuHlsError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in arguments:
        README.write_text(text, encoding="utf-8")
        return 0
    if not README.is_file() or README.read_text(encoding="utf-8") != text:
        print(f"{README} is not what the headers say: run tools/datasheet.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
