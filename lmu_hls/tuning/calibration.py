"""What the user's data do to every tensor: ranges and powers, measured in golden with types too wide to matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmu_hls import golden
from lmu_hls.errors import LmuHlsError
from lmu_hls.figures import check_inputs
from lmu_hls.fixed import MAX_WIDTH, FixedType, Ints, quantize, to_float
from lmu_hls.golden import LayerTrace, Trace
from lmu_hls.precision import coefficient_type
from lmu_hls.spec import Network
from lmu_hls.tuning.draft import TABLE, Draft, Key

Floats = NDArray[np.float64]

WIDE = FixedType(26, 14)  # of values while they are observed
WIDE_WEIGHT_FRACTION = 16
WIDE_INDEX = FixedType(17, 5)  # of tables: over [-16, 16), as fine as WIDE
_TRACE_NAMES = {"h": "result", "out": "result"}  # golden's names of tensors, and hls4ml's


@dataclass(frozen=True, slots=True)
class Observed:
    """Of one tensor: elements in one time step, largest magnitude, mean square, and values that overflowed."""

    elements: int
    peak: float
    power: float
    overflows: int = 0


@dataclass(frozen=True, slots=True)
class Excess:
    """A tensor that left its calibrated range: the two largest magnitudes, and the values that did not fit its type."""

    layer: str
    tensor: str
    calibrated: float
    seen: float
    overflows: int


def check_data(source: Draft, x: ArrayLike) -> Floats:
    """x (samples, steps, n_in) as float64; LmuHlsError naming what is wrong and the remedy."""
    data = check_inputs(x, (source.steps, source.n_in), "calibration data")
    if not np.any(data):
        raise LmuHlsError("calibration data is zero throughout, so it says nothing about ranges; give real samples")
    return data


def wide_types(source: Draft) -> dict[Key, FixedType]:
    """Types in which nothing of a usual network overflows and rounding hardly shows."""
    weights = {key: coefficient_type(values, WIDE_WEIGHT_FRACTION) for key, values in source.weights.items()}
    tables = {(node.name, TABLE): WIDE_INDEX for node in source.nodes if node.class_name == "LMU"}
    return {**{key: weights.get(key, WIDE) for key in source.keys}, **tables}


def calibrate(source: Draft, x: Floats) -> tuple[dict[Key, Observed], Trace]:
    """What every tensor that is no weight did on x, the input too, and the run with wide types that showed it.

    Raises LmuHlsError when a value is beyond the wide type's range.
    """
    network = source.network(wide_types(source))
    integers = quantize(x, network.x)
    trace = golden.run(network, integers)
    seen = {(source.nodes[0].name, "result"): _of(to_float(integers, network.x), 0), **observe(network, trace)}
    for (layer, tensor), found in seen.items():
        if found.overflows:
            raise LmuHlsError(
                f"layer {layer!r}: {tensor!r} goes beyond {2.0 ** (WIDE.integer - 1):g} on the calibration data; "
                "scale the data, or train with smaller weights"
            )
    return seen, trace


def observe(network: Network, trace: Trace) -> dict[Key, Observed]:
    """Every traced tensor of a run of ``network``, by layer and hls4ml's name."""
    seen: dict[Key, Observed] = {}
    for (layer, name), tensor in network.tensors.items():
        traced = trace[layer]
        values = to_float(traced.tensors[name], tensor.type)
        seen[layer, _TRACE_NAMES.get(name, name)] = _of(values, traced.overflows.get(name, 0))
    return seen


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


def exceeded(calibrated: Mapping[Key, float], network: Network, x: Ints, trace: Trace) -> tuple[Excess, ...]:
    """The tensors that leave their ``calibrated`` magnitudes, or overflow, in a run of ``network`` on x.

    x are integers that fit already: see :func:`clipped` for what quantizing the input lost.
    """
    names = {layer.name for layer in network.layers}
    seen = {key: _of(to_float(x, network.x), 0) for key in calibrated if key[0] not in names}  # the input's layer
    found = []
    for key, now in {**seen, **observe(network, trace)}.items():
        limit = calibrated.get(key, np.inf)
        if now.peak > limit or now.overflows:
            found.append(Excess(*key, limit, now.peak, now.overflows))
    return tuple(found)
