"""The assignments of a time step, carried out in integers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lmu_hls.fixed import FixedType, Ints, requantize
from lmu_hls.golden.affine import Affine, Numbers, Rounder, exact_dtype
from lmu_hls.spec import Activation, Assign, Read, Term, Weight, assigned, carried

Values = Callable[[Read], Ints]


class Step:
    """Some assignments in their order.

    ``tensors`` gives the widths of what they assign, ``carried`` names the tensors whose values of the step before they
    read, and ``overflows`` counts, by tensor, the values that did not fit. Raises ValueError for a sum that can reach
    2**62; ``name`` says where.
    """

    def __init__(self, name: str, assignments: Sequence[Assign]) -> None:
        self.widths = {tensor.name: tensor.width for tensor in assigned(assignments)}
        self.carried = tuple(tensor.name for tensor in carried(assignments))
        self._moves = [(item, _mover(name, item)) for item in assignments]

    @property
    def overflows(self) -> dict[str, int]:
        counts = dict.fromkeys(self.widths, 0)
        for item, move in self._moves:
            counts[item.to.name] += move.overflows
        return counts

    def __call__(self, inputs: Mapping[str, Ints], before: Mapping[str, Ints]) -> dict[str, Ints]:
        """The assigned tensors (..., width) from those of this step that are ``inputs`` and those of the step before.

        Where nothing is carried, the leading axes may be any, steps among them.
        """
        now: dict[str, Ints] = {}

        def values(read: Read) -> Ints:
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
    """activation(values of one type), assigned to another."""

    def __init__(self, activation: Activation, source: FixedType, target: FixedType) -> None:
        self._activation, self._source = activation, source
        self._round = Rounder(source.fraction, target)

    @property
    def overflows(self) -> int:
        return self._round.overflows

    def __call__(self, values: Ints) -> Ints:
        table = self._activation.table
        if table is not None:
            position = requantize(values, self._source.fraction, table.index) - table.index.min_int
            return table.values.values[position]
        return _ints(self._round(np.maximum(values, 0) if self._activation.function == "relu" else values))


class Sum:
    """The exact sum of terms and biases, each brought to one common ``fraction``.

    Matrices go through the BLAS (:class:`Affine`); products of values, and values as they are, are added in int64.
    """

    def __init__(self, name: str, terms: Sequence[Term], biases: Sequence[Weight]) -> None:
        matrices = [(term.x, term.matrix) for term in terms if term.matrix is not None]
        self._sources = [x for x, _ in matrices]
        self._affine = Affine(name, [(x.type, weight) for x, weight in matrices], biases) if matrices else None
        self._plain = [term for term in terms if term.matrix is None]
        parts = [(self._affine.fraction, self._affine.bound)] if self._affine else []
        parts += [(term.fraction, _largest(term)) for term in self._plain]
        self._biases = () if matrices else tuple(biases)
        parts += [(bias.type.fraction, int(np.abs(bias.values).max(initial=0))) for bias in self._biases]
        self.fraction = max(fraction for fraction, _ in parts)
        self._lifts = [np.int64(self.fraction - fraction) for fraction, _ in parts]
        exact_dtype(name, sum(bound << int(lift) for (_, bound), lift in zip(parts, self._lifts, strict=True)))

    def __call__(self, values: Values) -> Numbers:
        sums = [] if self._affine is None else [self._affine(*map(values, self._sources))]
        if not self._plain:
            return sums[0]
        sums = [_ints(total) for total in sums] + [_product(term, values) for term in self._plain]
        sums += [bias.values for bias in self._biases]
        lifted = [total << lift if lift else total for total, lift in zip(sums, self._lifts, strict=True)]
        return np.asarray(sum(lifted[1:], lifted[0]))


class _Move:
    """One assignment of a sum."""

    def __init__(self, name: str, item: Assign) -> None:
        self._sum = Sum(f"{name}: {item.to.name}", item.terms, item.biases)
        self._round = Rounder(self._sum.fraction, item.to.type)

    @property
    def overflows(self) -> int:
        return self._round.overflows

    def __call__(self, values: Values) -> Ints:
        return _ints(self._round(self._sum(values)))


class _Function:
    """One assignment of a function of a value."""

    def __init__(self, function: Activation, item: Assign) -> None:
        self._read = item.terms[0].x
        self._activate = Activate(function, self._read.type, item.to.type)

    @property
    def overflows(self) -> int:
        return self._activate.overflows

    def __call__(self, values: Values) -> Ints:
        return self._activate(values(self._read))


def _mover(name: str, item: Assign) -> _Move | _Function:
    return _Move(name, item) if item.function is None else _Function(item.function, item)


def _product(term: Term, values: Values) -> Ints:
    x, factor = values(term.x), term.factor
    product = x if factor is None else x * (factor.values if isinstance(factor, Weight) else values(factor))
    return -product if term.negative else product


def _largest(term: Term) -> int:
    """Largest magnitude of a term that is no matrix."""
    if isinstance(term.factor, Weight):
        return term.x.type.max_abs * int(np.abs(term.factor.values).max(initial=0))
    return term.x.type.max_abs * (1 if term.factor is None else term.factor.type.max_abs)


def _ints(values: np.ndarray) -> Ints:
    return values.astype(np.int64, copy=False)
