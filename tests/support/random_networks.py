"""Seeded whole networks in integers, over all that the contract knows, for tests that simulate them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np

from lmu_hls import golden, legendre
from lmu_hls.fixed import OVERFLOWS, ROUNDINGS, FixedType, Ints, integer_bits, quantize
from lmu_hls.spec import (
    LMU,
    Activation,
    Dense,
    DenseCell,
    DenseUpdate,
    Elementwise,
    GRUCell,
    HiddenCell,
    Layer,
    LSTMCell,
    Network,
    Softmax,
    TridiagonalUpdate,
    Weight,
    chain,
    make_activation,
    make_exp,
    with_argmax,
)
from lmu_hls.spec.layers.scale import Scale

HIDDEN = ("none", "dense", "rnn", "lstm", "gru", "gru before")
HEADS = ("none", "dense", "relu", "softmax", "argmax")
PROBES = 12  # samples that must not all give the same output
SUM_BITS = 60  # of exact sums, with weights as large as their types allow
GATES = {"dense": 1, "rnn": 1, "lstm": 4, "gru": 3, "gru before": 3}


def random_spec_network(seed: int, max_states: int = 96) -> Network:
    """The same network for the same seed, with signed types only and one or two LMU layers.

    Hidden cell, head and number of layers go round with the seed: any 30 seeds in a row have every hidden cell with
    every head. The rest is random: order 1..64, memory_d 1..8 (``max_states`` / order at most), widths 4..24, both
    updates, all connections, roundings and overflow modes, 1 to 6 steps. Outputs depend on the input. Reuse factors
    are 1.
    """
    for attempt in count():  # until the sums are not too wide and the outputs vary
        rng = np.random.default_rng([seed, attempt])
        try:
            network = _draw(rng, seed, max_states)
            trace = golden.run(network, random_spec_input(network, PROBES))
        except ValueError:
            continue
        outputs = np.unique(trace.output.reshape(PROBES, -1), axis=0)
        mems = [np.unique(trace[lmu.name].tensors["mem"].reshape(PROBES, -1), axis=0) for lmu in network.lmus]
        if len(outputs) > 1 and min(map(len, mems)) > PROBES // 2:
            return network
    raise AssertionError


def random_spec_input(network: Network, samples: int, seed: int = 0) -> Ints:
    """Integers (samples, steps, n_in) of the input type, loud and quiet; the first sample is over the whole range."""
    rng = np.random.default_rng(seed)
    x = rng.integers(network.x.min_int, network.x.max_int + 1, (samples, network.steps, network.n_in))
    return x >> np.minimum(rng.integers(0, 6, (samples, 1, 1)), np.arange(samples)[:, np.newaxis, np.newaxis])


def _draw(rng: np.random.Generator, seed: int, max_states: int) -> Network:
    steps, n_in, x = int(rng.integers(1, 7)), int(rng.integers(1, 6)), _type(rng)
    layers: list[Layer] = []
    deep = seed % 5 in (3, 4)
    source, width = x, n_in
    if deep:
        layers.append(_lmu(rng, "first", str(rng.choice(HIDDEN)), steps, source, width, True, max_states // 2))
        source, width = layers[-1].h, layers[-1].units
        if rng.random() < 0.3:
            layers += _dense(rng, "middle", source, width, int(rng.integers(1, 6)), relu=rng.random() < 0.5)
            source, width = layers[-1].out, layers[-1 if isinstance(layers[-1], Dense) else -2].units
    last = _lmu(rng, "memory", HIDDEN[seed % 6], steps, source, width, bool(rng.random() < 0.5), max_states)
    layers.append(last)
    head = HEADS[seed // 6 % 5]
    if head != "none" and (rng.random() < 0.8 or last.units > 12):
        layers += _dense(rng, "head", last.h, last.units, int(rng.integers(1, 11)), relu=head == "relu")
    out = layers[-1].h if isinstance(layers[-1], LMU) else layers[-1].out
    if head == "softmax":
        index, exp = FixedType(_int(rng, 3, 9), _int(rng, 1, 5), False), FixedType(_int(rng, 6, 19), 1, False)
        layers.append(
            Softmax("softmax", out, make_exp(index.with_modes("TRN"), exp, out), _type(rng, integer=_int(rng, 1, 3)))
        )
    elif head == "relu" and isinstance(layers[-1], LMU):
        layers.append(Elementwise("relu", out, Activation("relu"), _type(rng)))
    layers = _scaled(np.random.default_rng([seed, *rng.integers(1 << 30, size=1)]), layers)
    network = chain(f"random_{seed}", x, steps, n_in, tuple(layers))
    return with_argmax(network) if head == "argmax" else network


def _scaled(rng: np.random.Generator, layers: list[Layer]) -> list[Layer]:
    """A third of the networks gets a scale behind one of its layers; what follows reads the same type as before."""
    place = int(rng.integers(len(layers)))
    if rng.random() > 0.33 or isinstance(layers[place], Softmax):
        return layers
    before = layers[place]
    n, x = next(layer.units for layer in reversed(layers[: place + 1]) if isinstance(layer, LMU | Dense)), before.out
    layer = Scale("scale", x, _weight(rng, (n,)), _weight(rng, (n,)), replace(x, rounding=_modes(rng)[0]))
    _check_sum([(x, Weight(layer.scale.values[np.newaxis], layer.scale.type))], layer.bias)
    return [*layers[: place + 1], layer, *layers[place + 1 :]]


def _lmu(
    rng: np.random.Generator, name: str, kind: str, steps: int, x: FixedType, n_in: int, sequences: bool, states: int
) -> LMU:
    order = round(2.0 ** rng.uniform(0, 6))
    memory_d = _int(rng, 1, min(8, max(1, states // order)) + 1)
    n_mem, bias = memory_d * order, bool(rng.random() < 0.7)
    units = n_mem if kind == "none" else _int(rng, 1, 9)
    u, mem, h = _type(rng), _type(rng, 6), _type(rng)
    feedback = [_flag(rng) and kind != "none", _flag(rng)]
    sources = [(x, n_in), (h, units), (mem, n_mem)]
    used = [True, *feedback]
    kernels = [_weight(rng, (n, memory_d), gain=n) if use else None for (_, n), use in zip(sources, used, strict=True)]
    update = _update(rng, order, u, mem)
    hidden = None if kind == "none" else _hidden(rng, kind, sources, h, bias)
    assert kernels[0] is not None
    made = LMU(
        name=name,
        steps=steps,
        x=x,
        encoder_x=kernels[0],
        encoder_h=kernels[1],
        encoder_mem=kernels[2],
        encoder_bias=_weight(rng, (memory_d,)) if bias else None,
        u=u,
        update=update,
        mem=mem,
        hidden=hidden,
        h=h,
        return_sequences=sequences,
        reuse_factor=1,
        theta=float(order),
        discretizer="bilinear",
        basis="orthonormal",
    )
    _check_sum([(kind, kernel) for (kind, _), kernel in zip(sources, kernels, strict=True)], made.encoder_bias)
    return made


def _update(rng: np.random.Generator, order: int, u: FixedType, mem: FixedType) -> DenseUpdate | TridiagonalUpdate:
    """The Legendre memory most of the time, so that mem decays; otherwise any coefficients of their types."""
    theta = float(rng.uniform(1.0, 3.0) * order)
    if _flag(rng):
        arrays = dict(zip("ab", legendre.discretize(order, theta, "bilinear", "orthonormal"), strict=True))
    else:
        factors = legendre.tridiagonal_factors(order, theta, "orthonormal")
        arrays = {name: getattr(factors, name) for name in ("lam", "gam", "kap", "bet")}
    weights = {}
    any_values = rng.random() < 0.3
    for name, array in arrays.items():
        width = _int(rng, 4, 20)
        kind = FixedType(width, integer_bits(float(np.abs(array).max(initial=0.0))))
        values = quantize(array, kind)
        if any_values:
            values = rng.integers(kind.min_int, kind.max_int + 1, array.shape) >> _int(rng, 0, 4)
            values *= array != 0  # lam_0 and kap_{order-1} stay zero
        weights[name] = Weight(values, kind)
    if "a" in weights:
        _check_sum([(mem, weights["a"]), (u, Weight(weights["b"].values[np.newaxis], weights["b"].type))])
        return DenseUpdate(**weights)
    sweep = _type(rng, 6)
    for name, source in (("bet", u), ("lam", sweep), ("gam", sweep), ("kap", sweep)):
        _check_sum([(source, weights[name]), (mem, Weight(np.array([2]), FixedType(3, 3)))])
    return TridiagonalUpdate(**weights, sweep=sweep)


def _hidden(
    rng: np.random.Generator, kind: str, sources: list[tuple[FixedType, int]], h: FixedType, bias: bool
) -> HiddenCell:
    """``sources`` are the types and widths of x, h and mem."""
    (x, n_in), (_, units), (mem, n_mem) = sources
    width = GATES[kind] * units
    kernel_mem = _weight(rng, (n_mem, width), gain=n_mem)
    kernel_x = _weight(rng, (n_in, width), gain=n_in) if _flag(rng) else None
    kernel_h = None if kind == "dense" else _weight(rng, (units, width), gain=units)
    biases = _weight(rng, (width,)) if bias else None
    pre = _type(rng, 8)
    _check_sum([(mem, kernel_mem), (x, kernel_x), (h, kernel_h)], biases)
    weights = {"kernel_mem": kernel_mem, "kernel_x": kernel_x, "kernel_h": kernel_h, "bias": biases}
    if kind in ("dense", "rnn"):
        return DenseCell(**weights, pre=pre, activation=_activation(rng, h))
    gate, candidate = _type(rng, integer=_int(rng, 1, 3)), _type(rng)
    gates = {"pre": pre, "gate_activation": _activation(rng, gate, "sigmoid"), "gate": gate}
    gates |= {"activation": _activation(rng, candidate, "tanh"), "candidate": candidate}
    if kind == "lstm":
        squashed = _type(rng)
        squash = _activation(rng, squashed, "tanh")
        return LSTMCell(**weights, **gates, cell=_type(rng, 8), cell_activation=squash, squashed=squashed)
    after = kind == "gru"
    recurrent = _weight(rng, (width,)) if bias and after else None
    return GRUCell(**weights, **gates, recurrent_bias=recurrent, reset_after=after, inner=_type(rng))


def _dense(rng: np.random.Generator, name: str, x: FixedType, n_in: int, units: int, relu: bool) -> list[Layer]:
    kernel = _weight(rng, (n_in, units), gain=n_in)
    layer = Dense(name, x, kernel, _weight(rng, (units,)) if _flag(rng) else None, _type(rng))
    _check_sum([(x, kernel)], layer.bias)
    return [layer, Elementwise(f"{name}_relu", layer.out, Activation("relu"), _type(rng))] if relu else [layer]


def _activation(rng: np.random.Generator, out: FixedType, usual: str | None = None) -> Activation:
    """``usual`` most of the time, or any."""
    function = usual if usual and rng.random() < 0.7 else str(rng.choice(["linear", "relu", "tanh", "sigmoid"]))
    rounding, overflow = ("RND_CONV", "SAT") if rng.random() < 0.7 else _modes(rng)
    return make_activation(function, FixedType(_int(rng, 4, 9), _int(rng, 2, 5), True, rounding, overflow), out)


def _type(rng: np.random.Generator, low: int = 4, integer: int | None = None) -> FixedType:
    """A signed type of ``low`` to 24 bits; half of them saturate, as converted models do."""
    modes = ("RND_CONV", "SAT") if rng.random() < 0.5 else _modes(rng)
    return FixedType(_int(rng, low, 25), _int(rng, 1, 5) if integer is None else integer, True, *modes)


def _weight(rng: np.random.Generator, shape: tuple[int, ...], gain: int = 1) -> Weight:
    """Any values of a type of 4 to 24 bits whose range is about 2 over the square root of ``gain``."""
    width, integer = _int(rng, 4, 25), 2 - round(np.log2(gain) / 2)
    kind = FixedType(width, integer)
    return Weight(rng.integers(kind.min_int, kind.max_int + 1, shape), kind)


def _check_sum(terms: list[tuple[FixedType, Weight | None]], bias: Weight | None = None) -> None:
    """ValueError when an exact sum of products needs more than SUM_BITS for any weights of their types."""
    used = [(x, w) for x, w in terms if w is not None]
    parts = [(x.fraction + w.type.fraction, len(w.values) * x.max_abs * w.type.max_abs) for x, w in used]
    parts += [] if bias is None else [(bias.type.fraction, bias.type.max_abs)]
    fraction = max(f for f, _ in parts)
    if sum(bound << (fraction - f) for f, bound in parts).bit_length() >= SUM_BITS:
        raise ValueError("too wide")


def _modes(rng: np.random.Generator) -> tuple[str, str]:
    return str(rng.choice(ROUNDINGS)), str(rng.choice(OVERFLOWS))


def _flag(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.5)


def _int(rng: np.random.Generator, low: int, high: int) -> int:
    """low <= value < high."""
    return int(rng.integers(low, high))
