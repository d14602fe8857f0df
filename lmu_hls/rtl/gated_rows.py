"""The coefficients of the rows of ``lmu_engine_gated``, and how far its gates are lifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType
from lmu_hls.rtl.affine import Source, exact_sums
from lmu_hls.rtl.cells import GatedCell, GateRows, arriving
from lmu_hls.rtl.engine_unit import memory_sources
from lmu_hls.rtl.gated import GRU, LSTM
from lmu_hls.rtl.netlist import Order
from lmu_hls.spec import LMU, Dense, DenseUpdate, RecurrentLayer, Weight


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Coefficients of a section's rows, those of biases first, with ``fraction`` fraction bits in their sums, which are
    ``bound`` or less; ``bias_shift`` zeros are below each bias."""

    matrix: NDArray[np.object_]
    bias: NDArray[np.object_] | None
    bias_shift: int
    fraction: int
    bound: int

    def lifted(self, fraction: int, more: int = 0) -> Rows:
        """With so many fraction bits, and ``more`` added to the bound."""
        lift = fraction - self.fraction
        bias_shift = self.bias_shift + lift
        return Rows(self.matrix << lift, self.bias, bias_shift, fraction, (self.bound << lift) + more)

    def with_bias(self, one_shift: int) -> NDArray[np.object_]:
        """The matrix, with a first column that meets 2**one_shift."""
        if self.bias is None:
            return self.matrix
        column = np.array([int(b) << self.bias_shift - one_shift for b in self.bias], object)
        return np.concatenate([column[:, np.newaxis], self.matrix], axis=1)


def _affine(where: str, sources: list[Source], biases: Sequence[Weight | None]) -> Rows:
    sums = exact_sums(where, sources, biases, False)
    return Rows(
        sums.matrix.astype(object), sums.bias if sums.biased else None, sums.bias_shift, sums.fraction, sums.bound
    )


def _constants(fraction: int, bound: int, *coefficients: int) -> Rows:
    """Of a row whose other factors are gates."""
    return Rows(np.array([coefficients], object), None, 0, fraction, bound)


def section_rows(
    where: str, layer: RecurrentLayer, cell: GatedCell, x_order: Order | None, head: Dense | None
) -> tuple[tuple[int, int, int], list[Rows]]:
    """How far gates are lifted, and the rows of all sections but those of other channels, as the program has them."""
    rows: list[Rows] = []
    if isinstance(layer, LMU):
        assert isinstance(layer.update, DenseUpdate)
        read = {"x": (layer.x, arriving(layer.encoder_x, x_order)), "mem": (layer.mem, layer.encoder_mem)}
        read["h"] = (layer.h, layer.encoder_h)
        encoder = [Source(name, kind, kernel) for name, (kind, kernel) in read.items() if kernel is not None]
        rows.append(_affine(f"{where}: encoder", encoder, [layer.encoder_bias]))
        rows.append(_affine(f"{where}: memory", memory_sources(layer, layer.update), []))
    h = ("h", layer.h)
    gates = _hidden(where, layer, cell.gates, x_order, h)
    candidates = _hidden(where, layer, cell.candidates, x_order, h if cell.kind == LSTM else ("inner", cell.cell))
    if cell.kind == LSTM:
        shifts, own = _lstm(where, cell, gates, candidates)
    elif cell.kind == GRU:
        assert cell.inner is not None and cell.inner.kernel_h is not None
        inner = _affine(f"{where}: hidden cell", [Source("h", layer.h, cell.inner.kernel_h)], cell.inner.biases)
        shifts, own = _gru(layer, cell, gates, candidates, inner)
    else:
        shifts, own = _gru(layer, cell, gates, candidates, None)
    rows += own
    if head is not None:
        rows.append(_affine(f"layer {head.name!r}", [Source("x", head.x, head.kernel)], [head.bias]))
    return shifts, rows


def _hidden(where: str, layer: RecurrentLayer, rows: GateRows, x_order: Order | None, h: tuple[str, FixedType]) -> Rows:
    """Rows from x, h or inner, and mem, in this order."""
    kernel_x = rows.kernel_x if isinstance(layer, LMU) else rows.kernel_mem
    sources = [] if kernel_x is None else [Source("x", layer.x, arriving(kernel_x, x_order))]
    sources += [] if rows.kernel_h is None else [Source(*h, rows.kernel_h)]
    if isinstance(layer, LMU) and rows.kernel_mem is not None:
        sources.append(Source("mem", layer.mem, rows.kernel_mem))
    return _affine(f"{where}: hidden cell", sources, rows.biases)


def _lstm(where: str, cell: GatedCell, gates: Rows, candidates: Rows) -> tuple[tuple[int, int, int], list[Rows]]:
    assert cell.squashed is not None
    gate, pre = cell.gate, max(gates.fraction, candidates.fraction)
    keep, add = (
        max(0, cell.candidate.fraction - cell.cell.fraction),
        max(0, cell.cell.fraction - cell.candidate.fraction),
    )
    fraction = gate.fraction + cell.cell.fraction + keep
    if fraction < cell.cell.fraction:
        raise LmuHlsError(f"{where}: gate has the type {gate}, without fraction bits; give it some")
    bound = gate.max_abs * ((cell.cell.max_abs << keep) + (cell.candidate.max_abs << add))
    one = 1 << fraction - cell.cell.fraction
    out = gate.fraction + cell.squashed.fraction
    return (keep, add, 0), [
        candidates.lifted(pre),
        gates.lifted(pre),
        _constants(fraction, bound),
        _constants(fraction, one * cell.cell.max_abs, one),
        _constants(out, gate.max_abs * cell.squashed.max_abs),
    ]


def _gru(
    layer: RecurrentLayer, cell: GatedCell, gates: Rows, candidates: Rows, inner: Rows | None
) -> tuple[tuple[int, int, int], list[Rows]]:
    gate, h, candidate = cell.gate, layer.h, cell.candidate
    pre = max(gates.fraction, candidates.fraction)
    reset, shift1 = 0, 0
    if inner is None:
        inner = _constants(gate.fraction + h.fraction, gate.max_abs * h.max_abs)
    else:
        pre = max(pre, gate.fraction + cell.cell.fraction)
        shift1 = pre - gate.fraction - cell.cell.fraction
        reset = gate.max_abs * cell.cell.max_abs << shift1
    kept, added = max(0, candidate.fraction - h.fraction), max(0, h.fraction - candidate.fraction)
    # z h + (1 - z) g = z h + (-1 - z) g + 2 g, with 1 + 2**F in the place of 2
    one = (1 << gate.fraction) + 1 << added
    bound = (gate.max_abs * h.max_abs << kept) + ((gate.max_abs + 1 << added) + one) * candidate.max_abs
    constants = [one] if cell.kind == GRU else [one, 0]
    mixture = _constants(gate.fraction + h.fraction + kept, bound, *constants)
    return (shift1, kept, added), [gates.lifted(pre), inner, candidates.lifted(pre, reset), mixture]
