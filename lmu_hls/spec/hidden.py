"""The hidden cells: how h comes from mem, x and the h of the step before.

In all of them ``kernel_mem`` is (memory_d * order, width), ``kernel_x`` (n_in, width; None without input_to_hidden) and
``kernel_h`` (units, width), where width is units times the number of gates. ``assignments(mem, x, h)`` are the
equations of a cell's docstring as data, in the order in which a step makes them; h has the type of the layer's ``h``.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, Term, apply, assign, columns, matrix
from lmu_hls.spec.weight import Activation, Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class DenseCell:
    """A Dense layer, or with ``kernel_h`` a SimpleRNN cell.

    pre = kernel_mem^T mem [+ kernel_x^T x] [+ kernel_h^T h_{t-1}] [+ bias]; h = activation(pre).
    """

    kernel_mem: Weight
    kernel_x: Weight | None
    bias: Weight | None  # (units,)
    pre: FixedType
    activation: Activation
    kernel_h: Weight | None = None

    @property
    def units(self) -> int:
        return self.kernel_mem.shape[1]

    def assignments(self, mem: Tensor, x: Tensor, h: Tensor) -> tuple[Assign, ...]:
        pre = Tensor("pre", self.pre, self.units)
        return (_affine(self, pre, mem, x, h), apply(self.activation, h, pre.now()))


@dataclass(frozen=True, slots=True, eq=False)
class LSTMCell:
    """A long short-term memory cell; gates in Keras's order i, f, candidate, o.

    pre = kernel_mem^T mem [+ kernel_x^T x] + kernel_h^T h_{t-1} [+ bias]           (4 units)
    i, f, o = gate_activation(pre)                                                  assigned to ``gate``
    g = activation(pre)                                                             assigned to ``candidate``
    c = f c_{t-1} + i g                                                             assigned to ``cell``
    s = cell_activation(c)                                                          assigned to ``squashed``
    h = o s
    """

    kernel_mem: Weight
    kernel_x: Weight | None
    kernel_h: Weight
    bias: Weight | None  # (4 * units,)
    pre: FixedType
    gate_activation: Activation
    gate: FixedType
    activation: Activation
    candidate: FixedType
    cell: FixedType
    cell_activation: Activation
    squashed: FixedType

    @property
    def units(self) -> int:
        return self.kernel_h.shape[0]

    def assignments(self, mem: Tensor, x: Tensor, h: Tensor) -> tuple[Assign, ...]:
        n = self.units
        pre, gate = Tensor("pre", self.pre, 4 * n), Tensor("gate", self.gate, 3 * n)
        candidate, cell, squashed = (Tensor(name, getattr(self, name), n) for name in ("candidate", "cell", "squashed"))
        i, f, o = (gate.now(k * n, (k + 1) * n) for k in range(3))
        return (
            _affine(self, pre, mem, x, h),
            apply(self.gate_activation, gate, pre.now(0, 2 * n)),
            apply(self.gate_activation, gate, pre.now(3 * n, 4 * n), start=2 * n),
            apply(self.activation, candidate, pre.now(2 * n, 3 * n)),
            assign(cell, Term(f, cell.before()), Term(i, candidate.now())),
            apply(self.cell_activation, squashed, cell.now()),
            assign(h, Term(o, squashed.now())),
        )


@dataclass(frozen=True, slots=True, eq=False)
class GRUCell:
    """A gated recurrent unit; gates in Keras's order z, r, candidate.

    s = kernel_mem^T mem [+ kernel_x^T x] [+ bias]                                  (3 units), exact, not assigned
    pre_z, pre_r = s + kernel_h^T h_{t-1} [+ recurrent_bias]                        assigned to ``pre``
    z, r = gate_activation(pre)                                                     assigned to ``gate``
    reset_after:   inner = kernel_h^T h_{t-1} [+ recurrent_bias]                    assigned to ``inner``
                   pre_g = s + r inner                                              assigned to ``pre``
    otherwise:     inner = r h_{t-1}                                                assigned to ``inner``
                   pre_g = s + kernel_h^T inner                                     assigned to ``pre``
    g = activation(pre_g)                                                           assigned to ``candidate``
    h = z h_{t-1} + (1 - z) g
    """

    kernel_mem: Weight
    kernel_x: Weight | None
    kernel_h: Weight
    bias: Weight | None  # (3 * units,)
    recurrent_bias: Weight | None  # (3 * units,), only with reset_after
    reset_after: bool
    pre: FixedType
    gate_activation: Activation
    gate: FixedType
    inner: FixedType
    activation: Activation
    candidate: FixedType

    def __post_init__(self) -> None:
        if self.recurrent_bias is not None and not self.reset_after:
            raise ValueError("a GRU cell has a recurrent bias only with reset_after")
        if self.gate.fraction < 0:
            raise ValueError(f"gate type {self.gate} cannot hold fractions; give it fraction bits")

    @property
    def units(self) -> int:
        return self.kernel_h.shape[0]

    def assignments(self, mem: Tensor, x: Tensor, h: Tensor) -> tuple[Assign, ...]:
        n = self.units
        pre, gate = Tensor("pre", self.pre, 3 * n), Tensor("gate", self.gate, 2 * n)
        inner, candidate = Tensor("inner", self.inner, n), Tensor("candidate", self.candidate, n)
        z, r, g = gate.now(0, n), gate.now(n, 2 * n), candidate.now()
        last = slice(2 * n, 3 * n)
        bias, recurrent_bias = (None if b is None else columns(b, last) for b in (self.bias, self.recurrent_bias))
        if self.reset_after:
            to_inner = assign(inner, matrix(h.before(), self.kernel_h, last), biases=[recurrent_bias])
            reset: Term | None = Term(r, inner.now())
        else:
            to_inner = assign(inner, Term(r, h.before()))
            reset = matrix(inner.now(), self.kernel_h, last)
        inputs = (matrix(mem.now(), self.kernel_mem, last), matrix(x.now(), self.kernel_x, last))
        return (
            _affine(self, pre, mem, x, h, slice(0, 2 * n)),
            apply(self.gate_activation, gate, pre.now(0, 2 * n)),
            to_inner,
            assign(pre, *inputs, reset, biases=[bias], part=last),
            apply(self.activation, candidate, pre.now(2 * n, 3 * n)),
            # z h_{t-1} + (1 - z) g, multiplied out
            assign(h, Term(z, h.before()), Term(g), Term(z, g, negative=True)),
        )


HiddenCell = DenseCell | LSTMCell | GRUCell
GATES = {DenseCell: 1, LSTMCell: 4, GRUCell: 3}


def no_cell(mem: Tensor, h: Tensor) -> tuple[Assign, ...]:
    """h = mem, for a layer without a hidden cell."""
    return (assign(h, Term(mem.now())),)


def _affine(cell: HiddenCell, pre: Tensor, mem: Tensor, x: Tensor, h: Tensor, part: slice | None = None) -> Assign:
    """pre = kernel_mem^T mem [+ kernel_x^T x] [+ kernel_h^T h_{t-1}] [+ biases], or some gates of it."""
    part = slice(0, pre.width) if part is None else part
    biases = (cell.bias, getattr(cell, "recurrent_bias", None))
    return assign(
        pre,
        matrix(mem.now(), cell.kernel_mem, part),
        matrix(x.now(), cell.kernel_x, part),
        matrix(h.before(), cell.kernel_h, part),
        biases=[None if bias is None else columns(bias, part) for bias in biases],
        part=part,
    )


def check_cell(cell: HiddenCell, n_mem: int, n_in: int) -> None:
    """ValueError unless all weights of ``cell`` fit ``n_mem`` states and ``n_in`` inputs."""
    width = GATES[type(cell)] * cell.units
    shapes = {"kernel_mem": (n_mem, width), "kernel_x": (n_in, width), "kernel_h": (cell.units, width)}
    for name, shape in {**shapes, "bias": (width,), "recurrent_bias": (width,)}.items():
        weight = getattr(cell, name, None)
        if weight is not None:
            check_shape(name, weight, shape)
