"""A long short-term memory cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lmu_hls.fixed import FixedType
from lmu_hls.spec.assign import Assign, Tensor, Term, apply, assign
from lmu_hls.spec.cells.base import HiddenCell
from lmu_hls.spec.weight import Activation, Weight


@dataclass(frozen=True, slots=True, eq=False)
class LSTMCell(HiddenCell):
    """A long short-term memory cell; gates in Keras's order i, f, candidate, o.

    pre = kernel_mem^T mem [+ kernel_x^T x] + kernel_h^T h_{t-1} [+ bias]           (4 units)
    i, f, o = gate_activation(pre)                                                  assigned to ``gate``
    g = activation(pre)                                                             assigned to ``candidate``
    c = f c_{t-1} + i g                                                             assigned to ``cell``
    s = cell_activation(c)                                                          assigned to ``squashed``
    h = o s
    """

    kind = "lstm"
    keras = ("LSTMCell",)
    gates = 4
    outputs: ClassVar[Mapping[str, str]] = {
        "activation": "candidate",
        "gate_activation": "gate",
        "cell_activation": "squashed",
    }
    arguments: ClassVar[Mapping[str, str]] = {"cell_activation": "cell"}
    products = 3

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

    def assignments(self, mem: Tensor, x: Tensor, h: Tensor) -> tuple[Assign, ...]:
        n = self.units
        pre, gate = Tensor("pre", self.pre, 4 * n), Tensor("gate", self.gate, 3 * n)
        candidate, cell, squashed = (Tensor(name, getattr(self, name), n) for name in ("candidate", "cell", "squashed"))
        i, f, o = (gate.now(k * n, (k + 1) * n) for k in range(3))
        return (
            self.affine(pre, mem, x, h),
            apply(self.gate_activation, gate, pre.now(0, 2 * n)),
            apply(self.gate_activation, gate, pre.now(3 * n, 4 * n), start=2 * n),
            apply(self.activation, candidate, pre.now(2 * n, 3 * n)),
            assign(cell, Term(f, cell.before()), Term(i, candidate.now())),
            apply(self.cell_activation, squashed, cell.now()),
            assign(h, Term(o, squashed.now())),
        )
