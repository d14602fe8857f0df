"""Place and route with nextpnr, and bitstreams with the packer of the family.

Each run is kept by the hash of the netlist, the constraints, the arguments and what tells the tool
from others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmu_hls import process
from lmu_hls.builds import built
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.evidence import digest
from lmu_hls.records.placement import Usage
from lmu_hls.synth.constraints import check_constraints, sdc
from lmu_hls.synth.device import Router
from lmu_hls.synth.families import Target
from lmu_hls.synth.layout import keep_cells
from lmu_hls.toolchain import need

REPORT, CELLS = "report.json", "cells.txt"  # CELLS: where they are, see synth.layout
_PLACED = "placed.json"
_LOG, _SDC, _CONSTRAINTS = "nextpnr.log", "clock.sdc", "pins"
_MEND = "mend the constraint file"
_USED = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", re.MULTILINE)
_FULL = re.compile(
    r"no BELs remaining|[Ff]ailed to expand region|[Uu]nable to find (?:a |legal )?placement|[Uu]nable to place|"
    r"[Ff]ailed to route|[Uu]nable to route|Routing design failed"
)
_UNMATCHED = re.compile(
    r"^Warning.*(?:[Uu]nmatched constraint|[Cc]annot find|not found|[Uu]n(?:known|recogni[sz]ed)|[Ii]nvalid|"
    r"does not exist).*$",
    re.MULTILINE,
)


class DoesNotFit(LmuHlsError):
    """The design does not fit the device; ``usage`` is by our names, as far as the tool counted."""

    def __init__(self, text: str, usage: Mapping[str, Usage]) -> None:
        super().__init__(text)
        self.usage = usage


def route(netlist: Path, target: Target, seed: int, clock_mhz: float, pins: str, log: Path, clock: str = "clk") -> Path:
    """Place and route a netlist for the port ``clock`` at ``clock_mhz``; the kept folder with REPORT, CELLS, layout.

    ``netlist`` is a JSON file of Yosys, ``pins`` the text of the constraint file (synth.constraints). ``log`` gets what
    nextpnr prints and stays, whatever happens.

    Raises DoesNotFit; LmuHlsError when the tool is absent, fails, takes too long, or heeds another clock or other pins
    than the constraints ask for.
    """
    device, router = target.routable
    tool = need(router.tool)
    assert tool.path is not None
    check_constraints(router.constraints, pins, *_names(netlist, clock))
    wanted = [
        "--freq",
        f"{clock_mhz:g}",
        "--seed",
        str(seed),
        "--timing-allow-fail",
        "--report",
        REPORT,
        "--write",
        _PLACED,
    ]
    options = [*device.route, *wanted]
    parts = [CELLS, tool.identity, *options, *router.arguments, pins, clock, digest(netlist)]
    program = tool.path

    def make(folder: Path) -> None:
        (folder / _CONSTRAINTS).write_text(pins, encoding="utf-8")
        (folder / _SDC).write_text(sdc(clock, clock_mhz), encoding="utf-8")
        files = {
            "netlist": os.path.relpath(netlist.resolve(), folder.resolve()),  # YoWASP's tools have a /tmp of their own
            "constraints": _CONSTRAINTS, "clock": _SDC, "layout": router.layout,
        }  # fmt: skip
        command = [str(program), *options, *(word.format_map(files) for word in router.arguments)]
        code = process.run(command, tool=router.tool, cwd=folder, log=log).code
        _judge(code, log, router, target)
        _check_clock(folder / REPORT, clock_mhz, log)
        keep_cells(folder / _PLACED, folder / CELLS)
        if router.layout != _PLACED:
            (folder / _PLACED).unlink()
        shutil.copy(log, folder / _LOG)

    log.parent.mkdir(parents=True, exist_ok=True)
    entry = built("route", parts, make)
    if not log.exists() or log.read_bytes() != (entry / _LOG).read_bytes():
        shutil.copy(entry / _LOG, log)
    return entry


def pack(routed: Path, target: Target, bitstream: Path, log: Path) -> Path:
    """Write the bitstream of a folder that :func:`route` gave; its ending is that of the family.

    Raises LmuHlsError when the packer is absent or fails.
    """
    device, router = target.routable
    tool = need(router.packer)
    assert tool.path is not None
    bitstream = bitstream.with_name(f"{bitstream.name}.{router.bitstream}")
    bitstream.parent.mkdir(parents=True, exist_ok=True)
    folder = bitstream.parent
    files = {"layout": os.path.relpath(routed / router.layout, folder.resolve()), "bitstream": bitstream.name}
    command = [str(tool.path), *device.pack, *(word.format_map(files) for word in router.pack)]
    bitstream.unlink(missing_ok=True)
    code = process.run(command, tool=router.packer, cwd=folder, log=log).code
    if code or not bitstream.is_file():
        raise LmuHlsError(_failure(router.packer, "write the bitstream", code, log))
    return bitstream


def usage(report: Path, router: Router) -> dict[str, Usage]:
    """{our name: used and available} in nextpnr's report."""
    found = json.loads(report.read_text(encoding="utf-8"))["utilization"]
    return {
        name: Usage(int(found[bel]["used"]), int(found[bel]["available"]))
        for bel, name in router.bels.items()
        if bel in found
    }


def _names(netlist: Path, clock: str) -> tuple[list[str], set[str]]:
    """The ports of the netlist's top, bits of a bus by their index, and its nets. LmuHlsError without ``clock``."""
    modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"].values()
    top: dict[str, Any] = next(
        (module for module in modules if int(module.get("attributes", {}).get("top", "0"), 2)), {}
    )
    ports: list[str] = []
    for name, port in top.get("ports", {}).items():
        first, bits = int(port.get("offset", 0)), len(port["bits"])
        ports += [name] if bits == 1 and not first else [f"{name}[{first + k}]" for k in range(bits)]
    if clock not in ports:
        raise LmuHlsError(f"{netlist} has no clock {clock!r}; its ports are {', '.join(ports) or 'unknown'}")
    return ports, set(top.get("netnames", {}))


def _judge(code: int, log: Path, router: Router, target: Target) -> None:
    """Raises when nextpnr failed, or left out a constraint."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if code:
        found = {router.bels[bel]: Usage(int(n), int(of)) for bel, n, of in _USED.findall(text) if bel in router.bels}
        over = [f"{used} {name}" for name, used in found.items() if not used.fits]
        if over or (code > 0 and not process.trouble(code, text) and _FULL.search(text)):
            raise DoesNotFit(f"it does not fit {target.name}: {', '.join(over) or _last(text)}", found)
        raise LmuHlsError(_failure(router.tool, f"place and route for {target.name}", code, log))
    if wrong := _UNMATCHED.search(text):
        raise LmuHlsError(f"a constraint does not fit the design: {wrong[0]} (the log is {log}); {_MEND}")


def _check_clock(report: Path, clock_mhz: float, log: Path) -> None:
    """Raises when the design was routed for another clock than the one that was asked for."""
    try:
        found = json.loads(report.read_text(encoding="utf-8"))["fmax"]
        asked = {float(clock["constraint"]) for clock in found.values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LmuHlsError(f"nextpnr wrote no report that can be read ({error!r}); its log is {log}") from error
    if all(abs(mhz - clock_mhz) > 0.005 * clock_mhz for mhz in asked):  # a design may have other clocks beside it
        told = ", ".join(f"{mhz:g} MHz" for mhz in sorted(asked)) or "no clock at all"
        raise LmuHlsError(f"the constraints ask for {told}, and --clock for {clock_mhz:g} MHz; {_MEND}")


def _failure(tool: str, task: str, code: int, log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    why = process.trouble(code, text) or _last(text)
    return f"{tool} could not {task}: {why} (exit status {code}). The log is {log}."


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    said = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
    return " ".join(dict.fromkeys(said[:3])) or "it printed nothing"
