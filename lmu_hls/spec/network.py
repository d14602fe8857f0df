"""The integer contract: a network in which every tensor has a fixed-point type and every weight is an integer.

Golden, HLS and RTL all read this description and nothing else. Sums of products are exact; a value is rounded once,
where it is assigned to a named tensor (the fields that hold a :class:`FixedType`). No float lives here except
``theta``, which is only reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.hidden import HiddenCell, check_cell
from lmu_hls.spec.memory import DenseUpdate, TridiagonalUpdate
from lmu_hls.spec.weight import Activation, Weight, check_shape


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
            check_cell(self.hidden, n_mem, self.n_in)

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
