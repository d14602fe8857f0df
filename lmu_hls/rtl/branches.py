"""Where streams part and meet: copies of a stream for several readers, and queues before a layer of several inputs.

A branch that is ahead of the other waits in a queue. That cannot block: the queue holds all that the branch gives until
the other one has the steps that it needs, a step at least, or more where it reads later ones. It holds still more where
the branch that is ahead gives more until the other one comes, as the cycles of both say, so that no pace is lost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, product

import numpy as np
from numpy.typing import NDArray

from lmu_hls.rtl.cycles import PAST, QUEUE, ROUNDS, Beats, Pace
from lmu_hls.rtl.netlist import Netlist, Stream
from lmu_hls.rtl.window import stored_beats, window_beats
from lmu_hls.spec import Window

Taken = Callable[[tuple[Beats, ...], int], tuple[Beats, ...]]


@dataclass(frozen=True, slots=True)
class Branch:
    """What an input or a layer gives: its ``stream``, and the cycles of the beats that a sequence's last step brings.

    ``needs`` are the steps that have to come for each of the steps that it gives. With the last one come the last
    ones of these, a ``burst``: the beats of each.
    """

    stream: Stream
    burst: tuple[Beats, ...]
    needs: tuple[int, ...]

    @property
    def executions(self) -> int:
        """Steps of a sequence."""
        return len(self.needs)

    @property
    def beats(self) -> Beats:
        """Those of the first step of the burst."""
        return self.burst[0]

    @property
    def end(self) -> Beats:
        """The beats of the last step."""
        return self.burst[-1]

    def ending(self, window: Window) -> Branch:
        """Of the steps of each window the last one, with which it comes out."""
        last, first = window.reads()[:, -1].tolist(), self.executions - len(self.burst)
        burst = tuple(self.burst[k - first] for k in last if k >= first)
        return Branch(self.stream, burst or (self._past,), tuple(self.needs[k] for k in last))

    def windowed(self, stream: Stream, window: Window, latency: int) -> Branch:
        """What the windows over its steps give as ``stream``, ``latency`` cycles behind what they wait for."""
        reads = np.maximum.accumulate(window.reads().max(axis=1)).clip(0)
        return Branch(stream, window_beats(window, self.burst, latency), tuple(self.needs[k] for k in reads))

    def stored(self, stream: Stream, window: Window) -> Branch:
        """What the windows over its steps give as ``stream`` once all of a sequence have come."""
        return Branch(stream, stored_beats(window, self.end[-1], stream.count), (self.needs[-1],) * window.count)

    def behind_queue(self, stream: Stream) -> Branch:
        """The same steps as ``stream``, which a queue gives."""
        return replace(self, stream=stream, burst=tuple([beat + QUEUE for beat in beats] for beats in self.burst))

    def steps(self, count: int) -> list[Beats]:
        """The beats of the last ``count`` steps; those before the burst are there long ago."""
        return [self._past] * (count - len(self.burst)) + list(self.burst[-count:])

    @property
    def _past(self) -> Beats:
        return [PAST] * len(self.beats)


def copies(net: Netlist, branch: Branch, name: str, readers: int) -> list[Branch]:
    """The branch once for each reader."""
    labels = [str(k) for k in range(readers)]
    streams = net.fork(branch.stream, f"{name}_copy", labels, f"Copies of {name}, one for each layer that reads it")
    return [replace(branch, stream=stream) for stream in streams]


def answered(branches: list[Branch], stream: Stream, pace: Pace) -> Branch:
    """What a unit of this ``pace`` gives for steps of ``branches``, as ``stream``."""
    count = max(len(branch.burst) for branch in branches)
    needs = tuple(max(steps) for steps in zip(*(branch.needs for branch in branches), strict=True))
    burst: list[Beats] = []
    for arriving in zip(*(branch.steps(count) for branch in branches), strict=True):
        beats = pace.answer(*arriving)
        burst.append(
            [max(beat, before + pace.ii) for beat, before in zip(beats, burst[-1], strict=True)] if burst else beats
        )
    return Branch(stream, tuple(burst), needs)


def unblocked(net: Netlist, name: str, branch: Branch) -> Branch:
    """One of several copies of a branch, for a layer that reads it alone.

    Steps that come in a burst wait in a queue, since the layer may be slower than they come, and the other readers get
    each beat when all can take it. A layer of several inputs has such a queue.
    """
    if len(branch.burst) == 1:
        return branch
    depth, about = len(branch.burst) * branch.stream.beats, f"Layer {name}: steps that come faster than it takes them"
    return branch.behind_queue(net.fifo(branch.stream, f"{name}_burst", depth, about))


def eased(net: Netlist, name: str, branch: Branch, pace: Pace, ii: int, before: int) -> Branch:
    """What a layer reads alone, in a queue where it takes beats so late that a layer before it would be late as well.

    ``ii`` cycles are from step to step, of which the slowest layer before it takes ``before``.
    """
    if pace.intake is None:
        return branch
    ii, take, come, left = max(ii, pace.ii), pace.intake(), list[Beats](), list[Beats]()
    for step in range(ROUNDS):
        come.append([beat + step * ii for beat in branch.beats])
        left.append(take(come[-1]))
    if max(there - here for here, there in zip(come[-1], left[-1], strict=True)) <= ii - before:
        return branch
    depth = _most_waiting(*(list(chain(*beats)) for beats in (come, left)))
    about = f"Layer {name}: x that comes while it takes mem and h"
    return branch.behind_queue(net.fifo(branch.stream, f"{name}_in", depth, about))


def queued(net: Netlist, name: str, branches: list[Branch], taken: Taken, ii: int, step: int) -> list[Branch]:
    """The inputs of a layer, those in queues that would have to wait.

    ``ii`` cycles are from step to step, ``step`` from one step of the network's input to the next.
    """
    if len(branches) == 1:
        return branches
    needs = np.array([branch.needs for branch in branches])
    late = (needs - needs.min(axis=0)).max(axis=1)  # steps that a branch is behind the one that is ahead
    shifted = [[beat + int(lag) * step for beat in _dense(b.beats)] for b, lag in zip(branches, late, strict=True)]
    depths = queue_depths(shifted, taken, ii)
    bursts = _burst_depths(branches, taken)
    found = []
    for k, (branch, depth) in enumerate(zip(branches, depths, strict=True)):
        kept = max(_steps_kept(needs, k) * branch.stream.count, bursts[k])
        if depth or kept > branch.stream.count:
            about = f"Layer {name}: a branch that waits for another"
            branch = branch.behind_queue(net.fifo(branch.stream, f"{name}_in{k}", max(depth, kept), about))
        found.append(branch)
    return found


def _burst_depths(branches: list[Branch], taken: Taken) -> list[int]:
    """The most words of each input that wait for the others among the steps that a sequence's last one brings; 0 where
    it brings one alone."""
    count = max(len(branch.burst) for branch in branches)
    if count == 1:
        return [0] * len(branches)
    come: list[Beats] = [[] for _ in branches]
    left: list[Beats] = [[] for _ in branches]
    last = PAST
    for arriving in zip(*(branch.steps(count) for branch in branches), strict=True):
        cycles = taken(arriving, last)
        last = max(own[-1] for own in cycles)
        for k, (beats, leaves) in enumerate(zip(arriving, cycles, strict=True)):
            come[k] += beats
            left[k] += leaves
    return [_most_waiting(*each) for each in zip(come, left, strict=True)]


def _dense(beats: Beats) -> Beats:
    """Beats that came long before the last one, as late as they can come."""
    return [max(beat, beats[-1] - (len(beats) - 1 - k)) if beat < PAST // 2 else beat for k, beat in enumerate(beats)]


def _steps_kept(needs: NDArray[np.int64], branch: int) -> int:
    """The most steps that a branch has given when another one has what it needs for the first of them."""
    slowest = needs.max(axis=0)
    return max(int((needs[branch] <= step).sum()) - t for t, step in enumerate(slowest))


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
    came = sorted(comes)
    return max(bisect_right(came, cycle) - k for k, cycle in enumerate(leaves))
