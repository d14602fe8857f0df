"""Many mutants of a module under names of their own, so that one simulation judges them all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lmu_hls.resources import hdl_file, hdl_modules


def write_mutants(module: str, mutants: Mapping[str, tuple[str, str]], folder: Path) -> dict[str, str]:
    """Write `<module>_m<k>.v` for each {name: (old, new)} beside copies of all modules, and return {name: module}.

    The old text must occur exactly once outside the module's formal properties.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in hdl_modules().values():
        shutil.copy(path, folder)
    source = hdl_file(module).read_text()
    names = {}
    for number, (name, (old, new)) in enumerate(mutants.items()):
        design = source.partition("`ifdef FORMAL")[0]
        assert design.count(old) == 1, f"{name}: {design.count(old)} times {old!r}"
        names[name] = f"{module}_m{number}"
        text = source.replace(old, new, 1).replace(f"module {module} ", f"module {names[name]} ")
        (folder / f"{names[name]}.v").write_text(text)
    return names
