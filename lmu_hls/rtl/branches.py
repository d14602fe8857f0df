"""Where streams part and meet: copies of a stream for several readers, and queues before a layer of several inputs.

A branch that is ahead of the other waits in a queue. That cannot block: every stage gives a step once it has the whole
of it, so the branch that is behind needs no more of what they share than this step, and the queue holds a step at
least. It holds more where the branch that is ahead gives more until the other one comes, as the cycles of both say, so
that no pace is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from lmu_hls.rtl.cycles import QUEUE, Beats
from lmu_hls.rtl.netlist import Netlist, Stream

Taken = Callable[[tuple[Beats, ...], int], tuple[Beats, ...]]


@dataclass(frozen=True, slots=True)
class Branch:
    """What an input or a layer gives: its ``stream``, the cycles of a step's beats, and the steps of a sequence."""

    stream: Stream
    beats: Beats
    executions: int


def copies(net: Netlist, branch: Branch, name: str, readers: int) -> list[Branch]:
    """The branch once for each reader."""
    labels = [str(k) for k in range(readers)]
    streams = net.fork(branch.stream, f"{name}_copy", labels, f"Copies of {name}, one for each layer that reads it")
    return [Branch(stream, branch.beats, branch.executions) for stream in streams]


def queued(net: Netlist, name: str, branches: list[Branch], taken: Taken, ii: int) -> list[Branch]:
    """The inputs of a layer, those in queues that would have to wait; ``ii`` cycles are from step to step."""
    if len(branches) == 1:
        return branches
    depths = queue_depths([branch.beats for branch in branches], taken, ii)
    found = []
    for k, (branch, depth) in enumerate(zip(branches, depths, strict=True)):
        stream = branch.stream
        if depth:
            stream = net.fifo(stream, f"{name}_in{k}", depth, f"Layer {name}: a branch that waits for another")
        beats = [beat + QUEUE for beat in branch.beats] if depth else branch.beats
        found.append(Branch(stream, beats, branch.executions))
    return found


def queue_depths(beats: list[Beats], taken: Taken, ii: int) -> list[int]:
    """Words of the queue of each input, 0 without one: the fewest queues with which no other beat has to wait."""
    for choice in sorted(product((False, True), repeat=len(beats)), key=sum):
        offered = [[beat + QUEUE * queue for beat in own] for own, queue in zip(beats, choice, strict=True)]
        found = _run(offered, taken, ii)
        if all(queue or come == left for queue, (come, left) in zip(choice, found, strict=True)):
            break
    waiting = [_most_waiting(*run) + len(own) for run, own in zip(found, beats, strict=True)]
    return [words if queue else 0 for queue, words in zip(choice, waiting, strict=True)]


def _run(offered: list[Beats], taken: Taken, ii: int) -> list[tuple[Beats, Beats]]:
    """For each input when beats come and when they are taken, over so many steps that nothing changes any more."""
    found: list[tuple[Beats, Beats]] = [([], []) for _ in offered]
    last = -1
    for step in range(2 + max(own[-1] for own in offered) // ii):
        come = tuple([beat + step * ii for beat in own] for own in offered)
        left = taken(come, last)
        last = max(cycles[-1] for cycles in left)
        for (comes, leaves), own, cycles in zip(found, come, left, strict=True):
            comes += own
            leaves += cycles
    return found


def _most_waiting(comes: Beats, leaves: Beats) -> int:
    """The most beats that have come and have not been taken."""
    return max(sum(beat <= cycle for beat in comes) - k for k, cycle in enumerate(leaves))
