"""cocotb bench of a memory unit: streams u in, compares every mem beat with ``==``, measures latency and interval.

The environment variable LMU_JOBS names a JSON file with a list of jobs, which run one after another:

    vectors        .npz: u (N, T, memory_d) and mem (N, T, memory_d * order), integers; optional reset_state (N, T),
                   1 where a step starts from mem = 0 (default: the first step of each sequence), and abort (N), the
                   cycles after which rst cuts a sequence short (default: -1, never); places (memory_d * order), the
                   states of a step in the order in which they come out
    result         where the JSON result goes
    prefix         of the unit's ports ("" for none); clk and rst have none
    lanes, mem_width, ii_cycles, latency_cycles    of the unit; the cycles only bound the waiting
    gap, stall     probability of a pause before a beat, and of an unready sink in a cycle
    seed           of the gaps and stalls
"""

from __future__ import annotations

import json
import os
import random
from itertools import groupby
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from axis import Beat, Cycles, Driver, Monitor, Port, Sink, StreamRules
from checker import Checker, Stopwatch, as_words
from cocotb.clock import Clock
from cocotb.task import Task
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_steps

PERIOD_NS = 10


class MemoryBench:
    """One memory unit between a driver and a sink, with a checker and a stopwatch."""

    def __init__(self, dut: Any, job: dict[str, Any]) -> None:
        self.dut, self.job = dut, job
        with np.load(job["vectors"]) as vectors:
            self.u, self.mem = vectors["u"], vectors["mem"]
            self.clear = vectors["reset_state"] if "reset_state" in vectors else _first_steps(self.u)
            places = vectors["places"]
            self.abort = vectors["abort"] if "abort" in vectors else np.full(len(self.u), -1)
        self.steps, self.memory_d = self.u.shape[1:]
        source, output = Port(dut, job["prefix"] + "s_axis"), Port(dut, job["prefix"] + "m_axis")
        if len(output.data) != job["lanes"] * job["mem_width"]:
            raise ValueError(f"m_axis_tdata has {len(output.data)} bits, expected {job['lanes']} * {job['mem_width']}")
        self.u_mask = (1 << len(source.data)) - 1
        rng = random.Random(job["seed"])
        cycles = Cycles(get_sim_steps(PERIOD_NS, "ns"))
        self.driver = Driver(source, cycles, job["gap"], rng)
        self.sink = Sink(output, job["stall"], rng)
        self.rules = StreamRules(output, dut.rst)
        self.monitor = Monitor(output, cycles, self._seen)
        words = as_words(self.mem[..., places], job["lanes"], job["mem_width"])
        self.checker = Checker(words, self.steps, places.tolist(), job["lanes"], job["mem_width"])
        self.stopwatch = Stopwatch(self.memory_d, self.mem.shape[-1] // job["lanes"])

    async def run(self) -> None:
        """Stream everything; sequences follow one another without a pause, except after one that is cut short."""
        self.driver.idle()
        await self.reset()
        helpers = [cocotb.start_soon(self.monitor.run()), cocotb.start_soon(self.sink.run())]
        if self.job["stall"]:
            helpers.append(cocotb.start_soon(self.rules.run()))
        for cut, group in groupby(range(len(self.u)), key=lambda n: n if self.abort[n] >= 0 else -1):
            sequences = list(group)
            if cut < 0:
                await self._stream(sequences)
            else:
                await self._cut_short(cut)
        await ClockCycles(self.dut.clk, self.job["latency_cycles"] + 20)  # beats that nobody asked for come now
        for helper in helpers:
            helper.cancel()

    async def reset(self) -> None:
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 3)
        self.dut.rst.value = 0

    async def _stream(self, sequences: list[int]) -> None:
        self.stopwatch.start()
        sending = cocotb.start_soon(self.driver.send(self._beats(sequences), self.stopwatch.accepted))
        await self._progress((sequences[-1] + 1) * self.checker.beats_per_sequence)
        sending.cancel()
        self.driver.idle()

    async def _cut_short(self, sequence: int) -> None:
        self.stopwatch.stop()
        sending: Task[None] = cocotb.start_soon(self.driver.send(self._beats([sequence])))
        await ClockCycles(self.dut.clk, int(self.abort[sequence]) + 1)
        sending.cancel()
        self.driver.idle()
        await self.reset()
        self.checker.skip_to(sequence + 1)

    async def _progress(self, goal: int) -> None:
        """Wait for beat number `goal`, but not for ever."""
        slow = (1 + 13 * self.job["gap"]) / max(0.02, 1 - self.job["stall"])
        patience = int(slow * 8 * (self.job["ii_cycles"] + self.job["latency_cycles"])) + 1000
        while self.checker.position < goal:
            before = self.checker.position
            await self.checker.reached(goal, patience * PERIOD_NS)
            if self.checker.position == before:
                return

    def _beats(self, sequences: list[int]) -> list[Beat]:
        beats = []
        for n in sequences:
            for t in range(self.steps):
                for c in range(self.memory_d):
                    last = t == self.steps - 1 and c == self.memory_d - 1
                    user = int(self.clear[n, t]) if c == 0 else (t + c) & 1  # has no meaning there
                    beats.append((int(self.u[n, t, c]) & self.u_mask, int(last), user))
        return beats

    def _seen(self, cycle: int, data: int | None, last: int, user: int) -> None:
        if not self.dut.rst.value:
            self.checker.beat(data, last)
            self.stopwatch.delivered(cycle)

    def result(self) -> dict[str, Any]:
        measured = self.stopwatch.summary() if not self.job["gap"] and not self.job["stall"] else {}
        return {**self.checker.summary(), "protocol_violations": self.rules.violations, **measured}


def _first_steps(u: np.ndarray) -> np.ndarray:
    clear = np.zeros(u.shape[:2], np.int64)
    clear[:, 0] = 1
    return clear


@cocotb.test()
async def memory_vectors(dut: Any) -> None:
    """Run the jobs; a result file tells what was found, and is absent when the bench itself failed."""
    Clock(dut.clk, PERIOD_NS, unit="ns", impl="gpi").start()
    for job in json.loads(Path(os.environ["LMU_JOBS"]).read_text(encoding="utf-8")):
        bench = MemoryBench(dut, job)
        await bench.run()
        Path(job["result"]).write_text(json.dumps(bench.result()) + "\n", encoding="utf-8")
