"""A network that keeps its state from chunk to chunk of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.golden.network import chunks, run, zero_states
from lmu_hls.golden.trace import LayerTrace, Trace
from lmu_hls.spec import Network


class Stateful:
    """A network with its state: ``batch`` sequences side by side, none of which reads another's state.

    It starts from zero, and a chunk may have any number of steps that the network's layers take.
    """

    def __init__(self, network: Network, batch: int = 1) -> None:
        self.network, self._batch = network, batch
        self.reset()

    def reset(self) -> None:
        """The state becomes zero, as at the begin of a sequence."""
        self.states = zero_states(self.network, self._batch)

    def run(self, x: Ints, every_step: bool = True) -> Trace:
        """The trace of the next chunk, x (batch, steps, n_in); the state goes on. See :func:`lmu_hls.golden.run`."""
        trace = run(self.network, x, every_step, self.states)
        self.states = trace.states
        return trace


def run_samples(
    network: Network, x: Ints | Mapping[str, Ints], every_step: bool = True, lengths: Ints | None = None
) -> Trace:
    """The trace of samples x (N, steps, n_in) that go through the network one after the other.

    A network of several inputs takes one such array for each, by name; it has no state that stays. Of a stateful
    network they are the chunks of one sequence, which starts from zero; of others each is a sequence. The
    states are those after the last sample. ``lengths`` as for :func:`lmu_hls.golden.run`.
    """
    if not network.stateful:
        return run(network, x, every_step, lengths=lengths)
    kept = Stateful(network)
    (samples,) = x.values() if isinstance(x, Mapping) else (x,)
    traces = [kept.run(sample[np.newaxis], every_step) for sample in samples]
    layers = []
    for same in zip(*(trace.layers for trace in traces), strict=True):
        tensors = {name: np.concatenate([layer.tensors[name] for layer in same]) for name in same[0].tensors}
        overflows = {name: sum(layer.overflows[name] for layer in same) for name in same[0].overflows}
        layers.append(LayerTrace(same[0].name, tensors, overflows))
    outputs = {name: np.concatenate([trace.outputs[name] for trace in traces]) for name in traces[0].outputs}
    return replace(traces[-1], layers=tuple(layers), outputs=outputs)


def predict_samples(network: Network, x: Ints, lengths: Ints | None = None) -> Ints:
    """The output of :func:`run_samples` only."""
    return run_samples(network, x, every_step=False, lengths=lengths).output


def parts(network: Network, samples: int) -> list[slice]:
    """Slices of the samples that are independent of one another: those of :func:`chunks`, or all of a stateful run."""
    return [slice(0, samples)] if network.stateful else chunks(network, samples)
