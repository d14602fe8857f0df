"""From ranges to types: integer bits by proof or observation, and the fraction bits from which the search starts.

Integer bits of mem and of the sweep are proven for the largest value of u's type; those of every other value hold the
largest magnitude on the calibration data times the headroom; a weight gets those that it needs. Fraction bits start
where each tensor alone leaves the wanted signal-to-noise ratio: for mem and the coefficients by the analysis of
:mod:`lmu_hls.precision`, else by LSB^2 / 12 against the tensor's own power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import ceil, log2
from typing import Final

import numpy as np

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import FixedType, integer_bits, quantize, to_float
from lmu_hls.golden import Trace
from lmu_hls.precision import (
    DenseMemory,
    Memory,
    Rounding,
    Spectrum,
    TridiagonalMemory,
    coefficient_type,
    memory_range,
    predict_snr,
    rounding_noise,
    stability,
)
from lmu_hls.precision.stability import FACTORS
from lmu_hls.tuning.calibration import REFERENCE, Floats, Observed
from lmu_hls.tuning.draft import Draft, Key, Types
from lmu_hls.tuning.tables import TablePlan

GUARD: Final = 3  # fraction bits that the sweep has more than mem, to start with
MAX_WEIGHT_FRACTION: Final = 20
MAX_VALUE_WIDTH: Final = 26
MIN_WIDTH: Final = 2  # one signed bit holds 0 and -LSB only
STATE = ("mem", "sweep")
Fractions = Mapping[Key, int]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything about the tensors that the search does not change; fraction bits turn it into types."""

    source: Draft
    elements: dict[Key, int]
    integers: dict[Key, int]  # of values
    floor: dict[Key, int]  # fewest fraction bits that make sense
    cap: dict[Key, int]
    tables: dict[Key, TablePlan] = field(default_factory=dict)  # their "fraction bits" are the bits of the index
    _weight_types: dict[tuple[Key, int], FixedType] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[Key, ...]:
        """All that has fraction bits: every tensor, and the tables."""
        return (*self.source.keys, *self.tables)

    def types(self, fractions: Fractions) -> dict[Key, FixedType]:
        """The type of every tensor, and the index type of the tables that are the search's."""
        mine = [key for key, table in self.tables.items() if table.mine]
        return {key: self.type_of(key, fractions[key]) for key in (*self.source.keys, *mine)}

    def type_of(self, key: Key, fraction: int) -> FixedType:
        if key in self.tables:
            return self.tables[key].index(fraction)
        if key in self.integers:
            return FixedType(self.integers[key] + fraction, self.integers[key])
        if (key, fraction) not in self._weight_types:
            narrow = coefficient_type(self.source.weights[key], fraction)
            width = max(narrow.width, MIN_WIDTH)
            self._weight_types[key, fraction] = FixedType(width, width - fraction)
        return self._weight_types[key, fraction]

    def bits(self, fractions: Fractions) -> int:
        """Width times elements over all tensors: every weight once, every value of one time step once.

        Of tables, the entries that no longer fit one block RAM.
        """
        types = {key: self.type_of(key, fractions[key]) for key in self.source.keys}
        tables = sum(table.counted(fractions[key], types) for key, table in self.tables.items())
        return sum(self.elements[key] * kind.width for key, kind in types.items()) + tables


def memory_layers(source: Draft) -> tuple[str, ...]:
    """Names of the layers that have a memory."""
    return tuple(layer for layer, tensor in source.keys if tensor == "mem")


def memory_of(source: Draft, layer: str, types: Types | None = None) -> Memory:
    """The memory of ``layer`` in float, or with the coefficients and roundings of ``types``."""

    def coefficient(name: str) -> Floats:
        values = source.weights[layer, name]
        return values if types is None else to_float(quantize(values, types[layer, name]), types[layer, name])

    def rounding(name: str) -> Rounding:
        return Rounding() if types is None else Rounding.from_type(types[layer, name])

    if (layer, "a") in source.weights:
        return DenseMemory(coefficient("a"), coefficient("b"), rounding("mem"))
    if any((layer, name) not in source.weights for name in FACTORS):
        raise ValueError(f"layer {layer!r}: nothing is known of the range of its memory update")
    lam, gam, kap, bet = (coefficient(name) for name in FACTORS)
    return TridiagonalMemory(lam, gam, kap, bet, rounding("mem"), rounding("sweep"))


def make_plan(source: Draft, observed: Mapping[Key, Observed], headroom: float) -> Plan:
    """Integer bits and limits of every tensor; mem and sweep get theirs from :func:`prove`.

    Raises LmuHlsError for weights that are too small for any type here, naming them.
    """
    elements = {key: int(np.size(values)) for key, values in source.weights.items()}
    integers: dict[Key, int] = {}
    floor, cap = {}, {}
    for key in source.keys:
        if key in source.weights:
            floor[key], cap[key] = _weight_floor(key, source.weights[key]), MAX_WEIGHT_FRACTION
            continue
        known = observed[(key[0], "mem") if key[1] == "sweep" else key]  # the sweep is not traced; it is as long as mem
        elements[key] = known.elements
        integers[key] = integer_bits(known.peak * headroom) if known.peak else 1
        floor[key], cap[key] = MIN_WIDTH - integers[key], MAX_VALUE_WIDTH - integers[key]
    return Plan(source, elements, integers, floor, cap)


def with_tables(plan: Plan, tables: dict[Key, TablePlan]) -> Plan:
    """The plan with the sizes of tables among what the search may change."""
    floor = {**plan.floor, **{key: min(table.db) for key, table in tables.items()}}
    cap = {**plan.cap, **{key: max(table.db) for key, table in tables.items()}}
    elements = {**plan.elements, **{key: 1 << floor[key] for key in tables}}
    return replace(plan, elements=elements, floor=floor, cap=cap, tables=tables)


def _weight_floor(key: Key, values: Floats) -> int:
    """The fewest fraction bits with which the largest weight does not become zero."""
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0:
        return 0
    fraction = ceil(-log2(largest)) - 1
    while not np.any(np.rint(np.ldexp(values, fraction))):
        fraction += 1
    if fraction > MAX_WEIGHT_FRACTION:
        raise LmuHlsError(
            f"layer {key[0]!r}: all of {key[1]!r} rounds to zero with {MAX_WEIGHT_FRACTION} fraction bits "
            f"(largest magnitude {largest:.3g}); scale the weights, or remove the connection"
        )
    return fraction


def prove(plan: Plan, types: Types) -> Plan:
    """The plan with the integer bits of mem and sweep that make overflow impossible, u's type and coefficients given.

    Raises ValueError when a memory is unstable.
    """
    integers = dict(plan.integers)
    for layer in memory_layers(plan.source):
        u = types[layer, "u"]
        bound = memory_range(memory_of(plan.source, layer, types), u.max_abs * u.lsb)
        integers[layer, "mem"] = bound.mem.integer_bits
        if bound.sweep_integer_bits is not None:
            integers[layer, "sweep"] = bound.sweep_integer_bits
    floor = {**plan.floor, **{key: MIN_WIDTH - integers[key] for key in integers}}
    cap = {**plan.cap, **{key: MAX_VALUE_WIDTH - integers[key] for key in integers}}
    return replace(plan, integers=integers, floor=floor, cap=cap)


def first_fractions(plan: Plan, observed: Mapping[Key, Observed], trace: Trace, db: float) -> dict[Key, int]:
    """Fraction bits with which each tensor alone leaves about ``db`` dB, within the plan's limits."""
    source = plan.source
    fractions = {}
    for key in source.keys:
        values = source.weights.get(key)
        power = float(np.mean(values**2)) if values is not None else observed.get(key, Observed(0, 0, 1.0)).power
        fractions[key] = _fraction_for(1.0 / 12, power, db)
    for layer in memory_layers(source):
        spectrum = Spectrum.from_autocorrelation(autocorrelation(to_float(trace[layer].tensors["u"], REFERENCE)))
        fractions.update(_memory_fractions(source, layer, spectrum, observed[layer, "mem"], db))
    fractions.update({key: table.first(db) for key, table in plan.tables.items()})
    return {key: min(max(f, plan.floor[key]), plan.cap[key]) for key, f in fractions.items()}


def _fraction_for(noise: float, power: float, db: float) -> int:
    """The smallest F with noise 4**-F <= power 10**(-db/10)."""
    return ceil(0.5 * log2(noise / power * 10 ** (db / 10))) if power > 0 else 0


def _memory_fractions(source: Draft, layer: str, spectrum: Spectrum, mem: Observed, db: float) -> dict[Key, int]:
    """mem (and sweep) by the noise covariance; coefficients by the error of the impulse response, and stable."""
    exact = memory_of(source, layer)
    unit = FixedType(2, 2)  # LSB 1
    keys = {name for la, name in source.keys if la == layer}
    names = ("a", "b") if "a" in keys else FACTORS
    one = {(layer, name): unit for name in STATE} | {(layer, name): FixedType(62, 8) for name in names}
    noise = rounding_noise(memory_of(source, layer, one))
    found = {(layer, "mem"): _fraction_for(float(np.mean(np.diagonal(noise))), mem.power, db)}
    if "sweep" in keys:
        found[layer, "sweep"] = found[layer, "mem"] + GUARD
    for fraction in range(MAX_WEIGHT_FRACTION + 1):
        types = {(layer, name): coefficient_type(source.weights[layer, name], fraction) for name in names}
        memory = memory_of(source, layer, types | {(layer, name): unit for name in STATE})
        if stability(memory).stable:
            error = predict_snr(memory, spectrum, exact)
            if error.coefficients.sum() <= error.signal.sum() * 10 ** (-db / 10):
                break
    return found | dict.fromkeys(types, fraction)


def autocorrelation(u: Floats) -> Floats:
    """Mean of u_t u_{t+l} over samples and channels (samples, steps, memory_d), l = 0 .. steps-1, biased as usual."""
    steps = u.shape[1]
    transform = np.fft.rfft(u, 2 * steps, axis=1)
    return np.asarray(np.fft.irfft((np.abs(transform) ** 2).mean(axis=(0, 2)), 2 * steps)[:steps] / steps)
