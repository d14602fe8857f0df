"""How often each net of a netlist changes: its simulation with the vectors of the written project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lmu_hls import process
from lmu_hls.asic.cells import GATES, MODELS, Cells
from lmu_hls.errors import LmuHlsError, VerificationFailed
from lmu_hls.toolchain import need

_VCD, _PROGRAM, _DUMP = "nets.vcd", "nets.vvp", "dump.v"
_DUMPING = """\
module dump;
    reg [8*4096-1:0] file;
    initial if ($value$plusargs("vcd=%%s", file)) begin
        $dumpfile(file);
        $dumpvars(1, %s.dut);
    end
endmodule
"""


@dataclass(frozen=True, slots=True)
class Activity:
    """``toggles`` of each bit, by the name of its net and its place in it, in ``cycles`` cycles of the clock."""

    cycles: int
    toggles: Mapping[tuple[str, int], int]


def simulate(cells: Cells, bench: Path, work: Path) -> Activity:
    """Run the test bench of the project, which compares every output with golden, on the mapped netlist.

    ``bench`` lies in the folder tb beside vectors. Raises LmuHlsError when Icarus is absent or fails,
    VerificationFailed when an output is not golden's.
    """
    compiler = need("icarus").path
    assert compiler is not None
    work.mkdir(parents=True, exist_ok=True)
    (work / _DUMP).write_text(_DUMPING % bench.stem, encoding="utf-8")
    vcd = work.resolve() / _VCD
    vcd.unlink(missing_ok=True)
    files = [work / _DUMP, bench, cells.folder / GATES, cells.folder / MODELS]
    command = [str(compiler), "-g2009", "-s", bench.stem, "-s", "dump", "-o", _PROGRAM]
    log = work / "iverilog.log"
    if process.run([*command, *(str(path.resolve()) for path in files)], tool="Icarus Verilog", cwd=work, log=log).code:
        raise LmuHlsError(f"Icarus Verilog could not compile the netlist of {cells.top}; the log is {log}")
    log = work / "simulation.log"
    vvp = compiler.with_name("vvp")
    command = [str(vvp), "-n", str(work.resolve() / _PROGRAM), f"+vcd={vcd}"]
    code = process.run(command, tool="Icarus Verilog", cwd=bench.parent.parent, log=log).code
    said = log.read_text(encoding="utf-8", errors="replace")
    if code or "PASS" not in said:
        raise VerificationFailed(f"{cells.top} in standard cells differs from golden; the log is {log}")
    with vcd.open(encoding="utf-8") as lines:
        found = count(lines)
    return Activity(found["clk", 0] // 2, found)


def count(lines: Iterable[str]) -> Counter[tuple[str, int]]:
    """The changes from 0 to 1 and back in a VCD file with one scope, by net and place of the bit."""
    nets: dict[str, tuple[str, int]] = {}
    last: dict[tuple[str, int], str] = {}
    found: Counter[tuple[str, int]] = Counter()
    for line in lines:
        if line.startswith("$var"):
            _, _, width, key, name, *_ = line.split()
            nets[key] = (name, int(width))
        elif line[0] in "01xzb":
            value, key = line[1:].split() if line[0] == "b" else (line[0], line[1:].strip())
            name, bits = nets[key]
            filled = ("0" if value[0] == "1" else value[0]) * (bits - len(value)) + value
            for place, bit in enumerate(reversed(filled)):
                was = last.get((name, place), "x")
                found[name, place] += was != bit and was in "01" and bit in "01"
                last[name, place] = bit
    return found
