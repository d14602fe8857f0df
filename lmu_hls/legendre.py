"""The Legendre delay system: matrices, discretizers, stability and the tridiagonal form.

Pure NumPy and SciPy in float64, no Keras. The system is

    theta dmem/dt = A mem + B u,   A_ij = (2i+1) (-1 if i < j else (-1)^(i-j+1)),   B_i = (2i+1) (-1)^i

(Voelker, Kajic, Eliasmith, "Legendre Memory Units", NeurIPS 2019, equations 1 and 2). Two bases are offered:
`legendre`, as above, and `orthonormal`, mem~ = mem / s with s_i = sqrt(2i+1). In the orthonormal basis
A~ + A~^T is negative semidefinite and the inverse of A~ is tridiagonal and nearly skew-symmetric, so every
matrix is computed there, where it is well conditioned, and rescaled at the end.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np
import numpy.typing as npt
import scipy.linalg

Array = npt.NDArray[np.float64]
Discretizer = Literal["zoh", "bilinear", "euler"]
Basis = Literal["legendre", "orthonormal"]

MAX_ORDER: Final = 1024
DISCRETIZERS: Final[tuple[Discretizer, ...]] = ("zoh", "bilinear", "euler")
BASES: Final[tuple[Basis, ...]] = ("legendre", "orthonormal")


def check_order(order: int) -> int:
    """Return `order` as int; ValueError unless it is a whole number in 1..1024."""
    if isinstance(order, bool) or not isinstance(order, (int, np.integer)) or not 1 <= order <= MAX_ORDER:
        raise ValueError(f"order={order!r} is not allowed: give an integer from 1 to {MAX_ORDER}")
    return int(order)


def check_theta(theta: float) -> float:
    """Return `theta` (window length in time steps) as float; ValueError unless positive and finite."""
    if isinstance(theta, bool) or not isinstance(theta, (int, float, np.integer, np.floating)):
        raise ValueError(f"theta={theta!r} is not allowed: give a positive number of time steps")
    if not (math.isfinite(theta) and theta > 0):
        raise ValueError(f"theta={theta!r} is not allowed: give a positive, finite number of time steps")
    return float(theta)


def check_discretizer(discretizer: str) -> Discretizer:
    """Return `discretizer`; ValueError naming the allowed values otherwise."""
    if discretizer not in DISCRETIZERS:
        raise ValueError(f"discretizer={discretizer!r} is not allowed: choose from {', '.join(DISCRETIZERS)}")
    return discretizer


def check_basis(basis: str) -> Basis:
    """Return `basis`; ValueError naming the allowed values otherwise."""
    if basis not in BASES:
        raise ValueError(f"basis={basis!r} is not allowed: choose from {', '.join(BASES)}")
    return basis


def basis_scale(order: int) -> Array:
    """s (order,), s_i = sqrt(2i+1): mem in the Legendre basis is s times mem in the orthonormal one."""
    return np.asarray(np.sqrt(2.0 * np.arange(check_order(order)) + 1.0), dtype=np.float64)


def _signs(order: int) -> Array:
    """(-1)^i, i = 0..order-1."""
    return np.asarray(1.0 - 2.0 * (np.arange(order) % 2), dtype=np.float64)


def continuous(order: int, basis: Basis = "legendre") -> tuple[Array, Array]:
    """A (order, order) and B (order,) of theta dmem/dt = A mem + B u.

    Exact integers in the Legendre basis. Source: Voelker et al. 2019, equations 1 and 2.
    """
    check_order(order)
    check_basis(basis)
    sign = _signs(order)
    lower = -np.outer(sign, sign)
    core = np.where(np.tri(order, dtype=bool), lower, -1.0)
    rows = 2.0 * np.arange(order) + 1.0
    if basis == "legendre":
        return rows[:, None] * core, rows * sign
    s = np.sqrt(rows)
    return s[:, None] * core * s, s * sign


def inverse_bands(order: int) -> tuple[Array, Array]:
    """-A~^-1 of the orthonormal basis: its diagonal (order,) and its subdiagonal (order-1,).

    The matrix is tridiagonal and its superdiagonal is minus its subdiagonal: -A~^-1 = S^-1 K S^-1, where K
    is 1/2 on the subdiagonal, -1/2 on the superdiagonal, with 1/2 added at both ends of the diagonal
    (order 1: K = 1).
    """
    s = basis_scale(order)
    diagonal = np.zeros(order)
    diagonal[0] += 0.5
    diagonal[-1] += 0.5
    return diagonal / s**2, 0.5 / (s[1:] * s[:-1])


def poles_inverse(order: int) -> npt.NDArray[np.complex128]:
    """1 / eigenvalues of A (order,), all with negative real part.

    Taken from the nearly normal tridiagonal inverse: accurate to float64 rounding at every order, which the
    eigenvalues of the Legendre-basis A itself are not.
    """
    diagonal, sub = inverse_bands(order)
    inverse = -(np.diag(diagonal) + np.diag(sub, -1) - np.diag(sub, 1))
    return np.asarray(np.linalg.eigvals(inverse), dtype=np.complex128)


def euler_theta_limit(order: int) -> float:
    """Smallest theta (steps, exclusive) at which the euler discretizer is stable.

    I + A/theta has spectral radius < 1 exactly when theta > -|e|^2 / (2 Re e) = -1 / (2 Re 1/e) for every
    eigenvalue e of A. Order 6: 10.6, 16: 59.7, 256: 6542.
    """
    return float(np.max(-0.5 / poles_inverse(order).real))


def spectral_radius(a_bar: npt.ArrayLike) -> float:
    """Largest absolute eigenvalue of a square matrix (n, n)."""
    matrix = np.asarray(a_bar, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a_bar of shape {matrix.shape} is not allowed: give a square matrix (order, order)")
    if not np.all(np.isfinite(matrix)):
        raise ValueError("a_bar holds NaN or infinite values: give finite coefficients")
    return float(np.max(np.abs(np.linalg.eigvals(matrix))))


def check_stable(a_bar: npt.ArrayLike, what: str = "A_bar") -> float:
    """Return the spectral radius of `a_bar`; ValueError naming `what` if it is 1 or more."""
    radius = spectral_radius(a_bar)
    if radius >= 1.0:
        raise ValueError(f"{what} is unstable: its spectral radius is {radius:.6g}, it must be below 1")
    return radius


def check_euler(order: int, theta: float) -> None:
    """ValueError stating the stability limit unless the euler discretizer is stable at (order, theta)."""
    limit = euler_theta_limit(order)
    if theta <= limit:
        raise ValueError(
            f"theta={theta:g} is not allowed with discretizer='euler' and order={order}: the euler memory is "
            f"stable only for theta > {limit:.6g}; raise theta, or choose discretizer 'zoh' or 'bilinear'"
        )


def _zoh(order: int, theta: float) -> tuple[Array, Array]:
    a, b = continuous(order, "orthonormal")
    augmented = np.zeros((order + 1, order + 1))
    augmented[:order, :order] = a / theta
    augmented[:order, order] = b / theta
    exponential = scipy.linalg.expm(augmented)
    return exponential[:order, :order], exponential[:order, order]


def _bilinear(order: int, theta: float) -> tuple[Array, Array]:
    # With T = -A~^-1 and a = 1/(2 theta): A_bar = (T + a I)^-1 (T - a I). T + a I is tridiagonal and far
    # better conditioned than I - a A~, whose entries reach a (2 order).
    a = 0.5 / theta
    diagonal, sub = inverse_bands(order)
    banded = np.zeros((3, order))
    banded[0, 1:] = -sub
    banded[1] = diagonal + a
    banded[2, :-1] = sub
    t_matrix = np.diag(diagonal) + np.diag(sub, -1) - np.diag(sub, 1)
    # B_bar = 2a (I - a A~)^-1 B~ = 2a (T + a I)^-1 T B~; T B~ = -A~^-1 B~ is the unit vector e_0.
    unit = np.zeros(order)
    unit[0] = 2.0 * a
    right = np.column_stack([t_matrix - a * np.eye(order), unit])
    solution = scipy.linalg.solve_banded((1, 1), banded, right)
    return solution[:, :order], solution[:, order]


def _euler(order: int, theta: float) -> tuple[Array, Array]:
    check_euler(order, theta)
    a, b = continuous(order, "orthonormal")
    return np.eye(order) + a / theta, b / theta


def recall(mem: npt.ArrayLike, theta: float, delays: npt.ArrayLike, basis: str = "legendre") -> Array:
    """u as it was ``delays`` (n,) steps ago, each in [0, theta], by the coefficients mem (order,) of one channel.

    u(t - d) = sum_i mem_i P_i(2 d / theta - 1) in the Legendre basis. Source: Voelker et al. 2019, equation 3.
    """
    coefficients = np.asarray(mem, dtype=np.float64)
    if check_basis(basis) == "orthonormal":
        coefficients = basis_scale(len(coefficients)) * coefficients
    places = 2.0 * np.asarray(delays, dtype=np.float64) / check_theta(theta) - 1.0
    return np.asarray(np.polynomial.legendre.legval(places, coefficients))


def to_basis(a_bar: Array, b_bar: Array, source: Basis, target: Basis) -> tuple[Array, Array]:
    """The same system (order, order), (order,) with its state expressed in the basis `target`."""
    check_basis(source)
    if check_basis(target) == source:
        return a_bar, b_bar
    s = basis_scale(len(b_bar))
    if target == "orthonormal":
        s = 1.0 / s
    return s[:, None] * a_bar / s, s * b_bar


def discretize(order: int, theta: float, discretizer: str = "zoh", basis: str = "legendre") -> tuple[Array, Array]:
    """A_bar (order, order) and B_bar (order,) of mem_t = A_bar mem_{t-1} + B_bar u_t, with dt = 1 step.

    zoh: A_bar = exp(A/theta), B_bar = A^-1 (A_bar - I) B. bilinear: A_bar = (I - A/2theta)^-1 (I + A/2theta),
    B_bar = (I - A/2theta)^-1 B/theta. euler: I + A/theta, B/theta. Not transposed: mem is a column.
    Raises ValueError for an argument out of range and for euler below its stability limit.
    """
    order, theta = check_order(order), check_theta(theta)
    method = {"zoh": _zoh, "bilinear": _bilinear, "euler": _euler}[check_discretizer(discretizer)]
    a_bar, b_bar = method(order, theta)
    return to_basis(a_bar, b_bar, "orthonormal", check_basis(basis))


@dataclass(frozen=True, slots=True)
class TridiagonalFactors:
    """Constants of the O(order) bilinear step, each (order,).

    lam[0] = kap[order-1] = 0; every lam, gam and kap lies in [0, 1).
    """

    theta: float
    basis: Basis
    lam: Array
    gam: Array
    kap: Array
    bet: Array

    def __post_init__(self) -> None:
        check_theta(self.theta)
        check_basis(self.basis)
        for name in ("lam", "gam", "kap", "bet"):
            values = getattr(self, name)
            if values.ndim != 1 or values.shape != self.lam.shape:
                raise ValueError(f"{name} of shape {values.shape} is not allowed: give ({self.lam.size},)")

    @property
    def order(self) -> int:
        """Number of states of one channel."""
        return int(self.lam.size)


def tridiagonal_factors(order: int, theta: float, basis: str = "orthonormal") -> TridiagonalFactors:
    """Factors of the bilinear step as two sweeps, for either basis.

    Elimination of the tridiagonal (K + a R) with a = 1/(2 theta), R_i = 2i+1, and K as in `inverse_bands`.
    In the Legendre basis f and z carry the factor s_i, which only changes lam, kap and bet.
    """
    order, theta = check_order(order), check_theta(theta)
    a = 0.5 / theta
    rows = 2.0 * np.arange(order) + 1.0
    diagonal = a * rows
    diagonal[0] += 0.5
    diagonal[-1] += 0.5
    pivot = np.empty(order)
    low = np.zeros(order)
    pivot[0] = diagonal[0]
    for i in range(1, order):
        low[i] = 0.5 / pivot[i - 1]
        pivot[i] = diagonal[i] + 0.5 * low[i]
    # scale is s for the orthonormal basis; the Legendre basis has s_{i-1}/s_i absorbed once more.
    s = np.sqrt(rows)
    ratio = s[:-1] / s[1:]
    lam, kap, bet = low.copy(), np.zeros(order), 2.0 * a * s * _signs(order)
    kap[:-1] = 0.5 / pivot[:-1] * ratio
    if check_basis(basis) == "orthonormal":
        lam[1:] *= ratio
    else:
        kap[:-1] *= ratio
        bet = bet * s
    return TridiagonalFactors(theta, cast(Basis, basis), lam, a * rows / pivot, kap, bet)
