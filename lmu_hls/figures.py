"""What kind of task a network's outputs and the targets y make, and the figures of that task. NumPy only.

    task         outputs           y                                       figure
    classes      (N, [T,] K > 1)   class 0..K-1, (N, [T]), or one-hot      accuracy; the answer is the largest output
    binary       (N, [T,] 1)       0 or 1, (N, [T])                        accuracy; the answer is output > threshold
    regression   (N, [T,] K)       float, as the outputs; [T,] 1 may go    RMSE, NRMSE, R2

T is there where the network returns all its steps; every step then counts as one answer. Float y means regression,
unless it is one-hot, or holds whole numbers where only classes fit. Nothing is ever broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lmu_hls.errors import LmuHlsError

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

CLASSES, BINARY, REGRESSION = "classes", "binary", "regression"
LARGEST = float(np.finfo(np.float32).max)
CONSTANT = 1e-12  # a standard deviation below this share of the error is rounding


class DataError(LmuHlsError, ValueError):
    """Inputs or targets that do not fit a network: what they are, what is needed, and how to get there."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a network puts out for one sample: ``shape`` is (K,), or (T, K) where it returns all its steps.

    ``sigmoid`` says that the values are probabilities, so that a single one is judged at 0.5 and not by its sign.
    """

    shape: tuple[int, ...]
    sigmoid: bool = False

    @property
    def width(self) -> int:
        return self.shape[-1]

    @property
    def steps(self) -> tuple[int, ...]:
        """(T,) where all steps are returned, else ()."""
        return self.shape[:-1]

    @property
    def threshold(self) -> float:
        """A single output above it says class 1."""
        return 0.5 if self.sigmoid else 0.0

    def answers(self, outputs: ArrayLike) -> Classes:
        """The class (N, [T]) that each output (N, [T,] K) says: the first of the largest, or above the threshold."""
        values = np.asarray(outputs)
        if values.shape[1:] != self.shape:
            raise ValueError(f"outputs of shape {values.shape}, expected (samples, {_numbers(self.shape)})")
        if self.width == 1:
            return np.asarray(values[..., 0] > self.threshold).astype(np.int64)
        return np.asarray(values.argmax(axis=-1), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Checked targets: classes (N, [T]) as integers, or values (N, [T,] K) as float64 for a regression."""

    task: str
    values: NDArray[np.generic]
    head: Head

    def right(self, outputs: ArrayLike) -> int:
        """How many answers are right, of ``self.values.size``."""
        return int(np.count_nonzero(self.head.answers(outputs) == self.values))

    def error(self, outputs: ArrayLike) -> ErrorFigures:
        """RMSE, NRMSE and R2 of outputs (N, [T,] K)."""
        return error_figures(self.values, outputs)

    def __str__(self) -> str:
        each = "one answer a step" if self.head.steps else "one answer a sample"
        if self.task == CLASSES:
            return f"{self.head.width} classes, the largest output is the answer, {each}"
        if self.task == BINARY:
            return f"two classes, class 1 where the output is above {self.head.threshold:g}, {each}"
        hint = "; y holds only 0 and 1: for classes give integers" if _whole(self.values, 2) else ""
        return f"regression, because y is float, {' x '.join(map(str, self.head.shape))} a sample{hint}"


@dataclass(frozen=True, slots=True)
class ErrorFigures:
    """Errors of outputs against the values that they should have, over all samples, steps and outputs.

    ``rmse`` is in the unit of y. ``nrmse`` = rmse / standard deviation of y, each output around its own mean; ``r2`` =
    1 - nrmse^2 (scikit-learn's "variance_weighted"). Both are None where y is constant, against the error at least.
    """

    rmse: float
    nrmse: float | None
    r2: float | None

    def __str__(self) -> str:
        if self.nrmse is None or self.r2 is None:
            return f"RMSE {self.rmse:.4g}; y is constant, so there is no NRMSE and no R2"
        return f"RMSE {self.rmse:.4g}, NRMSE {self.nrmse:.4g} of y's standard deviation, R2 {self.r2:.4f}"


@dataclass(frozen=True, slots=True)
class Closeness:
    """Fixed-point outputs against those of the float model on the same data.

    ``snr_db`` is the power of the float outputs over the power of the differences, over all ``values``: infinite where
    nothing differs, minus infinity where the float outputs are zero throughout. ``worst`` is the largest difference,
    ``place`` its (sample, [step,] output), ``real`` and ``fixed`` the two values there. ``lost`` float values are NaN
    or infinite, count as zero, and make the SNR minus infinity.
    """

    values: int
    snr_db: float
    worst: float
    place: tuple[int, ...]
    real: float
    fixed: float
    lost: int = 0

    @property
    def where(self) -> str:
        """The place of the largest difference in words."""
        names = ("sample", "step", "output") if len(self.place) == 3 else ("sample", "output")
        return ", ".join(f"{name} {number}" for name, number in zip(names, self.place, strict=True))

    def __str__(self) -> str:
        if self.snr_db == np.inf:
            return f"all {self.values} values equal"
        ratio = f"SNR {self.snr_db:.1f} dB"
        if self.lost:
            ratio = f"{self.lost} of {self.values} float values are NaN or infinite"
        elif self.snr_db == -np.inf:
            ratio = "no SNR, because the float outputs are zero throughout"
        return f"{ratio}; largest difference {self.worst:.4g}: {self.fixed:.6g} for {self.real:.6g} in {self.where}"


def check_inputs(x: ArrayLike, shape: tuple[int | None, ...], name: str = "x") -> Floats:
    """x (samples, steps, n_in) as float64, at least one sample; ``shape`` is (steps, n_in), None where any will do.

    Raises DataError naming what ``name`` is and what is needed.
    """
    data = np.asarray(x)
    fits = data.ndim == len(shape) + 1 and all(b in (a, None) for a, b in zip(data.shape[1:], shape, strict=True))
    if data.dtype.kind not in "fiu" or not fits or not len(data):
        wanted = ", ".join("any" if n is None else str(n) for n in ("samples", *shape))
        raise DataError(f"{name} is {data.dtype} of shape {data.shape}; give numbers of shape ({wanted})")
    values = data.astype(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise DataError(
            f"{name} of shape {data.shape} holds NaN or infinity (first in sample {bad[0][0]}); clean the data first"
        )
    beyond = np.argwhere(np.abs(values) > LARGEST)
    if len(beyond):
        raise DataError(
            f"{name} holds {values[tuple(beyond[0])]:g} in sample {beyond[0][0]}, which is beyond float32, the numbers "
            "of the Keras model; scale the data"
        )
    return values


def check_targets(y: ArrayLike, head: Head, samples: int, name: str = "y") -> Targets:
    """y as targets of ``samples`` outputs of ``head``; see the module for what is taken.

    Raises DataError naming what ``name`` is, what is needed and how to get there.
    """
    values = np.asarray(y)
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{name} holds {_kind(values)}; give classes as integers from 0 (np.unique(y, return_inverse=True)[1] "
            "numbers them), or float values for a regression"
        )
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise DataError(f"{name} holds NaN or infinity (first at {at}); clean the data first")
    if values.shape[:1] != (samples,):
        raise DataError(
            f"{name} is {values.dtype} of shape {values.shape}, but x has {samples} samples; {_needed(head)}"
        )
    if head.width > 1 and values.shape[1:] == head.shape:
        return _as_wide(values, head, name)
    per_step = (samples, *head.steps)
    if values.shape not in (per_step, (*per_step, 1)):
        raise DataError(f"{name} is {values.dtype} of shape {values.shape}; {_needed(head)}")
    flat = values.reshape(per_step)
    if head.width == 1 and values.dtype.kind == "f" and not (head.sigmoid and _whole(flat, 2)):
        return Targets(REGRESSION, flat[..., np.newaxis].astype(np.float64), head)
    return Targets(BINARY if head.width == 1 else CLASSES, _classes(flat, head, name), head)


def error_figures(expected: ArrayLike, outputs: ArrayLike) -> ErrorFigures:
    """Errors of ``outputs`` against ``expected``, of one shape with the outputs on the last axis.

    Raises ValueError for two shapes, LmuHlsError for outputs that are not finite.
    """
    real, made = np.asarray(expected, np.float64), np.asarray(outputs, np.float64)
    if real.shape != made.shape:
        raise ValueError(f"outputs of shape {made.shape} against values of shape {real.shape}")
    if not np.all(np.isfinite(made)):
        sample = int(np.argwhere(~np.isfinite(made))[0][0])
        raise LmuHlsError(f"the model's output is NaN or infinite (first in sample {sample}); scale the data")
    peak = max(float(np.abs(real).max()), float(np.abs(made).max())) or 1.0  # sums of large values stay finite
    rows = (real / peak).reshape(-1, real.shape[-1])
    deviation = np.where(np.ptp(rows, axis=0) == 0, 0.0, rows - rows.mean(axis=0))  # a mean is rounded
    spread, rmse = _rms(deviation), _rms(made / peak - real / peak)
    if spread <= CONSTANT * rmse or spread == 0:
        return ErrorFigures(peak * rmse, None, None)
    return ErrorFigures(peak * rmse, rmse / spread, 1.0 - (rmse / spread) ** 2)


def closeness(real: ArrayLike, fixed: ArrayLike) -> Closeness:
    """``fixed`` outputs (N, [T,] K) against ``real`` ones of the float model. Raises ValueError for two shapes."""
    exact, made = np.asarray(real, np.float64), np.asarray(fixed, np.float64)
    if exact.shape != made.shape:
        raise ValueError(f"fixed-point outputs of shape {made.shape} against float ones of shape {exact.shape}")
    usable = np.isfinite(exact)
    lost = int(np.count_nonzero(~usable))
    exact, made = np.where(usable, exact, 0.0), np.where(usable, made, 0.0)
    difference = np.abs(made - exact)
    place = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    worst, value, other = float(difference[place]), float(exact[place]), float(made[place])
    return Closeness(int(exact.size), -np.inf if lost else snr_db(exact, difference), worst, place, value, other, lost)


def snr_db(signal: ArrayLike, error: ArrayLike) -> float:
    """Power of ``signal`` over power of ``error`` in dB: infinite without error, else minus infinity without signal."""
    power, noise = _rms(np.asarray(signal, np.float64)), _rms(np.asarray(error, np.float64))
    if noise == 0:
        return np.inf
    return 20 * float(np.log10(power) - np.log10(noise)) if power else -np.inf


def _as_wide(values: NDArray[np.generic], head: Head, name: str) -> Targets:
    """y with one value for each of several outputs: one-hot classes, or a regression."""
    ones = np.count_nonzero(values == 1, axis=-1)
    if np.all(ones == 1) and np.all((values == 0) | (values == 1)):
        return Targets(CLASSES, np.asarray(values.argmax(axis=-1), np.int64), head)
    if values.dtype.kind == "f":
        return Targets(REGRESSION, values.astype(np.float64), head)
    raise DataError(
        f"{name} is {values.dtype} of shape {values.shape} but not one-hot; give one class for each answer "
        f"(np.argmax(y, axis=-1)), or y.astype(float) for a regression"
    )


def _classes(values: NDArray[np.generic], head: Head, name: str) -> Classes:
    """Integers 0 .. K-1, or a refusal that names the remedy."""
    count = max(head.width, 2)
    if values.dtype.kind == "f":
        broken = np.argwhere(values != np.rint(values.astype(np.float64)))
        if len(broken):
            at = tuple(int(i) for i in broken[0])
            raise DataError(
                f"{name} is float and holds {values[at]:g} at {at}, which is no class; give classes 0 to {count - 1} "
                f"as integers, or for a regression values of shape (samples, {_numbers(head.shape)})"
            )
    low, high = values.min(), values.max()
    if low >= 0 and high < count:
        return values.astype(np.int64)
    found = f"{name} holds {low:g} to {high:g}, but the network has {count} classes, 0 to {count - 1}"
    if low == 1 and high == count:
        raise DataError(f"{found}: labels start at 0; subtract 1")
    if low == -1 and high == 1 and count == 2:
        raise DataError(f"{found}; map -1 and 1 to 0 and 1: (y > 0).astype(int)")
    if head.width == 1:
        raise DataError(f"{found} (it has one output); give 0 or 1, or y.astype(float) for a regression")
    at = tuple(int(i) for i in np.argwhere((values < 0) | (values >= count))[0])  # type: ignore[operator]
    raise DataError(f"{found}; the first that cannot be is {values[at]:g} at {at}")


def _whole(values: NDArray[np.generic], count: int) -> bool:
    return bool(np.all(np.isin(values, np.arange(count))))


def _needed(head: Head) -> str:
    each = f"(samples, {head.steps[0]})" if head.steps else "(samples,)"
    why = f"the network returns all its {head.steps[0]} steps, so " if head.steps else ""
    wide = f", one-hot (samples, {_numbers(head.shape)})" if head.width > 1 else ""
    what = "one class for each step" if head.steps else "one class for each sample"
    values = f"or for a regression float values of shape (samples, {_numbers(head.shape)})"
    return f"{why}give {what}, integers of shape {each}{wide}, {values}"


def _kind(values: NDArray[np.generic]) -> str:
    names = {"U": "text", "S": "text", "O": "Python objects", "c": "complex numbers", "M": "dates", "m": "durations"}
    return names.get(values.dtype.kind, str(values.dtype))


def _numbers(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))


def _rms(values: Floats) -> float:
    """Root of the mean square; values from denormals to 1e308 stay exact enough, because they are scaled first."""
    peak = float(np.abs(values).max(initial=0.0))
    return peak * float(np.sqrt(np.mean((values / peak) ** 2))) if peak else 0.0
