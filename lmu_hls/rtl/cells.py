"""Parameters and ROM words of hidden cells: ``lmu_recurrent`` and a cell beside it, or ``lmu_hidden_gru_before``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Affine, Rom, Source, check_bound, check_signed_type, make_affine
from lmu_hls.rtl.functions import function_parameters, typed
from lmu_hls.rtl.netlist import Order
from lmu_hls.spec import LMU, Activation, DenseCell, GRUCell, LSTMCell, Weight

Parameters = dict[str, int | str]
Z, R, G = 0, 1, 2  # places of a GRU's gates in Keras's kernels


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A module for a hidden cell, and the parameters of the ``lmu_recurrent`` around it, or None where it stands alone.

    ``sum_width`` are the bits of the sums that go from one to the other. A cell that ``keeps_state`` beside h has to
    know whether the state runs for ever.
    """

    frame: Mapping[str, int | str] | None
    module: str
    parameters: Mapping[str, int | str]
    roms: tuple[Rom, ...]
    sum_width: int
    keeps_state: bool


def hidden_cell(lmu: LMU, file: str, lanes: Mapping[str, int], x_order: Order | None, mem_order: Order | None) -> Cell:
    """The cell of ``lmu``, which has one; ``lanes`` by part. ROM files are rom/<file>_*.hex.

    The orders are those in which the values of x and mem arrive. Raises LmuHlsError for what the modules cannot take.
    """
    cell = lmu.hidden
    where = f"layer {lmu.name!r}: hidden cell"
    check_signed_type(where, "h", lmu.h)
    inputs = _Inputs(lmu, where, file, x_order, mem_order)
    if isinstance(cell, DenseCell):
        return _dense(inputs, cell, lanes["hidden"])
    if isinstance(cell, LSTMCell):
        return _lstm(inputs, cell, lanes["hidden"])
    assert isinstance(cell, GRUCell)
    if cell.gate.fraction < 0:
        raise LmuHlsError(f"{where}: gate type {cell.gate} cannot hold fractions; give it fraction bits")
    return _gru_after(inputs, cell, lanes["hidden"]) if cell.reset_after else _gru_before(inputs, cell, lanes)


@dataclass(frozen=True, slots=True, eq=False)
class _Inputs:
    """What reaches a cell, and in which order."""

    lmu: LMU
    where: str
    file: str
    x_order: Order | None
    mem_order: Order | None

    def sizes(self, cell: DenseCell | LSTMCell | GRUCell) -> Parameters:
        """Sizes and widths that all cells have."""
        lmu = self.lmu
        with_x = cell.kernel_x is not None
        return {
            "N_X": lmu.n_in if with_x else 0,
            "N_H": cell.units if cell.kernel_h is not None else 0,
            "N_MEM": lmu.memory_d * lmu.order,
            "UNITS": cell.units,
            "X_W": lmu.x.width if with_x else 1,
            "H_W": lmu.h.width,
            "MEM_W": lmu.mem.width,
        }

    def frame(self, cell: DenseCell | LSTMCell | GRUCell, gates: int, affine: Affine) -> Parameters:
        """Parameters of ``lmu_recurrent``."""
        parameters = self.sizes(cell) | {"GATES": gates} | _with_bias(affine)
        del parameters["ACC_F"]  # the cell's
        return parameters

    def x(self, kernel: Weight | None) -> list[Source]:
        return [] if kernel is None else [Source("x", self.lmu.x, arriving(kernel, self.x_order))]

    def mem(self, kernel: Weight) -> list[Source]:
        return [Source("mem", self.lmu.mem, arriving(kernel, self.mem_order))]

    def h(self, kernel: Weight | None) -> list[Source]:
        return [] if kernel is None else [Source("h", self.lmu.h, kernel)]

    def function(self, activation: Activation, to: FixedType, name: str) -> tuple[Parameters, tuple[Rom, ...]]:
        """Parameters with the prefix ``name``, and the type of the result."""
        parameters, roms = function_parameters(
            self.where, activation, to, f"{self.file}_{name}", f"{name.upper()}_", f"{name.upper()}_FILE"
        )
        return parameters | typed(name.upper(), to), roms

    def h_parameters(self) -> Parameters:
        return {**typed("H", self.lmu.h)}


def arriving(kernel: Weight, order: Order | None) -> Weight:
    """The rows of ``kernel`` in the order in which the values arrive."""
    return kernel if order is None else Weight(kernel.values[list(order)], kernel.type)


def _dense(inputs: _Inputs, cell: DenseCell, lanes: int) -> Cell:
    sources = inputs.x(cell.kernel_x) + inputs.h(cell.kernel_h) + inputs.mem(cell.kernel_mem)
    affine = make_affine(inputs.where, f"{inputs.file}_hidden", sources, [cell.bias], lanes)
    check_signed_type(inputs.where, "its pre-activation", cell.pre)
    function, roms = function_parameters(inputs.where, cell.activation, inputs.lmu.h, f"{inputs.file}_table")
    parameters = _sums(affine) | typed("PRE", cell.pre) | function | typed("OUT", inputs.lmu.h)
    frame = inputs.frame(cell, 1, affine)
    return Cell(frame, "lmu_activation", parameters, affine.roms + roms, affine.acc_width, keeps_state=False)


def _lstm(inputs: _Inputs, cell: LSTMCell, lanes: int) -> Cell:
    kernels = [None if k is None else _interleaved(k, cell.units) for k in (cell.kernel_x, cell.kernel_h)]
    sources = inputs.x(kernels[0]) + inputs.h(kernels[1]) + inputs.mem(_interleaved(cell.kernel_mem, cell.units))
    bias = None if cell.bias is None else _interleaved(cell.bias, cell.units)
    affine = make_affine(inputs.where, f"{inputs.file}_hidden", sources, [bias], lanes)
    for name in ("pre", "cell"):
        check_signed_type(inputs.where, name, getattr(cell, name))
    _check_sum(inputs.where, [(cell.gate, cell.cell), (cell.gate, cell.candidate)])
    _check_sum(inputs.where, [(cell.gate, cell.squashed)])
    gate, gate_roms = inputs.function(cell.gate_activation, cell.gate, "gate")
    candidate, candidate_roms = inputs.function(cell.activation, cell.candidate, "cand")
    squash, squash_roms = inputs.function(cell.cell_activation, cell.squashed, "squash")
    parameters = {"UNITS": cell.units} | _sums(affine) | typed("PRE", cell.pre) | gate | candidate
    parameters |= typed("CELL", cell.cell) | squash | inputs.h_parameters()
    roms = affine.roms + gate_roms + candidate_roms + squash_roms
    return Cell(inputs.frame(cell, 4, affine), "lmu_lstm", parameters, roms, affine.acc_width, keeps_state=True)


def _gru_after(inputs: _Inputs, cell: GRUCell, lanes: int) -> Cell:
    """Rows z, r, inner (h alone) and s (x and mem alone) of each unit."""
    n = cell.units
    states = _gates(cell.kernel_h, n, (Z, R, G, None))
    sources = inputs.x(None if cell.kernel_x is None else _gates(cell.kernel_x, n, (Z, R, None, G)))
    sources += inputs.h(states) + inputs.mem(_gates(cell.kernel_mem, n, (Z, R, None, G)))
    biases = [
        None if cell.bias is None else _gates(cell.bias, n, (Z, R, None, G)),
        None if cell.recurrent_bias is None else _gates(cell.recurrent_bias, n, (Z, R, G, None)),
    ]
    affine = make_affine(inputs.where, f"{inputs.file}_hidden", sources, biases, lanes)
    fraction = max(affine.acc_fraction, cell.gate.fraction + cell.inner.fraction)
    reset = (cell.gate.max_abs * cell.inner.max_abs) << (fraction - cell.gate.fraction - cell.inner.fraction)
    check_bound(inputs.where, (affine.bound << (fraction - affine.acc_fraction)) + reset)
    function, roms = _gru_functions(inputs, cell)
    parameters = {"UNITS": cell.units} | _sums(affine) | function
    frame = inputs.frame(cell, 4, affine)
    return Cell(frame, "lmu_gru", parameters, affine.roms + roms, affine.acc_width, keeps_state=True)


def _gru_before(inputs: _Inputs, cell: GRUCell, lanes: Mapping[str, int]) -> Cell:
    """Rows z, r of each unit from x, h, mem; then one row a unit from x, mem, inner."""
    n, file = cell.units, inputs.file
    first = inputs.x(None if cell.kernel_x is None else _gates(cell.kernel_x, n, (Z, R)))
    first += inputs.h(_gates(cell.kernel_h, n, (Z, R))) + inputs.mem(_gates(cell.kernel_mem, n, (Z, R)))
    second = inputs.x(None if cell.kernel_x is None else _gates(cell.kernel_x, n, (G,)))
    second += inputs.mem(_gates(cell.kernel_mem, n, (G,)))
    second.append(Source("inner", cell.inner, _gates(cell.kernel_h, n, (G,))))
    biases = [[None if cell.bias is None else _gates(cell.bias, n, rows)] for rows in ((Z, R), (G,))]
    affine = make_affine(inputs.where, f"{file}_hidden", first, biases[0], lanes["hidden"])
    affine2 = make_affine(inputs.where, f"{file}_hidden2", second, biases[1], lanes["hidden2"])
    _check_sum(inputs.where, [(cell.gate, inputs.lmu.h)])
    function, roms = _gru_functions(inputs, cell)
    parameters = inputs.sizes(cell) | _with_bias(affine) | affine2.parameters("2") | function
    roms = affine.roms + affine2.roms + roms
    return Cell(None, "lmu_hidden_gru_before", parameters, roms, affine.acc_width, keeps_state=True)


def _gru_functions(inputs: _Inputs, cell: GRUCell) -> tuple[Parameters, tuple[Rom, ...]]:
    """What both kinds of GRU have; the bound of z h_{t-1} + (1 - z) g is checked."""
    for name in ("pre", "inner"):
        check_signed_type(inputs.where, name, getattr(cell, name))
    h, gate, candidate = inputs.lmu.h, cell.gate, cell.candidate
    fraction = max(h.fraction, candidate.fraction)
    kept = (gate.max_abs * h.max_abs) << (fraction - h.fraction)
    rest = (((1 << gate.fraction) + gate.max_abs) * candidate.max_abs) << (fraction - candidate.fraction)
    check_bound(inputs.where, kept + rest)
    gates, gate_roms = inputs.function(cell.gate_activation, gate, "gate")
    candidates, candidate_roms = inputs.function(cell.activation, candidate, "cand")
    parameters: Parameters = typed("PRE", cell.pre) | gates | typed("INNER", cell.inner) | candidates
    return parameters | inputs.h_parameters(), gate_roms + candidate_roms


def _sums(affine: Affine) -> Parameters:
    """What a cell knows of the sums that it takes."""
    return {"IN_W": affine.acc_width, "IN_F": affine.acc_fraction}


def _with_bias(affine: Affine) -> Parameters:
    return {"HAS_BIAS": int(affine.bias_rom is not None), **affine.parameters()}


def _interleaved(weight: Weight, units: int) -> Weight:
    """All gates of unit 0, then of unit 1, ... on the last axis, where Keras has all units of a gate together."""
    return _gates(weight, units, tuple(range(weight.shape[-1] // units)))


def _gates(weight: Weight, units: int, rows: Sequence[int | None]) -> Weight:
    """For each unit in turn its gates ``rows``, where None is a row of zeros."""
    by_gate = weight.values.reshape(*weight.shape[:-1], -1, units)
    zeros = np.zeros_like(by_gate[..., 0, :])
    chosen = [zeros if row is None else by_gate[..., row, :] for row in rows]
    return Weight(np.stack(chosen, axis=-1).reshape(*weight.shape[:-1], -1), weight.type)


def _check_sum(where: str, pairs: Sequence[tuple[FixedType, FixedType]]) -> None:
    """LmuHlsError when the exact sum of products of pairs of values can leave the contract."""
    fraction = max(a.fraction + b.fraction for a, b in pairs)
    check_bound(where, sum((a.max_abs * b.max_abs) << (fraction - a.fraction - b.fraction) for a, b in pairs))
