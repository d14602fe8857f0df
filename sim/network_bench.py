"""cocotb bench of a whole accelerator: sends sequences through it and records every beat of its streams.

The environment variable LMU_JOB names a JSON file:

    inputs     for the wires of each input (s_axis) a file .npy (steps of all sequences, values) of unsigned values
    lengths    the steps of each sequence
    beats      for the wires of each output (m_axis) the beats that must come
    taps       names of the wires of inner streams to be recorded: <name>_tdata, _tvalid, _tready
    slots      for the wires of each of these the bits of a value in a beat, and the values of a beat
    tlast      1: tlast with the last beat of each sequence; 0: never
    gap, stall probability that a source (a sink) starts a pause of 1 to 9 cycles in a cycle, each for itself
    pause      cycles from the reset, and from a step's last input beat, to the next step
    seed       of the pauses
    patience   cycles without a beat after which the bench gives up
    result     .npz: for each input, output and tap <name>_data, its values, and <name>_cycles, for outputs also
               <name>_last and <name>_user, all three of each beat; violations, beats that were withdrawn or changed
               while they waited; unknown, beats with bits that are neither 0 nor 1 (given as 0)

A line "done N" on stdout says that N sequences have gone in. Nothing is compared here. Beats after the last one
that must come are recorded too, for a while.
"""

from __future__ import annotations

import json
import logging
import os
import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamFrame, AxiStreamSink, AxiStreamSource
from streams import PERIOD_NS, ReadyBus, ValueBus, Watch, pauses

QUIET_CYCLES = 40
CHECK_CYCLES = 64  # from one look at the progress to the next


class TapBus:
    """An inner stream in the place of an AxiStreamBus."""

    def __init__(self, dut: Any, wires: str) -> None:
        self.tdata, self.tvalid, self.tready = (getattr(dut, f"{wires}_t{name}") for name in ("data", "valid", "ready"))


class NetworkBench:
    """The accelerator between a source and a sink, with a watch on every stream."""

    def __init__(self, dut: Any, job: dict[str, Any]) -> None:
        self.dut, self.job = dut, job
        self.x = {name: self._beats(name, np.load(file)) for name, file in job["inputs"].items()}
        self.ends = np.cumsum(job["lengths"])  # steps up to the end of each sequence
        buses = {name: ValueBus.from_prefix(dut, name) for name in (*job["inputs"], *job["beats"])}
        self.sources = {name: AxiStreamSource(buses[name], dut.clk, dut.rst, byte_lanes=1) for name in job["inputs"]}
        sinks = [
            AxiStreamSink(ReadyBus.from_prefix(dut, name), dut.clk, dut.rst, byte_lanes=1) for name in job["beats"]
        ]
        buses |= {name: TapBus(dut, name) for name in job["taps"]}
        self.watches = {name: Watch(dut.clk, dut.rst, bus) for name, bus in buses.items()}
        # Each stream has pauses of its own: sources are numbered 0, 2, ..., sinks 1, 3, ...
        for ends, chance, first in ((self.sources.values(), job["gap"], 0), (sinks, job["stall"], 1)):
            for number, end in enumerate(ends):
                if chance:
                    end.set_pause_generator(pauses(chance, random.Random(1000 * job["seed"] + first + 2 * number)))

    def _beats(self, name: str, values: Any) -> Any:
        """(steps, beats) of all values (steps, values)."""
        bits, together = self.job["slots"][name]
        if together == 1:
            return values
        slots = values.astype(object).reshape(len(values), -1, together)
        return sum(slots[..., k] << bits * k for k in range(together))

    def _values(self, name: str, beats: list[int]) -> list[int]:
        bits, together = self.job["slots"][name]
        return beats if together == 1 else [b >> bits * k & ((1 << bits) - 1) for b in beats for k in range(together)]

    async def run(self) -> None:
        for watch in self.watches.values():
            cocotb.start_soon(watch.run())
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0
        sending = self._sending()
        await self._all_out()
        for task in sending:
            task.cancel()
        await ClockCycles(self.dut.clk, QUIET_CYCLES)

    def _sending(self) -> list[Any]:
        """The tasks that send: of each input its sequences, or with a pause the steps of all inputs together."""
        if self.job["pause"]:
            return [cocotb.start_soon(self._send_steps())]
        return [cocotb.start_soon(self._send_sequences(name)) for name in self.x]

    async def _send_sequences(self, name: str) -> None:
        for sequence in np.split(self.x[name], self.ends[:-1]):
            await self.sources[name].send(self._frame(sequence.ravel().tolist(), True))

    async def _send_steps(self) -> None:
        pause, ends = self.job["pause"], set(self.ends.tolist())
        await ClockCycles(self.dut.clk, pause)
        for number in range(int(self.ends[-1])):
            for name, x in self.x.items():
                await self.sources[name].send(self._frame(x[number].tolist(), number + 1 in ends))
            for source in self.sources.values():
                await source.wait()
            await ClockCycles(self.dut.clk, pause)

    def _frame(self, values: list[int], ends: bool) -> AxiStreamFrame:
        last = [0] * (len(values) - 1) + [int(ends and bool(self.job["tlast"]))]
        return AxiStreamFrame(values, tid=last, tuser=0)

    async def _all_out(self) -> None:
        """Until the outputs are complete, or nothing has moved for too long."""
        moved, idle, done = 0, 0, 0
        wanted = {self.watches[name]: beats for name, beats in self.job["beats"].items()}
        streams = [*wanted, *(self.watches[name] for name in self.x)]
        while any(len(out.beats) < beats for out, beats in wanted.items()) and idle < self.job["patience"]:
            await ClockCycles(self.dut.clk, CHECK_CYCLES)
            now = sum(len(stream.beats) for stream in streams)
            idle = idle + CHECK_CYCLES if now == moved else 0
            moved = now
            if (sent := self._sequences_in()) > done:
                done = sent
                print(f"done {done}", flush=True)

    def _sequences_in(self) -> int:
        """Sequences that all inputs have had."""
        steps = min(len(self.watches[name].beats) // beats.shape[1] for name, beats in self.x.items())
        return int(np.searchsorted(self.ends, steps, side="right"))

    def write(self) -> None:
        arrays: dict[str, Any] = {}
        unknown = 0
        for name, watch in self.watches.items():
            unknown += sum(value is None for beat in watch.beats for value in beat)
            columns = [[value or 0 for value in column] for column in zip(*watch.beats, strict=True)] or [[], [], []]
            arrays[f"{name}_data"] = np.array(self._values(name, columns[0]), np.uint64)
            arrays[f"{name}_cycles"] = np.array(watch.cycles, np.int64)
            if name in self.job["beats"]:
                last, user = (np.array(column, np.int64) for column in columns[1:])
                arrays |= {f"{name}_last": last, f"{name}_user": user}
        violations = sum(watch.violations for watch in self.watches.values())
        np.savez(self.job["result"], violations=violations, unknown=unknown, **arrays)


@cocotb.test()
async def network(dut: Any) -> None:
    logging.getLogger("cocotb").setLevel(logging.WARNING)  # cocotbext-axi tells of every frame
    Clock(dut.clk, PERIOD_NS, unit="ns", impl="gpi").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)  # cocotbext-axi cannot stand unknown handshakes
    bench = NetworkBench(dut, json.loads(Path(os.environ["LMU_JOB"]).read_text(encoding="utf-8")))
    await bench.run()
    bench.write()
