"""The assignments of a time step, carried out in keras.ops: what the contract says once, a training can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from lmu_hls.activations import FUNCTIONS
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.layers.discretize import product
from lmu_hls.spec import Activation, Assign, Read, Term, VectorFunction, Weight, assigned, carried
from lmu_hls.training.arithmetic import (
    Assigned,
    assign,
    check_exact,
    constant,
    exact,
    integers,
    largest,
    least,
    straight_through,
)
from lmu_hls.training.loops import over
from lmu_hls.training.vectors import EQUATIONS
from lmu_hls.training.weights import Weights

Tensors = Mapping[str, Any]
Sums = Mapping[int, Any]  # by the place of an assignment: the part of its sum that is known before the loop


class Step:
    """Some assignments in their order, on values (..., width).

    Of the sums, products of matrices and tensors ``ahead`` can be made for all steps at once. Raises LmuHlsError for a
    sum that the backend would round. ``learned`` says how some tensors are assigned, by name; those of a table and
    those in which values need the one beside them stay as they are.
    """

    def __init__(
        self,
        name: str,
        assignments: Sequence[Assign],
        weights: Weights,
        ahead: frozenset[str] = frozenset(),
        learned: Mapping[str, Assigned] | None = None,
    ) -> None:
        self.carried = tuple(tensor.name for tensor in carried(assignments))
        self.widths = {tensor.name: tensor.width for tensor in assigned(assignments)}
        self._items, self._weights, self._learned = tuple(assignments), weights, learned or {}
        self._ahead = {
            k: [term for term in item.terms if term.matrix is not None and _known(term.x, ahead)]
            for k, item in enumerate(assignments)
            if ahead and item.function is None
        }
        for item in assignments:
            if item.function is None:
                check_exact(f"{name}: {item.to.name}", _bound(item, weights))
            elif isinstance(item.function, Activation):
                bound = item.function.exact_sum(item.terms[0].x.type)[1] if item.function.summed else 0
                check_exact(f"{name}: {item.to.name}", bound)
            elif type(item.function) not in EQUATIONS:
                raise LmuHlsError(f"{name}: {type(item.function).__name__} cannot be trained through; quantize the "
                                  "model without it")  # fmt: skip

    def bind(self) -> BoundStep:
        """The step with the present values of its weights."""
        made: dict[int, Any] = {}
        factors = {
            id(weight): self._weights.tensor(weight, made)
            for item in self._items
            for weight in (*(term.factor for term in item.terms), *item.biases)
            if isinstance(weight, Weight)
        }
        return BoundStep(self._items, self._ahead, factors, self._learned)


class BoundStep:
    """A step in which every weight is a tensor."""

    def __init__(
        self,
        items: tuple[Assign, ...],
        ahead: Mapping[int, list[Term]],
        factors: Mapping[int, Any],
        learned: Mapping[str, Assigned],
    ) -> None:
        self._items, self._ahead, self._factors, self._learned = items, ahead, factors, learned

    def ahead(self, inputs: Tensors) -> dict[int, Any]:
        """What is known before the loop: a part of the sum, for some assignments."""
        return {
            k: _total([self._term(term, lambda read: _part(inputs[read.tensor.name], read)) for term in terms])
            for k, terms in self._ahead.items()
            if terms
        }

    def __call__(self, inputs: Tensors, before: Tensors, sums: Sums | None = None) -> dict[str, Any]:
        """The assigned tensors from ``inputs`` of this step, those of the step ``before``, and the sums made ahead."""
        parts: dict[str, list[tuple[Assign, Any]]] = {}

        def values(read: Read) -> Any:
            name = read.tensor.name
            if read.earlier or name not in parts:
                return _part((before if read.earlier else inputs)[name], read)
            for item, value in parts[name]:
                if item.start <= read.start and read.stop <= item.stop:
                    return _slice(value, read.start - item.start, read.stop - item.start, item.width)
            return _part(_whole(parts[name]), read)

        for k, item in enumerate(self._items):
            made = self._function(item, values) if item.function is not None else self._sum(k, item, values, sums or {})
            parts.setdefault(item.to.name, []).append((item, made))
        return {name: _whole(pieces) for name, pieces in parts.items()}

    def _function(self, item: Assign, values: Callable[[Read], Any]) -> Any:
        read = item.terms[0].x
        if isinstance(item.function, VectorFunction):
            return EQUATIONS[type(item.function)](item.function, values(read))
        assert item.function is not None
        return activate(item.function, values(read), item.to.type, self._learned.get(item.to.name))

    def _sum(self, k: int, item: Assign, values: Callable[[Read], Any], sums: Sums) -> Any:
        done = self._ahead[k] if k in sums else []
        chained = next((term for term in item.terms if term.x.beside), None)
        parts = [self._term(t, values) for t in item.terms if t is not chained and not any(t is d for d in done)]
        total = _total([*([sums[k]] if k in sums else []), *parts, *(self._factors[id(bias)] for bias in item.biases)])
        if chained is not None:
            return self._chain(item, chained, total)
        learned = self._learned.get(item.to.name)
        return assign(total, item.to.type) if learned is None else learned(total)

    def _term(self, term: Term, values: Callable[[Read], Any]) -> Any:
        x = values(term.x)
        if isinstance(term.factor, Read):
            x = x * values(term.factor)
        elif term.factor is not None:
            factor = self._factors[id(term.factor)]
            shape = (-1, *x.shape[1:-1])
            split = x if term.groups == 1 else ops.reshape(x, (*shape, term.groups, term.factor.shape[0]))
            x = product(split, factor) if term.matrix is not None else split * factor
            x = x if term.groups == 1 else ops.reshape(x, (*shape, term.groups * factor.shape[-1]))
        scale = (-1.0 if term.negative else 1.0) * 2.0**term.shift
        return x if scale == 1.0 else x * scale

    def _chain(self, item: Assign, term: Term, rest: Any) -> Any:
        """Values that each need the one beside it, group by group; they have no gradient of use."""
        order = item.width // term.groups
        sign = (-1.0 if term.negative else 1.0) * 2.0**term.shift
        one = ops.ones((order,), dtype=rest.dtype)
        factor = (self._factors[id(term.factor)] if isinstance(term.factor, Weight) else one) * sign
        rest = ops.swapaxes(ops.reshape(rest, (-1, term.groups, order)), 1, 2)
        factors = ops.broadcast_to(ops.reshape(factor, (1, order, 1)), ops.shape(rest))
        backwards = term.x.beside > 0
        sequences = [ops.flip(s, axis=1) if backwards else s for s in (rest, factors)]

        def turn(states: list[Any], now: list[Any]) -> list[Any]:
            return [exact(now[0] + now[1] * states[0], item.to.type)]

        (made,) = over(turn, [ops.zeros_like(rest[:, 0])], sequences, order)
        made = ops.flip(made, axis=1) if backwards else made
        return ops.reshape(ops.swapaxes(made, 1, 2), (-1, item.width))


def activate(function: Activation, values: Any, to: FixedType, learned: Assigned | None = None) -> Any:
    """function(values), assigned to ``to``; through a table with the gradient of the function itself.

    ``learned`` assigns in place of ``to`` where there is no table.
    """
    if function.table is None:
        known = FUNCTIONS[function.function]
        if known.low == 0:
            values = ops.relu(values)
        elif known.low > -np.inf:
            values = largest(values, constant(known.low))
        limited = values if known.high == np.inf else least(values, constant(known.high))
        return assign(limited, to) if learned is None else learned(limited)
    table = function.table
    real = keras.activations.get(function.function)(values)
    if function.alpha != 1:  # a factor of what the table adds to max(x, 0)
        positive = ops.relu(values) if function.adds_relu else 0.0
        real = positive + function.alpha * (real - positive)
    place = ops.cast(integers(ops.stop_gradient(values), table.index) - float(table.index.min_int), "int32")
    entries = constant(to_float(table.values.values, table.values.type))
    made = ops.take(entries, ops.right_shift(place, table.rest))
    if not function.summed:
        return straight_through(made, real)
    if table.slopes is not None:
        slopes = constant(to_float(table.slopes.values, table.slopes.type) * 2.0**-table.rest)
        below = ops.cast(ops.bitwise_and(place, (1 << table.rest) - 1), made.dtype)
        made = made + ops.take(slopes, ops.right_shift(place, table.rest)) * below
    if function.adds_relu:
        made = made + ops.relu(ops.stop_gradient(values))
    return straight_through(ops.stop_gradient(assign(made, to)), real)


def _known(read: Read, ahead: frozenset[str]) -> bool:
    return read.tensor.name in ahead and not read.earlier and not read.beside


def _slice(value: Any, start: int, stop: int, width: int) -> Any:
    return value if stop - start == width else value[..., start:stop]


def _part(value: Any, read: Read) -> Any:
    return _slice(value, read.start, read.stop, read.tensor.width)


def _whole(pieces: list[tuple[Assign, Any]]) -> Any:
    ordered = [value for _, value in sorted(pieces, key=lambda piece: piece[0].start)]
    return ordered[0] if len(ordered) == 1 else ops.concatenate(ordered, axis=-1)


def _total(parts: list[Any]) -> Any:
    return sum(parts[1:], parts[0])


def _bound(item: Assign, weights: Weights) -> int:
    """The largest magnitude of an exact sum, in units of its last bit; in Python's unbounded integers."""
    fractions = [term.fraction for term in item.terms] + [bias.type.fraction for bias in item.biases]
    most, bound = max(fractions), 0
    for term in item.terms:
        largest = 1
        if isinstance(term.factor, Read):
            largest = term.factor.type.max_abs
        elif term.factor is not None:
            magnitudes = weights.largest(term.factor)
            largest = int(np.max(magnitudes.sum(axis=0) if term.matrix is not None else magnitudes, initial=0))
        bound += (term.x.type.max_abs * largest) << (most - term.fraction)
    for bias in item.biases:
        bound += int(np.max(weights.largest(bias), initial=0)) << (most - bias.type.fraction)
    return bound
