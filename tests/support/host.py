"""A written project with registers, Verilated, and what a host does with it: lines, a program in C, a mock of PYNQ."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from lmu_hls.toolchain import simulator_env
from lmu_hls.verify import verilated, verilator

BENCH = Path(__file__).parent / "host_bench"
C_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion")


def build_server(project: Path, top: str, folder: Path) -> Path:
    """The Verilated top of a project, driven by server.cpp."""
    sources = sorted((project / "rtl").glob("*.v"))
    declared = (project / "rtl" / f"{top}.v").read_text()
    text = ""
    for name, prefix in (("SOURCE", "s_axis"), ("SINK", "m_axis")):
        ports = re.findall(rf"put +wire \[\d+:0\] ({prefix}\w*)_tdata", declared)
        each = " ".join(f"X({k}, {port})" for k, port in enumerate(ports))
        text += f"#define {name}S {len(ports)}\n#define EACH_{name}(X) {each}\n"
    source = folder / "ports_and_server.cpp"
    source.write_text(f'{text}#include "{BENCH / "server.cpp"}"\n')
    arguments = [
        *verilated.FLAGS,
        "--top-module",
        top,
        "-o",
        "server",
        *map(str, sources),
        str(source),
    ]
    log = folder / "build.log"
    code = verilator.program(arguments, folder, "Vdut", verilated.COMPILER_FLAGS, simulator_env("verilator"), log)
    assert code == 0, log.read_text()
    return shutil.move(folder / verilator.OBJECTS / "server", folder / "server")


@dataclass
class Server:
    """The lines of server.cpp as functions."""

    process: subprocess.Popen[str]

    def _ask(self, line: str) -> list[int]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def read(self, address: int) -> tuple[int, int]:
        """Data and response."""
        data, response = self._ask(f"r {address}")
        return data, response

    def write(self, address: int, data: int) -> int:
        """The response."""
        return self._ask(f"w {address} {data}")[0]

    def send(self, beats: list[int], source: int = 0) -> None:
        self._ask(f"s {source} {len(beats)} {' '.join(map(str, beats))}")

    def take(self, cycles: int = 20000, sink: int = 0) -> tuple[list[int], bool]:
        """The beats of a packet, or of what there is, and whether it has its end."""
        _, last, *beats = self._ask(f"m {sink} {cycles}")
        return beats, bool(last)


@contextmanager
def serving(program: Path) -> Iterator[Server]:
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


def run_driver(
    software: Path, server: Path, numbers: Any, folder: Path, compiler: str = "gcc", bench: str = "bench"
) -> dict[str, str]:
    """What the program ``bench``, compiled with the driver in ``software``, finds at the server: numbers of sequences,
    an array for each."""
    folder.mkdir(exist_ok=True)
    program, data, found = folder / "bench", folder / "data.txt", folder / "found.txt"
    includes = [f"-I{software}", f"-I{BENCH}", '-DLMU_MMIO_HEADER="bench_mmio.h"']
    sources = [str(BENCH / f"{bench}.c"), str(BENCH / "bench_mmio.c"), *map(str, software.glob("lmu_*.c"))]
    done = subprocess.run(
        [compiler, *C_FLAGS, *includes, *sources, "-o", str(program)], capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    numbers = np.asarray(numbers)
    text = " ".join(repr(float(value)) for value in numbers.ravel())
    data.write_text(f"{len(numbers)} {numbers[0].size} {text}\n")
    with subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            ended = subprocess.run([program, data, found], stdin=other.stdout, stdout=other.stdin, timeout=120)
        finally:
            other.kill()
    assert ended.returncode == 0, f"the program ended with {ended.returncode}"
    return dict(line.split(" ", 1) for line in found.read_text().splitlines())


class _Buffer(np.ndarray):
    """What pynq.allocate gives: an array that can be given back."""

    def freebuffer(self) -> None:
        self.fill(0)


class _Channel:
    """A channel of pynq's DMA in simple mode. ``move`` says whether the transfer of a buffer has ended."""

    def __init__(self, start: Any, finish: Any) -> None:
        self._start, self._finish = start, finish
        self._buffer: Any = None
        self.transferred = 0

    def transfer(self, buffer: Any) -> None:
        assert isinstance(buffer, _Buffer) and self.idle
        self._buffer = buffer
        self._start(buffer)

    @property
    def idle(self) -> bool:
        if self._buffer is not None:
            count = self._finish(self._buffer)
            if count is not None:
                self.transferred, self._buffer = count, None
        return self._buffer is None

    def wait(self) -> None:
        assert self.idle


def mock_pynq(server: Server, top: str, dmas: int = 1) -> ModuleType:
    """A module `pynq` whose overlay has the accelerator behind ``server`` and DMAs: number k has the k-th source and
    the k-th sink. Nothing else is replaced."""

    def send(source: int, buffer: Any) -> None:
        mask = (1 << 8 * buffer.itemsize) - 1
        server.send([int(value) & mask for value in buffer], source)

    def receive(sink: int, buffer: Any) -> int | None:
        beats, ended = server.take(sink=sink)
        if not ended:
            return None
        buffer[: len(beats)] = np.array(beats, np.uint64).astype(buffer.dtype)
        return len(beats) * buffer.itemsize

    def write(address: int, data: int) -> None:
        assert server.write(address, data) == 0

    def read(address: int) -> int:
        data, response = server.read(address)
        assert response == 0
        return data

    class Overlay:
        def __init__(self, path: str) -> None:
            self.path = path
            blocks = {f"{top}_0": SimpleNamespace(read=read, write=write)}
            for k in range(dmas):
                blocks[f"axi_dma_{k}"] = SimpleNamespace(
                    sendchannel=_Channel(partial(send, k), lambda buffer: buffer.nbytes),
                    recvchannel=_Channel(lambda _: None, partial(receive, k)),
                )
            self.ip_dict = {name: {} for name in blocks}
            for name, block in blocks.items():
                setattr(self, name, block)

    module = ModuleType("pynq")
    module.Overlay = Overlay  # type: ignore[attr-defined]
    module.allocate = lambda shape, dtype: np.zeros(shape, dtype).view(_Buffer)  # type: ignore[attr-defined]
    return module
