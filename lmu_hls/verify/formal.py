"""Formal proofs of the properties that each Verilog module keeps at its end under `ifdef FORMAL`.

Rules that many modules share are property modules in hdl/formal, named f_*. What one of them asserts or assumes counts
as said by the module that holds it; its properties have the name of the instance before a dot.

Yosys turns the module into an AIGER model of its assertions and assumptions, and ABC's pdr proves each assertion for
every input and every length of time, or gives a counterexample. Both come with pyosys. What a module assumes of its
inputs is an assumption only where that module is the top; inside another one it is one more assertion to prove.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import process, yosys
from lmu_hls.errors import LmuHlsError
from lmu_hls.resources import property_modules
from lmu_hls.toolchain import need

PROVEN, FAILED, REACHED, UNDECIDED = "proven", "failed", "reached", "undecided"
# An assertion that fails where the cover statement is reached
_COVER = """\
(* techmap_celltype = "$cover" *)
module cover_ (input wire A, input wire EN);
    \\$assert _TECHMAP_REPLACE_ (.A(!A), .EN(EN));
endmodule
"""
# Property modules, with parameters and without
_SHARED = r"f_* $paramod*\\f_*"
_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSERTED = re.compile(r"Output\s+(\d+) (?:of miter \".*\" )?was asserted in frame\s+(\d+)")
_PROVED = re.compile(r"Proved output\s+(\d+)")


@dataclass(frozen=True, slots=True)
class Property:
    """One assertion or cover statement: its label with the path of its instance, and what became of it.

    cycle: the clock cycle in which it fails or is reached, counted from 0. trace: a VCD file that ends there.
    """

    name: str
    state: str
    cycle: int | None = None
    trace: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all properties of one kind in one configuration of a module."""

    top: str
    parameters: Mapping[str, int]
    properties: tuple[Property, ...]
    seconds: float

    def named(self, state: str) -> tuple[str, ...]:
        """Names of the properties in this state."""
        return tuple(found.name for found in self.properties if found.state == state)

    @property
    def proven(self) -> bool:
        """There are properties, and all are proven."""
        return bool(self.properties) and all(found.state == PROVEN for found in self.properties)

    @property
    def reached(self) -> bool:
        """There are cover statements, and all are reached."""
        return bool(self.properties) and all(found.state == REACHED for found in self.properties)


def prove(
    sources: Sequence[Path], top: str, parameters: Mapping[str, int], workdir: Path, timeout_s: int = 600,
    inner: bool = False,
) -> Outcome:  # fmt: skip
    """Prove all assertions of `top`; what is left after `timeout_s` is "undecided".

    Of the modules that it instantiates, the assumptions are proven, on which their own proofs rest; inner: their
    assertions as well.
    workdir: gets the scripts, logs and, for each assertion that fails, a VCD file; made if absent.
    Raises LmuHlsError for absent tools, Verilog that Yosys refuses, an undriven wire, or a module without assertions.
    """
    # Registers that are always equal become one; no single assertion may take all the time
    engine = f"lcorr; scorr -F 2; pdr -a -T {timeout_s} -H {timeout_s * 250} -X cex_"
    return _check(sources, top, parameters, workdir, "assert" if inner else "assert-top", engine, timeout_s)


def refute(
    sources: Sequence[Path], top: str, parameters: Mapping[str, int], workdir: Path, cycles: int, timeout_s: int = 600,
) -> Outcome:  # fmt: skip
    """Look for a run of at most `cycles` cycles in which an assertion of `top` fails; it proves none.

    Much faster than `prove` where a fault shows late. Raises as `prove`.
    """
    engine = f"bmc3 -a -F {cycles} -T {timeout_s}"
    return _check(sources, top, parameters, workdir, "assert-top", engine, timeout_s)


def cover(
    sources: Sequence[Path], top: str, parameters: Mapping[str, int], workdir: Path, cycles: int = 60,
    timeout_s: int = 600,
) -> Outcome:  # fmt: skip
    """Look for a run of at most `cycles` cycles that reaches each cover statement of `top`, whose assumptions hold.

    Without it a proof may be empty: assumptions that contradict each other prove everything. Raises as `prove`.
    """
    engine = f"bmc3 -a -F {cycles} -T {timeout_s}"
    return _check(sources, top, parameters, workdir, "cover", engine, timeout_s)


def _check(
    sources: Sequence[Path], top: str, parameters: Mapping[str, int], workdir: Path, kind: str, engine: str,
    timeout_s: int,
) -> Outcome:  # fmt: skip
    package = need("pyosys").path
    assert package is not None
    workdir.mkdir(parents=True, exist_ok=True)
    for old in workdir.glob("cex_*"):
        old.unlink()
    start = time.monotonic()
    (workdir / "cover.v").write_text(_COVER, encoding="utf-8")
    _yosys(_passes(sources, top, parameters, kind), workdir, "model", top)
    names = _names(workdir / "model.ywa")
    if not names:
        kind = kind.partition("-")[0]
        raise LmuHlsError(f"{top} has no {kind} statement. Write its properties at the end of it under `ifdef FORMAL.")
    said = _abc(package / "yosys-abc", engine, workdir, timeout_s)
    hits = {int(index): int(cycle) for index, cycle in _ASSERTED.findall(said)}
    proved = {int(index) for index in _PROVED.findall(said)}
    hit = REACHED if kind == "cover" else FAILED
    found = tuple(
        Property(name, hit, hits[k], _trace(workdir, k, top))
        if k in hits
        else Property(name, PROVEN if k in proved and hit == FAILED else UNDECIDED)
        for k, name in enumerate(names)
    )
    return Outcome(top, dict(parameters), found, time.monotonic() - start)


def _passes(sources: Sequence[Path], top: str, parameters: Mapping[str, int], kind: str) -> list[str]:
    """The Yosys passes that write the model, in the order in which SymbiYosys has them.

    -defer leaves the modules until the parameters are known. Registers and memories without an initial value start
    with any value, undriven wires stop.
    """
    for name in (top, *parameters):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a Verilog name")
    overrides = "".join(f" -chparam {name} 32'h{value & 0xFFFFFFFF:08x}" for name, value in parameters.items())
    inner = f"* {top}/* %d"
    kinds = ["chformal -cover -remove"]
    if kind == "cover":
        kinds = [f"chformal -cover -remove {inner}", "chformal -assert -remove", 'techmap -map "cover.v"']
    shared = property_modules().values()
    left_out = [f"chformal -assert -remove {inner}"] if kind == "assert-top" else []
    return [
        *(f'read_verilog -formal -defer "{path.resolve()}"' for path in (*sources, *shared)),
        # A payload that is wider than the width given with it would be cut
        'logger -werror "Resizing cell port"',
        f"hierarchy -check -top {top}{overrides}",
        "proc",
        "setattr -mod -set keep_hierarchy 1 *",
        f"setattr -mod -unset keep_hierarchy {_SHARED}",
        "flatten",
        "setattr -mod -unset keep_hierarchy *",
        "check -assert",
        "async2sync",
        "chformal -lower",
        *left_out,
        f"chformal -assume2assert {inner}",
        *kinds,
        "formalff -setundef -clk2ff -ff2anyinit -hierarchy",
        "flatten",
        "setundef -undriven -anyseq",
        "opt_clean",
        "memory_nordff",
        "memory_map -formal",
        "formalff -setundef -clk2ff -ff2anyinit",
        "rename -witness",
        'write_rtlil "model.il"',
        "delete -output",
        "opt -full -keepdc",
        "wreduce -keepdc",
        "techmap",
        "setundef -anyseq",
        "opt -fast",
        "simplemap",
        "dffunmap",
        "aigmap",
        "opt_clean",
        "write_aiger -I -B -zinit -map model.aim -ywmap model.ywa model.aig",
    ]


def _names(file: Path) -> list[str]:
    """Names of the assertions in the order of the model; those without a label have the place in the source."""
    paths = json.loads(file.read_text(encoding="utf-8"))["asserts"]
    return [".".join(part.removeprefix("\\") for part in path).removeprefix("_witness_.") for path in paths]


def _yosys(passes: Sequence[str], workdir: Path, name: str, top: str) -> None:
    script, log = workdir / f"{name}.ys", workdir / f"{name}.log"
    yosys.run(passes, script, log, workdir, f"make a formal model of {top}", ("ERROR", "Warning"))


def _abc(program: Path, engine: str, workdir: Path, timeout_s: int) -> str:
    """What ABC prints; its own time limit may be overrun by a minute before it is stopped.

    bmc3 -a may crash after it has asserted outputs. What it found until then holds, and the others are undecided: no
    proof can come of that, since one output has failed. A crash before is an error.
    """
    log = workdir / "abc.log"
    # -s: no commands from an abc.rc that lies there
    command = [str(program), "-s", "-c", f"read_aiger model.aig; fold; strash; {engine}"]
    try:
        code = process.run(command, tool="ABC", cwd=workdir, log=log, limit=timeout_s + 60).code
        if code and not _ASSERTED.search(log.read_text(encoding="utf-8", errors="replace")):
            raise LmuHlsError(f"ABC ended with exit status {code}. The whole log is {log}.")
    except process.ToolTimeout:
        pass
    return log.read_text(encoding="utf-8", errors="replace")


def _trace(workdir: Path, index: int, top: str) -> Path | None:
    """The VCD file of a counterexample, or None where it could not be replayed."""
    witnesses = [path for path in workdir.glob("cex_*.aiw") if int(path.stem.removeprefix("cex_")) == index]
    if not witnesses:
        return None
    # ABC knows fewer registers after it has joined equal ones; all of them start with 0
    registers = json.loads((workdir / "model.ywa").read_text(encoding="utf-8"))["latch_count"]
    lines = witnesses[0].read_text(encoding="utf-8").splitlines()
    lines[2] = "0" * registers
    witnesses[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    trace = workdir / f"cex_{index}.vcd"
    passes = [
        'read_rtlil "model.il"',
        f"sim -q -clock clk -r {witnesses[0].name} -map model.aim -vcd {trace.name} {top}",
    ]
    try:
        _yosys(passes, workdir, f"replay_{index}", top)
    except LmuHlsError:
        return None
    return trace
