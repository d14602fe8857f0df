"""The recurrent layers in integers: the reference for every other implementation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.golden.affine import Affine, Numbers, Rounder
from lmu_hls.golden.assign import Step
from lmu_hls.golden.sweeps import Sweeps
from lmu_hls.spec import LMU, RecurrentLayer, carried


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a layer carries from step to step: mem (batch, memory_d, order) and the hidden cell's own state.

    Without a memory mem is empty. ``hidden`` has h and what else the hidden cell reads of the step before, each
    (batch, units).
    """

    mem: Ints
    hidden: Mapping[str, Ints]

    @classmethod
    def zeros(cls, layer: RecurrentLayer, batch: int) -> State:
        widths = {"h": layer.units} | {tensor.name: tensor.width for tensor in carried(layer.cell)}
        hidden = {name: np.zeros((batch, width), np.int64) for name, width in widths.items()}
        memory = (layer.memory_d, layer.order) if isinstance(layer, LMU) else (0, 0)
        return cls(np.zeros((batch, *memory), np.int64), hidden)


@dataclass(frozen=True, slots=True, eq=False)
class RecurrentTrace:
    """Every named tensor over (batch, steps, ...), the values that overflowed in each, and the last state."""

    tensors: dict[str, Ints]
    overflows: dict[str, int]
    state: State


def run_recurrent(
    layer: RecurrentLayer, x: Ints, state: State | None = None, every_step: bool = True
) -> RecurrentTrace:
    """Run a layer as :func:`run_lmu` does; one without a memory has the tensors of its cell."""
    if isinstance(layer, LMU):
        return run_lmu(layer, x, state, every_step)
    batch, steps, _ = x.shape
    state = State.zeros(layer, batch) if state is None else state
    cell, last, kept = Step(layer.name, layer.cell), dict(state.hidden), steps if every_step else min(steps, 1)
    history: list[dict[str, Ints]] = []
    for t in range(steps):
        now = cell({"x": x[:, t]}, last)
        last = {name: now[name] for name in last}
        history[min(t, kept - 1) :] = [now]
    return RecurrentTrace(_stacked(cell, history, batch), cell.overflows, State(state.mem, last))


def run_lmu(lmu: LMU, x: Ints, state: State | None = None, every_step: bool = True) -> RecurrentTrace:
    """Run ``lmu`` over x (batch, steps, n_in) from ``state`` (zeros by default).

    Tensors: u (batch, steps, memory_d), mem (batch, steps, memory_d * order), h (batch, steps, units) and the other
    named tensors of the hidden cell, such as pre. The number of steps need not be the layer's own: a sequence cut into
    pieces, each started from the state of the piece before, gives the same tensors. With ``every_step`` False only
    the last step of all but u is kept (steps = 1 there), which is faster.
    """
    batch, steps, _ = x.shape
    state = State.zeros(lmu, batch) if state is None else state
    memory, cell = _memory(lmu), Step(lmu.name, lmu.cell)
    encoder, feedback = _encoder(lmu)
    round_u = Rounder(encoder.fraction, lmu.u)
    u_of_x = np.ascontiguousarray(encoder(x).swapaxes(0, 1))

    kept = steps if every_step else min(steps, 1)
    u_all = np.empty((steps, batch, lmu.memory_d), np.int64)
    mem_all = np.empty((kept, batch, lmu.memory_d * lmu.order), np.int64)
    in_loop = bool(cell.carried) or "h" in feedback
    history: list[dict[str, Ints]] = []
    mem: Numbers = state.mem.reshape(batch, lmu.memory_d * lmu.order)
    last = dict(state.hidden)
    for t in range(steps):
        sums = u_of_x[t]
        for k, source in enumerate(feedback, start=1):
            sums = sums + encoder.term(k, last["h"] if source == "h" else mem.reshape(batch, -1))
        u = round_u(sums)
        mem = memory.numbers({"u": u}, {"mem": mem})["mem"]
        row = min(t, kept - 1)
        u_all[t] = u
        mem_all[row].reshape(mem.shape)[...] = mem
        if in_loop:
            now = cell({"mem": mem_all[row], "x": x[:, t]}, last)
            last = {name: now[name] for name in last}
            history[row:] = [now]
    flat = np.ascontiguousarray(mem_all.swapaxes(0, 1))
    tensors: dict[str, Ints] = {"u": u_all.swapaxes(0, 1), "mem": flat}
    if in_loop:
        tensors |= _stacked(cell, history, batch)
    else:
        tensors |= cell({"mem": flat, "x": x[:, steps - kept :]}, {})
        last = {"h": tensors["h"][:, -1]} if steps else last
    overflows = {"u": round_u.overflows, **memory.overflows, **cell.overflows}
    return RecurrentTrace(tensors, overflows, State(mem.astype(np.int64).reshape(state.mem.shape), last))


def _stacked(cell: Step, history: list[dict[str, Ints]], batch: int) -> dict[str, Ints]:
    """The tensors of a cell over (batch, steps, width)."""
    if not history:
        return {name: np.zeros((batch, 0, width), np.int64) for name, width in cell.widths.items()}
    return {name: np.stack([now[name] for now in history], axis=1) for name in cell.widths}


def _memory(lmu: LMU) -> Step | Sweeps:
    beside = any(term.x.beside for item in lmu.memory for term in item.terms)
    return Sweeps(lmu.name, lmu.memory) if beside else Step(lmu.name, lmu.memory)


def _encoder(lmu: LMU) -> tuple[Affine, tuple[str, ...]]:
    """The sum that gives u, and which state each term after x reads."""
    item = lmu.encoder
    terms = [(term.x, term.matrix) for term in item.terms if term.matrix is not None]
    feedback = tuple(read.tensor.name for read, _ in terms[1:])
    return Affine(f"{lmu.name}: u", [(read.type, weight) for read, weight in terms], item.biases), feedback
