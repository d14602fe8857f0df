"""Many units with AXI4-Streams side by side in one top, each with its own rst, run by sim/stream_bench.py.

    UNITS = {"a": Unit("lmu_fifo", {"WIDTH": 5, "DEPTH": 3}, (Stream("s_axis", 5, last=False),), (Stream(...),))}
    job = {"unit": "a", "phases": [{"inputs": {"s_axis": beats([1, 2])}, "outputs": {"m_axis": beats([1, 2])}}]}
    results = run_streams(UNITS, [job], simulator, build_dir, run_dir)
    assert problems(results[0]) == []

What a job can hold is described in sim/stream_bench.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hls.resources import hdl_modules
from lmu_hls.verify import simulator as sim

INSTANCE = re.compile(r"^\s*((?:\w+_)?lmu_\w+)\s*(?:#\s*\(|\w+\s*\()", re.MULTILINE)
Beats = list[list[int | None]]


@dataclass(frozen=True, slots=True)
class Stream:
    """Ports `<prefix>_tdata/_tvalid/_tready`, `_tlast` if `last`, and `_tuser` of `user` bits if not 0."""

    prefix: str
    width: int
    last: bool = True
    user: int = 0

    def signals(self) -> dict[str, tuple[int, bool]]:
        """{signal: (bits, whether it goes with the data)}."""
        found = {"tdata": (self.width, True), "tvalid": (1, True), "tready": (1, False)}
        if self.last:
            found["tlast"] = (1, True)
        if self.user:
            found["tuser"] = (self.user, True)
        return found


@dataclass(frozen=True, slots=True)
class Unit:
    """One instance. Parameters that are strings are quoted.

    tied: further ports and what they are connected to. body: Verilog that replaces the instance of `module`, with `@`
    for the name of the unit (`@_rst`, `@_s_axis_tdata`, ...), for ports that are no plain streams. cell: module and
    parameters of the hidden cell beside an lmu_recurrent.
    """

    module: str
    parameters: Mapping[str, int | str]
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]
    tied: Mapping[str, str] | None = None
    body: str | None = None
    cell: tuple[str, Mapping[str, int | str]] | None = None

    @property
    def parts(self) -> list[tuple[str, Mapping[str, int | str]]]:
        """Modules and parameters."""
        return [(self.module, self.parameters), *([self.cell] if self.cell else [])]

    def with_module(self, old: str, new: str) -> Unit:
        """With another module in the place of `old`."""
        body = self.body.replace(f"{old} ", f"{new} ") if self.body else None
        cell = (new, self.cell[1]) if self.cell and self.cell[0] == old else self.cell
        return replace(self, module=new if self.module == old else self.module, body=body, cell=cell)

    def ports(self, name: str) -> list[str]:
        ports = [f"input wire {name}_rst"]
        for streams, forward, backward in ((self.inputs, "input", "output"), (self.outputs, "output", "input")):
            for stream in streams:
                for signal, (width, with_data) in stream.signals().items():
                    way = forward if with_data else backward
                    ports.append(f"{way} wire [{width - 1}:0] {name}_{stream.prefix}_{signal}")
        return ports

    def source(self, name: str) -> str:
        if self.body is not None:
            return re.sub(r"@(?=_| \()", name, self.body) + "\n"
        ports = {"clk": "clk", "rst": f"{name}_rst", **(self.tied or {})}
        for stream in self.inputs + self.outputs:
            ports |= {f"{stream.prefix}_{s}": f"{name}_{stream.prefix}_{s}" for s in stream.signals()}
        if self.cell is None:
            return instance(self.module, self.parameters, name, ports)
        inner = {"sum": int(self.parameters["ACC_W"]), "h": int(self.parameters["H_W"])}
        links = {s: {t: f"{name}_{s}_{t}" for t in Stream(s, w, user=1).signals()} for s, w in inner.items()}
        wires = "".join(
            f"    wire [{width if signal == 'tdata' else 1}-1:0] {name}_{stream}_{signal};\n"
            for stream, width in inner.items()
            for signal in links[stream]
        )
        del links["sum"]["tuser"]
        around = ports | {f"{stream}_axis_{t}": wire for stream, found in links.items() for t, wire in found.items()}
        within = {"clk": "clk", "rst": f"{name}_rst"} | {f"s_axis_{t}": wire for t, wire in links["sum"].items()}
        within |= {f"m_axis_{t}": wire for t, wire in links["h"].items()}
        units = instance(*self.cell, f"{name}_units", within)
        return wires + instance(self.module, self.parameters, name, around) + units


def instance(module: str, parameters: Mapping[str, int | str], name: str, ports: Mapping[str, str]) -> str:
    """Verilog of an instance."""
    values = {k: f'"{v}"' if isinstance(v, str) else str(v) for k, v in parameters.items()}
    settings = ", ".join(f".{key}({value})" for key, value in values.items())
    wiring = ", ".join(f".{port}({wire})" for port, wire in ports.items())
    return f"    {module} #({settings})\n        {name} ({wiring});\n"


def modules(names: Sequence[str], folder: Path | None = None) -> list[Path]:
    """Files of these modules and of all that they instantiate, in `folder` (default: hdl/)."""
    library = {path.stem: path for path in folder.glob("*.v")} if folder else hdl_modules()
    found: dict[str, Path] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in library:
            found[name] = library[name]
            waiting += INSTANCE.findall(library[name].read_text())
    return [found[name] for name in sorted(found)]


def write_top(units: Mapping[str, Unit], folder: Path) -> Path:
    """Write the top `streams` with all units."""
    ports = ["input wire clk", *(port for name, unit in units.items() for port in unit.ports(name))]
    body = "".join(unit.source(name) for name, unit in units.items())
    path = folder / "streams.v"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("module streams (\n    " + ",\n    ".join(ports) + "\n);\n" + body + "endmodule\n")
    return path


def run_streams(
    units: Mapping[str, Unit],
    jobs: Sequence[Mapping[str, Any]],
    simulator: str,
    build_dir: Path,
    run_dir: Path,
    roms: Mapping[str, str] | None = None,
    hdl: Path | None = None,
) -> list[dict[str, Any] | None]:
    """Build the units (kept in `build_dir`), run the jobs in `run_dir`, and return a result for each job.

    roms: {file name: text}, written to run_dir. hdl: folder of the Verilog, for mutants. A result is None when the
    bench ended before the job, for instance because of an x where a number is needed. RuntimeError with the end of the
    simulator's output when all are.
    """
    top = write_top(units, run_dir)
    named = [name for unit in units.values() for name in INSTANCE.findall(unit.body or "")]
    named += [module for unit in units.values() for module, _ in unit.parts]
    built = sim.build(simulator, [*modules(named, hdl), top], "streams", build_dir)
    for file, text in (roms or {}).items():
        (run_dir / file).parent.mkdir(parents=True, exist_ok=True)
        (run_dir / file).write_text(text)
    (run_dir / "jobs.json").write_text(json.dumps(list(jobs)))
    results = run_dir.resolve() / "results.json"
    sim.run(
        built, "stream_bench", run_dir, {"LMU_JOBS": str(run_dir.resolve() / "jobs.json"), "LMU_RESULTS": str(results)}
    )
    found = json.loads(results.read_text()) if results.is_file() else []
    if jobs and not any(found):
        raise RuntimeError(sim.tail(run_dir / "sim.log"))
    return found


def problems(result: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with a job; empty: every beat as expected, all rules kept, all inputs taken."""
    if result is None:
        return ["the bench did not finish this job"]
    found = [f"{stream}: {count} beats not taken" for stream, count in result["untaken"].items() if count]
    for stream, output in result["outputs"].items():
        wrong = dict(zip(("tdata", "tlast", "tuser"), output["wrong"], strict=True))
        counts = {**{k: output[k] for k in ("missing", "unexpected", "violations")}, **wrong}
        found += [f"{stream}: {count} {what} ({output['first_difference']})" for what, count in counts.items() if count]
    return found


def beats(data: Any, width: int = 64, last: Any = 0, user: Any = 0) -> Beats:
    """Beats of a stream of `width` bits from signed data; `last` and `user` are arrays of the same size or scalars."""
    flat = [int(value) & ((1 << width) - 1) for value in np.asarray(data, object).ravel()]
    lasts, users = (
        [
            None if v is None else int(v)
            for v in np.broadcast_to(np.asarray(w, object).ravel() if np.ndim(w) else w, len(flat))
        ]
        for w in (last, user)
    )
    return [list(beat) for beat in zip(flat, lasts, users, strict=True)]


def rom_text(words: Sequence[int], width: int) -> str:
    """A ROM file of words of `width` bits, at least two."""
    padded = [*words, *[0] * (2 - len(words))]
    return "".join(f"{int(word) & ((1 << width) - 1):x}\n" for word in padded)
