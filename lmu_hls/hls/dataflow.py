"""The layers of an io_stream project as processes with FIFOs between them: how deep each FIFO has to be.

A process reads and writes whole words, in the order of its C++, and waits where a FIFO is empty or full. Whether all of
them come to their end depends on these orders and on the depths alone, not on time (a Kahn process network); when they
do follows from the cycles of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Depths = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rounds:
    """``count`` times a word of each of ``reads``, one after the other, and then one to each of ``writes``."""

    count: int
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Process:
    """A layer: what it does in a sequence, with ``interval`` cycles from a round to the next and ``latency`` in one."""

    name: str
    rounds: tuple[Rounds, ...]
    interval: int = 1
    latency: int = 1

    def __iter__(self) -> Iterator[Rounds]:
        for rounds in self.rounds:
            for _ in range(rounds.count):
                yield rounds


@dataclass(frozen=True, slots=True)
class Pace:
    """How the C++ of a layer goes through its words: ``whole``, it reads all of them before it writes one.

    ``interval`` cycles from a word to the next and ``latency`` of one, or of the whole.
    """

    whole: bool = False
    interval: int = 1
    latency: int = 1


@dataclass(slots=True)
class _Fifo:
    """The cycles of all words so far; a place is free in the cycle after its word was read."""

    depth: int
    written: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)


def process(name: str, reads: Depths, writes: Depths, pace: Pace = Pace()) -> Process:
    """A layer that reads and writes so many words of these FIFOs.

    Where all have as many, a word of each input gives one of each output. Else, and where the pace says so, all words
    of the first input come first, then those of the next one, and with the last of them the outputs.
    """
    if not pace.whole and len({*reads.values(), *writes.values()}) == 1:
        (count,) = {*reads.values(), *writes.values()}
        rounds: tuple[Rounds, ...] = (Rounds(count, tuple(reads), tuple(writes)),)
    else:
        *first, (last, count) = reads.items()
        given = max(writes.values())
        rounds = (*(Rounds(words, (fifo,)) for fifo, words in first), Rounds(count - 1, (last,)))
        rounds += (Rounds(1, (last,), tuple(writes)), Rounds(given - 1, (), tuple(writes)))
    return Process(name, rounds, pace.interval, pace.latency)


def cycles_of(processes: Sequence[Process], depths: Depths) -> int | None:
    """Cycles until all are at their end; None where they wait for each other for ever.

    A FIFO that is not in ``depths`` is read or written by the surroundings, which never wait.
    """
    fifos = {name: _Fifo(depth) for name, depth in depths.items()}
    ends = [0] * len(processes)
    running = {place: _run(one, fifos, ends, place) for place, one in enumerate(processes)}
    while running:
        before = sum(len(fifo.written) + len(fifo.read) for fifo in fifos.values()), len(running)
        running = {place: one for place, one in running.items() if next(one, None) is not None}
        if before == (sum(len(fifo.written) + len(fifo.read) for fifo in fifos.values()), len(running)):
            return None
    return max(ends)


def _run(one: Process, fifos: Mapping[str, _Fifo], ends: list[int], place: int) -> Iterator[str]:
    """Gives the FIFO that it waits for, each time that it can go on no further."""
    ready = 0
    for rounds in one:
        begin = ready
        for name in rounds.reads:
            if (fifo := fifos.get(name)) is not None:
                while len(fifo.written) == len(fifo.read):
                    yield name
                begin = max(begin, fifo.written[len(fifo.read)] + 1)
                fifo.read.append(begin)
        end = begin + one.latency
        for name in rounds.writes:
            if (fifo := fifos.get(name)) is not None:
                while len(fifo.written) - len(fifo.read) >= fifo.depth:
                    yield name
                if len(fifo.written) >= fifo.depth:
                    end = max(end, fifo.read[len(fifo.written) - fifo.depth] + 1)
                fifo.written.append(end)
        ready = end - one.latency + one.interval
        ends[place] = end


def least_depths(processes: Sequence[Process], words: Depths, at_least: int = 1) -> dict[str, int]:
    """Depths with which a sequence takes as long as with FIFOs that hold all their ``words``; none can be less alone.

    The FIFOs are tried in the order of ``words``, so that those at its end hold what has to be held somewhere.
    """
    depths = {name: max(count, at_least) for name, count in words.items()}
    fastest = cycles_of(processes, depths)
    assert fastest is not None, "what comes before a layer is written before it"
    for name in depths:
        depths[name] = least_of(processes, depths, name, fastest, at_least)
    return depths


def least_of(
    processes: Sequence[Process], depths: Depths, name: str, within: int | None = None, at_least: int = 1
) -> int:
    """The least depth of one FIFO, of at most its depth in ``depths``, with which all come to their end.

    ``within``: and after so many cycles at most.
    """

    def serves(depth: int) -> bool:
        cycles = cycles_of(processes, {**depths, name: depth})
        return cycles is not None and (within is None or cycles <= within)

    low, high = at_least, depths[name]
    if serves(low):
        return low
    while high - low > 1:  # low does not serve, high does
        middle = (low + high) // 2
        low, high = (low, middle) if serves(middle) else (middle, high)
    return high
