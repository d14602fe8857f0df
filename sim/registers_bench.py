"""cocotb bench of lmu_registers: cocotbext-axi's AxiLiteMaster against a model that is exact in every cycle.

The top has `clk` and, for each unit, the ports of lmu_registers behind `<unit>_`. LMU_JOBS names a JSON file with
{"units": {unit: {"counters": COUNTERS, "identity": {name: value}, "addr_w": ADDR_W}}, "operations": number of random
ones}; the unit's instance has its name. LMU_RESULTS gets {unit: list of problems}, also when the bench fails.

The model sees the handshakes and the inputs at each edge and knows every output of the cycle: ready and valid signals,
responses, data, and restart. The master checks what reaches a driver: values and SLVERR.
"""

from __future__ import annotations

import json
import logging
import os
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, SimTimeoutError, with_timeout
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp
from registers_model import (
    CLIPPED,
    CONTROL,
    COUNTERS,
    CYCLES,
    CYCLES_HIGH,
    FRAMING,
    FULL,
    SEQUENCES,
    STATUS,
    STEP_CYCLES,
    Model,
)  # fmt: skip
from streams import pauses

PULSES = ("framing_error", "step", "sequence_end", "clipped")


class Unit:
    """One instance with its master, its model, and everything that was wrong."""

    INPUTS = ("awaddr", "awvalid", "wdata", "wstrb", "wvalid", "bready", "araddr", "arvalid", "rready")

    def __init__(self, dut: Any, name: str, facts: dict[str, Any]) -> None:
        self.clk, self.facts, self.rng = dut.clk, facts, random.Random(name)
        self.inner = getattr(dut, name)
        self.signals = {s: getattr(dut, f"{name}_s_axil_{s}") for s in self.INPUTS}
        self.signals = {f"s_axil_{s}": signal for s, signal in self.signals.items()}
        self.signals |= {s: getattr(dut, f"{name}_{s}") for s in (*PULSES, "busy", "rst")}
        self.model = Model(facts["counters"], facts["identity"])
        self.outputs = {s: getattr(dut, f"{name}_{s}") for s in self.model.now()}
        for signal in (*PULSES, "busy"):
            self.signals[signal].value = 0
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, f"{name}_s_axil"), self.clk, self.signals["rst"])
        self._fill_unused_bytes()
        self.problems: list[str] = []
        self.busy_share = 0.2  # of cycles with a pulse

    def _fill_unused_bytes(self) -> None:
        """Bytes without a strobe are ones; the master would send zeros."""
        channel = self.master.write_if.w_channel
        send = channel.send

        async def full(word: Any) -> None:
            word.wdata |= sum(0xFF << 8 * k for k in range(4) if not int(word.wstrb) >> k & 1)
            await send(word)

        channel.send = full

    def wrong(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(text)

    async def watch(self) -> None:
        """Compare every output in every cycle."""
        cycle = 0
        while True:
            await self.clk.rising_edge
            cycle += 1
            for name, expected in self.model.now().items():
                if expected is not None and str(self.outputs[name].value) != f"{expected:0{len(self.outputs[name])}b}":
                    self.wrong(f"cycle {cycle}: {name} is {self.outputs[name].value}, expected {expected:#x}")
            self.model.edge({name: int(str(s.value).replace("X", "0"), 2) for name, s in self.signals.items()})

    async def pulse(self) -> None:
        """Random pulses and busy."""
        while True:
            await self.clk.rising_edge
            for name in (*PULSES, "busy"):
                width = len(self.signals[name])
                bits = sum((self.rng.random() < self.busy_share) << k for k in range(width))
                self.signals[name].value = bits

    def pause(self, probability: float) -> None:
        """Random pauses on the five channels, each on its own."""
        write, read = self.master.write_if, self.master.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            channel.set_pause_generator(pauses(probability, self.rng))

    async def reset(self) -> None:
        self.signals["rst"].value = 1
        await ClockCycles(self.clk, self.rng.randint(1, 3))
        self.signals["rst"].value = 0

    async def read(self, address: int) -> int:
        answer = await self.master.read(address, 4)
        if answer is not None and answer.resp != (AxiResp.OKAY if self.model.known(address) else AxiResp.SLVERR):
            self.wrong(f"read of {address:#x}: {answer.resp!r}")
        return 0 if answer is None else int.from_bytes(answer.data, "little")

    async def write(self, address: int, data: bytes) -> None:
        answer = await self.master.write(address, data)
        wanted = AxiResp.OKAY if address // 4 * 4 in (CONTROL, STATUS) else AxiResp.SLVERR
        if answer is not None and answer.resp != wanted:
            self.wrong(f"write to {address:#x}: {answer.resp!r}")

    async def random_operation(self) -> None:
        address = 4 * self.rng.randrange(min(18 + self.facts["counters"], 1 << (self.facts["addr_w"] - 2)))
        if self.rng.random() < 0.1:
            address = 4 * self.rng.randrange(1 << (self.facts["addr_w"] - 2))
        if self.rng.random() < 0.6:
            await self.read(address)
        else:
            address = self.rng.choice((address, CONTROL, STATUS, STATUS))
            size = self.rng.choice((1, 2, 4))
            data = self.rng.randrange(1 << 8 * size).to_bytes(size, "little")
            await self.write(address + self.rng.randrange(5 - size), data)

    async def exercise(self, operations: int) -> None:
        """All of it, one thing after another."""
        helpers = [cocotb.start_soon(self.watch())]
        await self.reset()
        helpers.append(cocotb.start_soon(self.pulse()))
        for probability in (0.0, 0.3, 0.7):
            self.pause(probability)
            for _ in range(operations):
                together = [cocotb.start_soon(self.random_operation()) for _ in range(self.rng.randint(1, 4))]
                for task in together:
                    await task
            for _ in range(operations // 2):  # rst in the middle of everything
                tasks = [cocotb.start_soon(self.random_operation()) for _ in range(3)]
                await ClockCycles(self.clk, self.rng.randint(1, 12))
                await self.reset()
                for task in tasks:
                    await task
        await self.at_the_end()
        self.busy_share = 0.0
        await ClockCycles(self.clk, 3)
        helpers.pop().cancel()
        await self.known_values()
        for helper in helpers:
            helper.cancel()

    async def at_the_end(self) -> None:
        """Counters close to their largest values: all stay there, the cycles carry into the high word."""
        self.pause(0.0)
        await self.write(STATUS, b"\1")
        await self.clk.rising_edge
        inner, model, near, cycles = self.inner, self.model, FULL - 12, (5 << 32) + FULL - 20
        inner.cycles_q.value, inner.sequences_q.value, inner.since_q.value = cycles, near, near
        inner.g_counter[0].count_q.value = near
        inner.framing_q.value = near
        inner.framing_error_q.value = 1
        model.cycles, model.sequences, model.clipped[0], model.framing, model.error = cycles, near, near, near, True
        model.last_step = model.cycles - near
        self.busy_share = 0.0
        await self.read(CYCLES)
        await ClockCycles(self.clk, 25)
        await self.read(CYCLES_HIGH)
        self.busy_share = 0.9
        await ClockCycles(self.clk, 25)
        for address in (CYCLES, CYCLES_HIGH, SEQUENCES, STEP_CYCLES, FRAMING, CLIPPED):
            await self.read(address)
        if {self.model.sequences, self.model.clipped[0], self.model.framing} != {FULL} or self.model.high != 6:
            self.wrong("the bench did not reach the largest values")

    async def known_values(self) -> None:
        """The whole map once more, with values that are plain without a model."""
        await self.write(CONTROL, b"\1\0\0\0")
        found = {address: await self.read(address) for address in range(0, CLIPPED + 4 * self.facts["counters"], 4)}
        expected = self.model.identity | {COUNTERS: self.facts["counters"]}
        cycles = found.pop(CYCLES)
        if found != dict.fromkeys(found, 0) | expected or not 0 < cycles < 60:
            self.wrong(f"after a restart the registers hold {found}")
        for delay in range(1, 9):  # in the cycle of the clearing, too
            clearing = cocotb.start_soon(self.write(STATUS, b"\1"))
            await ClockCycles(self.clk, delay)
            self.signals["framing_error"].value = 1
            await ClockCycles(self.clk, 1)
            self.signals["framing_error"].value = 0
            await clearing
            await self.read(STATUS)
            await self.read(FRAMING)
        states = [await self.read(STATUS)]
        await self.write(STATUS + 1, b"\1")
        states.append(await self.read(STATUS))
        await self.write(STATUS, b"\1")
        states.append(await self.read(STATUS))
        for pause in (20, 30):
            self.signals["step"].value = 1
            await ClockCycles(self.clk, 1)
            self.signals["step"].value = 0
            states.append(await self.read(STEP_CYCLES))
            await ClockCycles(self.clk, pause)
        if states[:4] != [1, 1, 0, 0] or not 20 < states[4] < 40:
            self.wrong(f"framing error and cycles of a step are read as {states}")


@cocotb.test()
async def registers(dut: Any) -> None:
    """Exercise all units at the same time."""
    logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
    job = json.loads(Path(os.environ["LMU_JOBS"]).read_text(encoding="utf-8"))
    problems = {name: ["not finished"] for name in job["units"]}
    Clock(dut.clk, 10, unit="ns", impl="gpi").start()
    for name in job["units"]:
        getattr(dut, f"{name}_rst").value = 1
    await ClockCycles(dut.clk, 2)

    async def run(name: str, facts: dict[str, Any]) -> None:
        unit = Unit(dut, name, facts)
        try:
            await with_timeout(unit.exercise(job["operations"]), 10 + 3 * job["operations"], "us")
        except SimTimeoutError:
            unit.problems.append("an operation did not end")
        problems[name] = unit.problems

    try:
        for task in [cocotb.start_soon(run(name, facts)) for name, facts in job["units"].items()]:
            await task
    finally:
        Path(os.environ["LMU_RESULTS"]).write_text(json.dumps(problems) + "\n", encoding="utf-8")
