"""The hidden cells in integers.

A cell is called with mem and x of one step or, when it is not recurrent, of any number of steps on leading axes. It
returns its named tensors, ``h`` among them; ``widths`` gives their sizes, and ``overflows`` counts, by tensor, the
values that did not fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from lmu_hls.fixed import FixedType, Ints, requantize
from lmu_hls.golden.affine import Affine, Rounder, exact_dtype
from lmu_hls.spec import LMU, Activation, DenseCell, GRUCell, LSTMCell, Weight

State = Mapping[str, Ints]  # "h" and, for an LSTM, "cell", each (batch, units)


class Hidden(Protocol):
    """h and the other named tensors, from mem (..., memory_d * order), x (..., n_in) and the state before."""

    recurrent: bool
    widths: dict[str, int]

    @property
    def overflows(self) -> dict[str, int]: ...

    def __call__(self, mem: Ints, x: Ints, state: State) -> dict[str, Ints]: ...


def make_hidden(lmu: LMU) -> Hidden:
    """The hidden cell of ``lmu``."""
    cells = {DenseCell: Dense, LSTMCell: LSTM, GRUCell: GRU}
    return NoCell(lmu) if lmu.hidden is None else cells[type(lmu.hidden)](lmu, lmu.hidden)


class NoCell:
    """h = mem."""

    recurrent = False

    def __init__(self, lmu: LMU) -> None:
        self.widths = {"h": lmu.units}
        self._to_h = Rounder(lmu.mem.fraction, lmu.h)

    @property
    def overflows(self) -> dict[str, int]:
        return {"h": self._to_h.overflows}

    def __call__(self, mem: Ints, x: Ints, state: State) -> dict[str, Ints]:
        return {"h": self._to_h(mem)}


class Dense:
    """:class:`lmu_hls.spec.DenseCell`, with or without its recurrent kernel."""

    def __init__(self, lmu: LMU, cell: DenseCell) -> None:
        self.recurrent = cell.kernel_h is not None
        self.widths = {"pre": cell.units, "h": cell.units}
        self._sums = Pre(lmu, cell.kernel_mem, cell.kernel_x, cell.kernel_h, (cell.bias,))
        self._to_pre = Rounder(self._sums.fraction, cell.pre)
        self._activate = Activate(cell.activation, cell.pre, lmu.h)

    @property
    def overflows(self) -> dict[str, int]:
        return {"pre": self._to_pre.overflows, "h": self._activate.overflows}

    def __call__(self, mem: Ints, x: Ints, state: State) -> dict[str, Ints]:
        pre = _ints(self._to_pre(self._sums(mem, x, state["h"])))
        return {"pre": pre, "h": self._activate(pre)}


class LSTM:
    """:class:`lmu_hls.spec.LSTMCell`."""

    recurrent = True

    def __init__(self, lmu: LMU, cell: LSTMCell) -> None:
        n = cell.units
        self.widths = {"pre": 4 * n, "gate": 3 * n, "candidate": n, "cell": n, "squashed": n, "h": n}
        self._sums = Pre(lmu, cell.kernel_mem, cell.kernel_x, cell.kernel_h, (cell.bias,))
        self._to_pre = Rounder(self._sums.fraction, cell.pre)
        self._gate = Activate(cell.gate_activation, cell.pre, cell.gate)
        self._candidate = Activate(cell.activation, cell.pre, cell.candidate)
        self._new_cell = Products("cell", [(cell.gate, cell.cell), (cell.gate, cell.candidate)])
        self._to_cell = Rounder(self._new_cell.fraction, cell.cell)
        self._squash = Activate(cell.cell_activation, cell.cell, cell.squashed)
        self._new_h = Products("h", [(cell.gate, cell.squashed)])
        self._to_h = Rounder(self._new_h.fraction, lmu.h)

    @property
    def overflows(self) -> dict[str, int]:
        return {
            "pre": self._to_pre.overflows,
            "gate": self._gate.overflows,
            "candidate": self._candidate.overflows,
            "cell": self._to_cell.overflows,
            "squashed": self._squash.overflows,
            "h": self._to_h.overflows,
        }

    def __call__(self, mem: Ints, x: Ints, state: State) -> dict[str, Ints]:
        pre = _ints(self._to_pre(self._sums(mem, x, state["h"])))
        pre_i, pre_f, pre_g, pre_o = np.split(pre, 4, axis=-1)
        gate = self._gate(np.concatenate([pre_i, pre_f, pre_o], axis=-1))
        i, f, o = np.split(gate, 3, axis=-1)
        candidate = self._candidate(pre_g)
        cell = _ints(self._to_cell(self._new_cell((f, state["cell"]), (i, candidate))))
        squashed = self._squash(cell)
        h = _ints(self._to_h(self._new_h((o, squashed))))
        return {"pre": pre, "gate": gate, "candidate": candidate, "cell": cell, "squashed": squashed, "h": h}


class GRU:
    """:class:`lmu_hls.spec.GRUCell`."""

    recurrent = True

    def __init__(self, lmu: LMU, cell: GRUCell) -> None:
        n = cell.units
        self.widths = {"pre": 3 * n, "gate": 2 * n, "inner": n, "candidate": n, "h": n}
        self._reset_after = cell.reset_after
        gates, last = slice(0, 2 * n), slice(2 * n, 3 * n)
        part = _columns
        self._gate_sums = Pre(
            lmu,
            part(cell.kernel_mem, gates),
            part(cell.kernel_x, gates),
            part(cell.kernel_h, gates),
            (part(cell.bias, gates), part(cell.recurrent_bias, gates)),
        )
        self._to_gates = Rounder(self._gate_sums.fraction, cell.pre)
        self._gate = Activate(cell.gate_activation, cell.pre, cell.gate)
        inputs = (lmu, part(cell.kernel_mem, last), part(cell.kernel_x, last))
        kernel_h = Weight(cell.kernel_h.values[:, last], cell.kernel_h.type)
        bias = (part(cell.bias, last),)
        if cell.reset_after:
            self._inner = Affine("inner", [(lmu.h, kernel_h)], part(cell.recurrent_bias, last))
            self._to_inner = Rounder(self._inner.fraction, cell.inner)
            self._last_sums = Pre(*inputs, None, bias)
            reset = ((cell.gate.fraction + cell.inner.fraction), cell.gate.max_abs * cell.inner.max_abs)
            self._sum = Sum("pre", [(self._last_sums.fraction, self._last_sums.bound), reset])
            self._to_last = Rounder(self._sum.fraction, cell.pre)
        else:
            self._reset = Products("inner", [(cell.gate, lmu.h)])
            self._to_inner = Rounder(self._reset.fraction, cell.inner)
            self._last_sums = Pre(*inputs, kernel_h, bias, h=cell.inner)
            self._to_last = Rounder(self._last_sums.fraction, cell.pre)
        self._candidate = Activate(cell.activation, cell.pre, cell.candidate)
        # h = z h_{t-1} + (1 - z) g, exactly: the one of the gate is 2**fraction
        self._one = np.int64(1 << max(cell.gate.fraction, 0))
        rest = (
            cell.gate.fraction + cell.candidate.fraction,
            (int(self._one) + cell.gate.max_abs) * cell.candidate.max_abs,
        )
        kept = (cell.gate.fraction + lmu.h.fraction, cell.gate.max_abs * lmu.h.max_abs)
        if cell.gate.fraction < 0:
            raise ValueError(f"{lmu.name}: gate type {cell.gate} cannot hold fractions; give it fraction bits")
        self._mix = Sum("h", [kept, rest])
        self._to_h = Rounder(self._mix.fraction, lmu.h)

    @property
    def overflows(self) -> dict[str, int]:
        return {
            "pre": self._to_gates.overflows + self._to_last.overflows,
            "gate": self._gate.overflows,
            "inner": self._to_inner.overflows,
            "candidate": self._candidate.overflows,
            "h": self._to_h.overflows,
        }

    def __call__(self, mem: Ints, x: Ints, state: State) -> dict[str, Ints]:
        h = state["h"]
        pre_gates = _ints(self._to_gates(self._gate_sums(mem, x, h)))
        gate = self._gate(pre_gates)
        z, r = np.split(gate, 2, axis=-1)
        if self._reset_after:
            inner = _ints(self._to_inner(self._inner(h)))
            pre_last = self._to_last(self._sum(_ints(self._last_sums(mem, x, h)), r * inner))
        else:
            inner = _ints(self._to_inner(self._reset((r, h))))
            pre_last = self._to_last(self._last_sums(mem, x, inner))
        candidate = self._candidate(_ints(pre_last))
        new_h = _ints(self._to_h(self._mix(z * h, (self._one - z) * candidate)))
        pre = np.concatenate([pre_gates, _ints(pre_last)], axis=-1)
        return {"pre": pre, "gate": gate, "inner": inner, "candidate": candidate, "h": new_h}


class Pre:
    """The exact sum before an activation: mem and, where there is a kernel, x and h; biases may be absent."""

    def __init__(
        self,
        lmu: LMU,
        kernel_mem: Weight | None,
        kernel_x: Weight | None,
        kernel_h: Weight | None,
        biases: Sequence[Weight | None],
        h: FixedType | None = None,
    ) -> None:
        parts = [(lmu.mem, kernel_mem), (lmu.x, kernel_x), (h or lmu.h, kernel_h)]
        self._used = [kernel is not None for _, kernel in parts]
        terms = [(kind, kernel) for kind, kernel in parts if kernel is not None]
        sums = Affine(f"{lmu.name}: pre-activation", terms, [bias for bias in biases if bias is not None])
        self.fraction, self.bound, self._sums = sums.fraction, sums.bound, sums

    def __call__(self, mem: Ints, x: Ints, h: Ints) -> np.ndarray:
        return self._sums(*(value for value, used in zip((mem, x, h), self._used, strict=True) if used))


class Activate:
    """activation(values of one type), assigned to another."""

    def __init__(self, activation: Activation, source: FixedType, target: FixedType) -> None:
        self._activation, self._source = activation, source
        self._round = Rounder(source.fraction, target)

    @property
    def overflows(self) -> int:
        return self._round.overflows

    def __call__(self, values: Ints) -> Ints:
        table = self._activation.table
        if table is not None:
            position = requantize(values, self._source.fraction, table.index) - table.index.min_int
            return table.values.values[position]
        return _ints(self._round(np.maximum(values, 0) if self._activation.function == "relu" else values))


class Sum:
    """The exact sum of integers on different grids; each part is (fraction bits, largest magnitude)."""

    def __init__(self, name: str, parts: Sequence[tuple[int, int]]) -> None:
        self.fraction = max(fraction for fraction, _ in parts)
        self._lifts = [self.fraction - fraction for fraction, _ in parts]
        exact_dtype(name, sum(bound << lift for (_, bound), lift in zip(parts, self._lifts, strict=True)))

    def __call__(self, *parts: Ints) -> Ints:
        lifted = [part << np.int64(lift) for part, lift in zip(parts, self._lifts, strict=True)]
        return np.asarray(sum(lifted[1:], lifted[0]))


class Products:
    """The exact sum of products of pairs of integers; each pair is (type, type)."""

    def __init__(self, name: str, pairs: Sequence[tuple[FixedType, FixedType]]) -> None:
        self._sum = Sum(name, [(a.fraction + b.fraction, a.max_abs * b.max_abs) for a, b in pairs])
        self.fraction = self._sum.fraction

    def __call__(self, *pairs: tuple[Ints, Ints]) -> Ints:
        return self._sum(*(a * b for a, b in pairs))


def _columns(weight: Weight | None, part: slice) -> Weight | None:
    """Some gates of a weight: a slice of its last axis."""
    return None if weight is None else Weight(weight.values[..., part], weight.type)


def _ints(values: np.ndarray) -> Ints:
    return values.astype(np.int64, copy=False)
