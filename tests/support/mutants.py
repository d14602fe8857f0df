"""Seeded faults in text: in place, or as modules under names of their own, so that one simulation judges them all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lmu_hls.resources import hdl_file, hdl_modules


def changed(text: str, old: str, new: str, several: bool = False) -> str:
    """The text with its only `old` as `new`; of Verilog, the only one outside the formal properties.

    AssertionError when there is none, or more than one where not ``several``, of which the first is meant: the fault
    has no place in the text any more.
    """
    design = text.partition("`ifdef FORMAL")[0]
    count = design.count(old) or text.count(old)
    assert count == 1 or (several and count), f"{count} times {old!r}"
    return text.replace(old, new, 1)


def change(path: Path, old: str, new: str, several: bool = False) -> None:
    """Seed a fault into a file."""
    path.write_text(changed(path.read_text(encoding="utf-8"), old, new, several), encoding="utf-8")


def write_mutants(
    module: str, mutants: Mapping[str, tuple[str, str]], folder: Path, parent: str | None = None
) -> dict[str, str]:
    """Write `<module>_m<k>.v` for each {name: (old, new)} beside copies of all modules, and return {name: module}.

    The old text must occur exactly once outside the module's formal properties. With a `parent` that instantiates the
    module, what is returned is `<parent>_<module>_m<k>`, with the faulty module `<module>_m<k>_of_<parent>` inside.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in hdl_modules().values():
        shutil.copy(path, folder)
    source = hdl_file(module).read_text()
    names = {}
    for number, (name, (old, new)) in enumerate(mutants.items()):
        names[name] = f"{module}_m{number}" + (f"_of_{parent}" if parent else "")
        text = changed(source, old, new).replace(f"module {module} ", f"module {names[name]} ")
        (folder / f"{names[name]}.v").write_text(text)
        if parent is not None:
            outer = changed(hdl_file(parent).read_text(), f"{module} #(", f"{names[name]} #(")
            names[name] = f"{parent}_{module}_m{number}"
            (folder / f"{names[name]}.v").write_text(outer.replace(f"module {parent} ", f"module {names[name]} "))
    return names
