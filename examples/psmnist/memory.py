"""The last state of a linear memory as one matrix: image (784,) times matrix (784, order).

    mem_783 = sum_t A_bar^(783-t) B_bar x_t

so that the states of all images are one product, and distorting an image (a linear map too) is another matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from examples.psmnist.data import PIXELS, Bytes, permutation
from lmu_hls.fixed import to_float
from lmu_hls.layers.linear import powers
from lmu_hls.precision.memory import TridiagonalMemory
from lmu_hls.spec import Network, TridiagonalUpdate

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


def state_matrix(a_bar: Floats, b_bar: Floats) -> Floats:
    """(784, order): row p is what pixel p, as a value of 1, leaves in the last state."""
    impulse, _ = powers(np, a_bar, b_bar, PIXELS)
    matrix = np.empty_like(impulse)
    matrix[permutation()] = impulse[::-1]
    return matrix


def integer_matrix(network: Network) -> Floats:
    """:func:`state_matrix` of the memory with the rounded coefficients of a contract, without rounding of values."""
    update = network.lmus[0].update
    assert isinstance(update, TridiagonalUpdate)
    factors = (update.lam, update.gam, update.kap, update.bet)
    lam, gam, kap, bet = (to_float(weight.values, weight.type) for weight in factors)
    memory = TridiagonalMemory(lam, gam, kap, bet)
    return state_matrix(memory.a, memory.b)


def states(images: Bytes, matrix: Floats | Singles) -> Singles:
    """The last states (samples, order) of images (samples, 784)."""
    return images.astype(np.float32) @ (matrix / 256).astype(np.float32)
