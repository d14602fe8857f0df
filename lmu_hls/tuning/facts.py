"""What is known of every tensor of a network with given types: proven, observed, predicted and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lmu_hls import golden
from lmu_hls.fixed import FixedType, quantize, to_float
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
from lmu_hls.spec import LMU, DenseCell, Network, Weight
from lmu_hls.tuning.calibration import WIDE, Floats, Observed, clipped, observe, traced_name, wide_types
from lmu_hls.tuning.draft import Draft, Key, Types
from lmu_hls.tuning.plan import autocorrelation, memory_of
from lmu_hls.tuning.tables import allowed_db, inputs_of, lookups

LIMIT_DB = 3.0  # a table limits a tensor when it makes at least half of its noise


@dataclass(frozen=True, slots=True)
class TensorResult:
    """One tensor's type and what is known of it; magnitudes in the tensor's unit, SNRs in dB, None where unknown.

    ``observed`` is the largest magnitude on the calibration data, without saturation; ``proven`` the largest that any
    input of the network's input type can cause: infinite where feedback leaves no bound, in which case, as in any,
    mem is proven for the largest value of u's type. ``overflows`` counts values of the calibration data that did not
    fit. ``predicted_db`` is the analysis' SNR of mem, with its own rounding, that of u and the coefficients as the
    noise; ``measured_db`` compares with types that hardly round. ``note`` says in words what else there is to know.
    """

    layer: str
    tensor: str
    type: FixedType
    elements: int
    weight: bool
    observed: float
    proven: float | None = None
    overflows: int = 0
    predicted_db: float | None = None
    measured_db: float | None = None
    note: str = ""

    @property
    def headroom(self) -> float:
        """Largest magnitude of the type over the largest observed one; infinite for a tensor that is always zero."""
        return self.type.max_abs * self.type.lsb / self.observed if self.observed else np.inf

    @property
    def safe(self) -> bool:
        """Whether it is proven that the tensor cannot overflow."""
        return self.proven is not None and self.proven < self.type.max_abs * self.type.lsb


def describe(
    source: Draft, types: Types, x: Floats, seen: Mapping[Key, Observed], wide: Trace
) -> tuple[TensorResult, ...]:
    """One result for each tensor on x; ``seen`` and ``wide`` are from types that hardly round."""
    network = source.network(types)
    final = golden.run(network, quantize(x, network.x))
    entrance = (source.nodes[0].name, "result")
    proven, predicted = {}, {}
    for lmu in network.lmus:
        memory = memory_of(source, lmu.name, types)
        proven.update({(lmu.name, name): peak for name, peak in _proven(lmu, memory).items()})
        predicted[lmu.name, "mem"] = _predicted_db(source, lmu, memory, wide)
    now, notes = observe(network, final), _table_notes(source, network, wide, final)
    results = []
    for key in source.keys:
        values = source.weights.get(key)
        if values is None:
            known = seen[key] if key in seen else _observed_sweep(source, key[0], wide)
        else:
            known = Observed(int(np.size(values)), float(np.abs(values).max(initial=0.0)), 0.0)
        measured = _measured_db(key, wide, final, types[key]) if key in now else None
        overflows = clipped(x, types[key]) if key == entrance else _overflows(final, key)
        results.append(
            TensorResult(
                *key,
                types[key],
                known.elements,
                weight=values is not None,
                observed=known.peak,
                proven=proven.get(key),
                overflows=overflows,
                predicted_db=predicted.get(key),
                measured_db=measured,
                note=notes.get(key, ""),
            )
        )
    return tuple(results)


def _table_notes(source: Draft, network: Network, wide: Trace, final: Trace) -> dict[Key, str]:
    """By the tensor that comes out of a table: its size and range, and whether it is what limits the tensor's SNR."""
    notes = {}
    exact = {lmu.name: lmu for lmu in source.network(wide_types(source)).lmus}
    for lmu in network.lmus:
        for lookup in lookups(lmu):
            table, key = lookup.activation.table, (lmu.name, lookup.target)
            assert table is not None
            allowed = allowed_db(lookup, table.index, inputs_of(lookup, exact[lmu.name], wide))
            measured = _measured_db(key, wide, final, table.values.type)
            reach = -table.index.min_int * table.index.lsb
            text = (
                f"{lookup.activation.function} table of {table.values.values.size} entries over [-{reach:g}, {reach:g})"
            )
            limit = allowed < measured + LIMIT_DB
            known = f"it is the limit, with {allowed:.1f} dB; a larger TableSize or another TableRange would help"
            notes[key] = f"{text}: {known if limit else f'it alone leaves {allowed:.1f} dB'}"
    return notes


def _observed_sweep(source: Draft, layer: str, wide: Trace) -> Observed:
    """f and z, which golden does not keep, from mem before the step and u: their largest magnitude and power."""
    memory = memory_of(source, layer)
    u, mem = (to_float(wide[layer].tensors[name], WIDE) for name in ("u", "mem"))
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


def _proven(lmu: LMU, memory: Memory) -> dict[str, float]:
    """Largest magnitudes: mem and sweep for all that u's type holds, u for all that the input's type holds."""
    bound = memory_range(memory, lmu.u.max_abs * lmu.u.lsb)
    peaks = {"mem": bound.mem.peak}
    if bound.f is not None and bound.z is not None:
        peaks["sweep"] = max(bound.f.peak, bound.z.peak)
    cell = lmu.hidden
    if cell is None or (isinstance(cell, DenseCell) and cell.kernel_h is None):
        x_max = np.full(lmu.n_in, lmu.x.max_abs * lmu.x.lsb)
        encoder = Encoder(
            _real(lmu.encoder_x),
            x_max,
            _maybe(lmu.encoder_h),
            _maybe(lmu.encoder_mem),
            _maybe(lmu.encoder_bias),
            Rounding.of(lmu.u),
        )
        hidden = None
        if cell is not None:
            hidden = Hidden(
                _real(cell.kernel_mem),
                _maybe(cell.kernel_x),
                _maybe(cell.bias),
                cell.activation.function,
                Rounding.of(cell.pre),
                Rounding.of(lmu.h),
            )
        peaks["u"] = float(layer_range(memory, encoder, hidden).u.max())
    return peaks


def _real(weight: Weight) -> Floats:
    return to_float(weight.values, weight.type)


def _maybe(weight: Weight | None) -> Floats | None:
    return None if weight is None else _real(weight)


def _predicted_db(source: Draft, lmu: LMU, memory: Memory, wide: Trace) -> float | None:
    u = to_float(wide[lmu.name].tensors["u"], WIDE)
    if not np.any(u) or "TRN_ZERO" in (lmu.u.rounding, lmu.mem.rounding):
        return None
    spectrum = Spectrum.from_autocorrelation(autocorrelation(u))
    return predict_snr(memory, spectrum, memory_of(source, lmu.name), u=Rounding.of(lmu.u)).db


def _measured_db(key: Key, wide: Trace, final: Trace, kind: FixedType) -> float:
    name = traced_name(wide[key[0]], key[1])
    exact = to_float(wide[key[0]].tensors[name], WIDE)
    error = to_float(final[key[0]].tensors[name], kind) - exact
    signal, noise = float(np.sum(exact**2)), float(np.sum(error**2))
    return decibel(signal, noise)


def vanished_coefficients(source: Draft, types: Types) -> tuple[str, ...]:
    """Names of the memory's coefficients that became zero, such as ``lmu.a[0, 3]``; of other weights many may."""
    named = {f"{layer}.{tensor}": (layer, tensor) for layer, tensor in source.weights if tensor in ("a", "b", *FACTORS)}
    values = {name: source.weights[key] for name, key in named.items()}
    return vanished(values, {name: types[key] for name, key in named.items()})
