"""A gated recurrent unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, Term, apply, assign, columns, matrix
from lmu_hls.spec.cells.base import HiddenCell
from lmu_hls.spec.weight import Activation, Weight


@dataclass(frozen=True, slots=True, eq=False)
class GRUCell(HiddenCell):
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

    kind = "gru"
    keras = ("GRUCell",)
    gates = 3
    outputs: ClassVar[Mapping[str, str]] = {"activation": "candidate", "gate_activation": "gate"}
    products = 2

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
        self.check_types({"gate": self.gate})

    @classmethod
    def check_types(cls, types: Mapping[str, FixedType]) -> None:
        if types["gate"].fraction < 0:
            raise ValueError(
                f"'gate' has the type {types['gate']}, in which the 1 of 1 - z is no value; give it fraction bits"
            )

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
            self.affine(pre, mem, x, h, slice(0, 2 * n)),
            apply(self.gate_activation, gate, pre.now(0, 2 * n)),
            to_inner,
            assign(pre, *inputs, reset, biases=[bias], part=last),
            apply(self.activation, candidate, pre.now(2 * n, 3 * n)),
            # z h_{t-1} + (1 - z) g, multiplied out
            assign(h, Term(z, h.before()), Term(g), Term(z, g, negative=True)),
        )
