"""The LMU layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, assign, assigned, matrix
from lmu_hls.spec.cells import HiddenCell, no_cell
from lmu_hls.spec.layers.recurrent import RecurrentLayer
from lmu_hls.spec.memory import MemoryUpdate
from lmu_hls.spec.weight import ABSENT_BY_DEFAULT, Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class LMU(RecurrentLayer):
    """One LMU layer: u, mem and h of every step, and the types they are assigned to.

    u = encoder_x^T x [+ encoder_h^T h_{t-1}] [+ encoder_mem^T mem_{t-1}] [+ encoder_bias]; mem by ``update``, one
    channel at a time; h by ``hidden``, or h = mem (channel-major) without one. ``reuse_factor`` is a request.

    ``compression``: whether blocks of zeros are left out of the matrices; None: where that is worth it.
    ``adders``: the matrix of a dense update is additions of shifted values, without multipliers.
    """

    observed: ClassVar[tuple[str, ...]] = ("u", "mem", "h")

    name: str
    steps: int
    x: FixedType
    encoder_x: Weight  # (n_in, memory_d)
    encoder_h: Weight | None  # (units, memory_d)
    encoder_mem: Weight | None  # (memory_d * order, memory_d)
    encoder_bias: Weight | None  # (memory_d,)
    u: FixedType
    update: MemoryUpdate
    mem: FixedType
    hidden: HiddenCell | None
    h: FixedType
    return_sequences: bool
    reuse_factor: int
    theta: float
    discretizer: str
    basis: str
    compression: bool | None = field(default=None, metadata=ABSENT_BY_DEFAULT)
    adders: bool = field(default=False, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        n_mem = self.memory_d * self.order
        self.check_positive()
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
    def kept(self) -> int:
        return self.memory_d * self.order + self.units

    @property
    def encoder(self) -> Assign:
        """What is assigned to u; x comes first, then what feeds back."""
        x, u, mem, h = self._tensors()
        terms = (matrix(x.now(), self.encoder_x), matrix(h.before(), self.encoder_h))
        return assign(u, *terms, matrix(mem.before(), self.encoder_mem), biases=[self.encoder_bias])

    @property
    def memory(self) -> tuple[Assign, ...]:
        """What is assigned after u, mem last; sweeps come before it."""
        _, u, mem, _ = self._tensors()
        return self.update.assignments(mem, u)

    @property
    def operands(self) -> tuple[Tensor, Tensor, Tensor]:
        x, _, mem, h = self._tensors()
        return mem, x, h

    @property
    def cell(self) -> tuple[Assign, ...]:
        mem, x, h = self.operands
        return no_cell(mem, h) if self.hidden is None else self.hidden.assignments(mem, x, h)

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        """u, then mem, then the hidden cell."""
        return (self.encoder, *self.memory, *self.cell)

    def tensors(self, *widths: int) -> tuple[Tensor, ...]:
        """u, mem and the tensors of the hidden cell, h last: what golden traces."""
        return (*self._tensors()[1:3], *assigned(self.cell))

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return (
            Tensor("x", self.x, self.n_in),
            Tensor("u", self.u, self.memory_d),
            Tensor("mem", self.mem, self.memory_d * self.order),
            Tensor("h", self.h, self.units),
        )
