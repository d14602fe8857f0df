"""The matrices of a cell under the names and with the shapes that they have in keras-lmu, to be read only."""

from typing import Any

from keras import ops

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
            a, b = legendre.continuous(self.order, legendre.check_basis(self.basis))
        else:
            a, b = legendre.discretize(self.order, self.theta, self.discretizer, self.basis)
        return ops.convert_to_tensor((a.T, b.reshape(1, -1))[index], dtype=self.variable_dtype)
