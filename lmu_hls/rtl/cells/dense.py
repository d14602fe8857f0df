"""A Dense or SimpleRNN cell: ``lmu_activation`` beside ``lmu_recurrent``."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.rtl.affine import Source, check_signed_type
from lmu_hls.rtl.cells.base import (
    HIDDEN,
    Cell,
    CellBuilder,
    CellForm,
    CellSizes,
    Inputs,
    Lanes,
    SharedCell,
    WholeForm,
    sums_parameters,
)
from lmu_hls.rtl.cycles import QUEUE
from lmu_hls.rtl.functions import function_parameters, latency, multipliers
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import DenseCell, Weight


@dataclass(frozen=True, slots=True)
class OverlappingForm(CellForm):
    """It takes x and h of the next step while its last group is at work."""

    def recurrence(self, cell: CellSizes, lanes: Lanes) -> tuple[str, int]:
        matrix = cell.matrix(HIDDEN, lanes)
        if matrix.blocks:
            return CellForm.recurrence(self, cell, lanes)
        behind = matrix.to_sum + QUEUE + self.after
        last = max(cell.n_x + cell.n_h, matrix.lanes + behind)
        cycles = (matrix.groups - 1) * matrix.turn + last + cell.n_mem
        return f"(UNITS/LANES - 1)*N_IN + max(N_X + N_H, LANES + {behind}) + N_MEM", cycles


class DenseCellBuilder(CellBuilder[DenseCell], cell=DenseCell):
    @property
    def form(self) -> CellForm:
        function = self.cell.activation
        after, products = latency(function), multipliers(function)
        return OverlappingForm((1,), after, products, whole=WholeForm("lmu_activations", after, products, "N"))

    def sources(self, inputs: Inputs) -> tuple[list[Source], ...]:
        cell = self.cell
        return (inputs.x(cell.kernel_x) + inputs.h(cell.kernel_h) + inputs.mem(cell.kernel_mem),)

    def biases(self) -> tuple[list[Weight | None], ...]:
        return ([self.cell.bias],)

    def build(self, inputs: Inputs, lanes: Lanes) -> Cell:
        cell = self.cell
        affine = inputs.affine(HIDDEN, self.sources(inputs)[0], self.biases()[0], lanes)
        check_signed_type(inputs.where, "its pre-activation", cell.pre)
        function, roms = function_parameters(inputs.where, cell.activation, inputs.layer.h, f"{inputs.file}_table")
        parameters = sums_parameters(affine) | typed("PRE", cell.pre) | function | typed("OUT", inputs.layer.h)
        frame = inputs.frame(cell, 1, affine)
        return Cell(frame, "lmu_activation", parameters, affine.roms + roms, affine.acc_width, keeps_state=False)

    @property
    def shared(self) -> SharedCell:
        cell = self.cell
        return SharedCell(cell.kernel_mem, cell.kernel_x, cell.kernel_h, cell.bias, cell.pre, cell.activation)
