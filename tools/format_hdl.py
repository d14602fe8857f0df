"""Bring the instances in hdl/ into the layout of ``lmu_hls.rtl.layout``; with --check, only name the files that differ.

Instances with a comment among their connections, and those of property modules, stay as they are.
"""

import re
import sys

from lmu_hls.resources import hdl_modules
from lmu_hls.rtl.layout import instance

_HEAD = re.compile(r"^( *)(lmu_\w+)\s+(#\s*\(|\w+\s*\()", re.MULTILINE)
_ENTRY = re.compile(r"\s*\.(\w+)\s*\(")


def formatted(text: str) -> str:
    """The Verilog with all its instances in that layout."""
    done, place = [], 0
    for head in _HEAD.finditer(text):
        end = text.index(";", head.end()) + 1
        source = text[head.start() : end]
        if "//" in source:
            continue
        done += [text[place : head.start()], _layout(head[2], source, len(head[1]))]
        place = end
    return "".join([*done, text[place:]])


def _layout(module: str, source: str, indent: int) -> str:
    rest = source[source.index(module) + len(module) :].lstrip()
    parameters: dict[str, str] = {}
    if rest.startswith("#"):
        parameters, rest = _connections(rest[rest.index("(") + 1 :])
    name, rest = rest.split("(", 1)
    return instance(module, name.strip(), parameters, _connections(rest)[0], indent).rstrip("\n")


def _connections(text: str) -> tuple[dict[str, str], str]:
    """The connections up to the bracket that closes them, and the text behind it."""
    found = {}
    while entry := _ENTRY.match(text):
        end = _closing(text, entry.end())
        found[entry[1]] = " ".join(text[entry.end() : end].split())
        text = text[end + 1 :].lstrip().removeprefix(",")
    if not text.lstrip().startswith(")"):
        raise ValueError(f"an instance that cannot be read: {text[:80]!r}")
    return found, text.lstrip()[1:].lstrip()


def _closing(text: str, place: int) -> int:
    """Where the bracket closes that opens before ``place``."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
    return place - 1


def main(arguments: list[str]) -> int:
    """Write the files, or with --check return 1 when one differs."""
    differ = 0
    for path in hdl_modules().values():
        text = path.read_text(encoding="utf-8")
        if (wanted := formatted(text)) != text:
            differ += 1
            print(path)
            if "--check" not in arguments:
                path.write_text(wanted, encoding="utf-8")
    return int(differ > 0 and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
