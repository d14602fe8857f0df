"""The assignments of a time step, carried out in integers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, Ints, requantize
from lmu_hls.golden.affine import Affine, Numbers, Rounder, exact_dtype
from lmu_hls.golden.softmax import EQUATIONS
from lmu_hls.spec import Activation, Assign, Read, Term, VectorFunction, Weight, assigned, carried

Values = Callable[[Read], Numbers]


class Step:
    """Some assignments in their order.

    ``tensors`` gives the widths of what they assign, ``carried`` names the tensors whose values of the step before they
    read, and ``overflows`` counts, by tensor, the values that did not fit. Raises ValueError for a sum that can reach
    2**62; ``name`` says where.
    """

    def __init__(self, name: str, assignments: Sequence[Assign]) -> None:
        self.widths = {tensor.name: tensor.width for tensor in assigned(assignments)}
        self.carried = tuple(tensor.name for tensor in carried(assignments))
        self._moves: list[tuple[Assign, Any]] = [(item, _mover(name, item)) for item in assignments]

    @property
    def overflows(self) -> dict[str, int]:
        counts = dict.fromkeys(self.widths, 0)
        for item, move in self._moves:
            counts[item.to.name] += move.overflows
        return counts

    def __call__(self, inputs: Mapping[str, Ints], before: Mapping[str, Ints]) -> dict[str, Ints]:
        """:meth:`numbers` as integers."""
        return {name: _ints(values) for name, values in self.numbers(inputs, before).items()}

    def numbers(self, inputs: Mapping[str, Numbers], before: Mapping[str, Numbers]) -> dict[str, Numbers]:
        """The assigned tensors (..., width) from those of this step that are ``inputs`` and those of the step before.

        Where nothing is carried, the leading axes may be any, steps among them.
        """
        now: dict[str, Numbers] = {}

        def values(read: Read) -> Numbers:
            name = read.tensor.name
            found = before[name] if read.earlier else now[name] if name in now else inputs[name]
            return found if read.width == read.tensor.width else found[..., read.start : read.stop]

        for item, move in self._moves:
            result = move(values)
            if item.width == item.to.width:
                now[item.to.name] = result
            else:
                if item.to.name not in now:
                    now[item.to.name] = np.empty((*result.shape[:-1], item.to.width), np.int64)
                now[item.to.name][..., item.start : item.stop] = result
        return now


class Activate:
    """activation(values of one type), assigned to another. Raises ValueError for a sum that can reach 2**62."""

    def __init__(self, activation: Activation, source: FixedType, target: FixedType) -> None:
        self._activation, self._source = activation, source
        known, fraction = FUNCTIONS[activation.function], max(source.fraction, 0)
        if activation.summed:
            fraction, largest = activation.exact_sum(source)
            exact_dtype(activation.function, largest)
        self._bounds = [bound * 2.0**fraction for bound in (known.low, known.high)]
        self._round = Rounder(fraction, target)

    @property
    def overflows(self) -> int:
        return self._round.overflows

    def __call__(self, values: Ints) -> Ints:
        if self._activation.table is None:
            return _ints(self._round(self._limited(values)))
        table, source = self._activation.table, self._source
        position = requantize(values, source.fraction, table.index) - table.index.min_int
        entry = position >> table.rest
        if not self._activation.summed:
            return table.values.values[entry]
        exact = table.values.values[entry] << table.rest
        if table.slopes is not None:
            exact += table.slopes.values[entry] * (position & (1 << table.rest) - 1)
        exact <<= self._round.fraction - table.values.type.fraction - table.rest
        if self._activation.adds_relu:
            exact += np.maximum(values, 0) << (self._round.fraction - source.fraction)
        return _ints(self._round(exact))

    def _limited(self, values: Ints) -> Ints:
        """In units of 2**-fraction."""
        low, high = self._bounds
        values = values << max(0, -self._source.fraction)
        above = values if low == -np.inf else np.maximum(values, int(low))
        return above if high == np.inf else np.minimum(above, int(high))


class Sum:
    """The exact sum of terms and biases, each brought to one common ``fraction``, in the number format ``dtype``.

    Matrices go through the BLAS (:class:`Affine`); all else is multiplied and added value by value.
    """

    def __init__(self, name: str, terms: Sequence[Term], biases: Sequence[Weight]) -> None:
        matrices = [(term.x, _signed(term, term.matrix)) for term in terms if term.matrix is not None]
        self._sources = [x for x, _ in matrices]
        self._affine = Affine(name, [(x.type, weight) for x, weight in matrices], biases) if matrices else None
        self._plain = [term for term in terms if term.matrix is None]
        self._biases = () if matrices else tuple(biases)
        parts = [(self._affine.fraction, self._affine.bound)] if self._affine else []
        parts += [(term.fraction, _largest(term)) for term in self._plain]
        parts += [(bias.type.fraction, int(np.abs(bias.values).max(initial=0))) for bias in self._biases]
        self.fraction = max(fraction for fraction, _ in parts)
        lifts = [self.fraction - fraction for fraction, _ in parts]
        self.dtype = exact_dtype(name, sum(bound << lift for (_, bound), lift in zip(parts, lifts, strict=True)))
        first = len(parts) - len(self._plain) - len(self._biases)
        self._lift = self.dtype.type(1 << lifts[0]) if self._affine and lifts[0] else None
        self._factors = [self._factor(*item) for item in zip(self._plain, lifts[first:], strict=False)]
        constants = zip(self._biases, lifts[len(parts) - len(self._biases) :], strict=True)
        self._constants = [(bias.values << lift).astype(self.dtype) for bias, lift in constants]

    def _factor(self, term: Term, lift: int) -> Numbers | None:
        """What the value, or the product of two, is multiplied by; None for 1."""
        scale = (-1 if term.negative else 1) << lift
        if isinstance(term.factor, Weight):
            return np.tile(term.factor.values * scale, term.groups).astype(self.dtype)
        return None if scale == 1 else np.asarray(scale, self.dtype)

    def __call__(self, values: Values) -> Numbers:
        total: Numbers | None = None
        if self._affine is not None:
            total = self._affine(*map(values, self._sources)).astype(self.dtype, copy=False)
            total = total if self._lift is None else total * self._lift
        for term, factor in zip(self._plain, self._factors, strict=True):
            part = values(term.x).astype(self.dtype, copy=False)
            if isinstance(term.factor, Read):
                part = part * values(term.factor).astype(self.dtype, copy=False)
            part = part if factor is None else part * factor
            total = part if total is None else total + part
        assert total is not None
        return sum(self._constants, total)


class _Move:
    """One assignment of a sum."""

    def __init__(self, name: str, item: Assign) -> None:
        self._sum = Sum(name, item.terms, item.biases)
        self._round = Rounder(self._sum.fraction, item.to.type)

    @property
    def overflows(self) -> int:
        return self._round.overflows

    def __call__(self, values: Values) -> Numbers:
        return self._round(self._sum(values))


class _Function:
    """One assignment of a function of a value."""

    def __init__(self, function: Activation, item: Assign) -> None:
        self._read = item.terms[0].x
        self._activate = Activate(function, self._read.type, item.to.type)

    @property
    def overflows(self) -> int:
        return self._activate.overflows

    def __call__(self, values: Values) -> Numbers:
        return self._activate(_ints(values(self._read)))


class _Vector:
    """One assignment of a function of all values at once."""

    def __init__(self, name: str, function: VectorFunction, item: Assign) -> None:
        if type(function) not in EQUATIONS:
            raise ValueError(f"{name}: golden has no equation for {type(function).__name__}")
        self._function, self._equation = function, EQUATIONS[type(function)]
        self._reads = [term.x for term in item.terms]
        self.overflows = 0

    def __call__(self, values: Values) -> Numbers:
        result, overflows = self._equation(self._function, *(_ints(values(read)) for read in self._reads))
        self.overflows += overflows
        return result


def _mover(name: str, item: Assign) -> Callable[[Values], Numbers]:
    if isinstance(item.function, VectorFunction):
        return _Vector(name, item.function, item)
    if item.function is not None:
        return _Function(item.function, item)
    if any(term.x.beside for term in item.terms):
        raise ValueError(f"{name}: {item.to.name} is made place by place, see lmu_hls.golden.sweeps")
    return _Move(f"{name}: {item.to.name}", item)


def _signed(term: Term, matrix: Weight) -> Weight:
    """The matrix times the sign and the power of two of its term."""
    if not term.negative and not term.shift:
        return matrix
    kind = FixedType(matrix.type.width + 1, matrix.type.integer + 1 + term.shift)
    return Weight(-matrix.values if term.negative else matrix.values, kind)


def _largest(term: Term) -> int:
    """Largest magnitude of a term that is no matrix."""
    if isinstance(term.factor, Weight):
        return term.x.type.max_abs * int(np.abs(term.factor.values).max(initial=0))
    return term.x.type.max_abs * (1 if term.factor is None else term.factor.type.max_abs)


def _ints(values: np.ndarray) -> Ints:
    return values.astype(np.int64, copy=False)
