"""Sequences of different lengths: each gives what a network for just its length gives of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.golden.lmu import State
from lmu_hls.golden.trace import LayerTrace, Trace
from lmu_hls.spec import Network, RecurrentLayer
from lmu_hls.spec.lengths import check_lengths, held

OF_EVERY_STEP = "u"  # the tensor of which every step is kept in any run

Run = Callable[[Network, dict[str, Ints], bool], Trace]


def run_lengths(network: Network, x: dict[str, Ints], every_step: bool, lengths: Ints, run: Run) -> Trace:
    """The trace of x, of which the first ``lengths`` (batch,) steps count; behind them stands the last one again.

    Overflows are those of steps that count. LmuHlsError for a network of one length, and for lengths that cannot be.
    """
    (samples,) = {len(values) for values in x.values()}
    if not network.any_length and np.any(np.asarray(lengths) != network.steps):
        raise ValueError(f"network {network.name!r} has sequences of {network.steps} steps only")
    lengths = check_lengths(lengths, samples, network.steps, least=network.least_steps)
    runs: list[tuple[Ints, Trace]] = []
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        part = {name: values[rows, :length] for name, values in x.items()}
        runs.append((rows, run(network.with_steps(int(length)), part, every_step)))
    return _together(network, runs, every_step)


def _together(network: Network, runs: list[tuple[Ints, Trace]], every_step: bool) -> Trace:
    order = np.argsort(np.concatenate([rows for rows, _ in runs]))
    values = network.values

    def joined(parts: list[Ints], whole: int | None) -> Ints:
        """``whole``: an array has an axis of all steps, of another size in each part, and gets so many."""
        if whole is not None:
            parts = [held(part, np.full(len(part), part.shape[1]), whole) for part in parts]
        return np.concatenate(parts)[order]

    layers = []
    for place, node in enumerate(network.nodes):
        traces = [trace.layers[place] for _, trace in runs]
        given, layer = values[node.name].steps, node.layer
        every = layer.steps if isinstance(layer, RecurrentLayer) else given
        whole = {name: every if every_step or name == OF_EVERY_STEP else given for name in traces[0].tensors}
        tensors = {name: joined([trace.tensors[name] for trace in traces], steps) for name, steps in whole.items()}
        overflows = {name: sum(trace.overflows[name] for trace in traces) for name in traces[0].overflows}
        layers.append(LayerTrace(node.name, tensors, overflows))
    outputs = {name: joined([trace.outputs[name] for _, trace in runs], values[name].steps) for name in network.outputs}
    states = tuple(
        State(
            np.concatenate([state.mem for state in same])[order],
            {name: np.concatenate([state.hidden[name] for state in same])[order] for name in same[0].hidden},
        )
        for same in zip(*(trace.states for _, trace in runs), strict=True)
    )
    return Trace(tuple(layers), outputs, states)
