"""cocotb bench of an RTL blackbox with ap_ctrl_chain, ap_ce, a FIFO `words` in and a FIFO `states` out.

LMU_JOBS names a JSON file with {"calls": [[words of a call], ...], "latency": cycles from ap_start to ap_done, "seed":
int}. The calls are made twice after a reset: without any waiting, where each must take as long as promised, and with
random ap_ce, empty, full, ap_start and ap_continue. LMU_RESULTS gets {"calm": states, "disturbed": states, "problems":
[...]}, also when the bench fails.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

PATIENCE = 200  # cycles a word, after which the blackbox counts as stuck
INPUTS = ("ap_rst", "ap_ce", "ap_start", "ap_continue", "words_dout", "words_empty_n", "states_full_n")
MANY = 20


class Caller:
    """What stands around the blackbox: it makes the calls and holds it to the rules."""

    def __init__(self, dut: Any, calls: list[list[int]], rng: random.Random | None, latency: int) -> None:
        self.dut, self.rng, self.latency = dut, rng, latency
        self.words = [word for call in calls for word in call]
        self.length, self.calls = len(calls[0]), len(calls)
        self.states: list[int] = []
        self.problems: list[str] = []
        self.ended = self.started = self.read = 0  # calls whose ap_done met ap_continue, whose ap_ready came; words
        self.start, self.pending = False, False  # ap_start; ap_done is owed until ap_continue
        self.begun = 0

    def wrong(self, cycle: int, text: str) -> None:
        if len(self.problems) < MANY:
            self.problems.append(f"cycle {cycle}: {text}")

    def chance(self, share: float) -> bool:
        return self.rng is None or self.rng.random() < share

    async def run(self) -> None:
        cycle, limit = 0, PATIENCE * (len(self.words) + 1) + self.latency * self.calls * 20
        while self.ended < self.calls:
            await FallingEdge(self.dut.ap_clk)
            self.drive(cycle)
            await ReadOnly()
            self.look(cycle)
            cycle += 1
            if cycle > limit:
                self.wrong(cycle, f"stuck after {self.ended} of {self.calls} calls")
                return
        await FallingEdge(self.dut.ap_clk)
        self.dut.ap_start.value = 0
        for extra in range(3):
            await FallingEdge(self.dut.ap_clk)
            await ReadOnly()
            if str(self.dut.ap_done.value) != "0" or str(self.dut.ap_idle.value) != "1":
                self.wrong(cycle + extra, "not idle after the last call")

    def drive(self, cycle: int) -> None:
        dut = self.dut
        if not self.start and self.started < self.calls and self.chance(0.6):
            self.start, self.begun = True, cycle
        there = self.read < len(self.words) and self.chance(0.6)
        dut.ap_ce.value = int(self.chance(0.7))
        dut.ap_start.value = int(self.start)
        dut.ap_continue.value = int(self.chance(0.5))
        dut.words_empty_n.value = int(there)
        junk = 0 if self.rng is None else self.rng.getrandbits(len(dut.words_dout))
        dut.words_dout.value = self.words[self.read] if there else junk
        dut.states_full_n.value = int(self.chance(0.5))

    def look(self, cycle: int) -> None:
        names = ("ap_ready", "ap_done", "words_read", "states_write", "ap_ce", "ap_continue")
        values = {name: str(getattr(self.dut, name).value) for name in (*names, "words_empty_n", "states_full_n")}
        unknown = [name for name, value in values.items() if value not in ("0", "1")]
        if unknown:
            self.wrong(cycle, f"{', '.join(unknown)} unknown")
            return
        ready, done, read, write, ce, go, empty_n, full_n = (value == "1" for value in values.values())
        if not ce and (ready or done or read or write):
            self.wrong(cycle, "it does something without ap_ce")
        if read:
            if not empty_n or not self.start or self.read >= (self.started + 1) * self.length:
                self.wrong(cycle, "it reads a word that is not there or not of this call")
            self.read += 1
        if write:
            if not full_n:
                self.wrong(cycle, "it writes to a FIFO that is full")
            self.states.append(int(str(self.dut.states_din.value), 2))
        if done != (ce and (self.pending or ready)):
            self.wrong(cycle, "ap_done does not stay until ap_continue, or comes without ap_ready")
        if ready:
            self._call_done(cycle)
        if done:
            self.pending = not go
            self.ended += go

    def _call_done(self, cycle: int) -> None:
        if not self.start:
            self.wrong(cycle, "ap_ready without ap_start")
        self.started += 1
        if self.read != self.started * self.length:
            self.wrong(cycle, f"{self.read} words are read after {self.started} calls")
        if self.rng is None and cycle - self.begun != self.latency:
            self.wrong(cycle, f"the call takes {cycle - self.begun} cycles, not {self.latency}")
        self.start = self.started < self.calls and self.chance(0.5)
        self.begun = cycle + 1


@cocotb.test()
async def all_calls(dut: Any) -> None:
    job = json.loads(Path(os.environ["LMU_JOBS"]).read_text())
    found: dict[str, Any] = {"problems": []}
    cocotb.start_soon(Clock(dut.ap_clk, 10, "ns").start())
    try:
        for name, rng in (("calm", None), ("disturbed", random.Random(job["seed"]))):
            await FallingEdge(dut.ap_clk)
            for signal in INPUTS:
                getattr(dut, signal).value = 0
            dut.ap_rst.value = 1
            await FallingEdge(dut.ap_clk)
            await FallingEdge(dut.ap_clk)
            dut.ap_rst.value = 0
            caller = Caller(dut, job["calls"], rng, job["latency"])
            await caller.run()
            found[name] = caller.states
            found["problems"] += [f"{name}, {text}" for text in caller.problems]
    finally:
        Path(os.environ["LMU_RESULTS"]).write_text(json.dumps(found))
