"""The integer contract: a network in which every tensor has a fixed-point type and every weight is an integer.

Golden and the Verilog read this description and nothing else; the C++ comes from the graph that it was read out of,
and must be equal to it. Sums of products are exact; a value is rounded once, where it is assigned to a named tensor
(the fields that hold a :class:`FixedType`). No float lives here except ``theta``, which is only reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import FixedType, requantize
from lmu_hls.spec.assign import Assign, Tensor, apply, assign, assigned, matrix
from lmu_hls.spec.cells import HiddenCell, no_cell
from lmu_hls.spec.memory import DenseUpdate, TridiagonalUpdate
from lmu_hls.spec.weight import Activation, Table, Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class LMU:
    """One LMU layer: u, mem and h of every step, and the types they are assigned to.

    u = encoder_x^T x [+ encoder_h^T h_{t-1}] [+ encoder_mem^T mem_{t-1}] [+ encoder_bias]; mem by ``update``, one
    channel at a time; h by ``hidden``, or h = mem (channel-major) without one. ``reuse_factor`` is a request.
    """

    name: str
    steps: int
    x: FixedType
    encoder_x: Weight  # (n_in, memory_d)
    encoder_h: Weight | None  # (units, memory_d)
    encoder_mem: Weight | None  # (memory_d * order, memory_d)
    encoder_bias: Weight | None  # (memory_d,)
    u: FixedType
    update: DenseUpdate | TridiagonalUpdate
    mem: FixedType
    hidden: HiddenCell | None
    h: FixedType
    return_sequences: bool
    reuse_factor: int
    theta: float
    discretizer: str
    basis: str

    def __post_init__(self) -> None:
        n_mem = self.memory_d * self.order
        if self.steps < 1 or self.reuse_factor < 1:
            raise ValueError(f"{self.name}: steps and reuse_factor must be at least 1")
        if self.encoder_h is not None:
            check_shape("encoder_h", self.encoder_h, (self.units, self.memory_d))
        if self.encoder_mem is not None:
            check_shape("encoder_mem", self.encoder_mem, (n_mem, self.memory_d))
        if self.encoder_bias is not None:
            check_shape("encoder_bias", self.encoder_bias, (self.memory_d,))
        if self.hidden is not None:
            self.hidden.check(n_mem, self.n_in)

    @property
    def n_in(self) -> int:
        return self.encoder_x.shape[0]

    @property
    def memory_d(self) -> int:
        return self.encoder_x.shape[1]

    @property
    def order(self) -> int:
        return self.update.order

    @property
    def units(self) -> int:
        """Width of h: the hidden cell's units, or memory_d * order without one."""
        return self.hidden.units if self.hidden is not None else self.memory_d * self.order

    @property
    def encoder(self) -> Assign:
        """What is assigned to u; x comes first, then what feeds back."""
        x, u, mem, h = self._tensors()
        terms = (matrix(x.now(), self.encoder_x), matrix(h.before(), self.encoder_h))
        return assign(u, *terms, matrix(mem.before(), self.encoder_mem), biases=[self.encoder_bias])

    @property
    def cell(self) -> tuple[Assign, ...]:
        """What is assigned after mem, h last."""
        x, _, mem, h = self._tensors()
        return no_cell(mem, h) if self.hidden is None else self.hidden.assignments(mem, x, h)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """u, mem and the tensors of the hidden cell, h last: what golden traces."""
        return (*self._tensors()[1:3], *assigned(self.cell))

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return (
            Tensor("x", self.x, self.n_in),
            Tensor("u", self.u, self.memory_d),
            Tensor("mem", self.mem, self.memory_d * self.order),
            Tensor("h", self.h, self.units),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """out = kernel^T x [+ bias] on the last axis, assigned to ``out``. ``reuse_factor`` is a request."""

    name: str
    x: FixedType
    kernel: Weight  # (n_in, units)
    bias: Weight | None  # (units,)
    out: FixedType
    reuse_factor: int = 1

    def __post_init__(self) -> None:
        if self.reuse_factor < 1:
            raise ValueError(f"{self.name}: reuse_factor must be at least 1")

    @property
    def units(self) -> int:
        return self.kernel.shape[1]

    def assignments(self, width: int) -> tuple[Assign, ...]:
        """What a step assigns, for ``width`` inputs."""
        x, out = Tensor("x", self.x, width), Tensor("out", self.out, self.units)
        return (assign(out, matrix(x.now(), self.kernel), biases=[self.bias]),)


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """out = activation(x), one element at a time; the layer form of an activation (linear or relu)."""

    name: str
    x: FixedType
    activation: Activation
    out: FixedType

    def assignments(self, width: int) -> tuple[Assign, ...]:
        """What a step assigns, for ``width`` inputs."""
        return (apply(self.activation, Tensor("out", self.out, width), Tensor("x", self.x, width).now()),)


@dataclass(frozen=True, slots=True, eq=False)
class Softmax:
    """Softmax on the last axis.

    d_k = max_j x_j - x_k   exact, with the fraction of x, never negative
    e_k = exp[d_k + up]     assigned to the index type; entry k of ``exp`` belongs to the index integer k
    out_k = e_k / sum_j e_j the exact quotient, assigned to ``out``

    ``up`` is what an LSB of the index has over one of x, or 0 where it has nothing over it: an index that truncates so
    rounds up, and only the largest value itself has the index 0, however coarse the table is.
    Index and entries are unsigned, and ``out`` has no negative fraction bits. Raises ValueError otherwise.
    """

    name: str
    x: FixedType
    exp: Table
    out: FixedType

    def __post_init__(self) -> None:
        if self.index.signed or self.exp.values.type.signed:
            raise ValueError(
                f"{self.name}: the types {self.index} and {self.exp.values.type} of the table must be unsigned"
            )
        if self.exp.values.values[0] < 1:
            raise ValueError(f"{self.name}: the entry of 0 must be positive, so that no sum is zero")
        if self.out.fraction < 0:
            raise ValueError(f"{self.name}: the type {self.out} has no fraction bits for values from 0 to 1")

    @property
    def index(self) -> FixedType:
        return self.exp.index

    @property
    def up(self) -> int:
        """What is added to a distance before it becomes an index, in LSBs of x."""
        return (1 << max(0, self.x.fraction - self.index.fraction)) - 1

    def keeps_apart(self, n: int) -> bool:
        """Whether the largest of any n values always has a larger output than each that is smaller."""
        nearest = requantize(np.array([self.up, 1 + self.up]), self.x.fraction, self.index)
        first, second = (int(entry) for entry in self.exp.values.values[nearest])
        one, top = 1 << self.out.fraction, self.out.max_int
        holds = top >= one or (top == one - 1 and self.out.overflow in ("SAT", "SAT_SYM"))
        # The outputs differ by (first - second) / sum at least; more than an LSB remains after any rounding.
        return holds and (first - second) * one > n * first


@dataclass(frozen=True, slots=True, eq=False)
class ArgMax:
    """The index of the largest value on the last axis, of several the first; one value, an integer of ``out``.

    ``out`` has no fraction bits and holds every index (checked by :class:`Network`).
    """

    name: str
    x: FixedType
    out: FixedType

    def __post_init__(self) -> None:
        if self.out.fraction:
            raise ValueError(f"{self.name}: the type {self.out} of an index must be an integer type")


Layer = LMU | Dense | Elementwise | Softmax | ArgMax


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Layers in order; the input is (steps, n_in) values of type ``x``."""

    name: str
    x: FixedType
    steps: int
    n_in: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.lmus:
            raise ValueError(f"network {self.name!r} has no LMU layer")
        for width, layer in zip(self.widths, self.layers, strict=False):
            if isinstance(layer, ArgMax) and width - 1 > layer.out.max_int:
                raise ValueError(f"{layer.name}: {layer.out} does not hold the index {width - 1}")

    @property
    def lmus(self) -> tuple[LMU, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, LMU))

    @property
    def widths(self) -> tuple[int, ...]:
        """Values in a step before the first layer, and after each."""
        widths = [self.n_in]
        for layer in self.layers:
            if isinstance(layer, LMU | Dense):
                widths.append(layer.units)
            else:
                widths.append(1 if isinstance(layer, ArgMax) else widths[-1])
        return tuple(widths)

    @property
    def tensors(self) -> Mapping[tuple[str, str], Tensor]:
        """Every named tensor that a run leaves, by (layer, tensor): those of an LMU layer, or a layer's out."""
        found: dict[tuple[str, str], Tensor] = {}
        for width, layer in zip(self.widths[1:], self.layers, strict=True):
            tensors = layer.tensors if isinstance(layer, LMU) else (Tensor("out", layer.out, width),)
            found |= {(layer.name, tensor.name): tensor for tensor in tensors}
        return found

    @property
    def out(self) -> FixedType:
        last = self.layers[-1]
        return last.h if isinstance(last, LMU) else last.out
