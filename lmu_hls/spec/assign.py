"""The contract as data: what a time step assigns to each named tensor.

Sums of products are exact; a value is rounded once, where it is assigned to a named tensor. An :class:`Assign` says
just that: which tensor, or which part of it, gets which sum. Whatever reads the contract (the reference, accumulators,
ranges, reports) reads these, so that a cell or a layer is told once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.weight import Activation, Weight


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named tensor: ``width`` values of ``type`` in each time step."""

    name: str
    type: FixedType
    width: int

    def now(self, start: int = 0, stop: int | None = None) -> Read:
        """The values start .. stop-1 of this step; all of them by default."""
        return Read(self, False, start, self.width if stop is None else stop)

    def beside(self, places: int) -> Read:
        """For an assignment to this tensor itself: the value that it has just made, so many places further.

        The values of a group are then made one after the other, from the first on for -1, from the last on for +1;
        beyond the ends of the group they count as zero.
        """
        return Read(self, False, 0, self.width, places)

    def before(self) -> Read:
        """The values of the step before; zero in a sequence's first step."""
        return Read(self, True, 0, self.width)


@dataclass(frozen=True, slots=True)
class Read:
    """The values ``start`` .. ``stop``-1 of a tensor, of this step or of the one ``earlier``."""

    tensor: Tensor
    earlier: bool
    start: int
    stop: int
    beside: int = 0

    @property
    def type(self) -> FixedType:
        return self.tensor.type

    @property
    def width(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One part of an exact sum, by its ``factor``.

    factor^T x for a :class:`Weight` (x.width, outputs); the products of one value and one coefficient for a
    :class:`Weight` (x.width,), of two values for a :class:`Read`; x itself for None. ``negative`` subtracts it, and it
    is multiplied by 2**shift. A weight may stand for ``groups`` equal parts of x, each times the same weight.
    """

    x: Read
    factor: Weight | Read | None = None
    negative: bool = False
    shift: int = 0
    groups: int = 1

    @property
    def fraction(self) -> int:
        """Fraction bits of the exact products."""
        other = self.factor.type.fraction if self.factor is not None else 0
        return self.x.type.fraction + other - self.shift

    @property
    def matrix(self) -> Weight | None:
        """The factor of a product with a matrix; None for all else."""
        return self.factor if isinstance(self.factor, Weight) and len(self.factor.shape) == 2 else None

    @property
    def products(self) -> int:
        """Products in each sum; 1 for a value that is added as it is."""
        return self.matrix.shape[0] if self.matrix is not None else 1


class VectorFunction:
    """A function of all values of a tensor, or of several tensors, that is no sum. golden has its equation."""

    __slots__ = ()

    def gives(self, width: int) -> int:
        """Values for ``width`` values."""
        return width

    def products(self, to: FixedType) -> tuple[tuple[int, int], ...]:
        """The widths of the factors of the products and quotients that each value takes, assigned to ``to``."""
        return ()

    def sums(self, to: FixedType) -> tuple[int, ...]:
        """The widths of what is added for each value."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """to[start:stop] = function(sum of ``terms`` and ``biases``), rounded once to the type of ``to``.

    A ``function`` is applied to values as they are: there is then one term without a factor, or for a
    :class:`VectorFunction` of several tensors one for each, and no bias. Raises ValueError where widths do not fit.
    """

    to: Tensor
    start: int
    stop: int
    terms: tuple[Term, ...]
    biases: tuple[Weight, ...] = ()
    function: Activation | VectorFunction | None = None

    def __post_init__(self) -> None:
        for term in self.terms:
            width = term.x.width if term.matrix is None else term.groups * term.matrix.shape[1]
            width = self.function.gives(width) if isinstance(self.function, VectorFunction) else width
            weight = term.factor if isinstance(term.factor, Weight) else None
            matches = weight is None or weight.shape[0] * term.groups == term.x.width
            if width != self.width or not matches:
                raise ValueError(
                    f"{self.to.name}: a term of {term.x.width} values of {term.x.tensor.name} gives {width} sums, "
                    f"{self.width} are assigned"
                )
        single = isinstance(self.function, Activation) and len(self.terms) != 1
        factors = any(term.factor is not None for term in self.terms)
        if self.function is not None and (single or factors or self.biases):
            raise ValueError(f"{self.to.name}: a function takes values as they are")

    @property
    def width(self) -> int:
        return self.stop - self.start


def assign(to: Tensor, *terms: Term | None, biases: Iterable[Weight | None] = (), part: slice | None = None) -> Assign:
    """The sum of those ``terms`` and ``biases`` that are there, assigned to ``to`` or a ``part`` of it."""
    start, stop = (0, to.width) if part is None else (part.start, part.stop)
    present = tuple(term for term in terms if term is not None)
    return Assign(to, start, stop, present, tuple(bias for bias in biases if bias is not None))


def apply(function: Activation | VectorFunction, to: Tensor, x: Read, start: int = 0) -> Assign:
    """function(x) assigned to ``to``, from its value ``start`` on."""
    width = function.gives(x.width) if isinstance(function, VectorFunction) else x.width
    return Assign(to, start, start + width, (Term(x),), function=function)


def matrix(x: Read, weight: Weight | None, part: slice | None = None) -> Term | None:
    """weight^T x, or some columns of it; None where there is no weight."""
    return None if weight is None else Term(x, weight if part is None else columns(weight, part))


def columns(weight: Weight, part: slice) -> Weight:
    """Some outputs of a weight: a slice of its last axis."""
    whole = (part.start, part.stop) == (0, weight.shape[-1])
    return weight if whole else Weight(weight.values[..., part], weight.type)


def assigned(assignments: Iterable[Assign]) -> tuple[Tensor, ...]:
    """The tensors that are assigned to, in order, each once."""
    return tuple({item.to.name: item.to for item in assignments}.values())


def carried(assignments: Iterable[Assign]) -> tuple[Tensor, ...]:
    """The tensors whose values of the step before are read: the state, in order of their names."""
    reads = (
        read
        for item in assignments
        for term in item.terms
        for read in (term.x, term.factor)
        if isinstance(read, Read) and read.earlier
    )
    found = {read.tensor.name: read.tensor for read in reads}
    return tuple(found[name] for name in sorted(found))
