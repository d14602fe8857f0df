"""What drives each bit of the Verilog, by Yosys: a register, a multiplier, an adder or other logic; and its memories.

Nothing is mapped to cells of a device: the kinds are those of the source. A register whose input is a product counts as
multiplier, because every multiplier of a device has that register inside it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hls import yosys
from lmu_hls.errors import LmuHlsError
from lmu_hls.toolchain import need

REGISTER, MULTIPLIER, ADDER, LOGIC = "register", "multiplier", "adder", "logic"
ROM, RAM = "ROM", "RAM"
KINDS = (REGISTER, MULTIPLIER, ADDER, LOGIC, ROM, RAM)
PASSES = ("proc", "opt_expr", "opt_dff -nosdff", "memory -nomap", "opt_clean")
_ADDERS = {"$add", "$sub", "$neg", "$alu", "$macc", "$macc_v2", "$lt", "$le", "$gt", "$ge"}
_MEMORIES = {"lmu_rom": ROM, "lmu_ram": RAM}
_NETLIST = "netlist.json"

_UNNAMED = re.compile(r"\bgenblk\d+\.")


@dataclass(frozen=True, slots=True)
class Bit:
    """A bit that a cell of ``module`` drives: its ``kind``, and its names, from the top down."""

    module: str
    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A ROM or RAM, the instance ``path`` from the top down: ``words`` of ``width`` bits."""

    path: str
    kind: str
    width: int
    words: int


@dataclass(frozen=True, slots=True)
class Drivers:
    """All bits below a top that are driven by cells of the source, and all memories."""

    bits: tuple[Bit, ...]
    memories: tuple[Memory, ...]


def drivers(sources: Sequence[Path], top: str, directory: Path, work: Path) -> Drivers:
    """Read the Verilog; ROM files are named from ``directory``. ``work`` gets the script, the log and the netlist.

    Raises LmuHlsError when Yosys is absent or refuses the sources.
    """
    need("pyosys")
    work.mkdir(parents=True, exist_ok=True)
    made = work.resolve() / _NETLIST
    made.unlink(missing_ok=True)
    files = [os.path.relpath(path.resolve(), directory.resolve()) for path in (*sources, made)]
    script = [
        *(f'read_verilog -defer "{name}"' for name in files[:-1]),
        f"hierarchy -check -top {top}",
        *PASSES,
        f'write_json "{files[-1]}"',
    ]
    yosys.run(script, work / "drivers.ys", work / "drivers.log", directory, f"read {top}")
    return of_netlist(json.loads(made.read_text(encoding="utf-8"))["modules"], top)


def of_netlist(modules: Mapping[str, Any], top: str) -> Drivers:
    """The same of the ``modules`` in Yosys's JSON."""
    bits: list[Bit] = []
    memories: list[Memory] = []
    driven = {name: list(_driven(module)) for name, module in modules.items()}
    waiting = [(top, "")]
    while waiting:
        name, path = waiting.pop()
        module = modules[name]
        library = library_name(name, module, top)
        if library in _MEMORIES:
            instance = _UNNAMED.sub("", path).removesuffix(".")  # blocks of our own have names
            memories.append(_memory(module, instance, _MEMORIES[library]))
            continue
        bits += [Bit(library, kind, _in_both(path + net for net in nets)) for kind, nets in driven[name]]
        cells = module["cells"].items()
        waiting += [(cell["type"], f"{path}{instance}.") for instance, cell in cells if cell["type"] in modules]
    return Drivers(tuple(bits), tuple(memories))


def _in_both(names: Iterable[str]) -> tuple[str, ...]:
    """Yosys's names, and those of Verilator, which has no scope of its own for the block of an "else if"."""
    return tuple(dict.fromkeys(other for name in names for other in (name, _UNNAMED.sub("", name))))


def library_name(name: str, module: Mapping[str, Any], top: str) -> str:
    """What the module is called in hdl/, without the prefix of the project; "top" for the top."""
    own = str(module["attributes"].get("hdlname", name)).rpartition("\\")[2]
    return "top" if name == top else own[max(0, own.rfind("lmu_")) :]


def _memory(module: Mapping[str, Any], path: str, kind: str) -> Memory:
    values = module.get("parameter_default_values", {})
    try:
        width = int(values["WIDTH"], 2) * int(values.get("ROWS", "1"), 2)
        return Memory(path, kind, int(values.get("BITS", "0"), 2) or width, int(values["DEPTH"], 2))
    except (KeyError, ValueError, TypeError) as error:
        raise LmuHlsError(f"the memory {path} has no WIDTH and DEPTH; convert the model again") from error


def _driven(module: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The kind of each bit that a cell drives, and its names in the module; bits without a name are left out."""
    products: set[Any] = set()
    kinds: dict[Any, str] = {}
    for cell in module["cells"].values():
        if cell["type"] == "$mul":
            products |= set(cell["connections"]["Y"])
    for cell in module["cells"].values():
        kind = cell["type"]
        if not kind.startswith("$") or kind.startswith("$paramod"):
            continue
        connections = cell["connections"]
        if "Q" in connections:
            kinds |= {
                q: MULTIPLIER if d in products else REGISTER
                for d, q in zip(connections["D"], connections["Q"], strict=True)
            }
        elif "Y" in connections:
            made = MULTIPLIER if kind == "$mul" else ADDER if kind in _ADDERS else LOGIC
            kinds |= dict.fromkeys(connections["Y"], made)
        elif "RD_DATA" in connections:
            kinds |= dict.fromkeys(connections["RD_DATA"], RAM)
    names: dict[Any, list[str]] = {}
    for net, entry in module["netnames"].items():
        if entry.get("hide_name"):
            continue
        for place, bit in enumerate(entry["bits"]):  # in SAIF the lowest bit is 0, whatever the range of the net
            if bit in kinds:
                single = [net] if len(entry["bits"]) == 1 else []
                names.setdefault(bit, []).extend([*single, f"{net}[{place}]"])
    for bit, nets in names.items():
        yield kinds[bit], tuple(nets)
