"""A constant matrix as additions of shifted values, in place of multiplications: distributed arithmetic."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lmu_hls.fixed import FixedType, Ints

ADDERS = "distributed_arithmetic"  # the Strategy


class Sum(NamedTuple):
    """first * 2^first_shift + second * 2^second_shift, or the difference; both are numbers of values before it."""

    first: int
    first_shift: int
    second: int
    second_shift: int
    minus: bool


@dataclass(frozen=True, slots=True)
class Output:
    """value * 2^shift, negated or not; a ``value`` of None is zero."""

    value: int | None
    shift: int
    minus: bool


@dataclass(frozen=True, slots=True)
class AdderGraph:
    """The values are the ``inputs`` integers, then one of each of ``sums``; each of ``outputs`` is a product."""

    inputs: int
    sums: tuple[Sum, ...]
    outputs: tuple[Output, ...]

    @property
    def adders(self) -> int:
        """Additions and subtractions; a negation is one, too."""
        return len(self.sums) + sum(output.minus for output in self.outputs)

    @property
    def levels(self) -> int:
        """Additions one after the other."""
        level = [0] * self.inputs
        for item in self.sums:
            level.append(1 + max(level[item.first], level[item.second]))
        return max((level[out.value] + out.minus for out in self.outputs if out.value is not None), default=0)

    def coefficients(self) -> list[list[int]]:
        """Of every value, by the inputs."""
        rows = np.eye(self.inputs, dtype=object).tolist()
        for item in self.sums:
            sign = -1 if item.minus else 1
            pairs = zip(rows[item.first], rows[item.second], strict=True)
            rows.append([(a << item.first_shift) + sign * (b << item.second_shift) for a, b in pairs])
        return rows

    def matrix(self) -> Ints:
        """What the outputs are of the inputs, (inputs, outputs)."""
        rows, columns = self.coefficients(), []
        for out in self.outputs:
            values = [0] * self.inputs if out.value is None else rows[out.value]
            columns.append([(-1 if out.minus else 1) * (value << out.shift) for value in values])
        return np.array(columns, dtype=object).T

    def widths(self, types: Sequence[FixedType]) -> list[int]:
        """Bits of a signed integer that holds a value, of inputs with these types."""
        least, most = ([getattr(kind, name) for kind in types] for name in ("min_int", "max_int"))
        found = []
        for row in self.coefficients():
            low = sum(c * (least[k] if c > 0 else most[k]) for k, c in enumerate(row))
            high = sum(c * (most[k] if c > 0 else least[k]) for k, c in enumerate(row))
            found.append(1 + max(int(high).bit_length(), int(-low - 1).bit_length() if low < 0 else 0))
        return found


def canonical_digits(value: int) -> list[tuple[int, bool]]:
    """The powers of two of which ``value`` is the sum, as (exponent, negative): no two exponents follow one another."""
    digits, shift, rest = [], 0, abs(value)
    while rest:
        if rest & 1:
            digit = 2 - (rest & 3)
            digits.append((shift, (digit < 0) != (value < 0)))
            rest -= digit
        rest, shift = rest >> 1, shift + 1
    return digits


def shared_additions(matrix: Ints) -> AdderGraph:
    """The additions for x @ ``matrix``, of canonical signed digits, with those shared that occur more than once.

    The pair of digits that occurs most often becomes a value of its own, again and again; what is left of each output
    is added in as few levels as it can be. Source: R. Hartley, Subexpression sharing in filters using canonic signed
    digit multipliers, IEEE Trans. Circuits and Systems II 43 (1996).
    """
    sharing = _Sharing(matrix)
    while (pair := sharing.most_often()) is not None:
        sharing.replace(pair)
    outputs = [sharing.total(terms) for terms in sharing.rows]
    graph = AdderGraph(len(matrix), tuple(sharing.sums), tuple(outputs))
    if not np.array_equal(graph.matrix(), matrix):
        raise ArithmeticError("the additions are another matrix")
    return graph


_Term = tuple[int, int, bool]  # number of a value, left shift, whether it is subtracted


def _pair(one: _Term, other: _Term) -> Sum:
    """What two terms have in common with others: their values, the distance of their shifts, and of their signs."""
    (first, a, minus_a), (second, b, minus_b) = sorted((one, other))
    least = min(a, b)
    return Sum(first, a - least, second, b - least, minus_a != minus_b)


class _Sharing:
    """The terms of each output while pairs of them become sums."""

    def __init__(self, matrix: Ints) -> None:
        self.rows: list[set[_Term]] = [
            {(k, *digit) for k, value in enumerate(column) for digit in canonical_digits(int(value))}
            for column in matrix.T
        ]
        self.levels = [0] * len(matrix)
        self.sums: list[Sum] = []
        self.pairs: Counter[Sum] = Counter()
        self.heap: list[tuple[int, tuple[int, ...], Sum]] = []  # of pairs, some with more occurrences than are left
        for row in self.rows:
            seen: set[_Term] = set()
            for term in sorted(row):
                self._put(seen, term)

    def most_often(self) -> Sum | None:
        """The pair that occurs most often, of several the one with the fewest levels and the shortest shifts."""
        while self.heap:
            times, _, pair = heapq.heappop(self.heap)
            now = self.pairs.get(pair, 0)
            if now == -times:
                return pair
            self._offer(pair)
        return None

    def _offer(self, pair: Sum) -> None:
        if self.pairs[pair] > 1:
            heapq.heappush(self.heap, (-self.pairs[pair], self._order(pair), pair))

    def _order(self, pair: Sum) -> tuple[int, ...]:
        level = max(self.levels[pair.first], self.levels[pair.second])
        return level, pair.first_shift + pair.second_shift, pair.first, pair.second, pair.first_shift, pair.minus

    def replace(self, pair: Sum) -> None:
        """Put the sum of ``pair`` in the place of all its occurrences that have no term in common."""
        value = self._add(pair)
        for row in self.rows:
            for first in sorted(term for term in row if term[0] == pair.first):
                base = first[1] - pair.first_shift
                second = (pair.second, base + pair.second_shift, first[2] != pair.minus)
                if base >= 0 and first != second and {first, second} <= row:
                    self._take(row, first)
                    self._take(row, second)
                    self._put(row, (value, base, first[2]))
        self.pairs.pop(pair, None)  # occurrences that share a term: there are no two of them left

    def _take(self, row: set[_Term], term: _Term) -> None:
        row.remove(term)
        for other in row:
            pair = _pair(term, other)
            self.pairs[pair] -= 1
            if not self.pairs[pair]:
                del self.pairs[pair]

    def _put(self, row: set[_Term], term: _Term) -> None:
        for other in row:
            pair = _pair(term, other)
            self.pairs[pair] += 1
            self._offer(pair)
        row.add(term)

    def _add(self, item: Sum) -> int:
        self.sums.append(item)
        self.levels.append(1 + max(self.levels[item.first], self.levels[item.second]))
        return len(self.levels) - 1

    def total(self, terms: Iterable[_Term]) -> Output:
        """The sum of ``terms``, those of the lowest levels first."""
        heap = [(self.levels[value], shift, value, minus) for value, shift, minus in terms]
        heapq.heapify(heap)
        while len(heap) > 1:
            one, other = sorted((heapq.heappop(heap), heapq.heappop(heap)), key=lambda term: term[3])
            least = min(one[1], other[1])
            value = self._add(Sum(one[2], one[1] - least, other[2], other[1] - least, one[3] != other[3]))
            heapq.heappush(heap, (self.levels[value], least, value, one[3]))
        return Output(heap[0][2], heap[0][1], heap[0][3]) if heap else Output(None, 0, False)
