"""What `verify` keeps to be drawn (records.traces): it has the Keras model, golden's run and the simulation at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lmu_hls import golden
from lmu_hls.figures import REGRESSION, Head, Targets
from lmu_hls.fixed import Ints, to_float
from lmu_hls.flow.data import head_of
from lmu_hls.flow.lengths import rows
from lmu_hls.layers.stateful import in_order, predict_all
from lmu_hls.legendre import recall
from lmu_hls.records.traces import (
    CLASSES,
    CURVES,
    DELAYS,
    POINTS,
    STEPS,
    Confusion,
    Excerpt,
    Remembered,
    Scatter,
    Signal,
    Traces,
)
from lmu_hls.spec import LMU, Network
from lmu_hls.verify.interface import end_key

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.float64]
SEQUENCE = 0  # the one that is shown
DIGITS = 6  # of the numbers, significant ones


def traces(
    network: Network,
    model: keras.Model,
    data: Mapping[str, Floats],
    x: Mapping[str, Ints],
    outputs: tuple[Mapping[str, Floats], Mapping[str, Ints]],
    targets: Mapping[str, Targets],
    excerpt: Excerpt | None,
    lengths: Ints | None = None,
) -> Traces:
    """Of the data (N, steps, n_in) of each input, as integers x, and of ``outputs``, the Keras model's and golden's.

    The answers that are shown are those of the first output that has targets. Of a sequence the first of ``lengths``
    (N,) steps are shown, which nothing behind them changes.
    """
    real, integers = outputs
    fixed = {name: to_float(values, network.values[name].type) for name, values in integers.items()}
    steps = network.steps if lengths is None else int(lengths[SEQUENCE])
    trace = golden.run(
        network if lengths is None else network.with_steps(steps),
        {name: values[SEQUENCE : SEQUENCE + 1, :steps] for name, values in x.items()},
    )
    last = network.recurrent[-1]
    state = to_float(trace[last.name].tensors["h"][0], last.out)
    shown = in_order(model, {name: values[SEQUENCE : SEQUENCE + 1] for name, values in data.items()})
    states = _float_states(model, last.name, shown)
    signals = _signals(last.name, "h", state, None if states is None else states[:steps])
    for name, values in fixed.items():
        if values.ndim == 3:  # every step has an output
            key = end_key("output", name, len(fixed))
            signals += _signals(*key, values[SEQUENCE, :steps], np.asarray(real[name][SEQUENCE, :steps], np.float64))
    fixed = {name: rows(values, lengths) for name, values in fixed.items()}
    judged = next((name for name in network.outputs if name in targets), network.outputs[0])
    return Traces(
        SEQUENCE,
        signals,
        tuple(_remembered(lmu, trace) for lmu in network.lmus),
        _confusion(head_of(network, judged), targets.get(judged), fixed[judged]),
        _scatter(targets.get(judged), fixed[judged]),
        excerpt,
    )


def _float_states(model: keras.Model, name: str, inputs: list[Floats]) -> Floats | None:
    """What the recurrent layer ``name`` of the Keras model gives for each step (T, n); None if it is not ours."""
    import keras

    from lmu_hls.layers import LMU as Layer
    from lmu_hls.layers import Recurrent

    layer = next((layer for layer in model.layers if layer.name == name and isinstance(layer, Layer | Recurrent)), None)
    if layer is None:
        return None
    read = keras.tree.flatten(layer.input)[0]  # of a model from a file a mask is an input, too
    (sequences,) = predict_all(keras.Model(model.inputs, read), inputs)
    before, layer.return_sequences = layer.return_sequences, True
    try:
        return np.asarray(layer(sequences, training=False), np.float64)[0]
    finally:
        layer.return_sequences = before


def _signals(layer: str, tensor: str, fixed: Floats, real: Floats | None) -> tuple[Signal, ...]:
    """The elements (T, n) that move most, in their order."""
    chosen = sorted(np.argsort(-np.var(fixed, axis=0), kind="stable")[:CURVES].tolist())
    first = max(0, len(fixed) - STEPS)
    return tuple(
        Signal(layer, tensor, k, first, _short(fixed[first:, k]), () if real is None else _short(real[first:, k]))
        for k in chosen
    )


def _remembered(lmu: LMU, trace: golden.Trace) -> Remembered:
    """The channel whose input has the largest power within theta."""
    tensors = trace[lmu.name].tensors
    u, mem = to_float(tensors["u"][0], lmu.u), to_float(tensors["mem"][0], lmu.mem)
    steps = min(len(u), max(1, int(lmu.theta)))
    past = u[::-1][:steps]
    channel = int(np.argmax(np.var(past, axis=0)))
    places = np.unique(np.linspace(0, steps - 1, min(steps, DELAYS)).round().astype(int))
    delays = places + 0.5  # u is held for a step
    recalled = recall(mem[-1].reshape(lmu.memory_d, lmu.order)[channel], lmu.theta, delays, lmu.basis)
    values = (_short(delays), _short(past[places, channel]), _short(recalled))
    return Remembered(lmu.name, channel, lmu.order, float(lmu.theta), *values)


def _confusion(head: Head, targets: Targets | None, fixed: Floats) -> Confusion | None:
    classes = max(2, head.width)
    if targets is None or targets.task == REGRESSION or classes > CLASSES:
        return None
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (np.asarray(targets.values).astype(np.int64).ravel(), head.answers(fixed).ravel()), 1)
    return Confusion(tuple(tuple(row) for row in counts.tolist()))


def _scatter(targets: Targets | None, fixed: Floats) -> Scatter | None:
    if targets is None or targets.task != REGRESSION:
        return None
    values = np.asarray(targets.values, np.float64).ravel()
    chosen = np.unique(np.linspace(0, values.size - 1, min(values.size, POINTS)).round().astype(int))
    return Scatter(_short(values[chosen]), _short(fixed.ravel()[chosen]))


def _short(values: Floats) -> tuple[float, ...]:
    """Finite values, to so many digits as can be seen; others as zero."""
    return tuple(float(f"{value:.{DIGITS}g}") for value in np.nan_to_num(values, posinf=0, neginf=0).tolist())
