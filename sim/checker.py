"""What the memory bench finds out: every beat against its expected word, and the cycles of every step."""

from __future__ import annotations

from typing import Any

import numpy as np
from cocotb.triggers import Event, SimTimeoutError, with_timeout


def as_words(mem: np.ndarray, lanes: int, width: int) -> list[int]:
    """Output words in stream order: `lanes` states of `width` bits each, lowest degree in the low bits."""
    states = (mem.reshape(-1, lanes) & ((1 << width) - 1)).astype(object)
    words = states[:, 0]
    for lane in range(1, lanes):
        words = words | (states[:, lane] << (lane * width))
    return words.tolist()


class Checker:
    """Compares beats with `words`: `steps` steps a sequence, each with the states `places` in beats of `lanes`."""

    def __init__(self, words: list[int], steps: int, places: list[int], lanes: int, width: int) -> None:
        self._words, self._places, self._lanes, self._width = words, places, lanes, width
        self.beats_per_sequence = steps * len(places) // lanes
        self.position = 0  # of the next beat
        self._beats = 0
        self._wrong_sequences: set[int] = set()
        self._first: dict[str, Any] | None = None
        self._unexpected, self._wrong_last = 0, 0
        self._goal, self._event = -1, Event()

    def beat(self, data: int | None, last: int) -> None:
        """One beat came out."""
        if self.position >= len(self._words):
            self._unexpected += 1
            return
        if data != self._words[self.position]:
            self._differs(data)
        if bool(last) != ((self.position + 1) % self.beats_per_sequence == 0):
            self._wrong_last += 1
        self._beats += 1
        self.position += 1
        if self.position == self._goal:
            self._event.set()

    def _differs(self, data: int | None) -> None:
        sequence, beat = divmod(self.position, self.beats_per_sequence)
        self._wrong_sequences.add(sequence)
        if self._first is not None:
            return
        expected = self._words[self.position]
        lane = 0
        if data is not None:
            lane = next(k for k in range(self._lanes) if self._state(data, k) != self._state(expected, k))
        self._first = {
            "index": [sequence, *self._step_and_state(beat * self._lanes + lane)],
            "expected": self._state(expected, lane),
            "actual": None if data is None else self._state(data, lane),
        }

    def _step_and_state(self, count: int) -> tuple[int, int]:
        """Step, and index within mem, of the state that comes after `count` others of its sequence."""
        step, place = divmod(count, len(self._places))
        return step, self._places[place]

    def _state(self, word: int, lane: int) -> int:
        value = (word >> (lane * self._width)) & ((1 << self._width) - 1)
        return value - ((value >> (self._width - 1)) << self._width)

    async def reached(self, goal: int, patience_ns: int) -> None:
        """Return when `goal` beats are in, or after `patience_ns`."""
        self._goal = goal
        self._event.clear()
        try:
            await with_timeout(self._event.wait(), patience_ns, "ns")
        except SimTimeoutError:
            return

    def skip_to(self, sequence: int) -> None:
        """rst has cut the sequence before this one short; what it still owed will not come."""
        self.position = sequence * self.beats_per_sequence

    def summary(self) -> dict[str, Any]:
        complete, beat = divmod(self.position, self.beats_per_sequence)
        return {
            "sequences": len(self._words) // self.beats_per_sequence,
            "exact_sequences": complete - sum(sequence < complete for sequence in self._wrong_sequences),
            "beats": self._beats,
            "values": self._beats * self._lanes,
            "first_difference": self._first,
            "missing_beats": len(self._words) - self.position,
            "missing_at": [complete, *self._step_and_state(beat * self._lanes)],
            "unexpected_beats": self._unexpected,
            "wrong_tlast": self._wrong_last,
        }


class Stopwatch:
    """Latency and interval of every step, in cycles: farthest apart minimum and maximum."""

    def __init__(self, beats_in: int, beats_out: int) -> None:
        self._in, self._out = beats_in, beats_out
        self._latency: list[int] = []
        self._interval: list[int] = []
        self.stop()

    def start(self) -> None:
        """A run of steps without a pause begins."""
        self._running, self._accepted, self._delivered = True, 0, 0
        self._first_in: int | None = None
        self._last_in: list[int] = []

    def stop(self) -> None:
        """What follows is not measured."""
        self.start()
        self._running = False

    def accepted(self, cycle: int) -> None:
        place = self._accepted % self._in
        self._accepted += 1
        if place == 0:
            if self._first_in is not None:
                self._interval.append(cycle - self._first_in)
            self._first_in = cycle
        if place == self._in - 1:
            self._last_in.append(cycle)

    def delivered(self, cycle: int) -> None:
        self._delivered += 1
        step, rest = divmod(self._delivered, self._out)
        if self._running and rest == 0 and step <= len(self._last_in):
            self._latency.append(cycle - self._last_in[step - 1])

    def summary(self) -> dict[str, Any]:
        """`latency` and `interval` as [minimum, maximum], and the number of latencies; empty lists: none measured."""
        limits = [[min(v), max(v)] if v else [] for v in (self._latency, self._interval)]
        return {"latency": limits[0], "interval": limits[1], "timed_steps": len(self._latency)}
