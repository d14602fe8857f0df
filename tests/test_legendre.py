"""lmu_hls.legendre against SciPy, against the published equations and against the figures of the design."""

import dataclasses

import numpy as np
import pytest
from scipy.signal import cont2discrete

from lmu_hls import legendre

PAIRS = [(6, 16), (12, 50), (16, 50), (32, 100), (64, 200), (256, 784)]


def scipy_discrete(order: int, theta: float, method: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = legendre.continuous(order)
    system = (a / theta, b[:, None] / theta, np.eye(order), np.zeros((order, 1)))
    a_bar, b_bar, *_ = cont2discrete(system, dt=1.0, method=method)
    return a_bar, b_bar[:, 0]


def tridiagonal_step(factors: legendre.TridiagonalFactors, mem: np.ndarray, u: np.ndarray) -> np.ndarray:
    """mem_t (..., order) from mem_{t-1} (..., order) and u_t (...): the bilinear step in two sweeps.

    forward  f_i = -(mem_i + bet_i u / 2) - lam_i f_{i-1};  backward  z_i = gam_i f_i + kap_i z_{i+1};
    mem'_i = mem_i + bet_i u + 2 z_i. Equal to the dense bilinear step up to float64 rounding.
    """
    state = np.asarray(mem, dtype=np.float64)
    drive = np.asarray(u, dtype=np.float64)[..., None] * factors.bet
    state, drive = np.broadcast_arrays(state, drive)
    sweep = -(state + 0.5 * drive)
    for i in range(1, factors.order):
        sweep[..., i] -= factors.lam[i] * sweep[..., i - 1]
    sweep *= factors.gam
    for i in range(factors.order - 2, -1, -1):
        sweep[..., i] += factors.kap[i] * sweep[..., i + 1]
    return np.asarray(state + drive + 2.0 * sweep)


def test_continuous_is_the_published_matrix() -> None:
    a, b = legendre.continuous(3)
    assert a.tolist() == [[-1, -1, -1], [3, -3, -3], [-5, 5, -5]]
    assert b.tolist() == [1, -3, 5]


@pytest.mark.parametrize("order", [1, 2, 7, 64, 1024])
def test_continuous_elementwise(order: int) -> None:
    a, b = legendre.continuous(order)
    i, j = np.indices((order, order))
    assert np.array_equal(a, (2 * i + 1) * np.where(i < j, -1, (-1.0) ** (i - j + 1)))
    s = legendre.basis_scale(order)
    a_on, b_on = legendre.continuous(order, "orthonormal")
    np.testing.assert_allclose(a_on, a * s / s[:, None], rtol=1e-14)
    np.testing.assert_allclose(b_on, b / s, rtol=1e-14)


@pytest.mark.parametrize("order", [1, 2, 3, 10, 100])
def test_inverse_is_tridiagonal(order: int) -> None:
    diagonal, sub = legendre.inverse_bands(order)
    a, _ = legendre.continuous(order, "orthonormal")
    inverse = np.diag(diagonal) + np.diag(sub, -1) - np.diag(sub, 1)
    np.testing.assert_allclose(-inverse @ a, np.eye(order), atol=1e-12)


@pytest.mark.parametrize("order, theta", [(1, 1), (1, 0.3), (2, 4), (5, 0.5), *PAIRS])
@pytest.mark.parametrize("method", ["zoh", "bilinear"])
def test_discretize_equals_scipy(order: int, theta: float, method: str) -> None:
    a_bar, b_bar = legendre.discretize(order, theta, method)
    a_ref, b_ref = scipy_discrete(order, theta, method)
    # Compared in the orthonormal basis: there the entries are at most about 1, so the bound is absolute.
    a_bar, b_bar = legendre.to_basis(a_bar, b_bar, "legendre", "orthonormal")
    a_ref, b_ref = legendre.to_basis(a_ref, b_ref, "legendre", "orthonormal")
    np.testing.assert_allclose(a_bar, a_ref, atol=2e-12, rtol=0)
    np.testing.assert_allclose(b_bar, b_ref, atol=2e-12, rtol=0)


def test_euler_is_the_forward_difference() -> None:
    a, b = legendre.continuous(6)
    a_bar, b_bar = legendre.discretize(6, 20, "euler")
    np.testing.assert_allclose(a_bar, np.eye(6) + a / 20, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(b_bar, b / 20, rtol=1e-14)


@pytest.mark.parametrize("method", ["zoh", "bilinear"])
def test_order_1024_is_finite_and_contractive(method: str) -> None:
    a_bar, b_bar = legendre.discretize(1024, 3000, method, "orthonormal")
    assert np.all(np.isfinite(b_bar))
    assert np.linalg.norm(a_bar, 2) <= 1 + 1e-12
    steady = np.linalg.solve(np.eye(1024) - a_bar, b_bar)  # constant input 1 is the polynomial of degree 0
    np.testing.assert_allclose(steady, np.eye(1024)[0], atol=1e-9)


@pytest.mark.parametrize(
    "order, limit", [(1, 0.5), (6, 10.6), (8, 17.7), (16, 59.7), (32, 197), (64, 639), (256, 6542)]
)
def test_euler_limit_and_radius_on_both_sides(order: int, limit: float) -> None:
    found = legendre.euler_theta_limit(order)
    assert found == pytest.approx(limit, rel=5e-3)
    assert legendre.spectral_radius(legendre.discretize(order, found * 1.01, "euler", "orthonormal")[0]) < 1
    a, _ = legendre.continuous(order, "orthonormal")
    below = np.eye(order) + a / (found * 0.99)
    assert legendre.spectral_radius(below) > 1
    with pytest.raises(ValueError, match="unstable: its spectral radius"):
        legendre.check_stable(below)


def test_euler_below_the_limit_states_the_limit() -> None:
    with pytest.raises(ValueError, match=r"theta=40 .*'euler'.*order=16.*59\.7"):
        legendre.discretize(16, 40, "euler")


@pytest.mark.parametrize("order, theta", [(1, 1), (1, 50), (2, 0.5), (3, 4), (16, 4), *PAIRS, (1024, 784)])
@pytest.mark.parametrize("basis", legendre.BASES)
def test_tridiagonal_step_is_the_bilinear_step(order: int, theta: float, basis: legendre.Basis) -> None:
    factors = legendre.tridiagonal_factors(order, theta, basis)
    for values in (factors.lam, factors.gam, factors.kap):
        assert np.all((values >= 0) & (values < 1))
    assert factors.lam[0] == 0 and factors.kap[-1] == 0
    rng = np.random.default_rng(order)
    scale = legendre.basis_scale(order) if basis == "legendre" else 1.0
    mem = rng.uniform(-1, 1, (2, 3, order)) * scale
    u = rng.uniform(-1, 1, (2, 3))
    a, b = legendre.continuous(order, basis)
    left, a2 = np.eye(order) - a / (2 * theta), np.eye(order) + a / (2 * theta)
    want = np.linalg.solve(left, a2 @ mem.reshape(6, order).T + np.outer(b / theta, u.reshape(6))).T
    got = tridiagonal_step(factors, mem, u)
    bound = 5e-14 if order <= 256 and theta >= 4 else 1e-11
    np.testing.assert_allclose(got / scale, want.reshape(2, 3, order) / scale, atol=bound, rtol=0)


def test_tridiagonal_detects_a_changed_factor() -> None:
    good = legendre.tridiagonal_factors(12, 50)
    factors = dataclasses.replace(good, kap=good.kap + 1e-6 * np.eye(12)[5])
    a_bar, _ = legendre.discretize(12, 50, "bilinear", "orthonormal")
    moved = tridiagonal_step(factors, np.eye(12), np.zeros(12)).T
    assert np.max(np.abs(moved - a_bar)) > 1e-8


@pytest.mark.parametrize("theta", [20.0, 50.0])
def test_both_bases_are_the_same_system(theta: float) -> None:
    for method in legendre.DISCRETIZERS:
        raw = legendre.discretize(6, theta, method, "legendre")
        on = legendre.discretize(6, theta, method, "orthonormal")
        back = legendre.to_basis(*on, "orthonormal", "legendre")
        np.testing.assert_allclose(back[0], raw[0], rtol=1e-12)
        np.testing.assert_allclose(back[1], raw[1], rtol=1e-12)
        assert legendre.to_basis(*on, "orthonormal", "orthonormal")[0] is on[0]


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: legendre.discretize(0, 5), "order=0"),
        (lambda: legendre.discretize(1025, 5), "order=1025"),
        (lambda: legendre.discretize(2.5, 5), "order=2.5"),  # type: ignore[arg-type]
        (lambda: legendre.discretize(True, 5), "order=True"),
        (lambda: legendre.discretize(4, 0), "theta=0"),
        (lambda: legendre.discretize(4, float("nan")), "theta=nan"),
        (lambda: legendre.discretize(4, "9"), "theta='9'"),  # type: ignore[arg-type]
        (lambda: legendre.discretize(4, 5, "tustin"), "discretizer='tustin'.*zoh, bilinear, euler"),
        (lambda: legendre.discretize(4, 5, basis="raw"), "basis='raw'.*legendre, orthonormal"),
        (lambda: legendre.spectral_radius(np.ones((2, 3))), r"\(2, 3\)"),
        (lambda: legendre.spectral_radius([[np.nan]]), "NaN"),
    ],
)
def test_bad_arguments_are_named(call, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
