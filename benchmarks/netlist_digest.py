"""The digest of a design as Yosys elaborates it: the same for Verilog that says the same in other words.

Names, comments, layout, the order of what is said and the cut into modules do not count; cells, widths, constants,
contents of memories and connections do.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lmu_hls import yosys

ROUNDS = 8  # how many cells away a difference is still seen from a cell
_NETLIST = "elaborated.json"
_PASSES = ("proc", "flatten -noscopeinfo", "memory_collect", "opt_clean")  # nothing that optimises
_NAMES = ("MEMID",)  # parameters that are names
Bits = Sequence[int | str]


def netlist_digest(verilog: Sequence[Path], top: str, data_dir: Path, work: Path) -> str:
    """16 hexadecimal digits of the flat netlist before any optimisation; ``data_dir`` is where $readmemh starts.

    Raises LmuHlsError for Verilog that Yosys refuses.
    """
    names = [os.path.relpath(path.resolve(), data_dir.resolve()) for path in verilog]
    target = os.path.relpath((work / _NETLIST).resolve(), data_dir.resolve())
    passes = [
        *(f'read_verilog -defer "{name}"' for name in names),
        f"hierarchy -check -top {top}",
        *_PASSES,
        f'write_json "{target}"',
    ]
    yosys.run(passes, work / "elaborate.ys", work / "elaborate.log", data_dir, f"elaborate {top}")
    module = json.loads((work / _NETLIST).read_text(encoding="utf-8"))["modules"][top]
    return digest_of(module).hex()


def digest_of(module: Mapping[str, Any]) -> bytes:
    """Of a flat module in Yosys's JSON.

    Each cell starts with its type, parameters and constant inputs, each port with its name; in every round they take
    in those that share a net with them (Weisfeiler and Lehman's refinement).
    """
    cells: list[tuple[bytes, Mapping[str, Bits]]] = [
        (_hash("port", name, port["direction"]), {name: port["bits"]}) for name, port in module["ports"].items()
    ]
    for cell in module["cells"].values():
        parameters = {name: value for name, value in cell["parameters"].items() if name not in _NAMES}
        cells.append((_hash(cell["type"], json.dumps(parameters, sort_keys=True)), cell["connections"]))
    places = [
        [(f"{port}.{k}", bit) for port in sorted(ports) for k, bit in enumerate(ports[port])] for _, ports in cells
    ]
    colours = [colour for colour, _ in cells]
    for _ in range(ROUNDS):
        nets: dict[int | str, list[bytes]] = {}
        for colour, ends in zip(colours, places, strict=True):
            for place, bit in ends:
                nets.setdefault(bit, []).append(_hash(colour, place))
        seen = {bit: bit if isinstance(bit, str) else _hash(*sorted(ends)) for bit, ends in nets.items()}
        colours = [_hash(colour, *(seen[bit] for _, bit in ends)) for colour, ends in zip(colours, places, strict=True)]
    return _hash(*sorted(colours))


def _hash(*parts: str | bytes) -> bytes:
    made = hashlib.blake2b(digest_size=8)
    for data in _encoded(parts):
        made.update(len(data).to_bytes(4, "little") + data)
    return made.digest()


def _encoded(parts: Iterable[str | bytes]) -> Iterable[bytes]:
    return (part if isinstance(part, bytes) else part.encode() for part in parts)
