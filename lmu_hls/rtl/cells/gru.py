"""A GRU cell: ``lmu_gru``, or ``lmu_gru_before`` and a matrix, beside ``lmu_recurrent``; or ``lmu_gru_parallel``."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Affine, Rom, Source, check_bound, check_signed_type
from lmu_hls.rtl.cells.base import (
    HIDDEN,
    HIDDEN2,
    Cell,
    CellBuilder,
    CellForm,
    CellSizes,
    GatedCell,
    GateRows,
    Inputs,
    Lanes,
    Parameters,
    SecondMatrix,
    WholeForm,
    cell_sizes,
    check_sum,
    gates_of,
    rows_of,
    sums_parameters,
    with_bias,
)
from lmu_hls.rtl.cycles import QUEUE, Beats
from lmu_hls.rtl.functions import cell_latency, multipliers
from lmu_hls.rtl.gated import GRU, GRU_BEFORE
from lmu_hls.rtl.matrix import Columns
from lmu_hls.rtl.netlist import Order
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import FACTOR
from lmu_hls.spec import GRUCell, Weight

Z, R, G = 0, 1, 2  # places of the gates in Keras's kernels


@dataclass(frozen=True, slots=True)
class TwoMatrixForm(CellForm):
    """The second matrix takes x, mem and inner, after the last sum of the first; ``mix``: from a sum of it to h."""

    mix: int = 0

    def second_latency(self, cell: CellSizes, lanes: Lanes) -> int:
        """From a step's last inner to its last h."""
        matrix = cell.matrix(HIDDEN2, lanes)
        return matrix.latency(matrix.rows - 1) + self.mix

    def recurrence(self, cell: CellSizes, lanes: Lanes) -> tuple[str, int]:
        wait = max(QUEUE, cell.n_x + cell.n_h - self.second_latency(cell, lanes))
        return "N_MEM + latency + max(2, N_X + N_H - latency2)", cell.n_mem + cell.latency(lanes) + wait

    def after_sums(self, cell: CellSizes, lanes: Lanes) -> int:
        return self.after + self.second_latency(cell, lanes)

    def outputs(self, cell: CellSizes, lanes: Lanes, sums: Beats) -> Beats:
        second = cell.matrix(HIDDEN2, lanes)
        last = sums[-1] + self.after_sums(cell, lanes)
        return [last - second.latency(second.rows - 1) + second.latency(row) for row in range(second.rows)]


class GRUCellBuilder(CellBuilder[GRUCell], cell=GRUCell):
    @property
    def form(self) -> CellForm:
        gate, candidate = self.cell.gate_activation, self.cell.activation
        products, before = 2 + multipliers(gate, candidate), 4 + cell_latency(gate)
        mix = 5 + cell_latency(candidate) + _more(self.cell, self.h)
        if self.cell.reset_after:  # every fourth row is zeros
            whole = WholeForm(
                "lmu_gru_parallel", before + mix, products + multipliers(gate)
            )  # two gates have a function each
            return CellForm((4,), after=before + mix - 2, products=products, useful_quarters=3, whole=whole)
        return TwoMatrixForm((2, 1), after=before, products=products, mix=mix)

    def sources(self, inputs: Inputs) -> tuple[list[Source], ...]:
        return _sources_after(inputs, self.cell) if self.cell.reset_after else _sources_before(inputs, self.cell)

    def biases(self) -> tuple[list[Weight | None], ...]:
        cell = self.cell

        def rows(bias: Weight | None, *gates: int | None) -> Weight | None:
            return None if bias is None else gates_of(bias, cell.units, gates)

        if cell.reset_after:
            return ([rows(cell.bias, R, Z, None, G), rows(cell.recurrent_bias, R, Z, G, None)],)
        return [rows(cell.bias, Z, R)], [rows(cell.bias, G)]

    def build(self, inputs: Inputs, lanes: Lanes) -> Cell:
        sources, biases = self.sources(inputs), self.biases()
        if self.cell.reset_after:
            return _reset_after(inputs, self.cell, sources[0], biases[0], lanes)
        return _reset_before(inputs, self.cell, sources, biases, lanes)

    @property
    def gated(self) -> GatedCell:
        cell, n = self.cell, self.cell.units

        def rows(bias: Weight | None, recurrent_bias: Weight | None, *gates: int, h: bool = True) -> GateRows:
            x, mem = rows_of(cell.kernel_x, n, *gates), rows_of(cell.kernel_mem, n, *gates)
            biases = [rows_of(each, n, *gates) for each in (bias, recurrent_bias)]
            kernel_h = rows_of(cell.kernel_h, n, *gates) if h else None
            return GateRows(x, kernel_h, mem, tuple(each for each in biases if each is not None))

        after = cell.reset_after
        inner_bias = rows_of(cell.recurrent_bias, n, G)
        inner = GateRows(None, rows_of(cell.kernel_h, n, G), None, () if inner_bias is None else (inner_bias,))
        return GatedCell(
            GRU if after else GRU_BEFORE,
            rows(cell.bias, cell.recurrent_bias, R, Z),
            rows(cell.bias, None, G, h=not after),
            inner if after else None,
            cell.pre,
            cell.gate,
            cell.candidate,
            cell.inner,
            None,
            cell.gate_activation,
            cell.activation,
            None,
        )


def _more(cell: GRUCell, h: FixedType) -> int:
    """Cycles that the product of z and h_{t-1} - g takes beside one."""
    values = (h, cell.candidate)
    fraction = max(value.fraction for value in values)
    difference = 1 + max(value.width + fraction - value.fraction for value in values)
    return int(max(difference, cell.gate.width) > FACTOR)


def _sources_after(inputs: Inputs, cell: GRUCell) -> tuple[list[Source], ...]:
    """Rows r, z, inner (h alone) and s (x and mem alone) of each unit."""
    n = cell.units
    sources = inputs.x(None if cell.kernel_x is None else gates_of(cell.kernel_x, n, (R, Z, None, G)))
    sources += inputs.h(gates_of(cell.kernel_h, n, (R, Z, G, None)))
    return (sources + inputs.mem(gates_of(cell.kernel_mem, n, (R, Z, None, G))),)


def _reset_after(
    inputs: Inputs, cell: GRUCell, sources: list[Source], biases: list[Weight | None], lanes: Lanes
) -> Cell:
    affine = inputs.affine(HIDDEN, sources, biases, lanes)
    fraction = max(affine.acc_fraction, cell.gate.fraction + cell.inner.fraction)
    reset = (cell.gate.max_abs * cell.inner.max_abs) << (fraction - cell.gate.fraction - cell.inner.fraction)
    check_bound(inputs.where, (affine.bound << (fraction - affine.acc_fraction)) + reset)
    function, roms = _functions(inputs, cell)
    parameters = {"UNITS": cell.units} | sums_parameters(affine) | function
    frame = inputs.frame(cell, 4, affine)
    order = None if isinstance(lanes, Columns) else _order(cell_sizes(inputs.layer), lanes)
    return Cell(frame, "lmu_gru", parameters, affine.roms + roms, affine.acc_width, keeps_state=True, order=order)


def _order(sizes: CellSizes | None, lanes: Lanes) -> Order | None:
    """The places of the sums of some units that come gate by gate; None where they come unit by unit."""
    assert sizes is not None
    matrix = sizes.matrix(HIDDEN, lanes)
    gates = matrix.rows // sizes.units
    together = matrix.together
    return tuple(gates * k + gate for gate in range(gates) for k in range(together)) if together > 1 else None


def _sources_before(inputs: Inputs, cell: GRUCell) -> tuple[list[Source], ...]:
    """Rows z, r of each unit from x, h, mem; then one row a unit from x, mem, inner."""
    n = cell.units
    first = inputs.x(None if cell.kernel_x is None else gates_of(cell.kernel_x, n, (Z, R)))
    first += inputs.h(gates_of(cell.kernel_h, n, (Z, R))) + inputs.mem(gates_of(cell.kernel_mem, n, (Z, R)))
    second = inputs.x(None if cell.kernel_x is None else gates_of(cell.kernel_x, n, (G,)))
    second += inputs.mem(gates_of(cell.kernel_mem, n, (G,)))
    second.append(Source("inner", cell.inner, gates_of(cell.kernel_h, n, (G,))))
    return first, second


def _reset_before(
    inputs: Inputs,
    cell: GRUCell,
    sources: tuple[list[Source], ...],
    biases: tuple[list[Weight | None], ...],
    lanes: Lanes,
) -> Cell:
    affine, affine2 = (
        inputs.affine(part, read, bias, lanes)
        for part, read, bias in zip((HIDDEN, HIDDEN2), sources, biases, strict=True)
    )
    check_sum(inputs.where, [(cell.gate, inputs.layer.h)])
    function, roms = _functions(inputs, cell)
    parameters = {"UNITS": cell.units} | sums_parameters(affine) | function
    parameters |= {f"{key}2": value for key, value in sums_parameters(affine2).items()}
    roms = affine.roms + affine2.roms + roms
    frame, matrix = inputs.frame(cell, 2, affine), _second_matrix(inputs, cell, affine2)
    return Cell(frame, "lmu_gru_before", parameters, roms, affine.acc_width, keeps_state=True, second=matrix)


def _second_matrix(inputs: Inputs, cell: GRUCell, affine: Affine) -> SecondMatrix:
    """Its operands are x, mem and inner, in this order."""
    sizes, given = inputs.sizes(cell), with_bias(affine)
    shifts = {key: given.pop(f"{key}_SHIFT", 0) for key in ("X", "MEM", "INNER")}
    concat: Parameters = {"N_A": sizes["N_X"], "N_B": sizes["N_MEM"], "N_C": cell.units}
    concat |= {"A_W": sizes["X_W"], "B_W": sizes["MEM_W"], "C_W": cell.inner.width}
    concat |= {f"{port}_SHIFT": shift for port, shift in zip("ABC", shifts.values(), strict=True)}
    concat |= {"A_FEEDBACK": 0, "B_FEEDBACK": 0, "C_FEEDBACK": 0, "OUT_W": affine.op_width}
    del given["ACC_F"]  # the cell's
    matrix = {"N_IN": affine.columns, "N_OUT": affine.rows, **given}
    return SecondMatrix(concat, matrix, cell.inner.width, affine.op_width, affine.acc_width)


def _functions(inputs: Inputs, cell: GRUCell) -> tuple[Parameters, tuple[Rom, ...]]:
    """What both kinds of GRU have; the bound of z h_{t-1} + (1 - z) g is checked."""
    for name in ("pre", "inner"):
        check_signed_type(inputs.where, name, getattr(cell, name))
    h, gate, candidate = inputs.layer.h, cell.gate, cell.candidate
    fraction = max(h.fraction, candidate.fraction)
    kept = (gate.max_abs * h.max_abs) << (fraction - h.fraction)
    rest = (((1 << gate.fraction) + gate.max_abs) * candidate.max_abs) << (fraction - candidate.fraction)
    check_bound(inputs.where, kept + rest)
    gates, gate_roms = inputs.function(cell.gate_activation, gate, "gate")
    candidates, candidate_roms = inputs.function(cell.activation, candidate, "cand")
    parameters: Parameters = typed("PRE", cell.pre) | gates | typed("INNER", cell.inner) | candidates
    parameters |= inputs.h_parameters() | ({"MORE": more} if (more := _more(cell, h)) else {})
    return parameters, gate_roms + candidate_roms
