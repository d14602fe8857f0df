"""What a module of the library is in a written project: all but its proofs.

The sections under ``ifdef FORMAL`` name property modules that are not in the project, and no user's tool reads them.
"""

from __future__ import annotations

from functools import lru_cache

FORMAL = "FORMAL"
_OPENING = ("`ifdef", "`ifndef")


@lru_cache(maxsize=256)  # every project has the same ones, and asks for each several times
def without_formal(source: str) -> str:
    """``source`` as it reads where FORMAL is not defined: the lines under it go, and so do its directives.

    Other conditions stay as they are. Raises ValueError where one of them does not end, or ends twice.
    """
    kept: list[str] = []
    # Of each open condition: whether it is about FORMAL, and whether its lines count
    conditions: list[tuple[bool, bool]] = []
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        directive, _, rest = line.strip().partition(" ")
        if directive in _OPENING:
            about = rest.split("//")[0].strip() == FORMAL
            conditions.append((about, not about or directive == "`ifndef"))
        elif directive in ("`else", "`endif"):
            if not conditions:
                raise ValueError(f"line {number}: {directive} without a condition")
            about, counts = conditions.pop()
            if directive == "`else":
                conditions.append((about, not about or not counts))
        else:
            about = False
        if not about and all(counts for _, counts in conditions):
            kept.append(line)
        elif about and directive == "`endif" and kept and kept[-1].isspace():
            kept.pop()  # the empty line in front of the section; the one behind it stays
    if conditions:
        raise ValueError("a condition has no `endif")
    return "".join(kept)
