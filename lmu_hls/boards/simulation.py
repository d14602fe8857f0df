"""A board in a simulator, as a serial line: what is written goes to its pin rx, what it reads came from its pin tx.

The Verilog of the board, or the netlist that synthesis made of it, runs in Icarus Verilog below a test bench that has a
serial line of its own. So the script of the host talks to the simulated board as to the real one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lmu_hls import process
from lmu_hls.boards.project import BoardProject, divisor
from lmu_hls.builds import built
from lmu_hls.errors import LmuHlsError
from lmu_hls.records.evidence import digest
from lmu_hls.synth.gates import Gates
from lmu_hls.toolchain import need

DIVISOR = 4  # cycles of a bit; the board's own would take long
PATIENCE = 400  # cycles
ANSWER_CYCLES = 200_000  # that an answer may take


@dataclass
class SimulatedLine:
    """A :class:`lmu_hls.boards.link.Line` to a simulated board. `patience` is in cycles.

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


@contextlib.contextmanager
def simulated_netlist(project: BoardProject, gates: Gates) -> Iterator[SimulatedLine]:
    """A netlist of the board in Icarus, with models of its cells. Its bits have the length that it was made with."""
    cycles = divisor(project.board.clock_mhz, project.facts.baud)
    with _running(project, ["-DNETLIST", f"-P{project.top}_tb.DIVISOR={cycles}"], gates.files) as line:
        yield line


@contextlib.contextmanager
def _running(project: BoardProject, options: Sequence[str], sources: Sequence[Path]) -> Iterator[SimulatedLine]:
    tool = need("icarus")
    assert tool.path is not None
    compiler = tool.path
    parts = [tool.identity, *options, *(digest(path) for path in (project.bench, *sources))]

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
