"""The memory as a delay line: what an order-12 memory remembers, against the theory of the Pade delay."""

import numpy as np
import pytest
from scipy.special import eval_legendre

from lmu_hls import legendre
from lmu_hls.layers import LMU


def decoder(order: int, fraction: float) -> np.ndarray:
    """Weights (order,) that read u(t - fraction * theta) from mem: shifted Legendre polynomials."""
    return np.array([eval_legendre(i, 2 * fraction - 1) for i in range(order)])


def response(order: int, theta: float, discretizer: str, weights: np.ndarray, omega: float) -> complex:
    """Gain at `omega` radians per step from u to weights . mem of the discretized system."""
    a_bar, b_bar = legendre.discretize(order, theta, discretizer)
    z = np.exp(1j * omega)
    return complex(weights @ np.linalg.solve(z * np.eye(order) - a_bar, z * b_bar))


@pytest.mark.parametrize("order, omega", [(3, 0.7), (6, 3.0), (12, 9.0)])
def test_full_delay_is_the_pade_approximant(order: int, omega: float) -> None:
    # The continuous system read at fraction 1 is the [order-1 / order] Pade approximant of exp(-s), theta = 1.
    a, b = legendre.continuous(order)
    s = 1j * omega
    got = decoder(order, 1.0) @ np.linalg.solve(s * np.eye(order) - a, b)
    p, q = order - 1, order
    factorial = np.cumprod([1.0, *np.arange(1.0, p + q + 1)])

    def polynomial(degree: int, other: int, x: complex) -> complex:
        terms = (
            factorial[p + q - k] * factorial[degree] / (factorial[p + q] * factorial[k] * factorial[degree - k]) * x**k
            for k in range(degree + 1)
        )
        return complex(sum(terms))

    want = polynomial(p, q, -s) / polynomial(q, p, s)
    assert got == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("discretizer, bounds", [("zoh", [2e-4, 3e-4, 0.03]), ("bilinear", [3e-4, 5e-3, 0.03])])
@pytest.mark.parametrize("basis", legendre.BASES)
def test_half_window_delay_has_the_predicted_error(discretizer: str, basis: str, bounds: list[float]) -> None:
    order, theta, steps, settled = 12, 100.0, 1000, 500
    omega = 2 * np.pi * np.array([[0.5], [1.5], [2.5]]) / theta  # cycles per window
    time = np.arange(steps)
    u = np.sin(omega * time).astype(np.float32)
    layer = LMU(1, order, theta, None, discretizer=discretizer, basis=basis, return_sequences=True)
    layer.build((3, steps, 1))
    layer.cell.kernel.assign([[1.0]])
    weights = decoder(order, 0.5)
    scale = legendre.basis_scale(order) if basis == "orthonormal" else 1.0
    got = (np.asarray(layer(u[:, :, None])) * scale @ weights)[:, settled:]
    gain = np.array([[response(order, theta, discretizer, weights, w)] for w in omega[:, 0]])
    carrier = np.exp(1j * omega * time)[:, settled:]
    np.testing.assert_allclose(got, np.imag(gain * carrier), atol=3e-5)
    # A sample is held over its step: it is half a step old when the step ends.
    ideal = np.exp(-1j * omega * (theta / 2 - 0.5))
    predicted = np.abs(gain - ideal)[:, 0]
    # Whole periods: 500 steps hold 2.5, 7.5 and 12.5 of them, and the mean square of half a period is the same.
    measured = np.sqrt(2 * np.mean((got - np.imag(ideal * carrier)) ** 2, axis=1))
    np.testing.assert_allclose(measured, predicted, atol=3e-5)
    assert np.all(predicted < bounds)
