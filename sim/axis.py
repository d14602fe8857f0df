"""AXI4-Stream in cocotb: a driver, a sink and a monitor that sleep between events, so that quiet cycles cost nothing.

All of them work at rising edges of the clock, where values are those before the edge. Names of the signals are
`<prefix>_tdata`, `_tvalid`, `_tready`, `_tlast` and, where the stream has it, `_tuser`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time

Beat = tuple[int, int, int]  # data, last, user


class Port:
    """The signals of one stream of `dut`."""

    def __init__(self, dut: Any, prefix: str) -> None:
        self.clk = dut.clk
        self.data = getattr(dut, f"{prefix}_tdata")
        self.valid = getattr(dut, f"{prefix}_tvalid")
        self.ready = getattr(dut, f"{prefix}_tready")
        self.last = getattr(dut, f"{prefix}_tlast")
        self.user = getattr(dut, f"{prefix}_tuser", None)

    def fires(self) -> bool:
        """Whether a beat is transferred at this edge."""
        return bool(self.valid.value) and bool(self.ready.value)


class Cycles:
    """Numbers the rising edges of a clock."""

    def __init__(self, period: int) -> None:
        self._period = period

    def now(self) -> int:
        return get_sim_time("step") // self._period


def _nobody(cycle: int) -> None:
    pass


class Driver:
    """Offers beats; before each one it pauses for some cycles with probability `gap`."""

    def __init__(self, port: Port, cycles: Cycles, gap: float, rng: random.Random) -> None:
        self._port, self._cycles, self._gap, self._rng = port, cycles, gap, rng

    def idle(self) -> None:
        """Withdraw whatever is offered."""
        self._port.valid.value = 0

    async def send(self, beats: Iterable[Beat], accepted: Callable[[int], None] = _nobody) -> None:
        """Offer the beats one after another; `accepted(cycle)` hears of each one that is taken."""
        port = self._port
        for data, last, user in beats:
            if self._gap and self._rng.random() < self._gap:
                port.valid.value = 0
                await ClockCycles(port.clk, self._rng.randint(1, 12))
            port.data.value, port.last.value, port.user.value = data, last, user
            port.valid.value = 1
            await port.clk.rising_edge
            while not port.ready.value:
                await port.ready.rising_edge
                await port.clk.rising_edge
            accepted(self._cycles.now())
        port.valid.value = 0


class Sink:
    """Takes beats; with probability `stall` it is not ready in a cycle."""

    def __init__(self, port: Port, stall: float, rng: random.Random) -> None:
        self._port, self._stall, self._rng = port, stall, rng
        port.ready.value = 0

    async def run(self) -> None:
        port = self._port
        if not self._stall:
            port.ready.value = 1
            return
        while True:
            port.ready.value = int(self._rng.random() >= self._stall)
            await ClockCycles(port.clk, self._rng.choice((1, 1, 1, 2, 7)))


class Monitor:
    """Calls `seen(cycle, data, last, user)` for each transferred beat; data is None where a bit is unknown."""

    def __init__(self, port: Port, cycles: Cycles, seen: Callable[[int, int | None, int, int], None]) -> None:
        self._port, self._cycles, self._seen = port, cycles, seen

    async def run(self) -> None:
        port = self._port
        while True:
            if not port.valid.value:
                await port.valid.rising_edge
            elif not port.ready.value:
                await port.ready.rising_edge
            else:
                await port.clk.rising_edge
                if port.fires():
                    user = int(port.user.value) if port.user is not None else 0
                    self._seen(self._cycles.now(), _known(port.data.value), int(port.last.value), user)


class StreamRules:
    """Counts violations of AXI4-Stream on an output: an offered beat must stay, unchanged, until it is taken."""

    def __init__(self, port: Port, rst: Any) -> None:
        self._port, self._rst = port, rst
        self.violations = 0

    async def run(self) -> None:
        port, offered = self._port, None
        while True:
            await port.clk.rising_edge
            now = (str(port.data.value), str(port.last.value)) if port.valid.value else None
            if offered is not None and now != offered:
                self.violations += 1
            offered = None if port.ready.value or self._rst.value else now


def _known(value: Any) -> int | None:
    try:
        return int(str(value), 2)
    except ValueError:
        return None
