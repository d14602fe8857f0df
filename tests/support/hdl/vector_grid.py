"""Random LSTM and GRU cells whose units stand side by side: their sums, made of golden's h, go in as whole vectors."""

from __future__ import annotations

from functools import cache

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.rtl.packed import typed
from lmu_hls.spec import LMU, Activation, GRUCell, LSTMCell
from tests.support.hdl.core_grid import Case, Phase, first_steps, last_beats
from tests.support.hdl.gated_grid import GATES, Reference, functions, matrix
from tests.support.hdl.stream_grid import Stream, Unit, beats


def packed(values: Ints, width: int) -> list[int]:
    """One integer for each row of values, the first one in the low bits."""
    mask = (1 << width) - 1
    return [sum((int(value) & mask) << width * k for k, value in enumerate(row)) for row in values]


def side_by_side(name: str, kind: str, lmu: LMU, streaming: int = 0, pieces: bool = False) -> Case:
    """The cell of `lmu` as lmu_lstm_parallel or lmu_gru_parallel, fed with the sums of its gates.

    With `pieces` the last product is cut into pieces.
    """
    cell, units = lmu.hidden, lmu.units
    assert isinstance(cell, LSTMCell | GRUCell)
    affine, (coefs, bias, _, _) = matrix(name, lmu, *GATES[kind], ("H", lmu.h))
    parameters, roms = functions(name, cell)
    parameters |= {**typed("H", lmu.h), "IN_W": affine["ACC_W"], "IN_F": affine["ACC_F"], "UNITS": units}
    parameters["STREAMING"] = streaming
    parameters |= {"MORE": 1, "FACTOR": 9} if pieces else {}
    in_w, out_w, rows = int(affine["ACC_W"]), units * lmu.h.width, len(GATES[kind][0]) * units
    shifts = [int(affine[f"{key}_SHIFT"]) for key in ("X", "H", "MEM") if f"{key}_SHIFT" in affine]

    def sums(x: Ints, h: Ints, mem: Ints) -> Ints:
        operands = [h, mem] if cell.kernel_x is None else [x, h, mem]
        lifted = [values << shift for values, shift in zip(operands, shifts, strict=True)]
        return coefs @ np.concatenate(lifted) + (bias << int(affine["BIAS_SHIFT"]))

    @cache  # the same phases are asked for again and again
    def seeded_phase(seed: int, lengths: tuple[int, ...]) -> Phase:
        rng = np.random.default_rng(seed)
        steps, reference = sum(lengths), Reference(lmu)
        mem, x = (
            rng.integers(type_.min_int, type_.max_int + 1, (steps, n))
            for type_, n in ((lmu.mem, lmu.order), (lmu.x, lmu.n_in))
        )
        given, h = np.zeros((steps, rows), np.int64), np.zeros((steps, units), np.int64)
        clipped = np.zeros(steps, np.int64)
        for step in range(steps):
            first = step == 0 or (not streaming and step in first_steps(lengths))
            if first:
                reference.restart()
            given[step] = sums(x[step], np.zeros_like(h[0]) if first else h[step - 1], mem[step])
            h[step], flags = reference.step(mem[step], x[step])
            clipped[step] = flags.any()
        last = last_beats(lengths, 1)
        return {
            "inputs": {"s_axis": beats(packed(given, in_w), rows * in_w, last)},
            "outputs": {"m_axis": beats(packed(h, lmu.h.width), out_w, last, clipped)},
        }

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        return seeded_phase(int(rng.integers(1 << 30)), lengths)

    def cycles(activation: Activation) -> int:
        return 2 if activation.table else 1

    gate, candidate = cycles(cell.gate_activation), cycles(cell.activation)
    if isinstance(cell, LSTMCell):
        latency = 8 + max(gate, candidate) + cycles(cell.cell_activation)
    else:
        latency = 9 + gate + candidate + int(pieces)
    ports = ((Stream("s_axis", rows * in_w),), (Stream("m_axis", out_w, user=1),))
    unit = Unit(f"lmu_{kind}_parallel", parameters, *ports)
    one = {"inputs": {"s_axis": 1}, "outputs": {"m_axis": 1}}
    return Case(unit, phase, one, latency, latency + 1, roms)
