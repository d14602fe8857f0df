"""The matrices of a cell under the names and with the shapes that they have in keras-lmu, to be read only."""

from functools import lru_cache
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from lmu_hls import legendre


class KerasLmuNames:
    """`theta_inv`, `A` and `B` as in keras-lmu's cell: tensors of variable dtype, None before the cell is built.

    mem A + u B is the memory after a step. Where theta is trained with euler, A and B are those of the continuous
    system, and mem + (mem A + u B) theta_inv is the memory. All are at the present theta; keras-lmu's A and B of a
    trained theta with zoh stay at the initial one.
    """

    built: bool
    order: int
    discretizer: str
    basis: str
    trainable_theta: bool
    variable_dtype: str
    log_theta_ratio: Any
    _initial_theta: float

    @property
    def theta(self) -> float:
        """Window length in time steps, at its present value."""
        raise NotImplementedError

    @property
    def theta_inv(self) -> Any:
        """1 / theta, a scalar."""
        if not self.built:
            return None
        inverse = ops.convert_to_tensor(1.0 / self._initial_theta, dtype=self.variable_dtype)
        return inverse if self.log_theta_ratio is None else inverse * ops.exp(-self.log_theta_ratio.value)

    @property
    def A(self) -> Any:
        """(order, order), the transpose of A_bar."""
        return self._of_rows(0)

    @property
    def B(self) -> Any:
        """(1, order), B_bar as a row."""
        return self._of_rows(1)

    def _of_rows(self, index: int) -> Any:
        if not self.built:
            return None
        if self.trainable_theta and self.discretizer == "euler":
            matrices = _rows(self.order, None, self.discretizer, self.basis)
        else:
            matrices = _rows(self.order, self.theta, self.discretizer, self.basis)
        return ops.convert_to_tensor(matrices[index], dtype=self.variable_dtype)


@lru_cache(maxsize=8)  # Keras reads every property of a layer when it saves a model
def _rows(order: int, theta: float | None, discretizer: str, basis: str) -> tuple[NDArray[np.float64], ...]:
    """The transpose of A_bar and B_bar as a row; with no theta, those of the continuous system."""
    if theta is None:
        a, b = legendre.continuous(order, legendre.check_basis(basis))
    else:
        a, b = legendre.discretize(order, theta, discretizer, basis)
    return a.T, b.reshape(1, -1)
