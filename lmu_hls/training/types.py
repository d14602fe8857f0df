"""Types for a training: uniform widths, or those of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, integer_bits, quantize, to_float
from lmu_hls.front.own_types import OWN
from lmu_hls.golden import Trace
from lmu_hls.precision.stability import FACTORS
from lmu_hls.tuning.calibration import REFERENCE, calibrate, check_data, traced_name
from lmu_hls.tuning.draft import Draft, Key
from lmu_hls.tuning.plan import STATE, first_fractions, make_plan, prove

Floats = NDArray[np.float64]
CLIPPED = 3  # integer bits fewer than the largest value needs, at most
SAMPLE = 100_000  # values of a tensor that its type is fitted to
DB_A_BIT = 6.02
COEFFICIENTS = ("a", "b", *FACTORS)  # of the memory
WIDE = ("scale", "bias", "encoder_bias", "hidden_bias", "hidden_recurrent_bias")  # added, not multiplied by many


def uniform_types(source: Draft, data: ArrayLike, weights: int, activations: int) -> dict[Key, FixedType]:
    """Kernels of ``weights`` bits, values and biases of ``activations`` bits, on ``data`` (samples, steps, n_in).

    Each type has the fraction bits that leave the least error. Memory and coefficients get what keeps their noise below
    that of the activations, with proven integer bits. Raises LmuHlsError for data or widths that cannot be used.
    """
    for name, width in (("weights", weights), ("activations", activations)):
        if isinstance(width, bool) or not isinstance(width, int) or not 2 <= width <= 24:
            raise LmuHlsError(f"{name}={width!r} is not possible; give a number of bits from 2 to 24")
    softmax = [layer for layer, tensor in source.keys if tensor == "exp"]
    if softmax:
        raise LmuHlsError(
            f"layer {softmax[0]!r}: weights and activations are for a model up to its logits, and this one ends with a "
            "softmax; train the logits with a loss of from_logits=True, or give precision"
        )
    samples = check_data(source, data)
    seen, trace = calibrate(source, samples)
    plan = make_plan(source, seen, 1.0)
    fractions = first_fractions(plan, seen, trace, DB_A_BIT * activations)
    types = {}
    for key in source.keys:
        if key[1] in (*STATE, *COEFFICIENTS):
            types[key] = plan.type_of(key, fractions[key])
        elif key in source.weights:
            types[key] = fitted(source.weights[key], activations if key[1] in WIDE else weights)
        else:
            types[key] = fitted(_values(source, key, samples.values, trace), activations)
    try:
        plan = prove(plan, types)
    except ValueError as error:
        raise LmuHlsError(f"activations={activations}: {error}; give more bits") from None
    return types | {key: plan.type_of(key, fractions[key]) for key in types if key[1] in STATE}


def fitted(values: Floats, width: int) -> FixedType:
    """The type of ``width`` bits that leaves the least mean square error of ``values``."""
    flat = np.asarray(values, np.float64).ravel()
    flat = flat[:: ceil(flat.size / SAMPLE) or 1]
    most = integer_bits(float(np.abs(flat).max(initial=0.0)))
    candidates = [FixedType(width, most - k) for k in range(CLIPPED + 1)]
    errors = [float(np.mean((to_float(quantize(flat, kind), kind) - flat) ** 2)) for kind in candidates]
    return candidates[int(np.argmin(errors))]


def _values(source: Draft, key: Key, x: Floats, trace: Trace) -> Floats:
    """What a tensor was on the data."""
    if key[0] == source.nodes[0].name:
        return x
    layer = trace[key[0]]
    return to_float(layer.tensors[traced_name(layer, key[1])], REFERENCE)


def own_config(config: Mapping[str, Any], types: Mapping[Key, FixedType]) -> dict[str, Any]:
    """The part of hls4ml's ``config`` that changes numbers, with ``types``: what a quantized model keeps."""
    layers: dict[str, dict[str, Any]] = {}
    for (layer, tensor), kind in types.items():
        if layer not in layers:
            settings = config["LayerName"].get(layer, {})
            kept = {key: settings[key] for key in OWN if key in settings}
            layers[layer] = {**kept, "Precision": {}}
        layers[layer]["Precision"][tensor] = str(kind)
    return {"LayerName": layers}
