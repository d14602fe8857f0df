"""The tridiagonal update in integers, against its definition and against the dense bilinear step."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hls import golden
from lmu_hls.fixed import FixedType, quantize, to_float
from lmu_hls.golden import sweeps
from lmu_hls.golden.assign import Step
from lmu_hls.golden.sweeps import Sweeps
from lmu_hls.legendre import discretize, tridiagonal_factors
from lmu_hls.spec import DenseUpdate, Tensor, Term, TridiagonalUpdate, Weight
from lmu_hls.spec.assign import assign as make_assign
from tests.support.networks import assign, random_lmu, random_type, random_weight, real


def random_update(rng, order):
    lam, gam, kap = (random_weight(rng, order) for _ in range(3))
    lam = Weight(np.where(np.arange(order) == 0, 0, lam.values), lam.type)
    kap = Weight(np.where(np.arange(order) == order - 1, 0, kap.values), kap.type)
    return TridiagonalUpdate(lam, gam, kap, random_weight(rng, order), random_type(rng))


def define_step(update, mem, u, mem_type):
    """One channel, one step, in Fractions and straight from the equations."""
    lam, gam, kap, bet = (real(w) for w in (update.lam, update.gam, update.kap, update.bet))
    n = len(mem)
    f, z = [Fraction(0)] * n, [Fraction(0)] * (n + 1)
    for i in range(n):
        f[i] = assign(-(mem[i] + bet[i] * u / 2) - lam[i] * (f[i - 1] if i else 0), update.sweep)
    for i in reversed(range(n)):
        z[i] = assign(gam[i] * f[i] + kap[i] * z[i + 1], update.sweep)
    return [assign(mem[i] + bet[i] * u + 2 * z[i], mem_type) for i in range(n)]


@pytest.mark.parametrize("seed", range(8))
def test_equals_definition(seed):
    rng = np.random.default_rng(seed)
    order = int(rng.integers(1, 6))
    lmu = replace(random_lmu(rng, units=None, order=order), update=random_update(rng, order))
    x = rng.integers(lmu.x.min_int, lmu.x.max_int + 1, (2, lmu.steps, lmu.n_in))
    trace = golden.run_lmu(lmu, x)
    for sample in range(2):
        u = real(Weight(trace.tensors["u"][sample], lmu.u))
        expected = [[Fraction(0)] * order] * lmu.memory_d
        for t in range(lmu.steps):
            expected = [define_step(lmu.update, expected[c], u[t, c], lmu.mem) for c in range(lmu.memory_d)]
            got = real(Weight(trace.tensors["mem"][sample, t], lmu.mem)).reshape(lmu.memory_d, order)
            assert got.tolist() == expected
    assert set(trace.overflows) == {"u", "sweep", "mem", "h"}


@pytest.mark.parametrize(("order", "theta"), [(6, 16.0), (16, 50.0), (32, 100.0)])
def test_follows_the_float_bilinear_step(order, theta):
    """24 fraction bits in the state, 3 more in the sweep: within 2**-16 of float64 over 400 steps."""
    rng = np.random.default_rng(0)
    factors = tridiagonal_factors(order, theta)
    coefficient = FixedType(26, 1)
    lam, gam, kap, bet = (
        Weight(quantize(w, coefficient), coefficient) for w in (factors.lam, factors.gam, factors.kap, factors.bet)
    )
    mem, u_type = FixedType(26, 2), FixedType(16, 1)
    update = TridiagonalUpdate(lam, gam, kap, bet, FixedType(29, 2))
    memory = Sweeps("memory", update.assignments(Tensor("mem", mem, order), Tensor("u", u_type, 1)))
    a_bar, b_bar = discretize(order, theta, "bilinear", "orthonormal")
    u = rng.integers(u_type.min_int, u_type.max_int + 1, (400, 3, 1))
    state, ideal = np.zeros((3, order)), np.zeros((3, order))
    for u_t in u:
        state = memory.numbers({"u": u_t}, {"mem": state})["mem"]
        ideal = ideal @ a_bar.T + to_float(u_t, u_type) * b_bar
    assert np.abs(to_float(state[:, 0].astype(np.int64), mem) - ideal).max() < 2.0**-16


@pytest.mark.parametrize("rounding", ["RND_CONV", "TRN"])
def test_values_that_do_not_fit_are_clipped_where_they_arise(rounding, monkeypatch):
    """What is made without looking at each place equals what is made place by place, whichever of them overflows."""
    rng = np.random.default_rng(0)
    overflows = []
    for gain in (2, 12, 30, 46, 62):  # from steps that all fit to a sweep that grows out of every number format
        lam = Weight(np.r_[0, rng.integers(-8, 9, 5)] * gain // 2, FixedType(12, 8))
        kap = Weight(np.r_[rng.integers(-8, 9, 5), 0] * gain // 2, FixedType(12, 8))
        sweep = FixedType(12, 4, True, rounding, "SAT")
        update = TridiagonalUpdate(lam, random_weight(rng, 6), kap, random_weight(rng, 6), sweep)
        mem, u = Tensor("mem", FixedType(10, 2), 12), Tensor("u", FixedType(8, 1), 2)
        values = {t.name: rng.integers(t.type.min_int, t.type.max_int + 1, (4, t.width)) for t in (mem, u)}
        steps = Sweeps("memory", update.assignments(mem, u)), Sweeps("memory", update.assignments(mem, u))
        now, before = {"u": values["u"]}, {"mem": values["mem"]}
        made = steps[0].numbers(now, before)["mem"]
        with monkeypatch.context() as context:
            context.setattr(sweeps, "_without_overflow", lambda *_: None)
            assert np.array_equal(made, steps[1].numbers(now, before)["mem"])
        assert steps[0].overflows == steps[1].overflows
        overflows.append(steps[0].overflows["sweep"])
    assert overflows[0] == 0 < overflows[1] < overflows[-1], overflows


def test_each_executor_refuses_what_the_other_makes():
    """A product that is ignored, or values that are made in another order, would be other numbers."""
    rng = np.random.default_rng(0)
    mem, u = Tensor("mem", random_type(rng), 6), Tensor("u", random_type(rng), 2)
    with pytest.raises(ValueError, match=r"sweep\.f is made place by place"):
        Step("lmu", random_update(rng, 3).assignments(mem, u))
    dense = DenseUpdate(random_weight(rng, 3, 3), random_weight(rng, 3))
    with pytest.raises(ValueError, match="a product of mem that cannot be made place by place"):
        Sweeps("lmu", dense.assignments(mem, u))


def test_signs_powers_of_two_and_groups_of_matrices():
    """Of any step: -(1/2) w^T x for each group, and 2 y."""
    rng = np.random.default_rng(0)
    kind = FixedType(8, 4)
    x, y, to = Tensor("x", kind, 6), Tensor("y", kind, 4), Tensor("out", FixedType(40, 20), 4)
    weight = random_weight(rng, 3, 2)
    item = make_assign(to, Term(x.now(), weight, negative=True, shift=-1, groups=2), Term(y.now(), shift=1))
    values = {t.name: rng.integers(kind.min_int, kind.max_int + 1, (5, t.width)) for t in (x, y)}
    out = Step("any", [item])(values, {})["out"]
    parts = real(Weight(values["x"], kind)).reshape(5, 2, 3) @ real(weight)
    expected = -parts.reshape(5, 4) / 2 + 2 * real(Weight(values["y"], kind))
    assert np.array_equal(real(Weight(out, to.type)), expected)
    with pytest.raises(ValueError, match="a term of 6 values of x gives 2 sums"):
        make_assign(to, Term(x.now(), weight))
