"""Configurations of activation, scale, softmax and argmax, and their outputs by the definitions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

import numpy as np

from lmu_hls.fixed import FixedType, Ints, requantize
from lmu_hls.golden.assign import Activate
from lmu_hls.rtl.packed import typed
from lmu_hls.rtl.products import more_stages
from lmu_hls.rtl.stages.normalize import parameters
from lmu_hls.spec import Activation, Softmax, make_activation, make_exp
from lmu_hls.spec.layers.normalize import Normalize
from tests.support.hdl.cell_grid import assign
from tests.support.hdl.core_grid import Case, Phase, last_beats, signed
from tests.support.hdl.stream_grid import Stream, Unit, beats, rom_text
from tests.support.networks import assign as define_assign

BURST = 9  # beats of an activation for each step of other units


def activation(
    name: str, function: str, sums: tuple[int, int], pre: str, index: str, out: str, interpolated: bool = False
) -> Case:
    """sums: bits and fraction bits of the input."""
    kinds = {"PRE": FixedType.parse(pre), "INDEX": FixedType.parse(index), "OUT": FixedType.parse(out)}
    to_pre, to_out = kinds["PRE"], kinds["OUT"]
    chosen: Activation = make_activation(function, kinds["INDEX"], to_out, interpolated)
    parameters: dict[str, int | str] = {"IN_W": sums[0], "IN_F": sums[1]}
    parameters["FUNCTION"] = {"linear": 0, "relu": 1, "relu6": 0x060003, "hard_tanh": 0x01FF03}.get(function, 2)
    roms = {}
    if chosen.table is not None:
        table = chosen.table
        kinds["INDEX"], parameters["TABLE_FILE"] = table.index, f"{name}.hex"
        roms[f"{name}.hex"] = rom_text(table.words.values.tolist(), table.words.type.width)
    if chosen.summed and chosen.table is not None:
        slope = table.slopes.type.width if table.slopes is not None else 0
        kind = 5 if function in ("elu", "gelu", "silu") else 4
        parameters["FUNCTION"] = table.rest << 24 | slope << 16 | table.values.type.width << 8 | kind
    for prefix, kind in kinds.items():
        parameters |= typed(prefix, kind)

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        values = signed(rng, (BURST * sum(lengths),), sums[0])
        small = rng.random(values.shape) < 0.5  # most bits of a sum are above the pre-activation's
        values = np.where(small, values >> max(0, sums[0] - sums[1] - to_pre.integer), values)
        before, clipped = assign(values, sums[1], to_pre)
        if chosen.summed:
            clipped = clipped | summed_clips(chosen, before, to_pre, to_out)
        elif chosen.table is None:
            lift = max(0, -to_pre.fraction)
            low, high = {"relu": (0, None), "relu6": (0, 6), "hard_tanh": (-1, 1)}.get(function, (None, None))
            limits = [None if end is None else end << to_pre.fraction + lift for end in (low, high)]
            limited = np.clip(before << lift, *limits) if limits[0] is not None else before << lift
            clipped = clipped | assign(limited, to_pre.fraction + lift, to_out)[1]
        last = rng.integers(0, 2, values.shape)
        after = beats(Activate(chosen, to_pre, to_out)(before), to_out.width, last, clipped)
        return {"inputs": {"s_axis": beats(values, sums[0], last)}, "outputs": {"m_axis": after}}

    ports = ((Stream("s_axis", sums[0]),), (Stream("m_axis", to_out.width, user=1),))
    one = {"inputs": {"s_axis": 1}, "outputs": {"m_axis": 1}}
    return Case(Unit("lmu_activation", parameters, *ports), phase, one, 4 if chosen.summed else 2, 1, roms)


def summed_clips(function: Activation, values: Ints, source: FixedType, to: FixedType) -> Ints:
    """Where the sum of an entry, the part of a slope and max(x, 0) does not fit, from the definition."""
    wide = FixedType(60, 60 - to.fraction, True, to.rounding, "WRAP")
    found = Activate(function, source, wide)(values)
    return ((found < to.min_int) | (found > to.max_int)).astype(int)


def scale(name: str, n: int, widths: tuple[int, int, int], shift: int, fraction: int, out: str) -> Case:
    """widths: bits of x, of a factor and of an offset; fraction: fraction bits of the sum."""
    kind, (x_w, coef_w, bias_w) = FixedType.parse(out), widths
    contents = np.random.default_rng([n, *widths])
    coef, bias = signed(contents, (n,), coef_w), signed(contents, (n,), bias_w)
    acc_w = 1 + max(x_w + coef_w, bias_w + shift)
    parameters: dict[str, int | str] = {"N": n, "IN_W": x_w, "COEF_W": coef_w, "ACC_W": acc_w, "ACC_F": fraction}
    parameters |= {"BIAS_W": bias_w, "BIAS_SHIFT": shift, "ROM_FILE": f"{name}.hex"}
    parameters |= typed("OUT", kind)
    words = [int(c) << coef_w | int(a) & ((1 << coef_w) - 1) for a, c in zip(coef, bias, strict=True)]

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        x = signed(rng, (sum(lengths), n), x_w)
        values, clipped = assign(coef * x + (bias << shift), fraction, kind)
        last = rng.integers(0, 2, x.shape)
        given = beats(values, kind.width, last, clipped)
        return {"inputs": {"s_axis": beats(x, x_w, last)}, "outputs": {"m_axis": given}}

    ports = ((Stream("s_axis", x_w),), (Stream("m_axis", kind.width, user=1),))
    steps = {"inputs": {"s_axis": n}, "outputs": {"m_axis": n}}
    roms = {f"{name}.hex": rom_text([*words, 0] if n == 1 else words, coef_w + bias_w)}
    return Case(Unit("lmu_scale", parameters, *ports), phase, steps, 6 + more_stages(x_w, coef_w), n, roms)


def softmax_layer(x: str, index: str, exp: str, out: str) -> Softmax:
    table = make_exp(FixedType.parse(index), FixedType.parse(exp), FixedType.parse(x))
    return Softmax("softmax", FixedType.parse(x), table, FixedType.parse(out))


def define_softmax(layer: Softmax, x: Ints) -> tuple[Ints, Ints]:
    """The definition in fractions for x (steps, n), with all modes of :class:`FixedType`, and where it was clipped."""
    up = 2 ** max(0, layer.x.fraction - layer.index.fraction) - 1  # what an LSB of the index has over one of x
    distance = x.max(axis=1, keepdims=True) - x + up
    powers = layer.exp.values.values[requantize(distance, layer.x.fraction, layer.index)]
    total = powers.sum(axis=1, keepdims=True)
    doubled, rest = np.divmod(powers << (layer.out.fraction + 1), total)
    return assign(2 * doubled + (rest != 0), layer.out.fraction + 2, layer.out)


def softmax_value(layer: Softmax, x: Ints, k: int) -> Fraction:
    """The k-th value for x (n,) from the real quotient; for the modes that tests.support.networks.assign knows."""
    lsb, index_lsb = (Fraction(2) ** -kind.fraction for kind in (layer.x, layer.index))
    distances = [int(x.max() - v) * lsb + max(Fraction(0), index_lsb - lsb) for v in x]
    places = [int(define_assign(d, layer.index) * Fraction(2) ** layer.index.fraction) for d in distances]
    powers = [int(layer.exp.values.values[place]) for place in places]
    return define_assign(Fraction(powers[k], sum(powers)), layer.out) * Fraction(2) ** layer.out.fraction


def scattered(rng: np.random.Generator, steps: int, n: int, kind: FixedType) -> Ints:
    """Steps near together, far apart, and with several largest values."""
    wide = signed(rng, (steps, n), kind.width)
    near = np.clip(wide >> rng.integers(0, kind.width, (steps, 1)), kind.min_int, kind.max_int)
    return np.where(rng.random((steps, n)) < 0.3, near.max(axis=1, keepdims=True), near)


def steps_case(
    module: str,
    parameters: dict[str, int | str],
    n: int,
    kind: FixedType,
    out: tuple[int, int, int],
    function: Callable[[Ints], tuple[Ints, Ints]],
    cycles: tuple[int, int],
    roms: dict[str, str],
) -> Case:
    """A unit that turns steps of n values into steps of out[0] values of out[1] bits with out[2] flags."""

    def phase(rng: np.random.Generator, lengths: tuple[int, ...]) -> Phase:
        x = scattered(rng, sum(lengths), n, kind)
        last = rng.integers(0, 2, x.shape)  # only a step's last beat counts
        last[:, -1] = last_beats(lengths, n)[:, -1]
        values, flags = function(x)
        given = beats(values, out[1], last_beats(lengths, out[0]), flags)
        return {"inputs": {"s_axis": beats(x, kind.width, last)}, "outputs": {"m_axis": given}}

    ports = ((Stream("s_axis", kind.width),), (Stream("m_axis", out[1], user=out[2]),))
    steps = {"inputs": {"s_axis": n}, "outputs": {"m_axis": out[0]}}
    return Case(Unit(module, parameters, *ports), phase, steps, *cycles, roms)


def softmax(name: str, n: int, x: str, index: str, exp: str, out: str) -> Case:
    layer = softmax_layer(x, index, exp, out)
    kind, to = layer.x, layer.exp.values.type
    parameters: dict[str, int | str] = {"N": n, **typed("X", kind), **typed("INDEX", layer.index)}
    parameters |= typed("EXP", to) | typed("OUT", layer.out) | {"TABLE_FILE": f"{name}.hex"}
    roms = {f"{name}.hex": rom_text(layer.exp.values.values.tolist(), to.width)}
    division = max(layer.out.fraction + 2, 6)
    cycles = (n * division + n + 10, (n - 1) * division + max(division, n + 6))
    out_of = (n, layer.out.width, 1)
    return steps_case("lmu_softmax", parameters, n, kind, out_of, lambda v: define_softmax(layer, v), cycles, roms)


def pool(n: int, size: int, largest: bool, width: int) -> Case:
    """A window of ``size`` steps counts as one step of the bench."""
    kind, out_w = FixedType(width, width), width if largest else width + (size - 1).bit_length()
    parameters: dict[str, int | str] = {"N": n, "SIZE": size, "MAX": int(largest), "WIDTH": width, "OUT_W": out_w}

    def function(x: Ints) -> tuple[Ints, Ints]:
        steps = x.reshape(len(x), size, n)
        values = steps.max(axis=1) if largest else steps.sum(axis=1)
        return values, np.zeros(values.shape, int)

    return steps_case("lmu_pool", parameters, n * size, kind, (n, out_w, 0), function, (1, n * size), {})


def argmax(n: int, width: int, out_w: int) -> Case:
    kind = FixedType(width, width)
    parameters: dict[str, int | str] = {"N": n, "WIDTH": width, "OUT_W": out_w}

    def function(x: Ints) -> tuple[Ints, Ints]:
        return np.array([row.tolist().index(max(row.tolist())) for row in x]), np.zeros(len(x), int)

    return steps_case("lmu_argmax", parameters, n, kind, (1, out_w, 0), function, (1, n), {})


def normalize_layer(n: int, x: str, kind: str, epsilon: int, out: str) -> Normalize:
    """``kind``: deviation, mean (of squares) or norm."""
    flags = {"deviation": (True, True), "mean": (False, True), "norm": (False, False)}[kind]
    return Normalize("normalize", FixedType.parse(x), n, *flags, epsilon, FixedType.parse(out))


def define_normalize(layer: Normalize, x: Ints) -> tuple[Ints, Ints]:
    """The definition in Python's integers for x (steps, n), and where it was clipped."""
    rows = []
    for step in x.tolist():
        d = [layer.size * v - sum(step) for v in step] if layer.centered else step
        root = max(1, isqrt((4**layer.guard * (sum(v * v for v in d) + layer.epsilon)) // layer.divisor))
        lift = 2 ** (layer.guard + layer.out.fraction + 1)
        rows.append([2 * (v * lift // root) + (v * lift % root != 0) for v in d])
    return assign(np.array(rows, np.int64), layer.out.fraction + 2, layer.out)


def normalize(n: int, x: str, kind: str, epsilon: int, out: str) -> Case:
    layer = normalize_layer(n, x, kind, epsilon, out)
    division, roots = max(layer.whole_width + layer.out.fraction + 1, 5), (layer.total_width + 1) // 2 + layer.guard
    behind = 3 * roots + 7 + more_stages(*[1 + layer.difference_max.bit_length()] * 2)
    cycles = (n * (division + 1) + behind + 3, (n - 1) * division + max(division, n + behind))
    out_of = (n, layer.out.width, 1)
    return steps_case(
        "lmu_normalize", parameters(layer), n, layer.x, out_of, lambda v: define_normalize(layer, v), cycles, {}
    )
