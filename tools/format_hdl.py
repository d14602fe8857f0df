"""Bring the Verilog in hdl/ into one layout; with --check, only name the files that differ.

Instances are laid out as ``lmu_hls.rtl.layout`` says; those with a comment among their connections, and those of
property modules, stay as they are. In the head of a module the ports of a stream, those of an access to a memory, and
clk, rst and en share a line, and so do the parameters of one type below one comment.
"""

import re
import sys
from itertools import groupby

from lmu_hls.resources import hdl_modules, property_modules
from lmu_hls.rtl.layout import LINE, instance

_PARAMETERS = re.compile(r"^module \w+ #\(\n(.*?)^\) \(\n", re.MULTILINE | re.DOTALL)
_PORTS = re.compile(r"^(?:module \w+|\)) \(\n(.*?)^\);\n", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"    (parameter (?:integer |\[[^]]*\] )?)(\w+ = .*?),?")
_PORT = re.compile(
    r"(?:ap_)?(?:clk|rst|en|ce)|(\w+_axil_a?[wrb])\w+|(\w+_axis)_\w+|(wr|rd)_\w+|([sm])_(?:valid|ready|last|data)"
)
_HEAD = re.compile(r"^( *)(lmu_\w+)\s+(#\s*\(|\w+\s*\()", re.MULTILINE)
_ENTRY = re.compile(r"\s*\.(\w+)\s*\(")


def formatted(text: str) -> str:
    """The Verilog with all its instances in that layout."""
    done, place = [], 0
    for head in _HEAD.finditer(text):
        end = text.index(";", head.end()) + 1
        source = text[head.start() : end]
        if "//" in source or "`" in source:  # comments and conditions stay where they are
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


def head(text: str) -> str:
    """The Verilog with the parameters and the ports of its module in that layout; ports under a condition stay."""
    if found := _PARAMETERS.search(text):
        text = text[: found.start(1)] + _parameters(found[1]) + text[found.end(1) :]
    if (found := _PORTS.search(text)) and "`" not in found[1]:
        text = text[: found.start(1)] + _ports(found[1]) + text[found.end(1) :]
    return text


def _parameters(source: str) -> str:
    """Those of one type that follow one another are one declaration: ``parameter integer A_W = 16, B_W = 16``."""
    done: list[str] = []
    kind = ""
    for line in source.splitlines():
        found = _PARAMETER.fullmatch(line)
        if found is None:
            done, kind = [*done, line], ""
            continue
        longer = f"{done[-1]}, {found[2]}" if found[1] == kind else ""
        if longer and len(longer) < LINE:
            done[-1] = longer
        else:
            done.append(f"    {found[1]}{found[2]}")
        kind = found[1]
    return _with_commas(done)


def _ports(source: str) -> str:
    """Ports of a group share a line, and so do others of one kind that follow one another: ``input wire clk, rst``."""
    done: list[str] = []
    kind = ""
    ports: list[tuple[str, str]] = []  # what is declared, and the name
    for entry in re.split(r",\s*(?![^[]*\])", " ".join(source.split())):
        declared, _, name = entry.rpartition(" ")
        kind = re.sub(r"\[ +", "[", declared) or kind
        ports.append((kind, name))
    for _, members in groupby(ports, key=lambda port: _group(port[1]) or port[0]):
        line = kind = ""
        for kind_here, name in members:
            entry = name if kind_here == kind else f"{kind_here} {name}"
            if line and len(line) + len(entry) + 2 < LINE:
                line += f", {entry}"
            else:
                done += [line] if line else []
                line = f"    {kind_here} {name}"
            kind = kind_here
        done.append(line)
    return _with_commas(done)


def _group(port: str) -> str:
    """The group of a port; "" for none."""
    found = _PORT.fullmatch(port)
    return "" if found is None else next(filter(None, found.groups()), "clk")


def _with_commas(lines: list[str]) -> str:
    """The lines of a list, with commas between its entries: behind each line but the last and comments."""
    last = len(lines) - 1
    return "".join(
        f"{line}{',' if k < last and not line.lstrip().startswith('//') else ''}\n" for k, line in enumerate(lines)
    )


def main(arguments: list[str]) -> int:
    """Write the files, or with --check return 1 when one differs."""
    differ = 0
    for path in (*hdl_modules().values(), *property_modules().values()):
        text = path.read_text(encoding="utf-8")
        if (laid_out := head(formatted(text))) != text:
            differ += 1
            print(path)
            if "--check" not in arguments:
                path.write_text(laid_out, encoding="utf-8")
    return int(differ > 0 and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
