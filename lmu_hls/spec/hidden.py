"""The hidden cells: how h comes from mem, x and the h of the step before.

In all of them ``kernel_mem`` is (memory_d * order, width), ``kernel_x`` (n_in, width; None without input_to_hidden) and
``kernel_h`` (units, width), where width is units times the number of gates. h itself is assigned to the layer's ``h``.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.spec.weight import Activation, Weight, check_shape


@dataclass(frozen=True, slots=True, eq=False)
class DenseCell:
    """A Dense layer, or with ``kernel_h`` a SimpleRNN cell.

    pre = kernel_mem^T mem [+ kernel_x^T x] [+ kernel_h^T h_{t-1}] [+ bias]; h = activation(pre).
    """

    kernel_mem: Weight
    kernel_x: Weight | None
    bias: Weight | None  # (units,)
    pre: FixedType
    activation: Activation
    kernel_h: Weight | None = None

    @property
    def units(self) -> int:
        return self.kernel_mem.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class LSTMCell:
    """A long short-term memory cell; gates in Keras's order i, f, candidate, o.

    pre = kernel_mem^T mem [+ kernel_x^T x] + kernel_h^T h_{t-1} [+ bias]           (4 units)
    i, f, o = gate_activation(pre)                                                  assigned to ``gate``
    g = activation(pre)                                                             assigned to ``candidate``
    c = f c_{t-1} + i g                                                             assigned to ``cell``
    s = cell_activation(c)                                                          assigned to ``squashed``
    h = o s
    """

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

    @property
    def units(self) -> int:
        return self.kernel_h.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class GRUCell:
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

    @property
    def units(self) -> int:
        return self.kernel_h.shape[0]


HiddenCell = DenseCell | LSTMCell | GRUCell
GATES = {DenseCell: 1, LSTMCell: 4, GRUCell: 3}


def check_cell(cell: HiddenCell, n_mem: int, n_in: int) -> None:
    """ValueError unless all weights of ``cell`` fit ``n_mem`` states and ``n_in`` inputs."""
    width = GATES[type(cell)] * cell.units
    shapes = {"kernel_mem": (n_mem, width), "kernel_x": (n_in, width), "kernel_h": (cell.units, width)}
    for name, shape in {**shapes, "bias": (width,), "recurrent_bias": (width,)}.items():
        weight = getattr(cell, name, None)
        if weight is not None:
            check_shape(name, weight, shape)
