"""The LMU layer in integers: the reference for every other implementation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import FixedType, Ints, requantize
from lmu_hls.golden.affine import Affine, Numbers, Rounder
from lmu_hls.golden.memory import make_memory
from lmu_hls.spec import LMU, Activation, DenseCell, Weight


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What an LMU carries from step to step: mem (batch, memory_d, order) and h (batch, units)."""

    mem: Ints
    h: Ints

    @classmethod
    def zeros(cls, lmu: LMU, batch: int) -> State:
        return cls(np.zeros((batch, lmu.memory_d, lmu.order), np.int64), np.zeros((batch, lmu.units), np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class LMUTrace:
    """Every named tensor over (batch, steps, ...), the values that overflowed in each, and the last state."""

    tensors: dict[str, Ints]
    overflows: dict[str, int]
    state: State


def run_lmu(lmu: LMU, x: Ints, state: State | None = None, every_step: bool = True) -> LMUTrace:
    """Run ``lmu`` over x (batch, steps, n_in) from ``state`` (zeros by default).

    Tensors: u (batch, steps, memory_d), mem (batch, steps, memory_d * order), pre (batch, steps, units; only with a
    hidden cell) and h (batch, steps, units). The number of steps need not be the layer's own: a sequence cut into
    pieces, each started from the state of the piece before, gives the same tensors. With ``every_step`` False only
    the last step of mem, pre and h is kept (steps = 1 there), which is faster.
    """
    batch, steps, _ = x.shape
    state = State.zeros(lmu, batch) if state is None else state
    memory = make_memory(lmu)
    hidden_step = Hidden(lmu)
    encoder, feedback = _encoder(lmu)
    round_u = Rounder(encoder.fraction, lmu.u)
    u_of_x = np.ascontiguousarray(encoder(x).swapaxes(0, 1))

    u_all = np.empty((steps, batch, lmu.memory_d), np.int64)
    kept = steps if every_step else min(steps, 1)
    mem_all = np.empty((kept, batch, lmu.memory_d, lmu.order), np.int64)
    mem, h = state.mem.astype(memory.dtype), state.h
    for t in range(steps):
        sums = u_of_x[t]
        for k, source in enumerate(feedback, start=1):
            sums = sums + encoder.term(k, h if source == "h" else mem.reshape(batch, -1))
        u = round_u(sums)
        mem = memory(mem, u)
        u_all[t], mem_all[min(t, kept - 1)] = u, mem
        if "h" in feedback:
            h = hidden_step(mem_all[min(t, kept - 1)].reshape(batch, -1), x[:, t])
    tensors: dict[str, Ints] = {
        "u": u_all.swapaxes(0, 1),
        "mem": np.ascontiguousarray(mem_all.swapaxes(0, 1)).reshape(batch, kept, lmu.memory_d * lmu.order),
    }
    hidden = Hidden(lmu)
    tensors["h"] = hidden(tensors["mem"], x[:, steps - kept :])
    if hidden.pre is not None:
        tensors["pre"] = hidden.pre
    overflows = {"u": round_u.overflows, **memory.overflows, **hidden.overflows}
    last_h = tensors["h"][:, -1] if steps else state.h
    return LMUTrace(tensors, overflows, State(mem.astype(np.int64), last_h))


def _encoder(lmu: LMU) -> tuple[Affine, tuple[str, ...]]:
    """The sum that gives u, and which state each term after x reads."""
    terms: list[tuple[FixedType, Weight]] = [(lmu.x, lmu.encoder_x)]
    feedback: list[str] = []
    if lmu.encoder_h is not None:
        terms.append((lmu.h, lmu.encoder_h))
        feedback.append("h")
    if lmu.encoder_mem is not None:
        terms.append((lmu.mem, lmu.encoder_mem))
        feedback.append("mem")
    return Affine(f"{lmu.name}: u", terms, lmu.encoder_bias), tuple(feedback)


class Hidden:
    """h from mem and x over any leading axes; ``pre`` holds the pre-activation of the last call."""

    def __init__(self, lmu: LMU) -> None:
        self.pre: Ints | None = None
        self._lmu = lmu
        self._cell = lmu.hidden
        if self._cell is None:
            self._to_h = Rounder(lmu.mem.fraction, lmu.h)
        else:
            self._sums = _hidden_sums(lmu, self._cell)
            self._to_pre = Rounder(self._sums.fraction, self._cell.pre)
            self._to_h = Rounder(self._cell.pre.fraction, lmu.h)

    def __call__(self, mem: Ints, x: Ints) -> Ints:
        if self._cell is None:
            return self._to_h(mem)
        inputs = (mem, x) if self._cell.kernel_x is not None else (mem,)
        self.pre = self._to_pre(self._sums(*inputs)).astype(np.int64, copy=False)
        return apply_activation(self._cell.activation, self.pre, self._cell.pre, self._to_h)

    @property
    def overflows(self) -> dict[str, int]:
        counts = {"h": self._to_h.overflows}
        return counts if self._cell is None else {"pre": self._to_pre.overflows, **counts}


def _hidden_sums(lmu: LMU, cell: DenseCell) -> Affine:
    terms: list[tuple[FixedType, Weight]] = [(lmu.mem, cell.kernel_mem)]
    if cell.kernel_x is not None:
        terms.append((lmu.x, cell.kernel_x))
    return Affine(f"{lmu.name}: pre-activation", terms, cell.bias)


def apply_activation(
    activation: Activation, values: Ints, type_: FixedType, to_out: Callable[[Numbers], Numbers]
) -> Ints:
    """activation(values): ``values`` are integers of ``type_``, ``to_out`` assigns them to the result's type."""
    if activation.table is not None:
        table = activation.table
        position = requantize(values, type_.fraction, table.index) - table.index.min_int
        return table.values.values[position]
    if activation.function == "relu":
        values = np.maximum(values, 0)
    return to_out(values)
