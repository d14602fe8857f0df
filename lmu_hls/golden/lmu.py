"""The LMU layer in integers: the reference for every other implementation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import FixedType, Ints
from lmu_hls.golden.affine import Affine, Rounder
from lmu_hls.golden.hidden import make_hidden
from lmu_hls.golden.memory import make_memory
from lmu_hls.spec import LMU, LSTMCell, Weight


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What an LMU carries from step to step: mem (batch, memory_d, order) and the hidden cell's own state.

    ``hidden`` has "h" and, for an LSTM cell, "cell", each (batch, units).
    """

    mem: Ints
    hidden: Mapping[str, Ints]

    @classmethod
    def zeros(cls, lmu: LMU, batch: int) -> State:
        names = ("h", "cell") if isinstance(lmu.hidden, LSTMCell) else ("h",)
        hidden = {name: np.zeros((batch, lmu.units), np.int64) for name in names}
        return cls(np.zeros((batch, lmu.memory_d, lmu.order), np.int64), hidden)


@dataclass(frozen=True, slots=True, eq=False)
class LMUTrace:
    """Every named tensor over (batch, steps, ...), the values that overflowed in each, and the last state."""

    tensors: dict[str, Ints]
    overflows: dict[str, int]
    state: State


def run_lmu(lmu: LMU, x: Ints, state: State | None = None, every_step: bool = True) -> LMUTrace:
    """Run ``lmu`` over x (batch, steps, n_in) from ``state`` (zeros by default).

    Tensors: u (batch, steps, memory_d), mem (batch, steps, memory_d * order), h (batch, steps, units) and the other
    named tensors of the hidden cell, such as pre. The number of steps need not be the layer's own: a sequence cut into
    pieces, each started from the state of the piece before, gives the same tensors. With ``every_step`` False only
    the last step of all but u is kept (steps = 1 there), which is faster.
    """
    batch, steps, _ = x.shape
    state = State.zeros(lmu, batch) if state is None else state
    memory, hidden = make_memory(lmu), make_hidden(lmu)
    encoder, feedback = _encoder(lmu)
    round_u = Rounder(encoder.fraction, lmu.u)
    u_of_x = np.ascontiguousarray(encoder(x).swapaxes(0, 1))

    kept = steps if every_step else min(steps, 1)
    u_all = np.empty((steps, batch, lmu.memory_d), np.int64)
    mem_all = np.empty((kept, batch, lmu.memory_d, lmu.order), np.int64)
    in_loop = hidden.recurrent or "h" in feedback
    history: list[dict[str, Ints]] = []
    mem, carried = state.mem.astype(memory.dtype), dict(state.hidden)
    for t in range(steps):
        sums = u_of_x[t]
        for k, source in enumerate(feedback, start=1):
            sums = sums + encoder.term(k, carried["h"] if source == "h" else mem.reshape(batch, -1))
        u = round_u(sums)
        mem = memory(mem, u)
        row = min(t, kept - 1)
        u_all[t], mem_all[row] = u, mem
        if in_loop:
            now = hidden(mem_all[row].reshape(batch, -1), x[:, t], carried)
            carried = {name: now[name] for name in carried}
            history[row:] = [now]
    flat = np.ascontiguousarray(mem_all.swapaxes(0, 1)).reshape(batch, kept, lmu.memory_d * lmu.order)
    tensors: dict[str, Ints] = {"u": u_all.swapaxes(0, 1), "mem": flat}
    if in_loop:
        for name, width in hidden.widths.items():
            empty = np.zeros((batch, 0, width), np.int64)
            tensors[name] = np.stack([now[name] for now in history], axis=1) if history else empty
    else:
        tensors |= hidden(flat, x[:, steps - kept :], carried)
        carried = {"h": tensors["h"][:, -1]} if steps else carried
    overflows = {"u": round_u.overflows, **memory.overflows, **hidden.overflows}
    return LMUTrace(tensors, overflows, State(mem.astype(np.int64), carried))


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
