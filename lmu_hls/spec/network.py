"""The integer contract: a network in which every tensor has a fixed-point type and every weight is an integer.

Golden, HLS and RTL all read this description and nothing else. Sums of products are exact; a value is rounded once,
where it is assigned to a named tensor (the fields that hold a :class:`FixedType`). No float lives here except
``theta``, which is only reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np

from lmu_hls.fixed import FixedType, Ints

ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid")


@dataclass(frozen=True, slots=True, eq=False)
class Weight:
    """A constant array as integers of ``type``. Raises ValueError when a value is outside the type's range."""

    values: Ints
    type: FixedType

    def __post_init__(self) -> None:
        values = np.array(self.values, np.int64)  # a copy, so that freezing it cannot surprise the caller
        if values.size and (values.min() < self.type.min_int or values.max() > self.type.max_int):
            raise ValueError(f"weight values {values.min()}..{values.max()} do not fit {self.type}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """An activation as a table: ``values[k]`` is the result for the index integer ``index.min_int + k``."""

    index: FixedType
    values: Weight

    def __post_init__(self) -> None:
        if self.values.shape != (1 << self.index.width,):
            raise ValueError(
                f"a table indexed by {self.index} needs {1 << self.index.width} entries, not {self.values.shape}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Activation:
    """``linear``, ``relu``, or a table for ``tanh`` and ``sigmoid``; the result is assigned to the reader's type."""

    function: str
    table: Table | None = None

    def __post_init__(self) -> None:
        if self.function not in ACTIVATIONS:
            raise ValueError(f"activation {self.function!r} is not one of {', '.join(ACTIVATIONS)}")
        if (self.table is not None) != (self.function in ("tanh", "sigmoid")):
            raise ValueError(f"activation {self.function!r} {'needs a' if self.table is None else 'takes no'} table")


@dataclass(frozen=True, slots=True, eq=False)
class DenseUpdate:
    """mem_t = a mem_{t-1} + b u_t, assigned to ``mem``; ``a`` is (order, order), ``b`` is (order,)."""

    a: Weight
    b: Weight

    def __post_init__(self) -> None:
        _check_shape("a", self.a, (self.order, self.order))

    @property
    def order(self) -> int:
        return self.b.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class TridiagonalUpdate:
    """The bilinear step in O(order): two sweeps with constant coefficients, each (order,).

    forward   f_i = -(mem_i + bet_i u / 2) - lam_i f_{i-1}    assigned to ``sweep``, i = 0 .. order-1
    backward  z_i = gam_i f_i + kap_i z_{i+1}                 assigned to ``sweep``, i = order-1 .. 0
    update    mem_i <= mem_i + bet_i u + 2 z_i                assigned to mem

    lam_0 and kap_{order-1} are zero. Source: elimination of the tridiagonal inverse of the LMU matrix.
    """

    lam: Weight
    gam: Weight
    kap: Weight
    bet: Weight
    sweep: FixedType

    def __post_init__(self) -> None:
        for name in ("lam", "gam", "kap"):
            _check_shape(name, getattr(self, name), (self.order,))
        if self.lam.values[0] or self.kap.values[-1]:
            raise ValueError("lam_0 and kap_{order-1} must be zero")

    @property
    def order(self) -> int:
        return self.bet.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class DenseCell:
    """pre = kernel_mem^T mem [+ kernel_x^T x] [+ bias], assigned to ``pre``; h = activation(pre)."""

    kernel_mem: Weight  # (memory_d * order, units)
    kernel_x: Weight | None  # (n_in, units)
    bias: Weight | None  # (units,)
    pre: FixedType
    activation: Activation

    @property
    def units(self) -> int:
        return self.kernel_mem.shape[1]


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
    hidden: DenseCell | None
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
            _check_shape("encoder_h", self.encoder_h, (self.units, self.memory_d))
        if self.encoder_mem is not None:
            _check_shape("encoder_mem", self.encoder_mem, (n_mem, self.memory_d))
        if self.encoder_bias is not None:
            _check_shape("encoder_bias", self.encoder_bias, (self.memory_d,))
        if self.hidden is not None:
            _check_shape("kernel_mem", self.hidden.kernel_mem, (n_mem, self.units))
            if self.hidden.kernel_x is not None:
                _check_shape("kernel_x", self.hidden.kernel_x, (self.n_in, self.units))
            if self.hidden.bias is not None:
                _check_shape("bias", self.hidden.bias, (self.units,))

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


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """out = kernel^T x [+ bias] on the last axis, assigned to ``out``."""

    name: str
    x: FixedType
    kernel: Weight  # (n_in, units)
    bias: Weight | None  # (units,)
    out: FixedType

    @property
    def units(self) -> int:
        return self.kernel.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Elementwise:
    """out = activation(x), one element at a time; the layer form of an activation (linear or relu)."""

    name: str
    x: FixedType
    activation: Activation
    out: FixedType


Layer = LMU | Dense | Elementwise


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

    @property
    def lmus(self) -> tuple[LMU, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, LMU))

    @property
    def out(self) -> FixedType:
        last = self.layers[-1]
        return last.h if isinstance(last, LMU) else last.out


def _check_shape(name: str, weight: Weight, shape: tuple[int, ...]) -> None:
    if weight.shape != shape:
        raise ValueError(f"{name} has shape {weight.shape}, expected {shape}")


def table_index_type(size: int, reach: int) -> FixedType:
    """The index type of an activation table with ``size`` entries (a power of two) over [-reach, reach).

    ``reach`` must be a power of two. The pre-activation is rounded to it (RND_CONV) and saturated.
    """
    width, integer = log2(size), log2(reach) + 1
    if width % 1 or integer % 1 or width < 2:
        raise ValueError(f"table size {size} and reach {reach} must be powers of two, size at least 4")
    return FixedType(int(width), int(integer))
