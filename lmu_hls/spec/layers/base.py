"""What a layer of the contract tells everyone who reads it: its types, its widths, and what a step assigns.

A file in this folder has one subclass of :class:`Layer`, a frozen dataclass whose fields are what a file of the
contract holds of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, assigned
from lmu_hls.spec.window import Window

L = TypeVar("L", bound="Layer")

LAYERS: dict[str, type[Layer]] = {}  # by the name of the class


class Layer(ABC):
    """A layer by its ``name``: what it reads has the type ``x`` (or ``inputs``, of several), what it gives ``out``."""

    __slots__ = ()
    name: str
    out: FixedType
    bounded: ClassVar[bool] = False  # a sequence of any length has no more steps than its window

    def __init_subclass__(cls, abstract: bool = False) -> None:
        if not abstract:
            LAYERS[cls.__name__] = cls  # a dataclass with slots is made twice, and the second one stays

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        """The types of what it reads."""
        x: FixedType = getattr(self, "x")  # noqa: B009 - a field of every layer with one input
        return (x,)

    @property
    def over(self) -> Window | None:
        """The steps that each of its steps reads, by its field ``window``; None for a layer that goes step by step."""
        window: Window | None = getattr(self, "window", None)
        return None if window is None or window.changes_nothing else window

    def width(self, *widths: int) -> int:
        """Values that it gives in a step, for ``widths`` values of each input; by default as many as it reads.

        Raises ValueError for widths that it cannot take.
        """
        return widths[0]

    def reads(self, *widths: int) -> tuple[Tensor, ...]:
        """What it reads for a step as tensors: x, or x0, x1, ... of several inputs; the steps of a window in order."""
        names = ["x"] if len(widths) == 1 else [f"x{k}" for k in range(len(widths))]
        size = 1 if self.over is None else self.over.size
        sizes = [size * width for width in widths]
        return tuple(Tensor(*item) for item in zip(names, self.inputs, sizes, strict=True))

    @abstractmethod
    def assignments(self, *widths: int) -> tuple[Assign, ...]:
        """What a step assigns, what it gives last."""

    def tensors(self, *widths: int) -> tuple[Tensor, ...]:
        """The named tensors that a run leaves, what it gives last."""
        return assigned(self.assignments(*widths))

    def renamed(self: L, name: str) -> L:
        """The same layer by another name."""
        dataclass: Any = self
        changed: L = replace(dataclass, name=name)
        return changed

    def given_steps(self, arriving: int | None) -> int | None:
        """Steps that it gives where so many come; None is one vector, without an axis of steps.

        Raises ValueError for numbers that it cannot take.
        """
        window = self.over
        if window is None:
            return arriving
        if window.steps != (arriving or 1):
            raise ValueError(f"layer {self.name!r} reads {window.steps} steps, but {arriving or 'a vector'} come")
        return None if window.vector else window.count

    @property
    def any_length(self) -> bool:
        """Whether it gives of the first steps of a sequence what it would give if there were no others."""
        window = self.over
        return window is None or window.open or window.last_alone or window.causal

    def with_steps(self: L, steps: int) -> L:
        """The layer for sequences of ``steps`` steps; the layer itself where it has windows of other kinds."""
        dataclass: Any = self
        window: Window | None = getattr(self, "window", None)
        if window is None or window.steps == steps or not self.any_length:
            return self
        changed: L = replace(dataclass, window=window.shortened(steps))
        return changed

    def check_width(self, expected: int, arriving: int) -> None:
        """ValueError unless ``arriving`` values come in a step where it reads ``expected``."""
        if arriving != expected:
            raise ValueError(f"{self.name}: it reads {expected} values a step, but {arriving} come")
