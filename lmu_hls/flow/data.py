"""Input data for verification: the user's own from an ``.npz`` file, or seeded random values."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hls.errors import LmuHlsError
from lmu_hls.fixed import to_float
from lmu_hls.spec import Network


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """x (samples, steps, n_in) as float64 and, where known, the right class ``y`` (samples,) of each sample."""

    x: NDArray[np.float64]
    y: NDArray[np.int64] | None = None


def load_data(path: Path, network: Network) -> Data:
    """Read ``x`` and, if present, ``y`` from an ``.npz`` file (or ``x`` alone from an ``.npy`` file).

    Raises LmuHlsError when the file is absent or damaged, when x does not have the network's shape or holds NaN, and
    when x and y differ in length.
    """
    x, y = read_arrays(path)
    expected = f"(samples, {network.steps}, {network.n_in})"
    if x.dtype.kind not in "fiu" or x.ndim != 3 or x.shape[1:] != (network.steps, network.n_in) or not len(x):
        raise LmuHlsError(
            f"{path}: x is {x.dtype} of shape {x.shape}, but the network takes numbers of shape {expected}"
        )
    values: NDArray[np.float64] = x.astype(np.float64)
    if not np.all(np.isfinite(values)):
        sample = int(np.argwhere(~np.isfinite(values))[0][0])
        raise LmuHlsError(f"{path}: x holds NaN or infinity (first in sample {sample}); clean the data first")
    if y is None:
        return Data(values)
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise LmuHlsError(
            f"{path}: y is {y.dtype} of shape {y.shape}; it must hold one integer class for each of {len(x)} samples"
        )
    return Data(values, y.astype(np.int64))


def read_arrays(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """The arrays x and, if present, y of an ``.npz`` file, or x alone from an ``.npy`` file, whatever they hold."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded, None
        with loaded:
            if "x" not in loaded:
                found = ", ".join(loaded.files) or "nothing"
                raise LmuHlsError(f"{path} has no array 'x', only {found}; save it with np.savez(path, x=x)")
            return loaded["x"], loaded.get("y")
    except FileNotFoundError:
        raise LmuHlsError(f"{path} does not exist; give the path of an .npz file with an array x") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise LmuHlsError(
            f"{path} is not a readable .npz or .npy file ({error}); save it with np.savez(path, x=x)"
        ) from error


def random_data(network: Network, samples: int, seed: int = 0) -> Data:
    """Uniform values on the grid of the input type, in turn over its whole range and over an eighth of it."""
    rng = np.random.default_rng(seed)
    shape = (samples, network.steps, network.n_in)
    integers = rng.integers(network.x.min_int, network.x.max_int + 1, shape)
    integers[1::2] >>= 3
    return Data(to_float(integers, network.x))
