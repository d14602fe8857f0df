"""A whole network in integers: recurrent layers, Dense layers, activations, softmax and argmax in sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lmu_hls.fixed import Ints
from lmu_hls.golden.assign import Step
from lmu_hls.golden.lengths import run_lengths
from lmu_hls.golden.lmu import State, run_recurrent
from lmu_hls.golden.trace import LayerTrace, Trace
from lmu_hls.spec import Input, Layer, Network, RecurrentLayer, Window

CHUNK_BYTES = 256 << 20  # of the largest tensor; bounds the memory of one pass over part of the batch


def zero_states(network: Network, batch: int) -> tuple[State, ...]:
    """The states that a sequence starts from."""
    return tuple(State.zeros(layer, batch) for layer in network.recurrent)


def run(
    network: Network,
    x: Ints | Mapping[str, Ints],
    every_step: bool = True,
    states: Sequence[State] | None = None,
    lengths: Ints | None = None,
) -> Trace:
    """Run ``network`` over x, integers of its input type with shape (batch, steps, n_in); every tensor is kept.

    A network of several inputs takes one such array for each, by name.

    With ``every_step`` False a recurrent layer that returns only its last step keeps only that step of mem, pre and h.
    ``states``, one for each recurrent layer, are where the run goes on from; x then has any number of steps from 1 on.
    A sequence cut into pieces gives the outputs of the whole one: start with :func:`zero_states`, go on with
    ``trace.states``. Without ``states`` x is a whole sequence of ``network.steps``; ``lengths`` (batch,) are the steps
    of each that count, see :mod:`lmu_hls.golden.lengths`.
    Raises ValueError when the shape or an input value does not fit the network.
    """
    values = _checked(network, x, None if states is not None else network.steps)
    if lengths is not None:
        return run_lengths(network, values, every_step, lengths, run)
    (batch,) = {len(value) for value in values.values()}
    left = list(zero_states(network, batch) if states is None else states)
    if len(left) != len(network.recurrent) or any(len(state.mem) != batch for state in left):
        raise ValueError(f"{len(network.recurrent)} states for a batch of {batch} are needed: see zero_states")
    layers: list[LayerTrace] = []
    last: list[State] = []
    for node in network.nodes:
        layer, read = node.layer, [values[source] for source in node.inputs]
        if isinstance(layer, RecurrentLayer):
            traced = run_recurrent(layer, read[0], left.pop(0), every_step=every_step or layer.return_sequences)
            h = traced.tensors["h"]
            values[node.name] = h if layer.return_sequences else h[:, -1]
            last.append(traced.state)
            layers.append(LayerTrace(node.name, traced.tensors, traced.overflows))
        else:
            if layer.over is not None:
                read = [_windows(layer.name, layer.over, x) for x in read]
            out, overflows = _pointwise(layer, read)
            values[node.name] = out
            layers.append(LayerTrace(node.name, {"out": out}, {"out": overflows}))
    return Trace(tuple(layers), {name: values[name] for name in network.outputs}, tuple(last))


def predict(
    network: Network, x: Ints, progress: Callable[[int], None] = lambda done: None, lengths: Ints | None = None
) -> Ints:
    """The output of :func:`run` only, of a network with one input and one output, as :func:`predict_all` makes it."""
    (item,) = network.inputs
    (output,) = predict_all(network, {item.name: x}, progress, lengths).values()
    return output


def predict_all(
    network: Network,
    x: Mapping[str, Ints],
    progress: Callable[[int], None] = lambda done: None,
    lengths: Ints | None = None,
) -> dict[str, Ints]:
    """The outputs of :func:`run` only, by name, in chunks of the batch, so that memory stays bounded.

    ``progress`` is told the number of samples done after each chunk.
    """
    parts: list[Mapping[str, Ints]] = []
    for part in chunks(network, len(next(iter(x.values())))):
        of = {name: values[part] for name, values in x.items()}
        parts.append(run(network, of, every_step=False, lengths=None if lengths is None else lengths[part]).outputs)
        progress(part.stop)
    return {name: np.concatenate([part[name] for part in parts]) for name in network.outputs}


def chunks(network: Network, samples: int) -> list[slice]:
    """Slices of the batch, in order, each small enough for every tensor of :func:`run` to fit memory; one at least."""
    widest = max(layer.kept for layer in network.recurrent)
    size = max(1, CHUNK_BYTES // (8 * network.steps * widest))
    return [slice(start, min(start + size, samples)) for start in range(0, max(samples, 1), size)]


def _windows(name: str, window: Window, x: Ints) -> Ints:
    """(batch, [steps,] n) as what each step of the result reads, (batch, [count,] size * n)."""
    x = x if x.ndim == 3 else x[:, np.newaxis]
    if x.shape[1] != window.steps:
        raise ValueError(f"{name} reads whole sequences of {window.steps} steps, {x.shape[1]} are given")
    steps = window.reads()
    read = np.where(steps[..., np.newaxis] < 0, 0, x[:, steps])
    read = read.reshape(len(x), window.count, window.size * x.shape[-1])
    return read[:, 0] if window.vector else read


def _pointwise(layer: Layer, read: list[Ints]) -> tuple[Ints, int]:
    """The layer's output, and how many of its values overflowed."""
    size = 1 if layer.over is None else layer.over.size
    widths = [x.shape[-1] // size for x in read]
    step = Step(layer.name, layer.assignments(*widths))
    given = {tensor.name: x for tensor, x in zip(layer.reads(*widths), read, strict=True)}
    return step(given, {})["out"], step.overflows["out"]


def _checked(network: Network, x: Ints | Mapping[str, Ints], steps: int | None) -> dict[str, Ints]:
    """The integers of every input as int64, by name; ``steps`` is None for any number of them."""
    given = x if isinstance(x, Mapping) else dict.fromkeys((item.name for item in network.inputs[:1]), x)
    if set(given) != {item.name for item in network.inputs}:
        raise ValueError(f"values of {', '.join(given)} are given, {', '.join(i.name for i in network.inputs)} needed")
    checked = {item.name: _checked_input(item, np.asarray(given[item.name]), steps) for item in network.inputs}
    if len({value.shape[:2] for value in checked.values()}) > 1:
        raise ValueError("the inputs do not have the same samples and steps")
    return checked


def _checked_input(end: Input, x: Ints, steps: int | None) -> Ints:
    if x.dtype.kind not in "iu":
        raise ValueError(f"golden takes integers of {end.type}, not {x.dtype}; use lmu_hls.fixed.quantize first")
    if x.ndim != 3 or x.shape[2] != end.width or x.shape[1] != (steps or max(x.shape[1], 1)):
        raise ValueError(f"input has shape {x.shape}, expected (batch, {steps or 'steps'}, {end.width})")
    if x.size and (x.min() < end.type.min_int or x.max() > end.type.max_int):
        raise ValueError(f"input integers {x.min()}..{x.max()} do not fit {end.type}")
    return x.astype(np.int64, copy=False)
