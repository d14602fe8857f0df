"""cocotb bench of a whole accelerator: sends sequences through it and records every beat of its streams.

The environment variable LMU_JOB names a JSON file:

    x          .npy: (sequences, steps, n_in), the beats of s_axis as unsigned integers
    beats      output beats that must come
    taps       names of the wires of inner streams to be recorded: <name>_tdata, _tvalid, _tready
    tlast      1: tlast with the last beat of each sequence; 0: never
    gap, stall probability that the source (the sink) starts a pause of 1 to 9 cycles in a cycle
    pause      cycles from a step's last input beat to the next step
    seed       of the pauses
    patience   cycles without a beat after which the bench gives up
    result     .npz: for s_axis, m_axis and each tap <name>_data and <name>_cycles, for m_axis also m_axis_last and
               m_axis_user; violations, beats that were withdrawn or changed while they waited; unknown, beats with
               bits that are neither 0 nor 1 (given as 0)

Nothing is compared here. Beats after the last one that must come are recorded too, for a while.
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
        self.x = np.load(job["x"])
        into, out = ValueBus.from_prefix(dut, "s_axis"), ValueBus.from_prefix(dut, "m_axis")
        self.source = AxiStreamSource(into, dut.clk, dut.rst, byte_lanes=1)
        self.sink = AxiStreamSink(ReadyBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst, byte_lanes=1)
        buses = {"s_axis": into, "m_axis": out, **{name: TapBus(dut, name) for name in job["taps"]}}
        self.watches = {name: Watch(dut.clk, dut.rst, bus) for name, bus in buses.items()}
        for number, (end, chance) in enumerate(((self.source, job["gap"]), (self.sink, job["stall"]))):
            if chance:
                end.set_pause_generator(pauses(chance, random.Random(1000 * job["seed"] + number)))

    async def run(self) -> None:
        for watch in self.watches.values():
            cocotb.start_soon(watch.run())
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0
        sending = cocotb.start_soon(self._send())
        await self._all_out()
        sending.cancel()
        await ClockCycles(self.dut.clk, QUIET_CYCLES)

    async def _send(self) -> None:
        """Whole sequences, or with a pause step by step."""
        pause, (count, steps, n_in) = self.job["pause"], self.x.shape
        pieces = self.x.reshape(-1, n_in) if pause else self.x.reshape(count, -1)
        for number, values in enumerate(pieces.tolist()):
            ends = self.job["tlast"] and (not pause or (number + 1) % steps == 0)
            last = [0] * (len(values) - 1) + [int(ends)]
            await self.source.send(AxiStreamFrame(values, tid=last, tuser=0))
            if pause:
                await self.source.wait()
                await ClockCycles(self.dut.clk, pause)

    async def _all_out(self) -> None:
        """Until the output is complete, or nothing has moved for too long."""
        out, into = self.watches["m_axis"], self.watches["s_axis"]
        moved, idle = 0, 0
        while len(out.beats) < self.job["beats"] and idle < self.job["patience"]:
            await ClockCycles(self.dut.clk, CHECK_CYCLES)
            now = len(out.beats) + len(into.beats)
            idle = idle + CHECK_CYCLES if now == moved else 0
            moved = now

    def write(self) -> None:
        arrays: dict[str, Any] = {}
        unknown = 0
        for name, watch in self.watches.items():
            unknown += sum(value is None for beat in watch.beats for value in beat)
            columns = [[value or 0 for value in column] for column in zip(*watch.beats, strict=True)] or [[], [], []]
            arrays[f"{name}_data"] = np.array(columns[0], np.uint64)
            arrays[f"{name}_cycles"] = np.array(watch.cycles, np.int64)
            if name == "m_axis":
                arrays["m_axis_last"], arrays["m_axis_user"] = (np.array(column, np.int64) for column in columns[1:])
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
