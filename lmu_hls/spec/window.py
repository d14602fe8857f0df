"""Which steps of a sequence a layer reads at once, and so how many steps it gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lmu_hls.spec.weight import ABSENT_BY_DEFAULT

Count = TypeVar("Count", int, NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Window:
    """Step t of what is given reads ``size`` steps from first + t * stride on, each ``dilation`` behind the one before,
    side by side.

    ``steps`` come, one also as a vector; ``count`` are given, or with ``vector`` the only one as a vector, without an
    axis of steps. A negative ``stride`` gives them from behind. What lies outside of the sequence is zero, or with
    ``repeat`` the nearest step.

    ``open``: it is for sequences of fewer steps, too. Each has as many windows as fit when ``pad`` steps are added, or
    taken off where that is negative: ``-first`` before it, or ``centred``, half of what its windows need. From behind
    it is of one step each, from the last one on.
    Raises ValueError for sizes that cannot be.
    """

    steps: int
    count: int
    first: int = 0
    stride: int = 1
    size: int = 1
    vector: bool = False
    repeat: bool = False
    dilation: int = field(default=1, metadata=ABSENT_BY_DEFAULT)
    open: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)
    pad: int = field(default=0, metadata=ABSENT_BY_DEFAULT)
    centred: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        wrong = min(self.steps, self.count, self.size, self.dilation) < 1 or (self.vector and self.count != 1)
        if wrong or (self.open and (self.vector or not self.stride or not self._fits())):
            raise ValueError(f"no window can be like this: {self}")

    def _fits(self) -> bool:
        whole = self.stride > 0 or (self.size == 1 and not self.pad)
        return whole and (self.windows_of(self.steps), self.begin(self.steps)) == (self.count, self.first)

    @classmethod
    def opened(
        cls,
        steps: int,
        pad: int = 0,
        first: int = 0,
        *,
        stride: int = 1,
        size: int = 1,
        dilation: int = 1,
        repeat: bool = False,
        centred: bool = False,
    ) -> Window:
        """An open window, with as many windows as it has on ``steps``; ``first`` where it is neither centred nor from
        behind."""
        sizes = cls(steps, 1, first, stride, size, repeat=repeat, dilation=dilation, pad=pad, centred=centred)
        return replace(sizes, open=True, count=sizes.windows_of(steps), first=sizes.begin(steps))

    @property
    def changes_nothing(self) -> bool:
        """Every step is given as it comes."""
        return self.closed == Window(self.steps, self.steps, repeat=self.repeat)

    @property
    def closed(self) -> Window:
        """The window for sequences of ``steps`` only."""
        return replace(self, open=False, pad=0, centred=False) if self.open else self

    @property
    def reach(self) -> int:
        """Steps from the first one of a window to its last one, both counted."""
        return (self.size - 1) * self.dilation + 1

    @property
    def last_alone(self) -> bool:
        """Of the sequence only the last step is given, as a vector."""
        return self.vector and self.size == 1 and self.first == self.steps - 1

    @property
    def all_as_one(self) -> bool:
        """The whole sequence is one window."""
        return self.first == 0 and self.size == self.reach == self.steps and self.count == 1

    @property
    def causal(self) -> bool:
        """With each step the ones before it are given, zeros for those before the first one."""
        every = self.stride == 1 and self.count == self.steps and not (self.vector or self.repeat)
        return every and self.size > 1 and self.first == 1 - self.reach

    def windows_of(self, steps: Count) -> Count:
        """How many windows a sequence of so many ``steps`` has where it is open; 0 or less: it has too few."""
        return (steps + self.pad - self.reach) // abs(self.stride) + 1

    def begin(self, steps: int) -> int:
        """The first step of the first window of a sequence of so many ``steps`` where it is open."""
        if self.stride < 0:
            return steps - 1
        needed = max(0, (self.windows_of(steps) - 1) * self.stride + self.reach - steps)
        return -(needed // 2) if self.centred else self.first

    def shortened(self, steps: int) -> Window:
        """The window of the same meaning, open, every step, the last one or all as one, on ``steps`` steps."""
        if self.open:
            return replace(self, steps=steps, count=self.windows_of(steps), first=self.begin(steps))
        if self.last_alone:
            return replace(self, steps=steps, first=steps - 1)
        return replace(self, steps=steps, size=steps) if self.all_as_one else replace(self, steps=steps, count=steps)

    @property
    def whole(self) -> bool:
        """Every step is in just one window, and the last one ends with the sequence."""
        apart = self.size == self.reach and (self.count == 1 or self.stride == self.size)
        return apart and self.first == 0 and self.count * self.size == self.steps

    @property
    def most_missing(self) -> int:
        """Steps that a window misses at most, in a sequence of any number of steps where it is open."""
        lengths = range(1, min(self.steps, 2 * (self.reach + self.stride)) + 1) if self.open else ()
        windows = [self, *(self.shortened(steps) for steps in lengths if self.windows_of(steps) > 0)]
        return max(int(window.missing.max()) for window in windows)

    @property
    def missing(self) -> NDArray[np.int64]:
        """Steps of each window that lie outside of the sequence and are zero, (count,)."""
        return np.asarray((self.reads() < 0).sum(axis=1))

    def reads(self) -> NDArray[np.int64]:
        """The numbers of the steps that are read, (count, size); -1 for zeros."""
        wanted = self.first + self.stride * np.arange(self.count)[:, None] + self.dilation * np.arange(self.size)
        inside = np.clip(wanted, 0, self.steps - 1)
        return inside if self.repeat else np.where(inside == wanted, wanted, -1)
