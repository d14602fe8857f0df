"""The fewest bits that meet a target: descent tensor by tensor, then exchanges; deterministic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lmu_hls.tuning.draft import Key
from lmu_hls.tuning.judge import Judge, Measure, Target
from lmu_hls.tuning.plan import Fractions, Plan

MAX_LIFT = 12  # bits that all tensors may get above the analysis before a target counts as unreachable
LIFTS = (0, 1, 2)  # starting points above the lowest uniform level


@dataclass
class Search:
    """``judge`` under ``target``, with at most ``budget`` runs of golden."""

    plan: Plan
    judge: Judge
    target: Target
    budget: int

    def met(self, fractions: Fractions) -> bool:
        return self.target.met(self.judge(fractions), self.judge.reference)

    def reach(self, start: Fractions) -> dict[Key, int] | None:
        """The first of start, start + 1 bit, start + 2 bits, ... that meets the target; None when none does."""
        before = None
        for lift in range(MAX_LIFT + 1):
            fractions = self._moved(start, lift)
            if fractions == before:
                break
            if self.met(fractions):
                return fractions
            before = fractions
        return None

    def minimise(self, start: Fractions) -> dict[Key, int]:
        """The cheapest fraction bits found from ``start``, which must meet the target."""
        lowest = self._uniform(dict(start))
        best = lowest
        for lift in LIFTS:
            for descend in (self._by_tensor, self._by_turns, self._by_price):
                begin = self._moved(lowest, lift)
                if self._spent() or not self.met(begin):
                    continue
                best = self._cheaper(best, descend(begin))
        return self._exchange(best)

    def _spent(self) -> bool:
        return self.judge.evaluations >= self.budget

    def _cheaper(self, one: dict[Key, int], other: dict[Key, int]) -> dict[Key, int]:
        """The one with fewer bits; at equal bits the one with the better SNR."""
        a, b = self.judge(one), self.judge(other)
        return other if (b.bits, -b.snr_db) < (a.bits, -a.snr_db) else one

    def _moved(self, fractions: Fractions, by: int) -> dict[Key, int]:
        """All fractions moved by the same number of bits, within their limits."""
        plan = self.plan
        return {key: min(max(f + by, plan.floor[key]), plan.cap[key]) for key, f in fractions.items()}

    def _uniform(self, fractions: dict[Key, int]) -> dict[Key, int]:
        while not self._spent():
            lower = self._moved(fractions, -1)
            if lower == fractions or not self.met(lower):
                break
            fractions = lower
        return fractions

    def _heavy_first(self) -> list[Key]:
        """Tensors with the most elements first; ties in the order of the network."""
        return sorted(self.plan.keys, key=lambda key: -self.plan.elements[key])

    def _lower(self, fractions: dict[Key, int], key: Key) -> dict[Key, int] | None:
        """One bit less for ``key``, if the target stays met."""
        if fractions[key] <= self.plan.floor[key] or self._spent():
            return None
        lower = {**fractions, key: fractions[key] - 1}
        return lower if self.met(lower) else None

    def _by_tensor(self, fractions: dict[Key, int]) -> dict[Key, int]:
        """Each tensor as low as it goes, the heaviest first."""
        for key in self._heavy_first():
            while (lower := self._lower(fractions, key)) is not None:
                fractions = lower
        return fractions

    def _by_turns(self, fractions: dict[Key, int]) -> dict[Key, int]:
        """One bit of each tensor in turn until none can go."""
        moved = True
        while moved:
            moved = False
            for key in self._heavy_first():
                lower = self._lower(fractions, key)
                if lower is not None:
                    fractions, moved = lower, True
        return fractions

    def _by_price(self, fractions: dict[Key, int]) -> dict[Key, int]:
        """Each time the bit that costs the least noise, until none can go."""
        while (lower := self._cheapest_bit(fractions, self.met)) is not None:
            fractions = lower
        return fractions

    def _cheapest_bit(self, fractions: dict[Key, int], possible: Callable[[Fractions], bool]) -> dict[Key, int] | None:
        """``fractions`` with the one bit less that adds the least noise for each bit saved; None when none can go."""
        if self._spent():
            return None
        choices = [
            {**fractions, key: fractions[key] - 1}
            for key in self._heavy_first()
            if fractions[key] > self.plan.floor[key]
        ]
        now = self.judge(fractions)
        choices = [choice for choice in choices if possible(choice)]
        return min(choices, key=lambda choice: _price(now, self.judge(choice)), default=None)

    def _exchange(self, best: dict[Key, int]) -> dict[Key, int]:
        """Give one tensor a bit or two where that lets others lose more; until nothing is gained."""
        gained = True
        while gained and not self._spent():
            gained = False
            for raised in self._raises(best):
                found = self._by_tensor(raised)
                if self.judge(found).bits < self.judge(best).bits:
                    best, gained = found, True
                    break
        return best

    def _raises(self, fractions: dict[Key, int]) -> Iterator[dict[Key, int]]:
        for key in reversed(self._heavy_first()):
            for bits in (1, 2):
                raised = {**fractions, key: fractions[key] + bits}
                if raised[key] <= self.plan.cap[key] and self.met(raised):
                    yield raised

    def within_budget(self, start: Fractions) -> dict[Key, int]:
        """From ``start`` down to the target (a bit budget), then up again as far as it allows."""
        fractions = dict(start)
        while not self.met(fractions):
            lower = self._cheapest_bit(fractions, lambda choice: not self.judge(choice).problem)
            if lower is None:
                return fractions
            fractions = lower
        return self._fill(fractions)

    def _fill(self, fractions: dict[Key, int]) -> dict[Key, int]:
        """Spend what is left of a bit budget, each time on the bit that gains the most SNR."""
        while not self._spent():
            choices = [{**fractions, key: f + 1} for key, f in fractions.items() if f < self.plan.cap[key]]
            choices = [choice for choice in choices if self.met(choice)]
            best = max(choices, key=lambda choice: self.judge(choice).snr_db, default=fractions)
            if self.judge(best).snr_db <= self.judge(fractions).snr_db:
                break
            fractions = best
        return fractions


def _price(now: Measure, then: Measure) -> float:
    """Noise added, relative to the signal, for each bit that is saved."""
    saved = max(now.bits - then.bits, 1e-3)
    return float((10 ** (-then.snr_db / 10) - 10 ** (-now.snr_db / 10)) / saved)
