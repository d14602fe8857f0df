"""What computes an accelerator's integers: golden, or the Verilated program. Both give the same, value for value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import Ints
from lmu_hls.spec import Network
from lmu_hls.verify.verilated import Accelerator

PIECE = 4096  # steps of an endless sequence that golden computes at once

Tensors = dict[tuple[str, str], Ints]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The integers of the output (N, [T], n_out) and, if they were asked for, (layer, tensor) -> (N, T, n)."""

    output: Ints
    tensors: Tensors


def run_golden(
    network: Network, x: Ints, endless: bool, trace: bool, progress: Progress, consecutive: bool = False
) -> Answer:
    """The answer of golden. ``endless``: x (1, T, n_in) is one sequence of any length, given back every step.

    ``consecutive``: the samples of a stateful network are chunks of one sequence, else each is a sequence.
    """
    chunked = consecutive and network.stateful
    if not endless and not trace and not chunked:
        return Answer(golden.predict(network, x, lambda done: progress(done, len(x))), {})
    outputs: list[Ints] = []
    parts: dict[tuple[str, str], list[Ints]] = {}
    axis = 1 if endless else 0
    for run in _pieces(network, x, progress) if endless else _chunks(network, x, chunked, progress):
        outputs.append(run.output)
        for layer, name in network.observed if trace else ():
            parts.setdefault((layer, name), []).append(run[layer].tensors[name])
    tensors = {key: np.concatenate(values, axis=axis) for key, values in parts.items()}
    return Answer(np.concatenate(outputs, axis=axis), tensors)


def run_verilated(
    accelerator: Accelerator, x: Ints, endless: bool, trace: bool, progress: Progress, resets: bool = False
) -> Answer:
    """The answer of the Verilog; ``endless`` as for :func:`run_golden`. LmuHlsError when the simulation fails.

    ``resets``: a reset comes before each sample, and not before the first alone.
    """
    if resets:
        answers = [run_verilated(accelerator, x[k : k + 1], endless, trace, progress) for k in range(len(x))]
        keys = answers[0].tensors
        tensors = {key: np.concatenate([answer.tensors[key] for answer in answers]) for key in keys}
        return Answer(np.concatenate([answer.output for answer in answers]), tensors)
    run = accelerator.run(x, trace=trace, tlast=not endless, progress=lambda done: progress(done, len(x)))
    if run.wrong_framing:
        raise LmuHlsError(
            f"{accelerator.interface.top} reports wrong framing of {run.wrong_framing} sequences that were framed "
            "rightly. Restore the files in rtl/."
        )
    tensors = {(layer, name): values for layer, of in run.probes.items() for name, values in of.items()}
    return Answer(run.outputs, tensors)


def _chunks(network: Network, x: Ints, chunked: bool, progress: Progress) -> Iterator[golden.Trace]:
    if chunked:
        yield golden.run_samples(network, x)
        return
    for part in golden.chunks(network, len(x)):
        yield golden.run(network, x[part])
        progress(part.stop, len(x))


def _pieces(network: Network, x: Ints, progress: Progress) -> Iterator[golden.Trace]:
    states = golden.zero_states(network, len(x))
    for start in range(0, x.shape[1], PIECE):
        run = golden.run(network, x[:, start : start + PIECE], states=states)
        states = run.states
        yield run
        progress(min(start + PIECE, x.shape[1]), x.shape[1])
