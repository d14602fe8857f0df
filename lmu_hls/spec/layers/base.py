"""What a layer of the contract tells everyone who reads it: its types, its widths, and what a step assigns.

A file in this folder has one subclass of :class:`Layer`, a frozen dataclass whose fields are what a file of the
contract holds of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, TypeVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, assigned

L = TypeVar("L", bound="Layer")

LAYERS: dict[str, type[Layer]] = {}  # by the name of the class


class Layer(ABC):
    """A layer by its ``name``: what it reads has the type ``x`` (or ``inputs``, of several), what it gives ``out``."""

    __slots__ = ()
    name: str
    out: FixedType

    def __init_subclass__(cls) -> None:
        LAYERS[cls.__name__] = cls  # a dataclass with slots is made twice, and the second one stays

    @property
    def inputs(self) -> tuple[FixedType, ...]:
        """The types of what it reads."""
        x: FixedType = getattr(self, "x")  # noqa: B009 - a field of every layer with one input
        return (x,)

    @property
    def gives_last(self) -> bool:
        """Of a sequence it gives the last step only."""
        return False

    def width(self, *widths: int) -> int:
        """Values that it gives in a step, for ``widths`` values of each input; by default as many as it reads.

        Raises ValueError for widths that it cannot take.
        """
        return widths[0]

    def reads(self, *widths: int) -> tuple[Tensor, ...]:
        """What it reads as tensors: x, or x0, x1, ... of several inputs."""
        names = ["x"] if len(widths) == 1 else [f"x{k}" for k in range(len(widths))]
        return tuple(Tensor(*item) for item in zip(names, self.inputs, widths, strict=True))

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

    def check_steps(self, steps: int, every_step: bool) -> None:  # noqa: B027 - most can take any
        """ValueError for sequences of ``steps``, of which only the last step comes where not ``every_step``."""

    def check_width(self, expected: int, arriving: int) -> None:
        """ValueError unless ``arriving`` values come in a step where it reads ``expected``."""
        if arriving != expected:
            raise ValueError(f"{self.name}: it reads {expected} values a step, but {arriving} come")
