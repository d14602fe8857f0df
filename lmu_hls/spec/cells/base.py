"""What a hidden cell of the contract tells the rest: its fields, its equations, and where Keras has them.

A file in this folder has one subclass of :class:`HiddenCell`; nothing else of the contract or of the front end names
it. What a field is follows from its type: a :class:`Weight` is read of the Keras cell, a :class:`FixedType` is the type
of the tensor of that name, an :class:`Activation` is a function of the Keras cell, a bool is an option of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, ClassVar, get_type_hints

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, Term, assign, columns, matrix
from lmu_hls.spec.weight import Weight, check_shape

HIDDEN_CELLS: dict[str, type[HiddenCell]] = {}  # by kind


class HiddenCell(ABC):
    """A frozen dataclass whose fields are all that its numbers depend on.

    ``kernel_mem`` is (memory_d * order, width), ``kernel_x`` (n_in, width; None without input_to_hidden) and
    ``kernel_h`` (units, width; None where h does not feed back), where width is ``gates`` times the units.

    ``kind`` is its name in the configuration and in C++ (lmu_KIND_cell), ``keras`` are the classes of keras.layers that
    it stands for. ``outputs`` maps each field with a function to the tensor that comes out of it, ``arguments`` to that
    which it reads, where this is not pre; ``products`` are the multiplications of a unit beside the matrices.
    """

    __slots__ = ()

    kind: ClassVar[str]
    keras: ClassVar[tuple[str, ...]]
    gates: ClassVar[int]
    outputs: ClassVar[Mapping[str, str]]
    arguments: ClassVar[Mapping[str, str]] = {}
    products: ClassVar[int] = 0

    kernel_mem: Weight
    kernel_x: Weight | None
    kernel_h: Weight | None
    bias: Weight | None

    def __init_subclass__(cls) -> None:
        HIDDEN_CELLS[cls.kind] = cls

    @property
    def units(self) -> int:
        return self.kernel_mem.shape[1] // self.gates

    @property
    def recurrent(self) -> bool:
        """Whether it reads the h of the step before."""
        return self.kernel_h is not None

    @abstractmethod
    def assignments(self, mem: Tensor, x: Tensor, h: Tensor) -> tuple[Assign, ...]:
        """The equations of its docstring as data, in the order in which a step makes them; h has the layer's type."""

    @classmethod  # noqa: B027 - most cells refuse none
    def check_types(cls, types: Mapping[str, FixedType]) -> None:
        """ValueError for types, by tensor, with which the equations have no meaning."""

    @classmethod
    def argument(cls, field: str) -> str:
        """The tensor that the function of a field reads."""
        return cls.arguments.get(field, "pre")

    @classmethod
    def weights(cls) -> dict[str, bool]:
        """The fields that are weights, and whether each must be there."""
        return {name: hint is Weight for name, hint in _hints(cls).items() if hint in (Weight, Weight | None)}

    @classmethod
    def tensors(cls) -> tuple[str, ...]:
        """The fields that are types: the named tensors but h."""
        return tuple(name for name, hint in _hints(cls).items() if hint is FixedType)

    @classmethod
    def options(cls) -> tuple[str, ...]:
        """The fields that are options."""
        return tuple(name for name, hint in _hints(cls).items() if hint is bool)

    def check(self, n_mem: int, n_in: int) -> None:
        """ValueError unless all weights fit ``n_mem`` states and ``n_in`` inputs."""
        width = self.gates * self.units
        rows = {"kernel_mem": (n_mem,), "kernel_x": (n_in,), "kernel_h": (self.units,)}
        for name in self.weights():
            weight = getattr(self, name)
            if weight is not None:
                check_shape(name, weight, (*rows.get(name, ()), width))

    def affine(self, pre: Tensor, mem: Tensor, x: Tensor, h: Tensor, part: slice | None = None) -> Assign:
        """pre = kernel_mem^T mem [+ kernel_x^T x] [+ kernel_h^T h_{t-1}] [+ biases], or some gates of it."""
        part = slice(0, pre.width) if part is None else part
        biases = (self.bias, getattr(self, "recurrent_bias", None))
        return assign(
            pre,
            matrix(mem.now(), self.kernel_mem, part),
            matrix(x.now(), self.kernel_x, part),
            matrix(h.before(), self.kernel_h, part),
            biases=[None if bias is None else columns(bias, part) for bias in biases],
            part=part,
        )


def no_cell(mem: Tensor, h: Tensor) -> tuple[Assign, ...]:
    """h = mem, for a layer without a hidden cell."""
    return (assign(h, Term(mem.now())),)


@cache
def _hints(cls: Any) -> dict[str, Any]:
    """The types of the fields, in their order."""
    hints = get_type_hints(cls)
    return {item.name: hints[item.name] for item in fields(cls)}
