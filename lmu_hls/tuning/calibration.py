"""What the user's data do to every tensor: ranges and powers, measured in golden with types too wide to matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import check_inputs
from lmu_hls.fixed import MAX_WIDTH, FixedType, Ints, integer_bits, quantize, to_float
from lmu_hls.front.lengths import MASK_VALUE
from lmu_hls.front.node import RECURRENT, has_count, sequence_inputs
from lmu_hls.golden import LayerTrace, Trace
from lmu_hls.precision import coefficient_type
from lmu_hls.records import Overrun
from lmu_hls.spec import Network, RecurrentLayer
from lmu_hls.spec.lengths import as_one, check_lengths, filled, masked_lengths
from lmu_hls.tuning.draft import TABLE, Draft, Key

Floats = NDArray[np.float64]
ONE_END = (
    "types are chosen from data for one; give --precision 'fixed<W,I>' and, where a layer needs others, its Precision"
)

WIDE = FixedType(26, 14)  # of values while they are observed
WIDE_WEIGHT_FRACTION = 16
FINEST = 24  # fraction bits of values and weights that are small, where they are observed again
WEIGHT_WIDTH = 24  # of weights there
REFERENCE = FixedType(60, 60 - FINEST)  # holds all of them: the type of every value in a trace of `calibrate`
WIDE_INDEX = FixedType(17, 5)  # of tables: over [-16, 16), as fine as WIDE
WITH_TABLES = (*RECURRENT, "LMUActivation")  # classes of nodes whose tables have an index of that type here
_TRACE_NAMES = {"h": "result", "out": "result"}  # golden's names of tensors, and hls4ml's


@dataclass(frozen=True, slots=True)
class Observed:
    """Of one tensor: elements in one time step, largest magnitude, mean square, and values that overflowed."""

    elements: int
    peak: float
    power: float
    overflows: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Sequences ``x`` (N, steps, n_in), of which the first ``lengths`` (N,) steps count; None: all of them."""

    x: Floats
    lengths: Ints | None = None

    @property
    def values(self) -> Floats:
        """What counts of x, as :func:`lmu_hls.spec.lengths.as_one` gives it."""
        return as_one(self.x, self.lengths)

    def run(self, network: Network) -> Trace:
        """golden's run, of whose tensors and outputs only the steps that count are there, as one sequence."""
        trace = golden.run(network, quantize(self.x, network.x), lengths=self.lengths)
        given = self.lengths_of(network)
        # Tensors of a layer with a state are those of each step that it reads
        ends = [node.inputs[0] if isinstance(node.layer, RecurrentLayer) else node.name for node in network.nodes]
        layers = tuple(
            replace(layer, tensors={name: as_one(values, given[end]) for name, values in layer.tensors.items()})
            for layer, end in zip(trace.layers, ends, strict=True)
        )
        outputs = {name: as_one(values, given[name]) for name, values in trace.outputs.items()}
        return replace(trace, layers=layers, outputs=outputs)

    def lengths_of(self, network: Network) -> Mapping[str, Ints | None]:
        """How many steps of each sequence every node gives; None where all count."""
        return dict.fromkeys(network.values) if self.lengths is None else network.steps_of(self.lengths)

    def predict(self, network: Network) -> Floats:
        """The real numbers of golden's output; of sequences of any length a row for each step that counts."""
        integers = golden.predict(network, quantize(self.x, network.x), lengths=self.lengths)
        values = to_float(integers, network.out)
        (output,) = network.outputs
        if self.lengths is None or values.ndim < 3:
            return values
        return as_one(values, self.lengths_of(network)[output])[0]


def check_data(source: Draft, x: ArrayLike, lengths: ArrayLike | None = None) -> Samples:
    """x (samples, steps, n_in) as float64, of sequences of any length with the ``lengths`` (samples,) that count, by
    default those that the mask tells. LmuHlsError naming what is wrong and the remedy."""
    graph = source.nodes[0].model
    any_length = has_count(graph)
    inputs = len(sequence_inputs(graph))
    if inputs > 1:
        raise LmuHlsError(f"the model has {inputs} inputs, and {ONE_END}")
    data = check_inputs(x, (None if any_length else source.steps, source.n_in), "calibration data")
    if not np.any(data):
        raise LmuHlsError("calibration data is zero throughout, so it says nothing about ranges; give real samples")
    counts = np.full(len(data), data.shape[1])
    mask = source.config["Model"].get(MASK_VALUE)
    if lengths is not None:
        counts = check_lengths(lengths, len(data), data.shape[1], "the lengths of the calibration data")
    elif mask is not None:
        counts = masked_lengths(data, mask, "calibration data")
    check_lengths(counts, len(data), source.steps, "the lengths of the calibration data")
    if np.all(counts == source.steps):
        return Samples(data[:, : source.steps])
    if not any_length:
        raise LmuHlsError(
            f"there are lengths of sequences, but the model takes {source.steps} steps each; leave them out, or "
            f"convert with --steps {source.steps}"
        )
    return Samples(filled(data, counts, source.steps), counts)


def wide_types(source: Draft) -> dict[Key, FixedType]:
    """Types in which nothing of a usual network overflows and rounding hardly shows."""
    weights = {key: coefficient_type(values, WIDE_WEIGHT_FRACTION) for key, values in source.weights.items()}
    tables = {(node.name, TABLE): WIDE_INDEX for node in source.nodes if node.class_name in WITH_TABLES}
    return {**{key: weights.get(key, WIDE) for key in source.keys}, **tables}


def calibrate(source: Draft, samples: Samples) -> tuple[dict[Key, Observed], Trace]:
    """What every tensor that is no weight did, the input too, and a run that hardly rounds, in REFERENCE.

    A first run with wide types shows how large every tensor is, a second one has bits where they are needed, so that
    small values are seen as well as large ones. Raises LmuHlsError when a value is beyond the wide type's range.
    """
    types = wide_types(source)
    seen, trace = _observed(source, types, samples)
    try:
        finer = _observed(source, {**types, **_fine_types(source, seen)}, samples)
    except ValueError:  # a sum beyond the contract's 62 bits
        return seen, trace
    return finer


def _fine_types(source: Draft, seen: Mapping[Key, Observed]) -> dict[Key, FixedType]:
    """Types as wide as the wide ones, with the integer bits that the observed values need and one more."""
    types = {}
    for key in source.keys:
        if key in source.weights:
            largest = float(np.abs(source.weights[key]).max(initial=0.0))
            fraction = min(FINEST, WEIGHT_WIDTH - integer_bits(largest))
            types[key] = coefficient_type(source.weights[key], max(fraction, WIDE_WEIGHT_FRACTION))
        else:
            fraction = min(FINEST, WIDE.width - integer_bits(_limit(key, seen)))
            types[key] = FixedType(WIDE.width, WIDE.width - max(fraction, WIDE.fraction))
    return types


def _limit(key: Key, seen: Mapping[Key, Observed]) -> float:
    """A magnitude that a tensor hardly exceeds; that of the sweep, which is not traced, by what goes into it."""
    if key in seen:
        return 2 * seen[key].peak
    if key[1] == "sweep":
        return 8 * (seen[key[0], "mem"].peak + seen[key[0], "u"].peak)
    return 2.0 ** (WIDE.integer - 1)


def _observed(source: Draft, types: Mapping[Key, FixedType], samples: Samples) -> tuple[dict[Key, Observed], Trace]:
    network = source.network(types)
    integers = quantize(samples.values, network.x)
    trace = samples.run(network)
    seen = {(source.nodes[0].name, "result"): _of(to_float(integers, network.x), 0), **observe(network, trace)}
    for (layer, tensor), found in seen.items():
        if found.overflows:
            raise LmuHlsError(
                f"layer {layer!r}: {tensor!r} goes beyond {2.0 ** (WIDE.integer - 1):g} on the calibration data; "
                "scale the data, or train with smaller weights"
            )
    layers = tuple(
        replace(
            traced,
            tensors={
                name: _in_reference(v, network.tensors[traced.name, name].type) for name, v in traced.tensors.items()
            },
        )
        for traced in trace.layers
    )
    outputs = {name: _in_reference(values, network.values[name].type) for name, values in trace.outputs.items()}
    return seen, replace(trace, layers=layers, outputs=outputs)


def _in_reference(values: Ints, kind: FixedType) -> Ints:
    return values.astype(np.int64) << np.int64(REFERENCE.fraction - kind.fraction)


def observe(network: Network, trace: Trace) -> dict[Key, Observed]:
    """Every traced tensor of a run of ``network``, by layer and hls4ml's name."""
    seen: dict[Key, Observed] = {}
    for (layer, name), tensor in network.tensors.items():
        traced = trace[layer]
        values = to_float(traced.tensors[name], tensor.type)
        seen[_key(layer, name)] = _of(values, traced.overflows.get(name, 0))
    return seen


def value_keys(network: Network, source: Draft) -> dict[tuple[str, str], Key]:
    """The key of every tensor that a run leaves, by golden's names; that of the input is ""."""
    (entrance,) = network.inputs
    return {(entrance.name, ""): (source.nodes[0].name, "result"), **{name: _key(*name) for name in network.tensors}}


def _key(layer: str, tensor: str) -> Key:
    return layer, _TRACE_NAMES.get(tensor, tensor)


def traced_name(layer: LayerTrace, tensor: str) -> str:
    """golden's name of hls4ml's ``tensor`` in the trace of a layer."""
    names = (name for name, other in _TRACE_NAMES.items() if other == tensor and name in layer.tensors)
    return tensor if tensor in layer.tensors else next(names)


def clipped(x: Floats, to: FixedType) -> int:
    """How many values of the real numbers x do not fit type ``to``: quantizing them is a silent loss."""
    wide = FixedType(MAX_WIDTH, MAX_WIDTH - to.fraction, True, to.rounding, "SAT")
    rounded = quantize(x, wide)
    return int(np.count_nonzero((rounded < to.min_int) | (rounded > to.max_int)))


def _of(values: Floats, overflows: int) -> Observed:
    size = values.shape[-1]
    return Observed(size, float(np.abs(values).max(initial=0.0)), float(np.mean(values**2)), overflows)


def exceeded(
    calibrated: Mapping[Key, float],
    limits: Mapping[Key, float],
    network: Network,
    x: Mapping[str, Ints],
    trace: Trace,
) -> tuple[Overrun, ...]:
    """The tensors that go beyond their ``limits``, or overflow, in a run of ``network`` on x.

    ``calibrated`` are the largest magnitudes on the calibration data, for the reader. x are integers that fit already,
    by input: see :func:`clipped` for what quantizing the input lost.
    """
    names = {layer.name for layer in network.layers}
    inputs = {item.name: to_float(x[item.name], item.type) for item in network.inputs}
    only = next(iter(inputs.values()))  # whose layer may have another name than the input of a chain
    seen = {key: _of(inputs.get(key[0], only), 0) for key in limits if key[0] not in names}
    return tuple(
        Overrun(*key, now.overflows, now.peak, calibrated.get(key))
        for key, now in {**seen, **observe(network, trace)}.items()
        if now.peak > limits.get(key, np.inf) or now.overflows
    )
