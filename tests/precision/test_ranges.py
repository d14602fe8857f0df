"""Worst-case ranges: attained by the bang-bang input, never exceeded, and enough bits or not in golden."""

from dataclasses import replace

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import FixedType, to_float
from lmu_hls.precision import DenseMemory, Rounding, TridiagonalMemory, limit_cycle_bound, memory_range, worst_input
from lmu_hls.precision.worst_rounding import by_energy, rounding_bounds
from tests.support.memories import U, channel

U_MAX = U.max_abs * U.lsb
FORMS = ["dense", "tridiagonal"]


def with_types(unit, integer, sweep_integer=None):
    """The same channel with other integer bits, its fraction bits unchanged."""
    lmu = unit.lmu
    mem = replace(lmu.mem, width=lmu.mem.fraction + integer, integer=integer)
    update = lmu.update
    if sweep_integer is not None:
        fraction = update.sweep.fraction
        update = replace(update, sweep=FixedType(fraction + sweep_integer, sweep_integer))
    return replace(unit, lmu=replace(lmu, mem=mem, h=mem, update=update))


def adversary(unit, steps):
    """Bang-bang inputs (2 order, steps) as integers of U, one to each end of each state."""
    signs = np.array([worst_input(unit.quantized, state, steps) for state in range(unit.lmu.order)])
    signs = np.concatenate([signs, -signs])
    return np.where(signs > 0, U.max_int, U.min_int)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("basis", ["orthonormal", "legendre"])
@pytest.mark.parametrize(("order", "theta", "fraction"), [(1, 4.0, 8), (6, 16.0, 10), (12, 50.0, 12), (32, 100.0, 13)])
def test_bound_is_attained_and_not_exceeded(order, theta, fraction, basis, form):
    unit = channel(order, theta, fraction, form=form, basis=basis, integer=8, sweep_integer=9)
    bound = memory_range(unit.quantized, U_MAX)
    trace = unit.run(adversary(unit, bound.steps))
    reached = np.abs(to_float(trace.tensors["mem"], unit.lmu.mem)).max(axis=(0, 1))
    assert not any(trace.overflows.values())
    assert np.all(reached <= bound.mem.total)
    assert np.all(reached >= bound.mem.signal * (1 - 2e-3) - bound.mem.rounding - 2 * U.lsb)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("basis", ["orthonormal", "legendre"])
@pytest.mark.parametrize(("order", "theta", "fraction"), [(6, 16.0, 11), (12, 50.0, 13), (64, 200.0, 16)])
def test_proven_bits_never_overflow_and_one_bit_fewer_does(order, theta, fraction, basis, form):
    unit = channel(order, theta, fraction, form=form, basis=basis)
    bound = memory_range(unit.quantized, U_MAX)
    inputs = adversary(unit, bound.steps)
    proven = with_types(unit, bound.mem.integer_bits, bound.sweep_integer_bits)
    assert not any(proven.run(inputs, every_step=False).overflows.values())
    narrow = with_types(unit, bound.mem.integer_bits - 1, bound.sweep_integer_bits)
    assert narrow.run(inputs, every_step=False).overflows["mem"] > 0


def test_one_sweep_bit_fewer_overflows():
    unit = channel(12, 50.0, 13, form="tridiagonal")
    bound = memory_range(unit.quantized, U_MAX)
    signs = np.concatenate([_worst_sweep(unit.quantized, i, bound.steps) for i in range(12)])
    inputs = np.where(signs > 0, U.max_int, U.min_int)
    for integer, overflows in ((bound.sweep_integer_bits, False), (bound.sweep_integer_bits - 1, True)):
        trace = with_types(unit, bound.mem.integer_bits, integer).run(inputs, every_step=False)
        assert bool(trace.overflows["sweep"]) is overflows


def _worst_sweep(memory, state, steps):
    reader = memory.readers[0]
    response = [reader.d[state]]
    row = reader.c[state]
    for _ in range(steps - 1):
        response.append(row @ memory.b)
        row = row @ memory.a
    signs = np.where(np.array(response[::-1]) < 0, -1, 1)
    return np.stack([signs, -signs])


def test_sweep_bounds_hold_step_by_step():
    """f and z of the float sweeps, at the worst inputs of mem, stay within their bounds."""
    memory = channel(8, 20.0, 12, form="tridiagonal").exact
    bound = memory_range(memory, 1.0)
    for state in range(8):
        mem = np.zeros(8)
        for u in worst_input(memory, state, bound.steps):
            for reader, limit in zip(memory.readers, (bound.f, bound.z), strict=True):
                assert np.all(np.abs(reader.c @ mem + reader.d * u) <= limit.total)
            mem = memory.a @ mem + memory.b * u
    assert bound.f.peak < 1.25
    assert bound.z.peak < 0.44


@pytest.mark.parametrize("form", FORMS)
def test_rounding_bound_covers_random_rounding_and_energy_covers_the_sum(form):
    memory = channel(10, 30.0, 8, form=form).quantized
    bound = rounding_bounds(memory)
    loose = by_energy(memory)
    assert all(np.all(loose[name] >= bound[name]) for name in bound)
    rng = np.random.default_rng(0)
    mem = np.zeros((200, 10))
    for _ in range(300):
        mem = mem @ memory.a.T
        for source in memory.sources:
            mem += rng.choice([-1, 1], mem.shape) * source.rounding.worst @ source.gain.T
    assert np.all(np.abs(mem) <= bound["mem"])


@pytest.mark.parametrize("form", FORMS)
def test_rounding_bound_equals_its_definition(form):
    memory = channel(5, 12.0, 8, form=form).quantized
    power, total = np.eye(5), {name: 0.0 for name in rounding_bounds(memory)}
    maps = {"mem": np.eye(5), **{r.name: r.c for r in memory.readers}}
    for reader in memory.readers:
        for source in memory.sources:
            if source.name in reader.direct:
                total[reader.name] += source.rounding.worst * np.abs(reader.direct[source.name]).sum(axis=1)
    for _ in range(400):
        for name, c in maps.items():
            for source in memory.sources:
                total[name] = total[name] + source.rounding.worst * np.abs(c @ power @ source.gain).sum(axis=1)
        power = memory.a @ power
    for name, bound in rounding_bounds(memory).items():
        assert np.all(bound >= total[name] * (1 - 1e-9))
        assert np.all(bound <= total[name] * 1.01)


@pytest.mark.parametrize("form", FORMS)
def test_limit_cycles_stay_within_their_bound(form):
    unit = channel(12, 30.0, 6, form=form, coefficient_fraction=12)
    rng = np.random.default_rng(5)
    start = rng.integers(-(1 << 6), 1 << 6, (500, 1, 12))
    state = golden.State(start, {"h": np.zeros((500, 12), np.int64)})
    mem = golden.run_lmu(unit.lmu, np.zeros((500, 400, 1), np.int64), state).tensors["mem"]
    late = np.abs(to_float(mem[:, 300:], unit.lmu.mem)).max(axis=(0, 1))
    assert np.any(late > 0), "no limit cycle to bound"
    assert np.all(late <= limit_cycle_bound(unit.quantized))


@pytest.mark.parametrize("order", [300, pytest.param(1024, marks=pytest.mark.slow)])
def test_high_orders_are_bounded(order):
    unit = channel(order, 4.0 * order, 22)
    bound = memory_range(unit.quantized, 1.0)
    assert 1.0 < bound.mem.signal.max() < 1.1
    assert np.isfinite(bound.mem.peak)


def test_no_rounding_no_addition():
    bound = memory_range(channel(6, 16.0, 12).exact, 1.0)
    assert not np.any(bound.mem.rounding)
    assert bound.mem.signal.max() == pytest.approx(1.028, abs=1e-3)
    assert memory_range(channel(6, 16.0, 12).exact, 0.0).mem.peak == 0


def test_bad_input_is_refused():
    memory = DenseMemory(np.array([[0.5]]), np.array([1.0]))
    for u_max in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="u_max"):
            memory_range(memory, u_max)
    with pytest.raises(ValueError, match="unstable"):
        memory_range(DenseMemory(np.array([[1.0]]), np.array([1.0])), 1.0)
    with pytest.raises(ValueError, match="unstable"):
        rounding_bounds(DenseMemory(np.array([[-1.5]]), np.array([1.0]), Rounding.from_type(U)))
    with pytest.raises(ValueError, match=r"a of shape \(2, 2\)"):
        DenseMemory(np.eye(2), np.array([1.0]))
    with pytest.raises(ValueError, match="a holds NaN"):
        DenseMemory(np.array([[np.nan]]), np.array([1.0]))
    with pytest.raises(ValueError, match=r"gam of shape \(2,\)"):
        TridiagonalMemory(np.zeros(1), np.zeros(2), np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match="state=1"):
        worst_input(memory, 1, 5)
