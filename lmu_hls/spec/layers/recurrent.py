"""Layers with a state that goes from step to step: what they have in common, and a cell over the sequence itself."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, assigned
from lmu_hls.spec.cells import HiddenCell
from lmu_hls.spec.layers.base import Layer
from lmu_hls.spec.weight import ABSENT_BY_DEFAULT

R = TypeVar("R", bound="RecurrentLayer")


class RecurrentLayer(Layer, abstract=True):
    """A layer whose last stage is a hidden cell, or none; it gives the h of every step, or of the last one.

    ``observed`` are the tensors that the Verilog shows. ``reuse_factor`` is a request.
    ``compression``: whether blocks of zeros are left out of the matrices; None: where that is worth it.
    """

    __slots__ = ()
    observed: ClassVar[tuple[str, ...]] = ("h",)

    steps: int
    x: FixedType
    hidden: HiddenCell | None
    h: FixedType
    return_sequences: bool
    reuse_factor: int
    compression: bool | None

    @property
    @abstractmethod
    def n_in(self) -> int: ...

    @property
    @abstractmethod
    def units(self) -> int:
        """Width of h."""

    @property
    def kept(self) -> int:
        """Values of a step that a run keeps beside u."""
        return self.units

    @property
    @abstractmethod
    def operands(self) -> tuple[Tensor, Tensor, Tensor]:
        """mem, x and h of the cell's equations."""

    @property
    @abstractmethod
    def cell(self) -> tuple[Assign, ...]:
        """What the cell assigns, h last."""

    @property
    def out(self) -> FixedType:  # type: ignore[override] # nothing sets it
        return self.h

    def width(self, *widths: int) -> int:
        self.check_width(self.n_in, widths[0])
        return self.units

    def given_steps(self, arriving: int | None) -> int | None:
        if arriving is None:
            raise ValueError(f"layer {self.name!r} needs every step, but only one vector comes; set return_sequences")
        if arriving != self.steps:
            raise ValueError(f"layer {self.name!r} has sequences of {self.steps} steps, but {arriving} come")
        return arriving if self.return_sequences else None

    def with_steps(self: R, steps: int) -> R:
        dataclass: Any = self
        changed: R = replace(dataclass, steps=steps)
        return changed

    def check_positive(self) -> None:
        """ValueError unless steps and reuse_factor can be."""
        if self.steps < 1 or self.reuse_factor < 1:
            raise ValueError(f"{self.name}: steps and reuse_factor must be at least 1")


@dataclass(frozen=True, slots=True, eq=False)
class Recurrent(RecurrentLayer):
    """A hidden cell over the sequence itself: a layer LSTM, GRU or SimpleRNN.

    In the equations of the cell x stands in the place of an LMU's mem: ``kernel_mem`` is (n_in, width), and there is no
    ``kernel_x``.
    """

    name: str
    steps: int
    x: FixedType
    hidden: HiddenCell
    h: FixedType
    return_sequences: bool
    reuse_factor: int
    compression: bool | None = field(default=None, metadata=ABSENT_BY_DEFAULT)

    def __post_init__(self) -> None:
        self.check_positive()
        if self.hidden.kernel_x is not None:
            raise ValueError(f"{self.name}: a cell without a memory reads x by kernel_mem alone")
        self.hidden.check(self.n_in, self.n_in)

    @property
    def n_in(self) -> int:
        return self.hidden.kernel_mem.shape[0]

    @property
    def units(self) -> int:
        return self.hidden.units

    @property
    def operands(self) -> tuple[Tensor, Tensor, Tensor]:
        x = Tensor("x", self.x, self.n_in)
        return x, x, Tensor("h", self.h, self.units)

    @property
    def cell(self) -> tuple[Assign, ...]:
        return self.hidden.assignments(*self.operands)

    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        return self.cell

    def tensors(self, *widths: int) -> tuple[Tensor, ...]:
        """Those of the cell, h last."""
        return assigned(self.cell)
