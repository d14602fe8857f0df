"""Tables of precision: state width for 40 dB, adversarial inputs, stable coefficients, speed of golden.

    python benchmarks/precision.py [--quick]

Figures are exact and seeds fixed. The SNR is that of golden's integers against the float memory, over all states in
the orthonormal basis, where it is the SNR of the window that the memory holds; the input is Gaussian noise up to
0.05 cycles a step, rms 0.3, in fixed<16,1>. Coefficients and state have F fraction bits, the sweep F+3; integer bits
are the proven ones for |u| <= 1.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from lmu_hls import golden, legendre
from lmu_hls.configurations import PSMNIST
from lmu_hls.fixed import FixedType
from lmu_hls.precision import (
    DenseMemory,
    Spectrum,
    coefficient_type,
    memory_range,
    predict_snr,
    quantize_dense,
    smallest_stable_fraction,
    stability,
    worst_input,
)
from lmu_hls.spec import DenseCell, DenseUpdate, Network, Weight, chain, make_activation
from lmu_hls.tuning.channel import FORMS, Channel, low_pass_noise, make_channel

SIZES = ((6, 16.0), (12, 50.0), (32, 100.0), (64, 200.0), (PSMNIST.order, PSMNIST.theta))
U = FixedType(16, 1)
TARGET_DB, CUTOFF, RMS, SEED, GUARD = 40.0, 0.05, 0.3, 1, 3


def channel_at(order: int, theta: float, basis: str, form: str, fraction: int, fewer: int = 0) -> Channel:
    """A channel with F = ``fraction`` and the proven integer bits, less ``fewer`` in mem."""
    loose = _channel(order, theta, basis, form, fraction, 6, 7)
    proven = memory_range(loose.quantized, U.max_abs * U.lsb)
    return _channel(order, theta, basis, form, fraction, proven.mem.integer_bits - fewer, proven.sweep_integer_bits)


def _channel(
    order: int, theta: float, basis: str, form: str, fraction: int, integer: int, sweep_integer: int | None
) -> Channel:
    mem = FixedType(fraction + integer, integer)
    sweep = None
    if form == "tridiagonal" and sweep_integer is not None:
        sweep = FixedType(fraction + GUARD + sweep_integer, sweep_integer)
    return make_channel(order, theta, u=U, mem=mem, sweep=sweep, coefficients=fraction, basis=basis)


def window_weights(order: int, basis: str) -> np.ndarray:
    """From mem to the orthonormal basis."""
    return np.diag(1 / legendre.basis_scale(order) if basis == "legendre" else np.ones(order))


def measured_db(channel: Channel, quick: bool) -> float:
    """SNR of golden's mem over one theta (two when not quick), after a warm-up of two."""
    theta, order = int(channel.lmu.theta), channel.lmu.order
    batch = max(16, 256 // order)
    u = low_pass_noise(np.random.default_rng(SEED), batch, theta * (3 if quick else 4), CUTOFF, RMS, U)
    weights = window_weights(order, channel.lmu.basis)
    exact = channel.exact_mem(u)[:, 2 * theta :] @ weights
    error = channel.mem(u)[:, 2 * theta :] @ weights - exact
    return float(10 * np.log10(np.sum(exact**2) / np.sum(error**2)))


def predicted_db(order: int, theta: float, basis: str, form: str, fraction: int) -> float:
    channel = _channel(order, theta, basis, form, fraction, 6, 7)
    if not stability(channel.quantized).stable:
        return -np.inf
    weights = window_weights(order, basis)
    return predict_snr(channel.quantized, Spectrum.low_pass(CUTOFF, RMS**2), channel.exact, weights).db


def width_table(sizes: tuple[tuple[int, float], ...], quick: bool) -> Table:
    """State width for TARGET_DB: predicted first, then measured, one bit up or down until it is the smallest."""
    table = Table(title=f"State width for {TARGET_DB:g} dB, measured in golden")
    for heading in (
        "order",
        "theta",
        "basis",
        "update",
        "F",
        "mem",
        "sweep",
        "A_bar or lam",
        "SNR dB",
        "predicted",
        "F-1: SNR dB",
    ):
        table.add_column(heading, justify="right")
    for order, theta in sizes:
        for basis in ("orthonormal", "legendre"):
            for form in FORMS:
                table.add_row(*_width_row(order, theta, basis, form, quick))
    return table


def _width_row(order: int, theta: float, basis: str, form: str, quick: bool) -> Iterator[str]:
    fraction = next(f for f in range(4, 30) if predicted_db(order, theta, basis, form, f) >= TARGET_DB)
    seen: dict[int, float] = {}

    def measured(f: int) -> float:
        if f not in seen:
            seen[f] = measured_db(channel_at(order, theta, basis, form, f), quick)
        return seen[f]

    while measured(fraction) < TARGET_DB:
        fraction += 1
    while measured(fraction - 1) >= TARGET_DB:
        fraction -= 1
    lmu = channel_at(order, theta, basis, form, fraction).lmu
    dense = isinstance(lmu.update, DenseUpdate)
    coefficients = lmu.update.a.type if isinstance(lmu.update, DenseUpdate) else lmu.update.lam.type
    yield from (str(order), f"{theta:g}", basis, form, str(fraction), _short(lmu.mem))
    yield "-" if dense else _short(lmu.update.sweep)
    yield _short(coefficients)
    yield f"{seen[fraction]:.1f}"
    yield f"{predicted_db(order, theta, basis, form, fraction):.1f}"
    yield f"{seen[fraction - 1]:.1f}"


def _short(kind: FixedType) -> str:
    return f"<{kind.width},{kind.integer}>"


def form_table(quick: bool) -> Table:
    """Dense against tridiagonal at the same number of fraction bits, orthonormal basis."""
    table = Table(title=f"Dense and tridiagonal at equal F, sweep F+{GUARD}: SNR dB")
    for heading in ("order", "theta", "F", "dense", "tridiagonal", "difference"):
        table.add_column(heading, justify="right")
    for order, theta, fraction in ((16, 50.0, 12), (64, 200.0, 12), (PSMNIST.order, PSMNIST.theta, 16))[
        : 2 if quick else 3
    ]:
        dense, two = (measured_db(channel_at(order, theta, "orthonormal", form, fraction), quick) for form in FORMS)
        table.add_row(str(order), f"{theta:g}", str(fraction), f"{dense:.1f}", f"{two:.1f}", f"{two - dense:+.1f}")
    return table


def adversary_table(sizes: tuple[tuple[int, float], ...], steps: int) -> Table:
    """Overflows of mem in ``steps`` bang-bang steps with the proven integer bits, and with one bit fewer."""
    table = Table(title=f"{steps:,} adversarial steps (bang-bang, sign of the reversed impulse response), F = 14")
    for heading in ("order", "theta", "basis", "update", "mem", "bound", "reached", "overflows", "one bit fewer"):
        table.add_column(heading, justify="right")
    for order, theta in sizes:
        for basis in ("orthonormal", "legendre"):
            for form in FORMS:
                proven, narrow = (channel_at(order, theta, basis, form, 14, fewer) for fewer in (0, 1))
                bound = memory_range(proven.quantized, U.max_abs * U.lsb)
                u = adversary(proven, bound.steps, steps)
                reached, overflows = run_long(proven, u)
                _, fewer = run_long(narrow, u)
                counts = (str(overflows), f"{fewer:,}")
                bounds = (f"{bound.mem.peak:.4f}", f"{reached:.4f}")
                table.add_row(str(order), f"{theta:g}", basis, form, _short(proven.lmu.mem), *bounds, *counts)
    return table


def run_long(channel: Channel, u: np.ndarray, piece: int = 1000) -> tuple[float, int]:
    """Largest |mem| and the number of overflows over a long input (batch, steps), in pieces that carry the state."""
    state, peak, overflows = None, 0, 0
    for start in range(0, u.shape[1], piece):
        trace = golden.run_lmu(channel.lmu, u[:, start : start + piece, np.newaxis], state)
        state, peak = trace.state, max(peak, int(np.abs(trace.tensors["mem"]).max()))
        overflows += sum(count for name, count in trace.overflows.items() if name in ("mem", "sweep"))
    return peak * channel.lmu.mem.lsb, overflows


def adversary(channel: Channel, length: int, total: int) -> np.ndarray:
    """(batch, steps) integers of U: the worst inputs of all states, with random signs, one after the other."""
    rng = np.random.default_rng(SEED)
    signs = np.array([worst_input(channel.quantized, state, length) for state in range(channel.lmu.order)])
    pieces = -(-total // length)
    batch = min(pieces, 64)
    chosen = rng.permuted(np.resize(np.arange(len(signs)), batch * -(-pieces // batch))).reshape(batch, -1)
    flips = rng.choice([-1.0, 1.0], chosen.shape)
    return np.where((signs[chosen] * flips[..., np.newaxis]).reshape(batch, -1) > 0, U.max_int, U.min_int)


def stability_table(sizes: tuple[tuple[int, float], ...]) -> Table:
    """The smallest number of fraction bits of the coefficients that is stable, and the radius with 6 bits in all."""
    table = Table(title="Stable coefficients, orthonormal basis (F: smallest number of fraction bits)")
    for heading in ("order", "theta", "zoh F", "bilinear F", "tridiagonal F", "radius, zoh in 6 bits", "exact radius"):
        table.add_column(heading, justify="right")
    for order, theta in sizes:
        dense = [DenseMemory(*legendre.discretize(order, theta, d, "orthonormal")) for d in ("zoh", "bilinear")]
        fractions = [smallest_stable_fraction(memory) for memory in dense]
        fractions.append(smallest_stable_fraction(legendre.tridiagonal_factors(order, theta)))
        integer = coefficient_type(dense[0].a, 16).integer
        six = FixedType(6, min(integer, 1))
        radius = stability(quantize_dense(dense[0].a, dense[0].b, six, six)).radius
        exact = stability(dense[0]).radius
        table.add_row(str(order), f"{theta:g}", *map(str, fractions), f"{radius:.4f}", f"{exact:.4f}")
    return table


def speed_table(quick: bool) -> Table:
    """Samples a second of golden: order 32, one channel, 64 hidden units with h fed back; T = 20 and T = 784."""
    table = Table(title="Speed of golden: order 32, Dense(64, relu), hidden_to_memory")
    for heading in ("T", "update", "batch", "samples/s"):
        table.add_column(heading, justify="right")
    for steps in (20,) if quick else (20, 784):
        for form in FORMS:
            network = _speed_network(steps, form)
            rng = np.random.default_rng(SEED)
            x = rng.integers(network.x.min_int, network.x.max_int + 1, (256, steps, network.n_in))
            begin = time.perf_counter()
            golden.predict(network, x)
            table.add_row(str(steps), form, "256", f"{256 / (time.perf_counter() - begin):,.0f}")
    return table


def _speed_network(steps: int, form: str) -> Network:
    base = channel_at(32, 100.0, "orthonormal", form, 12).lmu
    rng, kind = np.random.default_rng(SEED), FixedType(8, 0)

    def random(*shape: int) -> Weight:
        return Weight(rng.integers(kind.min_int, kind.max_int + 1, shape), kind)

    h = FixedType(12, 3)
    cell = DenseCell(random(32, 64), random(1, 64), random(64), FixedType(16, 6), make_activation("relu", None, h))
    lmu = replace(
        base,
        name="lmu",
        steps=steps,
        encoder_x=random(1, 1),
        encoder_h=random(64, 1),
        hidden=cell,
        h=h,
        return_sequences=False,
    )
    return chain("speed", U, steps, 1, (lmu,))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="orders up to 32 and shorter runs")
    quick = parser.parse_args().quick
    sizes = SIZES[:3] if quick else SIZES
    console = Console(width=132)
    console.print(stability_table(sizes))
    console.print(form_table(quick))
    console.print(speed_table(quick))
    console.print(adversary_table(sizes[:2] if quick else sizes[:4], 20_000 if quick else 1_000_000))
    console.print(width_table(sizes, quick))


if __name__ == "__main__":
    main()
