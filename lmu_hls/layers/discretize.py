"""Discretization as a differentiable function of theta, in keras.ops only.

`lmu_hls.legendre.discretize` is the reference and serves every fixed theta; this module serves trainable_theta.
All work is done in the orthonormal basis, where exp(A~ t) is a contraction and squaring loses no accuracy.
"""

import functools
import math
from typing import Any

import keras
import numpy as np
from keras import ops

from lmu_hls import legendre

TAYLOR_DEGREE = 12
SCALED_NORM = 0.125


@functools.cache
def working_dtype() -> str:
    """float64 where the backend computes in it, otherwise float32 (JAX unless its x64 mode is on)."""
    probe = ops.convert_to_tensor(np.zeros(1, dtype=np.float64))
    return str(keras.backend.standardize_dtype(probe.dtype))


def product(values: Any, matrix: Any) -> Any:
    """values (..., n) times matrix (n, m) in their own format; Keras's matmul makes float32 of float64 in PyTorch."""
    return values @ matrix if keras.backend.backend() == "torch" else ops.matmul(values, matrix)


@functools.cache
def squarings(order: int, theta: float) -> int:
    """Squarings that scale A~/theta to a 2-norm of 1/8; the Taylor sum is exact far below this theta too."""
    norm = float(np.linalg.norm(legendre.continuous(order, "orthonormal")[0], 2))
    return max(0, math.ceil(math.log2(norm / theta / SCALED_NORM)))


def _zoh(order: int, theta: Any, count: int, dtype: str) -> tuple[Any, Any]:
    a, b = legendre.continuous(order, "orthonormal")
    generator = np.zeros((order + 1, order + 1))
    generator[:order, :order], generator[:order, order] = a, b
    step = ops.convert_to_tensor(generator / 2.0**count, dtype=dtype) / theta
    identity = ops.eye(order + 1, dtype=dtype)
    # The excess over the identity is squared, (1+e)^2 - 1 = 2e + e^2: for large theta e is far below 1 and
    # would lose its low bits beside the 1.
    excess = step / TAYLOR_DEGREE
    for k in range(TAYLOR_DEGREE - 1, 0, -1):
        excess = product(step, identity + excess) / k
    for _ in range(count):
        excess = 2.0 * excess + product(excess, excess)
    return identity[:order, :order] + excess[:order, :order], excess[:order, order]


def _bilinear(order: int, theta: Any, dtype: str) -> tuple[Any, Any]:
    diagonal, sub = legendre.inverse_bands(order)
    matrix = np.diag(diagonal) + np.diag(sub, -1) - np.diag(sub, 1)
    half = 0.5 / theta
    identity = ops.eye(order, dtype=dtype)
    t_matrix = ops.convert_to_tensor(matrix, dtype=dtype)
    # As legendre.discretize: A_bar = (T + a)^-1 (T - a), B_bar = (T + a)^-1 2a e_0, with a = 1/(2 theta).
    right = ops.concatenate([t_matrix - half * identity, 2.0 * half * identity[:, :1]], axis=1)
    solution = ops.linalg.solve(t_matrix + half * identity, right)
    return solution[:, :order], solution[:, order]


def _euler(order: int, theta: Any, dtype: str) -> tuple[Any, Any]:
    a, b = legendre.continuous(order, "orthonormal")
    a_tensor, b_tensor = ops.convert_to_tensor(a, dtype=dtype), ops.convert_to_tensor(b, dtype=dtype)
    return ops.eye(order, dtype=dtype) + a_tensor / theta, b_tensor / theta


def discretize(
    order: int, theta: Any, initial_theta: float, discretizer: str, basis: str, dtype: str
) -> tuple[Any, Any]:
    """A_bar (order, order) and B_bar (order,) as tensors of `dtype`, differentiable in the scalar `theta`.

    `initial_theta` only sets the number of squarings of zoh, which must be known before the graph runs.
    """
    work = working_dtype()
    theta = ops.cast(theta, work)
    if discretizer == "zoh":
        a_bar, b_bar = _zoh(order, theta, squarings(order, initial_theta), work)
    elif discretizer == "bilinear":
        a_bar, b_bar = _bilinear(order, theta, work)
    else:
        a_bar, b_bar = _euler(order, theta, work)
    if basis == "legendre":
        s = legendre.basis_scale(order)
        a_bar = a_bar * ops.convert_to_tensor(np.outer(s, 1.0 / s), dtype=work)
        b_bar = b_bar * ops.convert_to_tensor(s, dtype=work)
    return ops.cast(a_bar, dtype), ops.cast(b_bar, dtype)
