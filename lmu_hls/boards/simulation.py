"""A board in a simulator, as a serial line: what is written goes to its pin rx, what it reads came from its pin tx.

The Verilog of the board, or the netlist that synthesis made of it, runs in Icarus Verilog below a test bench that has a
serial line of its own. So the script of the host talks to the simulated board as to the real one.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lmu_hls import process, yosys
from lmu_hls.boards.project import BoardProject, divisor
from lmu_hls.builds import built
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.evidence import digest
from lmu_hls.synth.families import target_of
from lmu_hls.synth.yosys import NETLIST
from lmu_hls.toolchain import need

DIVISOR = 4  # cycles of a bit; the board's own would take long
PATIENCE = 400  # cycles
ANSWER_CYCLES = 200_000  # that an answer may take
GATES = "board_netlist.v"
# Yosys's models of a family's primitives, where all that are used have one: those of ECP5 and Gowin lack multipliers
_CELLS = {"ice40": ("ice40/cells_sim.v",)}
_DEFINES = {"ice40": ("NO_ICE40_DEFAULT_ASSIGNMENTS",)}


@dataclass
class SimulatedLine:
    """A :class:`lmu_hls.boards.host.Line` to a simulated board. `patience` is in cycles.

    `damage` may change what goes to the board, byte by byte: its result is what the board gets.
    """

    to_bench: IO[bytes]
    from_bench: IO[bytes]
    patience: int = ANSWER_CYCLES
    damage: Callable[[bytes], bytes] = bytes

    def write(self, data: bytes) -> int:
        self._send("".join(f"W{byte:02x}\n" for byte in self.damage(data)))
        return len(data)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer when one does not come within the patience."""
        found = bytearray()
        while len(found) < size:
            self._send(f"R{self.patience}\n")
            line = self.from_bench.readline().decode("ascii", "replace").strip()
            if line == "-":
                break
            try:
                found.append(int(line, 16))
            except ValueError:
                rest = self.from_bench.read().decode("utf-8", "replace")
                raise LmuHlsError(f"the simulation of the board stopped: {line} {rest}".strip()) from None
        return bytes(found)

    def _send(self, text: str) -> None:
        try:
            self.to_bench.write(text.encode())
            self.to_bench.flush()
        except OSError:
            said = self.from_bench.read().decode("utf-8", "replace")
            raise LmuHlsError(f"the simulation of the board stopped: {said.strip()}") from None


@contextlib.contextmanager
def simulated(project: BoardProject, patience: int = PATIENCE) -> Iterator[SimulatedLine]:
    """The Verilog of a board in Icarus, with short bits. Raises LmuHlsError when it does not compile."""
    options = [f"-P{project.top}_tb.DIVISOR={DIVISOR}", f"-P{project.top}_tb.PATIENCE={patience}"]
    with _running(project, options, project.sources) as line:
        yield line


def modelled(target: str) -> str:
    """The family of a target whose netlists can be simulated. Raises LmuHlsError for another one."""
    family = target_of(target).family.name
    if family not in _CELLS:
        raise LmuHlsError(
            f"Yosys has no simulation models for all primitives of {family}: a netlist is simulated for a board with "
            f"{', '.join(_CELLS)}, such as icebreaker; without --netlist the Verilog of any board is"
        )
    return family


@contextlib.contextmanager
def simulated_netlist(project: BoardProject, netlist: Path) -> Iterator[SimulatedLine]:
    """A netlist of the board, as :func:`gates` writes it, in Icarus. Its bits have the length that it was made with."""
    family = modelled(project.target)
    package = need("pyosys").path
    assert package is not None
    cells = [package / "share" / name for name in _CELLS[family]]
    defines = [f"-D{name}" for name in ("NETLIST", *_DEFINES.get(family, ()))]
    cycles = divisor(project.board.clock_mhz, project.facts.baud)
    options = [*defines, f"-P{project.top}_tb.DIVISOR={cycles}"]
    with _running(project, options, (netlist, *cells)) as line:
        yield line


def gates(project: BoardProject, synthesis: Path) -> Path:
    """The netlist in the folder of a synthesis as Verilog, in the board's folder work."""
    work = project.folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(synthesis / NETLIST, work / NETLIST)
    script = [f"read_json {NETLIST}", f"write_verilog -noattr {GATES}"]
    yosys.run(script, work / "gates.ys", work / "gates.log", work, f"write the netlist of {project.top}")
    return work / GATES


@contextlib.contextmanager
def _running(project: BoardProject, options: Sequence[str], sources: Sequence[Path]) -> Iterator[SimulatedLine]:
    tool = need("icarus")
    assert tool.path is not None
    compiler = tool.path
    parts = [tool.version, *options, *(digest(path) for path in (project.bench, *sources))]

    def make(folder: Path) -> None:
        log = project.folder / "work" / "iverilog.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [str(compiler), "-g2009", "-s", f"{project.top}_tb", "-o", str(folder / "board.vvp"), *options]
        code = process.run([*command, str(project.bench), *map(str, sources)], tool="Icarus Verilog", log=log).code
        if code:
            raise LmuHlsError(f"Icarus Verilog could not compile the board (exit status {code}); the log is {log}")

    program = built("board", parts, make) / "board.vvp"
    command = [str(compiler.with_name("vvp")), "-n", str(program)]
    with process.session(command, tool="Icarus Verilog", cwd=project.data_dir) as (to_bench, from_bench):
        yield SimulatedLine(to_bench, from_bench)
