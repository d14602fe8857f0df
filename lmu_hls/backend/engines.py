"""What computes an accelerator's integers: golden, or the Verilated program. Both give the same, value for value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    """The integers of each output (N, [T], n_out), by name, and, if they were asked for, tensors (N, T, n) by layer and
    name."""

    outputs: Mapping[str, Ints]
    tensors: Tensors

    @property
    def output(self) -> Ints:
        """That of a network with one output; ValueError for others."""
        (output,) = self.outputs.values()
        return output


def run_golden(
    network: Network,
    x: Mapping[str, Ints],
    endless: bool,
    trace: bool,
    progress: Progress,
    consecutive: bool = False,
    lengths: Ints | None = None,
) -> Answer:
    """The answer of golden to an array for each input. ``endless``: these (1, T, n_in) are one sequence of any length,
    given back every step.

    ``consecutive``: the samples of a stateful network are chunks of one sequence, else each is a sequence. ``lengths``
    are the steps of each that count, of a network that takes any number of them.
    """
    chunked = consecutive and network.stateful
    if not endless and not trace and not chunked:
        samples = _samples(x)
        return Answer(golden.predict_all(network, x, lambda done: progress(done, samples), lengths), {})
    outputs: dict[str, list[Ints]] = {name: [] for name in network.outputs}
    parts: dict[tuple[str, str], list[Ints]] = {}
    axis = 1 if endless else 0
    for run in _pieces(network, x, progress) if endless else _chunks(network, x, chunked, progress, lengths):
        for name, values in run.outputs.items():
            outputs[name].append(values)
        for layer, name in network.observed if trace else ():
            parts.setdefault((layer, name), []).append(run[layer].tensors[name])
    tensors = {key: np.concatenate(values, axis=axis) for key, values in parts.items()}
    return Answer({name: np.concatenate(values, axis=axis) for name, values in outputs.items()}, tensors)


def run_verilated(
    accelerator: Accelerator,
    x: Mapping[str, Ints],
    endless: bool,
    trace: bool,
    progress: Progress,
    resets: bool = False,
    lengths: Ints | None = None,
) -> Answer:
    """The answer of the Verilog; x, ``endless`` and ``lengths`` as for :func:`run_golden`.

    LmuHlsError when the simulation fails.

    ``resets``: a reset comes before each sample, and not before the first alone.
    """
    samples = _samples(x)
    if resets:
        each = [{name: values[k : k + 1] for name, values in x.items()} for k in range(samples)]
        answers = [run_verilated(accelerator, sample, endless, trace, progress) for sample in each]
        first = answers[0]
        tensors = {key: np.concatenate([answer.tensors[key] for answer in answers]) for key in first.tensors}
        return Answer(
            {name: np.concatenate([answer.outputs[name] for answer in answers]) for name in first.outputs}, tensors
        )
    run = accelerator.run(
        x, lengths=lengths, trace=trace, tlast=not endless, progress=lambda done: progress(done, samples)
    )
    if run.wrong_framing:
        raise LmuHlsError(
            f"{accelerator.interface.top} reports wrong framing of {run.wrong_framing} sequences that were framed "
            "rightly. Restore the files in rtl/."
        )
    tensors = {(layer, name): values for layer, of in run.probes.items() for name, values in of.items()}
    ports = accelerator.interface.outputs
    return Answer({port.name: end.values for port, end in zip(ports, run.ends.values(), strict=True)}, tensors)


def _samples(x: Mapping[str, Ints]) -> int:
    return len(next(iter(x.values())))


def _chunks(
    network: Network, x: Mapping[str, Ints], chunked: bool, progress: Progress, lengths: Ints | None
) -> Iterator[golden.Trace]:
    if chunked:
        yield golden.run_samples(network, x)
        return
    samples = _samples(x)
    for part in golden.chunks(network, samples):
        some = None if lengths is None else lengths[part]
        yield golden.run(network, {name: values[part] for name, values in x.items()}, lengths=some)
        progress(part.stop, samples)


def _pieces(network: Network, x: Mapping[str, Ints], progress: Progress) -> Iterator[golden.Trace]:
    states = golden.zero_states(network, _samples(x))
    steps = next(iter(x.values())).shape[1]
    for start in range(0, steps, PIECE):
        run = golden.run(network, {name: each[:, start : start + PIECE] for name, each in x.items()}, states=states)
        states = run.states
        yield run
        progress(min(start + PIECE, steps), steps)
