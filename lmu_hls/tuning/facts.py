"""What is known of every tensor of a network with given types: proven, observed, predicted and measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lmu_hls.activations import FUNCTIONS
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.golden import Trace
from lmu_hls.precision import (
    Encoder,
    Hidden,
    Memory,
    Rounding,
    Spectrum,
    decibel,
    layer_range,
    memory_range,
    predict_snr,
    vanished,
)
from lmu_hls.precision.stability import FACTORS
from lmu_hls.records import TensorPrecision
from lmu_hls.spec import LMU, Activation, DenseCell, Network, TridiagonalUpdate, Weight
from lmu_hls.tuning.calibration import REFERENCE, Floats, Observed, Samples, clipped, observe, traced_name
from lmu_hls.tuning.draft import Draft, Key, Types
from lmu_hls.tuning.plan import autocorrelation, memory_of
from lmu_hls.tuning.tables import allowed_db, inputs_of, lookups

LEAST_DB = 15.0  # predicted SNRs below are none: the noise is not small any more
LIMIT_DB = 3.0  # a table limits a tensor when it makes at least half of its noise


def describe(
    source: Draft, types: Types, samples: Samples, seen: Mapping[Key, Observed], wide: Trace
) -> tuple[TensorPrecision, ...]:
    """One result for each tensor on the samples; ``seen`` and ``wide`` are from types that hardly round."""
    network = source.network(types)
    final = samples.run(network)
    entrance = (source.nodes[0].name, "result")
    proven, predicted = {}, {}
    for lmu in network.lmus:
        memory = memory_of(source, lmu.name, types)
        proven.update({(lmu.name, name): peak for name, peak in _proven(lmu, memory).items()})
        predicted[lmu.name, "mem"] = _predicted_db(source, lmu, memory, wide, final)
    now, notes = observe(network, final), _table_notes(network, wide, final)
    lost = clipped(samples.values, types[entrance])
    results = []
    for key in source.keys:
        values = source.weights.get(key)
        if values is None:
            known = seen[key] if key in seen else _observed_sweep(source, key[0], wide)
        else:
            known = Observed(int(np.size(values)), float(np.abs(values).max(initial=0.0)), 0.0)
        measured = _measured_db(key, wide, final, types[key]) if key in now else None
        overflows = lost if key == entrance else _overflows(final, key)
        bound = proven.get(key)
        if bound is not None and known.peak > bound:
            notes[key] = _beyond(key, known.peak, bound, lost, _overflows(final, (key[0], "u")))
        results.append(
            TensorPrecision(
                *key,
                types[key],
                known.elements,
                weight=values is not None,
                observed=known.peak,
                proven=proven.get(key),
                headroom=_most(types[key]) / known.peak if known.peak else np.inf,
                overflows=overflows,
                predicted_db=predicted.get(key),
                measured_db=measured,
                note=notes.get(key, ""),
            )
        )
    return tuple(results)


def _table_notes(network: Network, wide: Trace, final: Trace) -> dict[Key, str]:
    """By the tensor that comes out of a table: its size and range, and whether it is what limits the tensor's SNR."""
    notes = {}
    for layer in network.recurrent:
        for lookup in lookups(layer):
            table, key = lookup.activation.table, (layer.name, lookup.target)
            assert table is not None
            allowed = allowed_db(lookup, table.entry_index, inputs_of(lookup, layer.name, wide))
            measured = _measured_db(key, wide, final, lookup.activation.result)
            reach = -table.index.min_int * table.index.lsb
            text = (
                f"{lookup.activation.function} table of {table.values.values.size} entries over [-{reach:g}, {reach:g})"
                + (", interpolated" if table.slopes is not None else "")
            )
            limit = allowed < measured + LIMIT_DB
            known = f"it is the limit, with {allowed:.1f} dB; a larger TableSize or another TableRange would help"
            notes[key] = f"{text}: {known if limit else f'it alone leaves {allowed:.1f} dB'}"
    return notes


def _observed_sweep(source: Draft, layer: str, wide: Trace) -> Observed:
    """f and z, which golden does not keep, from mem before the step and u: their largest magnitude and power."""
    memory = memory_of(source, layer)
    u, mem = (to_float(wide[layer].tensors[name], REFERENCE) for name in ("u", "mem"))
    mem = mem.reshape(*u.shape, memory.order)
    before = np.concatenate([np.zeros_like(mem[:, :1]), mem[:, :-1]], axis=1)
    values = np.concatenate([before @ r.c.T + u[..., np.newaxis] * r.d for r in memory.readers])
    return Observed(u.shape[-1] * memory.order, float(np.abs(values).max()), float(np.mean(values**2)))


def _overflows(trace: Trace, key: Key) -> int:
    """Values of a tensor that did not fit its type; 0 for weights, which always do."""
    layers = {layer.name: layer for layer in trace.layers}
    if key[0] not in layers:
        return 0
    counts = layers[key[0]].overflows
    return counts.get(key[1], 0) + sum(counts.get(name, 0) for name in ("h", "out") if key[1] == "result")


def _beyond(key: Key, peak: float, bound: float, lost: int, u_overflows: int) -> str:
    """Why the data go beyond a bound, which is for what the types hold."""
    cause = f"{lost} values of the input do not fit its type" if lost else "rounding leads the two runs apart"
    if key[1] != "u" and u_overflows:
        cause = f"{u_overflows} values of u do not fit its type"
    return (
        f"without saturation the data reach {peak:.4g}, beyond the {bound:.4g} that is proven for values that fit "
        f"their types: {cause}"
    )


def _proven(lmu: LMU, memory: Memory) -> dict[str, float]:
    """Largest magnitudes: mem and sweep for all that u's type holds, u for all that the input's type holds."""
    bound = memory_range(memory, lmu.u.max_abs * lmu.u.lsb)
    peaks = {"mem": bound.mem.peak}
    if bound.f is not None and bound.z is not None:
        peaks["sweep"] = max(bound.f.peak, bound.z.peak)
        if isinstance(lmu.update, TridiagonalUpdate) and bound.mem.peak > _most(
            lmu.mem
        ):  # what overflows is no linear system any more
            peaks["sweep"] = max(peaks["sweep"], _most(lmu.update.sweep))
    cell = lmu.hidden
    if cell is None or (isinstance(cell, DenseCell) and cell.kernel_h is None):
        peaks["u"] = _proven_u(lmu, memory, cell)
    return peaks


def _proven_u(lmu: LMU, memory: Memory, cell: DenseCell | None) -> float:
    """Largest magnitude before u is assigned, for every input that fits the input's type; infinite where none is known.

    Where a tensor that feeds back can overflow, its own type is the bound, and not the linear system.
    """
    encoder = Encoder(
        _real(lmu.encoder_x),
        np.full(lmu.n_in, _most(lmu.x)),
        _maybe(lmu.encoder_h),
        _maybe(lmu.encoder_mem),
        _maybe(lmu.encoder_bias),
        Rounding.from_type(lmu.u),
    )
    hidden = None
    if cell is not None:
        hidden = Hidden(
            _real(cell.kernel_mem),
            _maybe(cell.kernel_x),
            _maybe(cell.bias),
            cell.activation.function,
            Rounding.from_type(cell.pre),
            Rounding.from_type(lmu.h),
            _index_error(cell.activation),
            cell.activation.alpha,
        )
    found = layer_range(memory, encoder, hidden)
    u = float(found.u.max())
    if not found.bounded or (encoder.kernel_h is None and encoder.kernel_mem is None):
        return u
    linear = [(float(found.u.max()), lmu.u), (found.mem_peak, lmu.mem), (float(found.h.max()), lmu.h)]
    if cell is not None and found.pre is not None:
        linear.append((float(found.pre.max()), cell.pre))
    if all(peak <= kind.max_int * kind.lsb for peak, kind in linear):
        return u
    fed = ((encoder.kernel_h, lmu.h), (encoder.kernel_mem, lmu.mem))
    back = sum((_most(kind) * np.abs(kernel).sum(axis=0) for kernel, kind in fed if kernel is not None), encoder.own)
    return max(u, float(np.max(back)))


def _index_error(activation: Activation) -> float:
    """The largest error of the argument of a function by table."""
    table = activation.table
    if table is None:
        return 0.0
    if FUNCTIONS[activation.function].has_lines:  # between the entries, too, it is the function itself
        return Rounding.from_type(table.index).worst
    return Rounding.from_type(table.entry_index).worst * (1 if table.slopes is None else 2)


def _most(fixed_type: FixedType) -> float:
    """The largest magnitude that a type holds."""
    return fixed_type.max_abs * fixed_type.lsb


def _real(weight: Weight) -> Floats:
    return to_float(weight.values, weight.type)


def _maybe(weight: Weight | None) -> Floats | None:
    return None if weight is None else _real(weight)


def _predicted_db(source: Draft, lmu: LMU, memory: Memory, wide: Trace, final: Trace) -> float | None:
    """The SNR of mem by analysis, from the error that u has on the data; None where u, mem or the sweep overflow."""
    u = to_float(wide[lmu.name].tensors["u"], REFERENCE)
    if (
        not np.any(u)
        or lmu.mem.rounding == "TRN_ZERO"
        or any(final[lmu.name].overflows.get(name, 0) for name in ("u", "mem", "sweep"))
    ):
        return None
    exact = memory_of(source, lmu.name)
    try:
        found = predict_snr(memory, Spectrum.from_autocorrelation(autocorrelation(u)), exact)
        noise = float(found.noise.sum())
        error = to_float(final[lmu.name].tensors["u"], lmu.u) - u
        if np.any(error):
            carried = predict_snr(exact, Spectrum.from_autocorrelation(autocorrelation(error)))
            noise += float(carried.signal.sum())
    except ValueError:  # a memory that decays too slowly for the analysis
        return None
    db = decibel(float(found.signal.sum()), noise)
    return db if db >= LEAST_DB else None


def _measured_db(key: Key, wide: Trace, final: Trace, fixed_type: FixedType) -> float:
    name = traced_name(wide[key[0]], key[1])
    exact = to_float(wide[key[0]].tensors[name], REFERENCE)
    error = to_float(final[key[0]].tensors[name], fixed_type) - exact
    signal, noise = float(np.sum(exact**2)), float(np.sum(error**2))
    return decibel(signal, noise)


def vanished_coefficients(source: Draft, types: Types) -> tuple[str, ...]:
    """Names of the memory's coefficients that became zero, such as ``lmu.a[0, 3]``; of other weights many may."""
    named = {f"{layer}.{tensor}": (layer, tensor) for layer, tensor in source.weights if tensor in ("a", "b", *FACTORS)}
    values = {name: source.weights[key] for name, key in named.items()}
    return vanished(values, {name: types[key] for name, key in named.items()})
