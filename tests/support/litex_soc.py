"""A LiteX SoC around a written project with registers: `litex_soc.py PROJECT NAME FOLDER` writes FOLDER/soc.v.

A master on the SoC's bus reads words of the accelerator at BASE; a player sends the stored vectors through the streams
and compares what comes out. Run by a Python that has LiteX.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import reduce
from operator import and_
from pathlib import Path

from litex.build.generic_platform import GenericPlatform, Pins
from litex.gen import LiteXModule
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import axi
from migen import ClockDomain, If, Memory, Signal

BASE = 0x8000_0000
READS = 16  # registers from BASE


class Player(LiteXModule):
    """The beats of vectors/input*.hex in, those of vectors/output*.hex compared: ``done`` and ``wrong``."""

    def __init__(self, accelerator: object, folder: Path) -> None:
        self.done, self.wrong = Signal(), Signal()
        for file in sorted(folder.glob("input*.hex")):
            self._send(getattr(accelerator, f"sink{file.stem.removeprefix('input')}"), self._memory(file))
        done = [
            self._compare(getattr(accelerator, f"source{file.stem.removeprefix('output')}"), self._memory(file))
            for file in sorted(folder.glob("output*.hex"))
        ]
        self.comb += self.done.eq(reduce(and_, done))

    def _send(self, sink: object, into: LiteXModule) -> None:
        width = len(sink.data)
        self.comb += [
            sink.valid.eq(into.place < into.size),
            sink.data.eq(into.word[:width]),
            sink.last.eq(into.word[width]),
        ]
        self.sync += If(sink.valid & sink.ready, into.place.eq(into.place + 1))

    def _compare(self, source: object, out: LiteXModule) -> Signal:
        """Whether all beats have come."""
        wide, done = len(source.data), Signal()
        self.comb += [source.ready.eq(~done), done.eq(out.place == out.size)]
        self.sync += If(
            source.valid & source.ready,
            out.place.eq(out.place + 1),
            If(
                (source.data != out.word[:wide])
                | (source.last != out.word[wide])
                | (source.last & (source.error != out.word[wide + 1])),
                self.wrong.eq(1),
            ),
        )
        return done

    def _memory(self, file: Path) -> LiteXModule:
        words = [int(line, 16) for line in file.read_text().split()]
        made = LiteXModule()
        made.size, made.place = len(words), Signal(max=len(words) + 1)
        memory = Memory(64, len(words), init=words)
        port = memory.get_port(async_read=True)
        made.word = Signal(64)
        self.specials += memory, port
        self.comb += [port.adr.eq(made.place), made.word.eq(port.dat_r)]
        return made


class Reader(LiteXModule):
    """Reads one register after the other through the SoC's bus."""

    def __init__(self) -> None:
        self.bus = bus = axi.AXILiteInterface(data_width=32, address_width=32)
        self.index, self.read, self.word, self.good = Signal(8), Signal(), Signal(32), Signal()
        waiting = Signal()
        self.comb += [
            bus.ar.addr.eq(BASE + (self.index << 2)),
            bus.ar.valid.eq(~waiting & (self.index < READS)),
            bus.r.ready.eq(waiting),
            self.read.eq(bus.r.valid & bus.r.ready),
            self.word.eq(bus.r.data),
            self.good.eq(bus.r.resp == 0),
        ]
        self.sync += [
            If(bus.ar.valid & bus.ar.ready, waiting.eq(1)),
            If(self.read, waiting.eq(0), self.index.eq(self.index + 1)),
        ]


class SoC(SoCMini):
    def __init__(self, platform: GenericPlatform, module: object, project: Path) -> None:
        self.cd_sys = ClockDomain("sys")
        self.comb += [self.cd_sys.clk.eq(platform.request("clk")), self.cd_sys.rst.eq(platform.request("rst"))]
        super().__init__(platform, 100_000_000, bus_standard="axi-lite", ident="", ident_version=False)
        self.accelerator = module.Accelerator(platform)
        region = SoCRegion(origin=BASE, size=module.Accelerator.SIZE, cached=False)
        self.bus.add_slave("accelerator", self.accelerator.bus, region)
        self.reader = Reader()
        self.bus.add_master("reader", self.reader.bus)
        self.player = Player(self.accelerator, project / "vectors")
        for name in ("done", "wrong"):
            self.comb += platform.request(name).eq(getattr(self.player, name))
        for name in ("read", "word", "index", "good"):
            self.comb += platform.request(f"reg_{name}").eq(getattr(self.reader, name))


def _blocking(block: re.Match[str]) -> str:
    """LiteX writes "<=" in combinational blocks too, default first; in Icarus such glitches can chase one another."""
    return re.sub(r"^(\s+[\w\[\]:]+) <= ", r"\1 = ", block[0], flags=re.M)


def main(project: Path, name: str, folder: Path) -> None:
    spec = importlib.util.spec_from_file_location("accelerator", project / "integration" / f"{name}_litex.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    widths = {"clk": 1, "rst": 1, "done": 1, "wrong": 1, "reg_read": 1, "reg_word": 32, "reg_index": 8, "reg_good": 1}
    pins = [(port, 0, Pins(" ".join(f"{port}{k}" for k in range(width)))) for port, width in widths.items()]
    platform = GenericPlatform("none", pins, name="soc")
    soc = SoC(platform, module, project)
    soc.finalize()
    platform.get_verilog(soc, name="soc").write(str(folder / "soc.v"))
    text = (folder / "soc.v").read_text()
    (folder / "soc.v").write_text(re.sub(r"^always @\(\*\) begin\n.*?^end\n", _blocking, text, flags=re.M | re.S))
    (folder / "sources").write_text("".join(f"{source[0]}\n" for source in platform.sources))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
