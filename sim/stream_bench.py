"""cocotb bench of any units with AXI4-Streams: cocotbext-axi sources and sinks, every beat compared with ``==``.

The top has `clk` and, for each unit, the ports `<unit>_rst` and `<unit>_<stream>_tdata/_tvalid/_tready` with, where
the stream has them, `_tlast` and `_tuser`. tests/support/hdl/stream_grid.py generates such a top and runs this bench.
Units run at the same time, the jobs of one unit one after another. LMU_JOBS names a JSON file with a list of jobs:

    unit           name of the unit: the prefix of its ports
    phases         list of phases, each {"inputs": {stream: beats}, "outputs": {stream: beats}, "reset_after": cycles}.
                   A beat is [data, last, user], all unsigned; null in an output: not compared. A phase without
                   reset_after (or null) is over when all outputs are in and all inputs taken; with it, rst comes
                   so many cycles after the start, and what came out until then must be a beginning of the outputs.
                   rst precedes the first phase; phases follow one another without it otherwise.
    gap, stall     probability that a source (sink) starts a pause of 1 to 9 cycles in a cycle (default 0)
    shy            1: the sinks become ready only after valid (default 0): finds a valid that waits for ready
    seed           of the pauses (default 0)
    steps          {"inputs": {stream: beats a step}, "outputs": {stream: beats a step}}: turns the stopwatch on. Give
                   only streams whose beats count; others are merely fed.
    isolate        1: a step is offered only some cycles after the outputs of the one before are in (for latency;
                   default 0, for ii)
    patience       cycles without any transfer after which a phase is given up (default 500); so it is after 200 beats
                   too many

LMU_RESULTS names the JSON file that gets one result a job, in their order; it is written also when the bench fails:

    outputs        {stream: {"beats", "missing", "unexpected", "wrong": [beats wrong in data, in last, in user],
                   "first_difference": {"phase", "beat", "expected", "actual"} or null, "violations"}}; violations are
                   beats that were withdrawn or changed while they waited; a bit that is unknown in the simulator makes
                   a value of "actual" null. An unknown tvalid or tready ends the bench.
    untaken        {stream: beats offered in phases without rst and not taken}
    latency        cycles of each step from its last input beat taken to its last output beat taken
    in_interval, out_interval    cycles from first (last) beat to first (last) beat of two steps that follow one another
    cycles         from the end of the first rst to the last output beat
"""

from __future__ import annotations

import json
import logging
import os
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_steps, get_sim_time
from cocotbext.axi import AxiStreamFrame, AxiStreamSink, AxiStreamSource
from streams import PERIOD_NS, Output, ReadyBus, ValueBus, Watch, pauses, pauses_until_valid

QUIET_CYCLES = 40  # at the end of a job, for beats that nobody asked for
TOO_MANY = 200  # beats that nobody asked for, after which a phase is given up


class Unit:
    """One unit of the top between its sources and sinks."""

    def __init__(self, dut: Any, name: str, inputs: list[str], outputs: list[str]) -> None:
        self.clk, self.rst = dut.clk, getattr(dut, f"{name}_rst")
        buses = {stream: ValueBus.from_prefix(dut, f"{name}_{stream}") for stream in [*inputs, *outputs]}
        self.rst.value = 1
        self.sources = {s: AxiStreamSource(buses[s], self.clk, self.rst, byte_lanes=1) for s in inputs}
        ready = {stream: ReadyBus.from_prefix(dut, f"{name}_{stream}") for stream in outputs}
        self.sinks = {s: AxiStreamSink(bus, self.clk, self.rst, byte_lanes=1) for s, bus in ready.items()}
        self.watches = {stream: Watch(self.clk, self.rst, bus) for stream, bus in buses.items()}
        self.valids = {stream: bus.tvalid for stream, bus in buses.items()}
        for watch in self.watches.values():
            cocotb.start_soon(watch.run())

    async def reset(self) -> None:
        self.rst.value = 1
        for source in self.sources.values():
            source.clear()
        await ClockCycles(self.clk, 3)
        self.rst.value = 0

    def disturb(self, gap: float, stall: float, shy: bool, seed: int) -> None:
        """Set the pauses of all sources and sinks."""
        for number, (stream, end) in enumerate([*self.sources.items(), *self.sinks.items()]):
            rng = random.Random(1000 * seed + number)
            end.clear_pause_generator()
            end.pause = False
            probability = gap if stream in self.sources else stall
            if shy and stream in self.sinks:
                end.set_pause_generator(pauses_until_valid(self.valids[stream], rng))
            elif probability:
                end.set_pause_generator(pauses(probability, rng))


class Job:
    """The phases of one job on one unit."""

    def __init__(self, unit: Unit, job: dict[str, Any]) -> None:
        self.unit, self.job = unit, job
        self.outputs = {stream: Output() for stream in unit.sinks}
        self.untaken = dict.fromkeys(unit.sources, 0)
        self.times: dict[str, list[int]] = {"latency": [], "in_interval": [], "out_interval": []}
        self.cycles = 0

    async def run(self) -> None:
        job = self.job
        for watch in self.unit.watches.values():
            watch.violations = 0
        self.unit.disturb(job.get("gap", 0), job.get("stall", 0), bool(job.get("shy", 0)), job.get("seed", 0))
        await self.unit.reset()
        start = get_sim_time("step") // get_sim_steps(PERIOD_NS, "ns")
        for number, phase in enumerate(job["phases"]):
            for watch in self.unit.watches.values():
                watch.clear()
            cut = phase.get("reset_after")
            if cut is not None:
                self._send(phase["inputs"])
                await ClockCycles(self.unit.clk, cut + 1)
            else:
                await self._complete(phase)
                if number == len(job["phases"]) - 1:
                    await ClockCycles(self.unit.clk, QUIET_CYCLES)
            self._judge(number, phase, cut is not None)
            self.cycles = max([self.cycles, *(w.cycles[-1] - start for w in self._sunk() if w.cycles)])
            if cut is not None:
                await self.unit.reset()

    def _sunk(self) -> list[Watch]:
        return [self.unit.watches[stream] for stream in self.unit.sinks]

    def _send(self, inputs: dict[str, list[list[int]]]) -> None:
        for stream, beats in inputs.items():
            if beats:
                data, last, user = (list(column) for column in zip(*beats, strict=True))
                self.unit.sources[stream].send_nowait(AxiStreamFrame(data, tid=last, tuser=user))

    async def _complete(self, phase: dict[str, Any]) -> None:
        """Send all and wait for all; with isolate, step by step."""
        totals = {s: len(beats) for s, beats in [*phase["inputs"].items(), *phase["outputs"].items()]}
        if not self.job.get("isolate"):
            self._send(phase["inputs"])
            await self._transferred(totals)
            return
        sizes = self.job["steps"]
        self._send({s: beats for s, beats in phase["inputs"].items() if s not in sizes["inputs"]})
        (stream, size), *_ = sizes["inputs"].items()
        for k in range(len(phase["inputs"][stream]) // size):
            self._send({s: phase["inputs"][s][k * n : (k + 1) * n] for s, n in sizes["inputs"].items()})
            if not await self._transferred({s: (k + 1) * n for s, n in sizes["outputs"].items()}):
                return
            await ClockCycles(self.unit.clk, QUIET_CYCLES)  # what a unit keeps has to stay

    async def _transferred(self, goals: dict[str, int]) -> bool:
        """Whether all streams reach their numbers of beats before patience ends."""
        watches, idle, before = self.unit.watches, 0, -1
        while any(len(watches[stream].beats) < goal for stream, goal in goals.items()):
            await self.unit.clk.rising_edge
            now = sum(len(watches[stream].beats) for stream in goals)
            idle = idle + 1 if now == before else 0
            before = now
            flood = any(len(watches[stream].beats) > goal + TOO_MANY for stream, goal in goals.items())
            if flood or idle > self.job.get("patience", 500):
                return False
        return True

    def _judge(self, number: int, phase: dict[str, Any], cut: bool) -> None:
        for stream, output in self.outputs.items():
            output.compare(number, self.unit.watches[stream].beats, phase["outputs"].get(stream, []), cut)
        if not cut:
            for stream in self.untaken:
                taken = len(self.unit.watches[stream].beats)
                self.untaken[stream] += len(phase["inputs"].get(stream, [])) - taken
            if "steps" in self.job:
                self._time(self.job["steps"])

    def _time(self, sizes: dict[str, dict[str, int]]) -> None:
        watches = self.unit.watches
        ends, starts, dones = (
            [max(column) for column in zip(*(watches[s].cycles[first::n] for s, n, first in picks), strict=False)]
            for picks in (
                [(s, n, n - 1) for s, n in sizes["inputs"].items()],
                [(s, n, 0) for s, n in sizes["inputs"].items()],
                [(s, n, n - 1) for s, n in sizes["outputs"].items()],
            )
        )
        self.times["latency"] += [done - end for end, done in zip(ends, dones, strict=False)]
        self.times["in_interval"] += [b - a for a, b in pairwise(starts)]
        self.times["out_interval"] += [b - a for a, b in pairwise(dones)]

    def result(self) -> dict[str, Any]:
        outputs = {
            stream: {
                "beats": output.beats,
                "missing": output.missing,
                "unexpected": output.unexpected,
                "wrong": output.wrong,
                "first_difference": output.first,
                "violations": self.unit.watches[stream].violations,
            }
            for stream, output in self.outputs.items()
        }
        return {"outputs": outputs, "untaken": self.untaken, **self.times, "cycles": self.cycles}


async def _work(dut: Any, name: str, jobs: dict[int, dict[str, Any]], results: list[Any]) -> None:
    phase = next(iter(jobs.values()))["phases"][0]
    unit = Unit(dut, name, list(phase["inputs"]), list(phase["outputs"]))
    for number, job in jobs.items():
        running = Job(unit, job)
        await running.run()
        results[number] = running.result()
    unit.rst.value = 1


@cocotb.test()
async def streams(dut: Any) -> None:
    """Run all jobs; a job without a result was not finished."""
    logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
    jobs = json.loads(Path(os.environ["LMU_JOBS"]).read_text(encoding="utf-8"))
    results: list[Any] = [None] * len(jobs)
    Clock(dut.clk, PERIOD_NS, unit="ns", impl="gpi").start()
    try:
        names = list(dict.fromkeys(job["unit"] for job in jobs))
        for name in names:
            getattr(dut, f"{name}_rst").value = 1
        await ClockCycles(dut.clk, 2)  # handshakes are known before sources and sinks look at them
        tasks = [
            cocotb.start_soon(_work(dut, name, {k: j for k, j in enumerate(jobs) if j["unit"] == name}, results))
            for name in names
        ]
        for task in tasks:
            await task
    finally:
        Path(os.environ["LMU_RESULTS"]).write_text(json.dumps(results) + "\n", encoding="utf-8")
