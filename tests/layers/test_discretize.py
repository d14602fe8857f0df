"""Trainable theta: the discretization as a differentiable function, its limits and its training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from lmu_hls import legendre
from lmu_hls.layers import LMU, discretize

PAIRS = [(1, 2.0), (2, 5.0), (6, 16.0), (12, 50.0), (64, 200.0), (256, 784.0)]


def with_gradient(order: int, theta: float, start: float, discretizer: str, basis: str) -> list[np.ndarray]:
    """A_bar, B_bar and their derivatives by theta."""
    value = tf.constant(theta, tf.float64)
    with tf.autodiff.ForwardAccumulator(value, tf.constant(1.0, tf.float64)) as forward:
        system = discretize.discretize(order, value, start, discretizer, basis, "float64")
    return [np.asarray(t) for t in (*system, *(forward.jvp(t) for t in system))]


def theory(order: int, theta: float, discretizer: str) -> tuple[np.ndarray, np.ndarray]:
    """d A_bar / d theta and d B_bar / d theta in the orthonormal basis, in closed form."""
    a, b = legendre.continuous(order, "orthonormal")
    a_bar, b_bar = legendre.discretize(order, theta, discretizer, "orthonormal")
    if discretizer == "zoh":
        return -a @ a_bar / theta**2, -a_bar @ b / theta**2
    if discretizer == "euler":
        return -a / theta**2, -b / theta**2
    left = np.eye(order) - a / (2 * theta)
    return (
        np.linalg.solve(left, -a / (2 * theta**2) @ (np.eye(order) + a_bar)),
        np.linalg.solve(left, -b / theta**2 - a @ b_bar / (2 * theta**2)),
    )


@pytest.mark.parametrize("order, theta", PAIRS)
@pytest.mark.parametrize("discretizer", legendre.DISCRETIZERS)
def test_value_and_derivative(order: int, theta: float, discretizer: str) -> None:
    if discretizer == "euler":
        theta = 1.2 * legendre.euler_theta_limit(order)
    for start in (theta, 4 * theta):  # trained down to a quarter of its first value
        a_bar, b_bar, da, db = with_gradient(order, theta, start, discretizer, "orthonormal")
        want = legendre.discretize(order, theta, discretizer, "orthonormal")
        np.testing.assert_allclose(a_bar, want[0], atol=1e-11)
        np.testing.assert_allclose(b_bar, want[1], atol=1e-11)
        for got, closed in zip((da, db), theory(order, theta, discretizer), strict=True):
            np.testing.assert_allclose(got, closed, atol=1e-10 * max(1.0, np.max(np.abs(closed))))


def test_legendre_basis_is_the_rescaled_one() -> None:
    a_bar, b_bar, *_ = with_gradient(12, 50.0, 50.0, "zoh", "legendre")
    want = legendre.discretize(12, 50.0, "zoh", "legendre")
    np.testing.assert_allclose(a_bar, want[0], atol=1e-12)
    np.testing.assert_allclose(b_bar, want[1], atol=1e-12)


@pytest.mark.parametrize("discretizer", legendre.DISCRETIZERS)
def test_theta_is_found_by_training(discretizer: str) -> None:
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(32, 24, 1)).astype(np.float32)
    teacher = LMU(1, 4, 12.0, None, discretizer=discretizer, kernel_initializer=None)
    target = np.asarray(teacher(x))
    student = LMU(1, 4, 18.0, None, trainable_theta=True, discretizer=discretizer, kernel_initializer=None)
    model = keras.Sequential([keras.Input((24, 1)), student])
    model.compile(keras.optimizers.Adam(0.04), "mse")
    model.fit(x, target, epochs=120, batch_size=32, verbose=0)
    assert student.theta == pytest.approx(12.0, abs=0.05)


def test_euler_theta_stops_at_the_stability_limit() -> None:
    limit = legendre.euler_theta_limit(6)
    layer = LMU(1, 6, limit * 1.2, None, trainable_theta=True, discretizer="euler", kernel_initializer=None)
    model = keras.Sequential([keras.Input((20, 1)), layer])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    layer.build((None, 20, 1))
    layer.cell.log_theta_ratio.assign(-3.0)
    model.fit(np.zeros((4, 20, 1)), np.ones((4, 6)), verbose=0)
    assert limit < layer.theta < limit * 1.001
    assert legendre.spectral_radius(layer.cell.discrete_system()[0]) < 1
