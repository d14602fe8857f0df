"""Pieces of the stream bench: buses of cocotbext-axi, pauses, a watch on a stream, and the comparison of its beats."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from typing import Any

from cocotb.utils import get_sim_steps, get_sim_time
from cocotbext.axi import AxiStreamBus

PERIOD_NS = 10
PAUSES = (1, 1, 1, 2, 3, 9)

warnings.filterwarnings("ignore", category=DeprecationWarning)  # of cocotbext-axi under cocotb 2


class ValueBus(AxiStreamBus):
    """The signals of a stream; tlast goes where cocotbext-axi has tid, so that each beat can have its own."""

    _signals = {"tdata": "tdata"}  # noqa: RUF012
    _optional_signals = {"tvalid": "tvalid", "tready": "tready", "tid": "tlast", "tuser": "tuser"}  # noqa: RUF012


class ReadyBus(AxiStreamBus):
    """The handshake of a stream, for a sink: the data are read by Watch, which stands unknown bits."""

    _signals = {"tdata": "tvalid"}  # noqa: RUF012
    _optional_signals = {"tvalid": "tvalid", "tready": "tready"}  # noqa: RUF012


def pauses(probability: float, rng: random.Random) -> Iterator[bool]:
    while True:
        if rng.random() < probability:
            for _ in range(rng.choice(PAUSES)):
                yield True
        else:
            yield False


def pauses_until_valid(valid: Any, rng: random.Random) -> Iterator[bool]:
    while True:
        while str(valid.value) != "1":
            yield True
        for _ in range(rng.randint(0, 2)):
            yield True
        yield False


def _number(value: Any) -> int | None:
    """Unsigned integer, None when a bit is unknown."""
    try:
        return int(str(value), 2)
    except ValueError:
        return None


class Watch:
    """Follows one stream: hears of each transferred beat and counts violations of AXI4-Stream."""

    def __init__(self, clk: Any, rst: Any, bus: ValueBus) -> None:
        self._clk, self._rst, self._bus = clk, rst, bus
        self._payload = [getattr(bus, name) for name in ("tdata", "tid", "tuser") if hasattr(bus, name)]
        self.violations = 0
        self.clear()

    def clear(self) -> None:
        """Forget the transfers of the phase before."""
        self.beats: list[tuple[int | None, int | None, int | None]] = []
        self.cycles: list[int] = []

    async def run(self) -> None:
        period = get_sim_steps(PERIOD_NS, "ns")
        waiting: list[str] | None = None
        while True:
            if str(self._bus.tvalid.value) == "0" and waiting is None:
                await self._bus.tvalid.value_change
            await self._clk.rising_edge
            valid, ready = str(self._bus.tvalid.value), str(self._bus.tready.value)
            if str(self._rst.value) != "0":
                waiting = None
                continue
            payload = [str(signal.value) for signal in self._payload] if valid == "1" else None
            self.violations += waiting is not None and payload != waiting
            waiting = payload if ready == "0" else None
            if payload is not None and ready == "1":
                values = {signal: _number(text) for signal, text in zip(self._names(), payload, strict=True)}
                self.beats.append((values["tdata"], values.get("tid", 0), values.get("tuser", 0)))
                self.cycles.append(get_sim_time("step") // period)

    def _names(self) -> list[str]:
        return [name for name in ("tdata", "tid", "tuser") if hasattr(self._bus, name)]


class Output:
    """Compares what a stream gave with what it should give, phase by phase."""

    def __init__(self) -> None:
        self.beats, self.missing, self.unexpected = 0, 0, 0
        self.wrong = [0, 0, 0]
        self.first: dict[str, Any] | None = None

    def compare(self, phase: int, actual: list[Any], expected: list[Any], cut: bool) -> None:
        self.beats += len(actual)
        self.missing += 0 if cut else max(0, len(expected) - len(actual))
        self.unexpected += max(0, len(actual) - len(expected))
        for number, (found, wanted) in enumerate(zip(actual, expected, strict=False)):
            differs = [want is not None and have != want for have, want in zip(found, wanted, strict=True)]
            self.wrong = [count + wrong for count, wrong in zip(self.wrong, differs, strict=True)]
            if any(differs) and self.first is None:
                self.first = {"phase": phase, "beat": number, "expected": wanted, "actual": found}
