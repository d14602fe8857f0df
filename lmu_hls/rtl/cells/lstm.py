"""An LSTM cell: ``lmu_lstm`` beside ``lmu_recurrent``, or ``lmu_lstm_parallel``."""

from __future__ import annotations

from lmu_hls.rtl.affine import Source, check_signed_type
from lmu_hls.rtl.cells.base import (
    HIDDEN,
    Cell,
    CellBuilder,
    CellForm,
    GatedCell,
    GateRows,
    Inputs,
    Lanes,
    Parameters,
    WholeForm,
    check_sum,
    gates_of,
    rows_of,
    sums_parameters,
)
from lmu_hls.rtl.functions import cell_latency, multipliers, one_table
from lmu_hls.rtl.gated import LSTM
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import LSTMCell, Weight

GATES = (2, 0, 1, 3)  # g, i, f, o: their places in Keras's kernels


class LSTMCellBuilder(CellBuilder[LSTMCell], cell=LSTMCell):
    @property
    def form(self) -> CellForm:
        cell, one = self.cell, self.one_table
        sums = max(cell_latency(cell.gate_activation), cell_latency(cell.activation))
        chain = sums + cell_latency(cell.cell_activation)
        products = multipliers(cell.gate_activation, cell.activation, cell.cell_activation)
        beside = 3 + products + 2 * multipliers(cell.gate_activation)  # three gates have a function each
        whole = WholeForm("lmu_lstm_parallel", 8 + chain, beside)
        saved = multipliers(cell.cell_activation) if one else 0
        return CellForm((4,), 7 + chain + one, 2 + products - saved, whole=whole)

    @property
    def one_table(self) -> bool:
        """Whether the table of the candidate is that of the cell, too."""
        cell = self.cell
        return one_table(cell.activation, cell.candidate, cell.cell_activation, cell.squashed)

    def sources(self, inputs: Inputs) -> tuple[list[Source], ...]:
        cell = self.cell
        kernels = [None if k is None else gates_of(k, cell.units, GATES) for k in (cell.kernel_x, cell.kernel_h)]
        mem = inputs.mem(gates_of(cell.kernel_mem, cell.units, GATES))
        return (inputs.x(kernels[0]) + inputs.h(kernels[1]) + mem,)

    def biases(self) -> tuple[list[Weight | None], ...]:
        cell = self.cell
        return ([None if cell.bias is None else gates_of(cell.bias, cell.units, GATES)],)

    def build(self, inputs: Inputs, lanes: Lanes) -> Cell:
        cell = self.cell
        affine = inputs.affine(HIDDEN, self.sources(inputs)[0], self.biases()[0], lanes)
        for name in ("pre", "cell"):
            check_signed_type(inputs.where, name, getattr(cell, name))
        check_sum(inputs.where, [(cell.gate, cell.cell), (cell.gate, cell.candidate)])
        check_sum(inputs.where, [(cell.gate, cell.squashed)])
        gate, gate_roms = inputs.function(cell.gate_activation, cell.gate, "gate")
        candidate, candidate_roms = inputs.function(cell.activation, cell.candidate, "cand")
        squash, squash_roms = inputs.function(cell.cell_activation, cell.squashed, "squash")
        one: Parameters = {}
        if self.one_table:
            squash, squash_roms, one = squash | {"SQUASH_FILE": candidate["CAND_FILE"]}, (), {"ONE_TABLE": 1}
        parameters = {"UNITS": cell.units} | sums_parameters(affine) | typed("PRE", cell.pre) | gate | candidate
        parameters |= typed("CELL", cell.cell) | squash | inputs.h_parameters()
        roms = affine.roms + gate_roms + candidate_roms + squash_roms
        frame, width = inputs.frame(cell, 4, affine), affine.acc_width
        return Cell(frame, "lmu_lstm", parameters, roms, width, keeps_state=True, in_turn=one)

    @property
    def gated(self) -> GatedCell:
        cell = self.cell
        return GatedCell(
            LSTM,
            self._rows(0, 1, 3),
            self._rows(2),
            None,
            cell.pre,
            cell.gate,
            cell.candidate,
            cell.cell,
            cell.squashed,
            cell.gate_activation,
            cell.activation,
            cell.cell_activation,
        )

    def _rows(self, *gates: int) -> GateRows:
        cell = self.cell
        x, h, mem, bias = (
            rows_of(k, cell.units, *gates) for k in (cell.kernel_x, cell.kernel_h, cell.kernel_mem, cell.bias)
        )
        return GateRows(x, h, mem, () if bias is None else (bias,))
