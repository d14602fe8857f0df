"""A constant matrix as additions of shifted values: distributed arithmetic, in place of multiplications.

alkaid finds the graph of additions (https://github.com/calad0i/alkaid, LGPL-3, installed by choice); what it found is
multiplied out here, and used only where it is the matrix exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, Ints
from lmu_hls.spec import DenseUpdate

ADDERS = "distributed_arithmetic"  # the Strategy
WIDEST = 62  # bits of a sum in C simulation
EXACT = 24  # bits of a coefficient that alkaid, which computes with float32, reads exactly


@dataclass(frozen=True, slots=True)
class Sum:
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


def adder_graph(where: str, matrix: Ints, types: Sequence[FixedType]) -> AdderGraph:
    """The additions for x @ ``matrix``, of integers x whose ranges are those of ``types``.

    ``where`` begins the message of an LmuHlsError: alkaid is not installed, a coefficient is beyond float32, or the
    result is another matrix.
    """
    solve = _alkaid(where)
    odd = [int(value) >> (int(value) & -int(value)).bit_length() - 1 for value in matrix.flat if value]
    if any(abs(value) >> EXACT for value in odd):
        raise LmuHlsError(
            f"{where}: Strategy {ADDERS!r} takes coefficients of at most {EXACT} bits; give A and B narrower types"
        )
    intervals = [(float(kind.min_int), float(kind.max_int), 1.0) for kind in types]
    stages = solve(np.ascontiguousarray(matrix, np.float32), qintervals=intervals, search_all_decompose_dc=False)
    graph = _graph_of(stages, len(matrix))
    if graph is None or not np.array_equal(graph.matrix(), matrix):
        raise LmuHlsError(
            f"{where}: the additions that alkaid gives for Strategy {ADDERS!r} are not the matrix; use 'Latency'"
        )
    return graph


def memory_adders(where: str, update: DenseUpdate, u: FixedType, mem: FixedType) -> AdderGraph:
    """The additions of B u + A mem, of u and then the states of a channel, in units of :func:`memory_fraction`."""
    fraction = memory_fraction(update, u, mem)
    a = update.a.values.T.astype(object) << fraction - update.a.type.fraction - mem.fraction
    b = update.b.values.astype(object) << fraction - update.b.type.fraction - u.fraction
    types = (u, *[mem] * len(b))
    graph = adder_graph(where, np.vstack([b, a]), types)
    if max(graph.widths(types)) > WIDEST:
        raise LmuHlsError(
            f"{where}: Strategy {ADDERS!r} needs sums of over {WIDEST} bits; use narrower types, or 'Latency'"
        )
    return graph


def memory_fraction(update: DenseUpdate, u: FixedType, mem: FixedType) -> int:
    """Fraction bits of the products of a step of the memory."""
    return max(update.a.type.fraction + mem.fraction, update.b.type.fraction + u.fraction)


def _alkaid(where: str) -> Any:
    try:
        from alkaid.cmvm import cmvm_solve
    except ImportError:
        raise LmuHlsError(
            f"{where}: Strategy {ADDERS!r} needs alkaid, which is not installed; pip install 'lmu_hls[adders]', or "
            "use Strategy 'Latency'"
        ) from None
    return cmvm_solve


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of the graph times 2^shift, negated or not."""

    number: int
    shift: int = 0
    minus: bool = False


def _shifted(value: _Value | None, shift: int, minus: bool = False) -> _Value | None:
    return None if value is None else _Value(value.number, value.shift + shift, value.minus != minus)


class _Builder:
    """Its values are integers times a power of two each, since alkaid shifts to the right, too."""

    def __init__(self, inputs: int) -> None:
        self.exponents = [0] * inputs
        self.sums: list[Sum] = []

    def sum(self, first: _Value | None, second: _Value | None) -> _Value | None:
        """An addition, where none of the two is zero."""
        if first is None or second is None:
            return first or second
        a, b = (self.exponents[value.number] + value.shift for value in (first, second))
        least = min(a, b)
        self.sums.append(Sum(first.number, a - least, second.number, b - least, first.minus != second.minus))
        self.exponents.append(least)
        return _Value(len(self.exponents) - 1, 0, first.minus)

    def output(self, value: _Value) -> Output:
        return Output(value.number, self.exponents[value.number] + value.shift, value.minus)


def _graph_of(stages: Sequence[Any], inputs: int) -> AdderGraph | None:
    """The stages of alkaid, each of which reads the outputs of the one before, as one; None for other operations."""
    made = _Builder(inputs)
    read: list[_Value | None] = [_Value(k) for k in range(inputs)]
    for stage in stages:
        values: list[_Value | None] = []
        for op in stage.ops:
            if op.opcode == -1:
                values.append(_shifted(read[op.data[0]], stage.inp_shifts[op.data[0]]))
            elif op.opcode in (0, 1):
                first, second = (values[k] for k in op.addr)
                values.append(made.sum(first, _shifted(second, op.data[0], minus=op.opcode == 1)))
            elif op.opcode == -2:
                values.append(_shifted(values[op.addr[0]], 0, minus=True))
            else:
                return None
        outputs = zip(stage.out_idxs, stage.out_shifts, stage.out_negs, strict=True)
        read = [_shifted(values[k], shift, minus) if k >= 0 else None for k, shift, minus in outputs]
    given = [Output(None, 0, False) if value is None else made.output(value) for value in read]
    return AdderGraph(inputs, tuple(made.sums), tuple(given)) if all(out.shift >= 0 for out in given) else None
