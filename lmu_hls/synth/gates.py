"""What synthesis made, as Verilog that a simulator takes: the netlist, and a model of every primitive in it.

Yosys has models of most primitives; of some it only says that they exist, which a simulator would take for an empty
module. Those are left out, and what is in ``models`` takes their place. A primitive without a model is refused, and
so is one that is used in a way that its model does not know: here, or by the simulator, which lacks UNMODELLED_....
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hls import yosys
from lmu_hls.errors import LmuHlsError
from lmu_hls.synth.families import Target, families
from lmu_hls.synth.family import Family, Models
from lmu_hls.synth.yosys import NETLIST
from lmu_hls.toolchain import need

GATES, CELLS = "netlist.v", "cells.v"
_OWN = Path(__file__).with_name("models")
_SHARED = "block_ram"  # what the models of several families instantiate
_MODULE = re.compile(
    r"(?:\(\*(?P<attributes>[^*]*)\*\)\s*)?\bmodule\s+\\?(?P<name>\S+?)\s*[ (#;].*?\bendmodule", re.DOTALL
)
# Icarus knows not all of the language in timing blocks, and ignores them
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\bspecify\b.*?\bendspecify\b", re.DOTALL)
_INCLUDE = re.compile(r'`include\s+"([^"]+)"')
_DEFINE = re.compile(r"`define (\w+)(?:\(\w*\))? ((?:.*\\\n)*.*\n)")
_WORD = re.compile(r"\w+")
_PARAMETER = re.compile(r"\b([A-Z]\w*)\s*=")


@dataclass(frozen=True, slots=True)
class Gates:
    """A netlist as Verilog, and the models of its primitives."""

    netlist: Path
    cells: Path

    @property
    def files(self) -> tuple[Path, Path]:
        return self.netlist, self.cells


def modelled(target: Target) -> Models:
    """The models of a target's family. Raises LmuHlsError where there are none."""
    if target.family.models is None:
        known = ", ".join(family.name for family in families().values() if family.models)
        raise LmuHlsError(
            f"there are no simulation models of the primitives of {target.family.device}: a netlist is simulated for "
            f"{known} and their devices. Take one of these, or leave --netlist out: the Verilog is simulated as it is"
        )
    return target.family.models


def gates(synthesis: Path, target: Target, work: Path) -> Gates:
    """Write the netlist in the folder of a synthesis, and its models, into ``work``.

    Raises LmuHlsError for a target without models, a primitive without one, and one with parameters that its model does
    not have.
    """
    models = modelled(target)
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(synthesis / NETLIST, work / NETLIST)
    modules = json.loads((work / NETLIST).read_text(encoding="utf-8"))["modules"]
    cells = [cell for module in modules.values() for cell in module.get("cells", {}).values()]
    text = cell_models(target.family, models, {cell["type"] for cell in cells} - set(modules))
    _check_parameters(cells, dict(_parameters(own_models(target.family))))
    (work / CELLS).write_text(text, encoding="utf-8")
    script = [f"read_json {NETLIST}", f"write_verilog -noattr {GATES}"]
    yosys.run(script, work / "gates.ys", work / "gates.log", work, f"write the netlist for {target.name} as Verilog")
    return Gates(work / GATES, work / CELLS)


def cell_models(family: Family, models: Models, used: AbstractSet[str]) -> str:
    """One text with the models of the primitives that are ``used``, ours and Yosys's, and what those instantiate.

    Raises LmuHlsError for primitives without a model.
    """
    package = need("pyosys").path
    assert package is not None
    seen: set[Path] = set()
    text = own_models(family) + "".join(_source(package / "share" / name, seen) for name in models.files)
    found: dict[str, str] = {}
    for match in _MODULE.finditer(text):  # ours come first
        if "blackbox" not in (match["attributes"] or ""):
            found.setdefault(match["name"], match[0])
    absent = sorted(used - set(found))
    if absent:
        raise LmuHlsError(
            f"there is no simulation model of {', '.join(absent)} of {family.device}; simulate the Verilog instead"
        )
    needed = set(used)
    while more := {name for module in needed for name in _WORD.findall(found[module]) if name in found} - needed:
        needed |= more
    kept = {found[name] for name in needed}
    defines = "".join(f"`define {name}\n" for name in models.defines)
    return defines + _MODULE.sub(lambda match: match[0] if match[0] in kept else "", text)


def own_models(family: Family) -> str:
    """Our models of a family's primitives; "" where Yosys has all."""
    if not (_OWN / f"{family.name}.v").is_file():
        return ""
    return "".join(_source(_OWN / f"{name}.v", set()) for name in (_SHARED, family.name))


def _source(path: Path, seen: set[Path]) -> str:
    """A file without comments and timing, with what it includes, which lies beside it; "" for one that was ``seen``."""
    if path in seen:
        return ""
    seen.add(path)
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    return _INCLUDE.sub(lambda found: _source(path.parent / found[1], seen), text)


def _check_parameters(cells: Iterable[Mapping[str, Any]], known: Mapping[str, set[str]]) -> None:
    """LmuHlsError for a cell with a parameter that our model of it does not have."""
    for cell in cells:
        given = set(cell.get("parameters", {}))
        unknown = sorted(given - known.get(cell["type"], given))
        if unknown:
            raise LmuHlsError(
                f"the simulation model of {cell['type']} does not know its parameter {', '.join(unknown)}; simulate "
                "the Verilog instead"
            )


def _parameters(own: str) -> Iterator[tuple[str, set[str]]]:
    """The parameters of each of our models, those in macros too."""
    macros = dict(_DEFINE.findall(own))
    for found in _MODULE.finditer(own):
        header = found[0].partition(");")[0]
        used = re.sub(r"`(\w+)(?:\(\w*\))?", lambda macro: macros.get(macro[1], ""), header)
        yield found["name"], set(_PARAMETER.findall(used))
