"""Out-of-context synthesis with Yosys (pyosys)."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lmu_hls import yosys
from lmu_hls.builds import built, code_of
from lmu_hls.errors import LmuHlsError
from lmu_hls.records import Resources
from lmu_hls.records.evidence import digest
from lmu_hls.synth.adders import fold
from lmu_hls.synth.families import DEFAULT, Target, target_of
from lmu_hls.synth.family import Family
from lmu_hls.synth.instances import cells_of_instances
from lmu_hls.synth.registers import absorb
from lmu_hls.synth.timing import read_scopes
from lmu_hls.toolchain import need

_LOG, _SCRIPT, _STAT = "yosys.log", "synth.ys", "stat.json"
NETLIST, SCOPES = "netlist.json", "scopes.txt"  # SCOPES: the instances, with their modules
_PARTS = "parts.json"  # {instance in the top: {type of cell: how many}}
_NAME = re.compile(r"[A-Za-z_]\w*")


def synthesize(
    verilog: Sequence[Path],
    top: str,
    parameters: Mapping[str, int | str],
    workdir: Path,
    target: str = DEFAULT,
    *,
    unit: str | None = None,
    data_dir: Path | None = None,
    data: Sequence[Path] | None = None,
) -> Resources:
    """Synthesise `top` out of context (no pads, no clock buffer), flattened, and count its cells.

    parameters: overrides of the top module's parameters. A negative integer goes in as 32-bit two's complement, so
    its parameter has to be declared `integer` or signed.
    workdir: gets synth.ys, yosys.log and stat.json, the cells before the family's `finish`; made if absent.
    unit: name in the result (default: top). data_dir: folder that relative $readmemh names start from (default:
    workdir). data: all files that the Verilog reads; where they are known, the result is kept and found again.

    Raises LmuHlsError for an absent file or tool, Verilog that Yosys refuses, an absent top module or parameter,
    cells of unknown cost, an unknown target (one of synth.families); ValueError for a parameter that cannot be written.
    """
    wanted = target_of(target)
    if data is None:
        _synthesize(verilog, top, parameters, workdir, wanted, data_dir or workdir, wanted.passes)
        parts = _finished(workdir, top, wanted.family)
        for name in (NETLIST, SCOPES):
            (workdir / name).unlink()
    else:
        entry = netlist(verilog, top, parameters, workdir, wanted, data_dir or workdir, data)
        parts = json.loads((entry / _PARTS).read_text(encoding="utf-8"))
    total, count = sum(map(Counter, parts.values()), Counter[str]()), wanted.family.count
    cells = {name: total[name] for name in sorted(total)}
    known = {} if data is None else parts
    taken = {name: {kind: n for kind, n in count(part).items() if n} for name, part in known.items()}
    return Resources(unit or top, target, "yosys", need("pyosys").version, count(cells), cells, parts=taken)


def netlist(
    verilog: Sequence[Path],
    top: str,
    parameters: Mapping[str, int | str],
    workdir: Path,
    target: Target,
    data_dir: Path,
    data: Sequence[Path],
    pads: bool = False,
) -> Path:
    """The kept folder of a synthesis: the netlist NETLIST, SCOPES, and what `synthesize` leaves in ``workdir``.

    In NETLIST the family's `finish` is done, and registers and gates that Yosys leaves beside primitives with some of
    their own have moved into them.
    ``data`` are all files that the Verilog reads. With ``pads`` the ports of ``top`` are pads: the top of a board.
    Raises as :func:`synthesize`.
    """
    tool = need("pyosys")
    passes = target.pad_passes if pads else target.passes
    files = [f"{os.path.relpath(path, data_dir)} {digest(path)}" for path in (*verilog, *sorted(data))]
    parts = [
        "autoname",
        _PARTS,
        tool.identity,
        *steps_of(target, passes),
        top,
        json.dumps(dict(parameters), sort_keys=True),
        str(len(verilog)),
        *files,
    ]

    def make(folder: Path) -> None:
        _synthesize(verilog, top, parameters, workdir, target, data_dir, passes)
        for name in (_SCRIPT, _LOG, _STAT):
            shutil.copy(workdir / name, folder / name)
        for name in (NETLIST, SCOPES):
            shutil.move(workdir / name, folder / name)
        parts = _finished(folder, top, target.family)
        (folder / _PARTS).write_text(json.dumps(parts), encoding="utf-8")
        _fill(folder / NETLIST, top, target.family)

    workdir.mkdir(parents=True, exist_ok=True)
    entry = built("netlist", parts, make)
    for name in (_SCRIPT, _LOG, _STAT):
        shutil.copy(entry / name, workdir / name)
    return entry


def steps_of(target: Target, passes: Sequence[str]) -> list[str]:
    """What a netlist depends on beside Yosys and what it reads: the passes, and all that is done behind them."""
    family = target.family
    code = code_of(absorb, fold, *([family.finish] if family.finish else []))
    return [*passes, repr(family.register_banks), repr(family.adder), *code]


def _finished(folder: Path, top: str, family: Family) -> dict[str, dict[str, int]]:
    """Do the family's `finish` on the netlist in ``folder``; the cells of each instance then."""
    if family.finish is not None:
        _change(folder / NETLIST, top, family.finish)
    return cells_of_instances(folder / NETLIST, top, read_scopes(folder / SCOPES))


def _fill(netlist: Path, top: str, family: Family) -> None:
    """Move registers and gates into the primitives beside them."""
    if (flip_flop := family.flip_flop) is not None:
        _change(netlist, top, lambda module: absorb(module, flip_flop, family.register_banks))
    if (adder := family.adder) is not None:
        _change(netlist, top, lambda module: fold(module, adder))


def _change(netlist: Path, top: str, change: Callable[[Mapping[str, Any]], None]) -> None:
    design = json.loads(netlist.read_text(encoding="utf-8"))
    change(design["modules"][top])
    netlist.write_text(json.dumps(design), encoding="utf-8")


def yosys_cells(workdir: Path) -> dict[str, int]:
    """{type of cell: how many} of the synthesis in ``workdir`` before the family's `finish`."""
    return _cells(workdir / _STAT)


def _synthesize(
    verilog: Sequence[Path],
    top: str,
    parameters: Mapping[str, int | str],
    workdir: Path,
    target: Target,
    data_dir: Path,
    passes: Sequence[str],
) -> None:
    for path in verilog:
        if not path.is_file():
            raise LmuHlsError(f"Verilog file {path} does not exist. Run the conversion again.")
    need("pyosys")
    workdir.mkdir(parents=True, exist_ok=True)
    made = [workdir.resolve() / name for name in (_STAT, NETLIST, SCOPES)]
    for path in made:
        path.unlink(missing_ok=True)
    # Relative names, as far as they go: what is above the working folder is not for the language of Yosys
    names = [os.path.relpath(path.resolve(), data_dir.resolve()) for path in (*verilog, *made)]
    count = len(verilog)
    script = _passes(names[:count], top, parameters, passes, *names[count:])
    yosys.run(script, workdir / _SCRIPT, workdir / _LOG, data_dir, f"synthesise {top}")


def _passes(
    verilog: Sequence[str],
    top: str,
    parameters: Mapping[str, int | str],
    passes: Sequence[str],
    stat: str,
    netlist: str,
    scopes: str,
) -> list[str]:
    """The Yosys passes, one a line. -defer leaves $readmemh until the parameters are known; $scopeinfo cells only
    note where flattened cells came from; autoname names those that synthesis made after the nets of the source."""
    for name in (top, *parameters):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a Verilog name")
    overrides = "".join(f" -chparam {name} {_literal(name, value)}" for name, value in parameters.items())
    return [
        *(f"read_verilog -defer {_quoted(path)}" for path in verilog),
        f"hierarchy -check -top {top}{overrides}",
        *passes,
        "autoname",
        "check -assert",
        f"tee -q -o {_quoted(scopes)} dump t:$scopeinfo",
        "delete t:$scopeinfo",
        f"tee -q -o {_quoted(stat)} stat -json -top {top}",
        f"select {top}",
        f"write_json -selected {_quoted(netlist)}",
    ]


def _literal(name: str, value: int | str) -> str:
    """A parameter value as Yosys reads it; text becomes its bytes, since -chparam takes no strings."""
    if isinstance(value, str):
        data = value.encode("ascii") or b"\0"
        return f"{8 * len(data)}'h{data.hex()}"
    if -(2**31) <= value < 0:
        return f"32'h{value & 0xFFFFFFFF:08x}"
    if value < 0:
        raise ValueError(f"parameter {name} = {value} does not fit 32 bits")
    return str(value) if value < 2**31 else f"{value.bit_length()}'h{value:x}"


def _quoted(path: str) -> str:
    """A path in quotes, in which Yosys knows no escapes. LmuHlsError for one that it would read as something else."""
    if not path.isprintable() or set(path) & set('"*?[$'):
        raise LmuHlsError(f"Yosys cannot read the path {path!r}; rename the file or its folder")
    return f'"{path}"'


def _cells(stat: Path) -> dict[str, int]:
    """Cell types with their counts, sorted by name, from `stat -json`."""
    try:
        found = json.loads(stat.read_text(encoding="utf-8"))["design"]["num_cells_by_type"]
        return {str(name): int(found[name]) for name in sorted(found)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LmuHlsError(f"Yosys wrote no statistics that can be read ({stat}): {error!r}.") from error
