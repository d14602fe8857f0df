"""Stability of rounded coefficients, and the refusals that name the remedy."""

import numpy as np
import pytest

from lmu_hls import legendre
from lmu_hls.fixed import FixedType
from lmu_hls.precision import (
    DenseMemory,
    TridiagonalMemory,
    check_quantized,
    coefficient_type,
    quantize_dense,
    quantize_factors,
    smallest_stable_fraction,
    stability,
    vanished,
)
from lmu_hls.precision.stability import FACTORS, with_fraction


def dense(order, theta, discretizer="bilinear", basis="orthonormal"):
    return DenseMemory(*legendre.discretize(order, theta, discretizer, basis))


def test_order_64_with_6_bits_is_unstable_and_the_refusal_names_the_bits():
    exact = dense(64, 200.0, "zoh")
    six = FixedType(6, 1)
    rounded = quantize_dense(exact.a, exact.b, six, six)
    assert not stability(rounded).stable
    fraction = smallest_stable_fraction(exact)
    with pytest.raises(ValueError, match=rf"unstable.*at least {fraction} fraction bits, that is \d+ bits"):
        check_quantized(rounded, exact)
    width = coefficient_type(exact.a, fraction).width
    enough = FixedType(width, width - fraction)
    assert check_quantized(quantize_dense(exact.a, exact.b, enough, enough), exact).stable


@pytest.mark.parametrize("basis", ["orthonormal", "legendre"])
@pytest.mark.parametrize(("order", "theta"), [(6, 16.0), (12, 50.0), (32, 100.0), (64, 200.0)])
def test_smallest_stable_fraction_is_the_smallest(order, theta, basis):
    for coefficients in (dense(order, theta, basis=basis), legendre.tridiagonal_factors(order, theta, basis)):
        fraction = smallest_stable_fraction(coefficients)
        assert stability(with_fraction(coefficients, fraction)).stable
        for fewer in range(fraction):
            assert not stability(with_fraction(coefficients, fewer)).stable


def test_margin_costs_bits_and_can_be_too_much():
    exact = dense(32, 100.0)
    margin = stability(exact).margin
    assert smallest_stable_fraction(exact, 0.9 * margin) > smallest_stable_fraction(exact)
    with pytest.raises(ValueError, match="not stable with a margin"):
        smallest_stable_fraction(exact, 1.5 * margin, max_fraction=12)
    with pytest.raises(ValueError, match="margin=2"):
        smallest_stable_fraction(exact, 2)


def test_stability_of_the_exact_memory():
    found = stability(dense(6, 16.0))
    assert found.radius == pytest.approx(legendre.spectral_radius(dense(6, 16.0).a))
    assert found.margin == pytest.approx(1 - found.radius)
    assert found.radius**found.settling == pytest.approx(1e-3)
    assert not stability(DenseMemory(np.eye(1), np.ones(1))).stable


@pytest.mark.parametrize("basis", ["orthonormal", "legendre"])
@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (6, 16.0), (64, 200.0), (256, 784.0)])
def test_factors_equal_the_dense_bilinear_step(order, theta, basis):
    factors = legendre.tridiagonal_factors(order, theta, basis)
    memory = TridiagonalMemory(*(getattr(factors, name) for name in FACTORS))
    expected = dense(order, theta, basis=basis)
    scale = np.abs(expected.a).max()
    assert np.allclose(memory.a, expected.a, rtol=0, atol=1e-11 * scale)
    assert np.allclose(memory.b, expected.b, rtol=0, atol=1e-11 * np.abs(expected.b).max())


def test_unstable_factors_are_refused():
    factors = legendre.tridiagonal_factors(64, 200.0)
    exact = smallest_stable_fraction(factors)
    with pytest.raises(ValueError, match=f"lam, gam, kap and bet need at least {exact} fraction bits"):
        check_quantized(with_fraction(factors, 0), factors)


@pytest.mark.parametrize("values", [[0.99], [-1.0], [1.0], [0.0], [3.7, -4.0], [-0.26]])
def test_coefficient_type_is_the_narrowest_that_does_not_saturate(values):
    values = np.array(values)
    kind = coefficient_type(values, 5)
    q = np.rint(values * 32)
    assert kind.fraction == 5
    assert kind.min_int <= q.min() and q.max() <= kind.max_int
    if kind.width > 1:
        half = kind.max_int // 2
        assert q.min() < -half - 1 or q.max() > half


def test_vanished_coefficients_are_named():
    factors = legendre.tridiagonal_factors(4, 500.0)
    types = {name: FixedType(8, 1) for name in FACTORS}
    names = vanished({name: getattr(factors, name) for name in FACTORS}, types)
    assert "gam[0]" in names and "bet[0]" in names
    assert not any(name.startswith(("lam", "kap")) for name in names)
    assert quantize_factors(factors, types).bet[0] == 0
    assert vanished({"A_bar": np.array([[1.0, 1e-3]])}, {"A_bar": FixedType(8, 2)}) == ("A_bar[0, 1]",)
